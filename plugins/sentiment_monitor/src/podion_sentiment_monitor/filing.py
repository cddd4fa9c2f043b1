"""Articles that have arrived are put into stories and counted: by one job at a time, in one write, and exactly once.

What was counted of an article is kept beside it (`Filed`); to file it again takes that back first, so a job that is run
again after a crash changes nothing, and articles that were deleted or judged by a person are filed in the same way.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_sentiment_monitor.articles import Article
from podion_sentiment_monitor.config import settings_of
from podion_sentiment_monitor.counters import (
    Contribution,
    DayCounts,
    HourCounts,
    contribution,
    count,
    day_id,
    hour_id,
)
from podion_sentiment_monitor.likeness import Verdict
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.shelves import Ledger, Shelf, shelved, unpacked
from podion_sentiment_monitor.sketches import Sketch
from podion_sentiment_monitor.stories import (
    Draft,
    Link,
    Pairing,
    Story,
    assigned,
    begun,
    draft,
    joined,
    left,
    likely,
    pairings,
)

AT_ONCE = 200
"""Articles of one round. Each may write four documents (its own, its story's, its hour's, its day's): 1,000 fit."""


class Nothing(BaseModel):
    """What the job has to be told: nothing. One that waits takes in whatever has arrived."""


class Arrival(BaseModel):
    """Articles that wait to be filed: kept in the same write as they are."""

    id: str = ""
    articles: list[str] = []
    deleted: list[str] = []


class Filed(BaseModel):
    """Where an article was filed, and what was counted of it."""

    id: str = Field(default="", description="the article's doc_id")
    story: str
    source: str
    counted: Contribution


@dataclass
class Desk:
    """What one round of filing reads, changes and writes back."""

    ledger: Ledger
    shelves: list[Shelf]
    articles: dict[str, Article]
    filed: dict[str, Filed]
    stories: dict[str, Story] = field(default_factory=dict)
    hours: dict[str, HourCounts] = field(default_factory=dict)
    days: dict[str, DayCounts] = field(default_factory=dict)
    changed: dict[tuple[type[BaseModel], str], BaseModel] = field(default_factory=dict)
    gone: list[tuple[type[BaseModel], str]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)

    def put(self, document: Story | Filed) -> None:
        """Have a document written."""
        self.changed[type(document), document.id] = document
        if isinstance(document, Story):
            self.stories[document.id] = document
        else:
            self.filed[document.id] = document

    def drop(self, document: Story | Filed) -> None:
        """Have a document removed once everything else is written."""
        self.changed.pop((type(document), document.id), None)
        self.gone.append((type(document), document.id))
        (self.stories if isinstance(document, Story) else self.filed).pop(document.id, None)

    def count(self, change: Contribution, story: str, sign: int = 1) -> None:
        """Add to the counts, or take back."""
        count(self.hours, self.days, change, story, sign)
        self.touched.append(change.at)
        for kind, id in ((HourCounts, hour_id(change.at)), (DayCounts, day_id(change.at))):
            documents: Mapping[str, BaseModel] = self.hours if kind is HourCounts else self.days
            self.changed[kind, id] = documents[id]


async def file(caller: TenantCaller, arrivals: Sequence[Arrival]) -> Desk:
    """Return a desk on which articles have been filed, or taken out; nothing is written yet."""
    present: dict[str, bool] = {}
    for arrival in arrivals:
        present |= dict.fromkeys(arrival.articles, True) | dict.fromkeys(arrival.deleted, False)
    desk = await _laid_out(caller, present)
    doc_ids = list(present)
    fresh = sorted(
        (each for each in desk.articles.values() if each.id not in desk.filed),
        key=lambda each: (each.published_at, each.id),
    )
    drafts = [
        draft(each.id, each.published_at, each.text, [towards.entity for towards in each.reading.entities])
        for each in fresh
    ]
    homes = await _homes(caller, desk, drafts)
    await _load_counts(caller, desk, fresh)
    for id in [id for id in doc_ids if id in desk.filed]:
        if id in desk.articles:
            await _recounted(caller, desk, desk.articles[id])
        else:
            await _withdrawn(caller, desk, desk.filed[id])
    _file_fresh(desk, fresh, drafts, homes)
    return desk


async def _laid_out(caller: TenantCaller, present: Mapping[str, bool]) -> Desk:
    ledgers = await found(caller, Ledger, ["ledger"])
    ledger = ledgers.get("ledger", Ledger(id="ledger"))
    shelves = await found(caller, Shelf, ledger.shelves)
    return Desk(
        ledger,
        [shelves[id] for id in ledger.shelves if id in shelves],
        await found(caller, Article, [id for id, stays in present.items() if stays]),
        await found(caller, Filed, present),
        gone=[(Article, id) for id, stays in present.items() if not stays],
    )


async def _homes(caller: TenantCaller, desk: Desk, drafts: Sequence[Draft]) -> list[str | int]:
    """Return each draft's story: an id, or the place of the draft that begins it."""
    if not drafts:
        return []
    near = likely(drafts, unpacked(desk.shelves))
    desk.stories |= await found(caller, Story, [id for each in near for id in each.stories])
    known = {id: story.told for id, story in desk.stories.items()}
    verdicts = pairings(drafts, near, known)
    unclear = [pair for pair, verdict in verdicts.items() if verdict is Verdict.UNCLEAR]
    same = {pair: verdict is Verdict.SAME for pair, verdict in verdicts.items()}
    same |= await _by_meaning(caller, desk, drafts, unclear)
    return assigned(drafts, near, same, known)


async def _by_meaning(
    caller: TenantCaller, desk: Desk, drafts: Sequence[Draft], unclear: Sequence[Pairing]
) -> dict[Pairing, bool]:
    """Return which pairs are near enough in meaning."""
    if not unclear:
        return {}
    texts = {
        pair: (
            desk.articles[drafts[pair.draft].doc_id].text,
            desk.stories[pair.other].text
            if isinstance(pair.other, str)
            else desk.articles[drafts[pair.other].doc_id].text,
        )
        for pair in unclear
    }
    asked = list(dict.fromkeys(text for pair in texts.values() for text in pair))
    vectors: dict[str, Sequence[float]] = {}
    for start in range(0, len(asked), 256):
        part = asked[start : start + 256]
        vectors |= dict(zip(part, await caller.embed(part), strict=True))
    least = settings_of(caller).same
    return {
        pair: sum(a * b for a, b in zip(vectors[one], vectors[other], strict=True)) >= least
        for pair, (one, other) in texts.items()
    }


async def _load_counts(caller: TenantCaller, desk: Desk, fresh: Sequence[Article]) -> None:
    """Fetch the counts of every bucket that may change."""
    moments = [int(each.published_at.timestamp()) for each in fresh]
    moments += [filed.counted.at for filed in desk.filed.values()]
    hours = {hour_id(at) for at in moments} - desk.hours.keys()
    days = {day_id(at) for at in moments} - desk.days.keys()
    desk.hours |= {id: HourCounts(id=id) for id in hours} | await found(caller, HourCounts, hours)
    desk.days |= {id: DayCounts(id=id) for id in days} | await found(caller, DayCounts, days)


def story_id(doc_id: str) -> str:
    """Return the id of the story that an article begins: the same whenever it is filed."""
    return "sto_" + hashlib.blake2b(doc_id.encode(), digest_size=10).hexdigest()


def link_of(article: Article) -> Link:
    """Return an article as its story shows it."""
    return Link(
        doc_id=article.id,
        source=article.source,
        url=article.url,
        title=article.title or article.body[:120],
        published_at=article.published_at,
        reach=article.reach,
    )


def contribution_of(article: Article, stories: int) -> Contribution:
    """Return what an article adds to the counts."""
    reading = article.reading
    return contribution(
        article.published_at,
        sentiment=reading.counted_sentiment(),
        topics=[each.topic for each in reading.topics],
        entities={each.entity: each.sentiment or "" for each in reading.entities},
        source=article.source,
        stories=stories,
        reach=article.reach,
    )


def _file_fresh(desk: Desk, fresh: Sequence[Article], drafts: Sequence[Draft], homes: Sequence[str | int]) -> None:
    opened: list[tuple[str, int, Sketch]] = []
    for number, (article, home) in enumerate(zip(fresh, homes, strict=True)):
        begins = home == number
        id = home if isinstance(home, str) else story_id(fresh[home].id)
        if begins:
            desk.put(_opened(id, article))
            opened.append((id, int(article.published_at.timestamp()), drafts[number].sketch))
        else:
            desk.put(joined(desk.stories[id], link_of(article)))
        counted = contribution_of(article, int(begins))
        desk.count(counted, id)
        desk.put(Filed(id=article.id, story=id, source=article.source, counted=counted))
    if fresh:
        oldest = int(min(each.published_at for each in fresh).timestamp())
        ledger, shelves = shelved(desk.ledger, desk.shelves[-1] if desk.shelves else None, opened)
        first = oldest if ledger.first is None else min(oldest, ledger.first)
        desk.ledger = ledger.model_copy(update={"first": first})
        desk.changed[Ledger, "ledger"] = desk.ledger
        desk.changed |= {(Shelf, each.id): each for each in shelves}


def _opened(id: str, article: Article) -> Story:
    reading = article.reading
    return begun(
        id,
        link_of(article),
        article.text,
        reading.counted_sentiment(),
        [each.topic for each in reading.topics],
        [each.entity for each in reading.entities],
    )


async def _recounted(caller: TenantCaller, desk: Desk, article: Article) -> None:
    """Count an article again, as it is read now; the story that it begins is told anew."""
    filed = desk.filed[article.id]
    counted = contribution_of(article, filed.counted.stories)
    if counted == filed.counted:
        return
    desk.count(filed.counted, filed.story, -1)
    desk.count(counted, filed.story)
    desk.put(filed.model_copy(update={"counted": counted}))
    if counted.stories:
        story = desk.stories.get(filed.story) or (await found(caller, Story, [filed.story])).get(filed.story)
        if story is not None:
            desk.put(_retold(story, article))


def _retold(story: Story, article: Article) -> Story:
    """Return a story that now begins with this article."""
    kept = {name: getattr(story, name) for name in ("articles", "reach", "sources", "last_at", "links")}
    return _opened(story.id, article).model_copy(update=kept)


async def _withdrawn(caller: TenantCaller, desk: Desk, filed: Filed) -> None:
    """Take back what a deleted article counted, and take it out of its story; the next article carries that on."""
    desk.count(filed.counted, filed.story, -1)
    desk.drop(filed)
    story = desk.stories.get(filed.story) or (await found(caller, Story, [filed.story])).get(filed.story)
    if story is None:
        return
    rest = left(story, filed.id, filed.source, filed.counted.reach)
    if rest is None:
        desk.drop(story)
        return
    desk.put(await _carried_on(caller, desk, rest) if filed.counted.stories else rest)


async def _carried_on(caller: TenantCaller, desk: Desk, story: Story) -> Story:
    """Let the first article that is left begin a story whose beginning was deleted."""
    for link in story.links:
        articles = await found(caller, Article, [link.doc_id])
        heirs = {link.doc_id: desk.filed[link.doc_id]} if link.doc_id in desk.filed else {}
        heirs = heirs or await found(caller, Filed, [link.doc_id])
        if link.doc_id not in articles or link.doc_id not in heirs:
            continue
        article, heir = articles[link.doc_id], heirs[link.doc_id]
        await _load_counts(caller, desk, [article])
        desk.count(heir.counted, story.id, -1)
        counted = heir.counted.model_copy(update={"stories": 1})
        desk.count(counted, story.id)
        desk.put(heir.model_copy(update={"counted": counted}))
        return _retold(story, article)
    return story.model_copy(update={"text": "", "title": "", "url": None})
