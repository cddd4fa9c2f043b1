"""Articles taken in: known ones recognised by their doc_id, new ones read by the heads, all of it kept in one write."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_sentiment_monitor.articles import Article, ArticleDraft, Labels, Reading, digest_of, labelled, text_of
from podion_sentiment_monitor.config import MonitorSettings, settings_of
from podion_sentiment_monitor.filing import AT_ONCE, Arrival, Nothing
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.reading import read, spotter_of
from podion_sentiment_monitor.review import give_back

DIGEST = "digest"
MOST_ARTICLES = 500


class Outcome(StrEnum):
    """What became of an article that was sent."""

    CREATED = "created"
    KNOWN = "known"
    RELABELLED = "relabelled"


class Taken(BaseModel):
    """One article that was sent: whether it is new, and what was read out of it."""

    doc_id: str
    outcome: Outcome
    differs: bool = Field(default=False, description="true: known with another text, which stays as it was")
    reading: Reading


async def take_in(caller: TenantCaller, drafts: Sequence[ArticleDraft]) -> list[Taken]:
    """Keep articles and have them filed; return what became of each, in the order sent.

    A doc_id that is known keeps its text, time and reach: only labels that differ are taken over. Of one that is sent
    twice at once, the first counts. Raises `DataError` for a time of publication that cannot be.
    """
    now = datetime.now(UTC)
    for draft in drafts:
        draft.check_time(now)
    known = await found(caller, Article, [draft.doc_id for draft in drafts])
    new = {draft.doc_id: draft for draft in reversed(drafts) if draft.doc_id not in known}
    spotter = await spotter_of(caller)
    texts = [text_of(draft.title, draft.body) for draft in new.values()]
    readings = await read(caller, texts, spotter)
    settings = settings_of(caller)
    articles = {
        draft.doc_id: _article(draft, reading, now, settings)
        for draft, reading in zip(new.values(), readings, strict=True)
    }
    current, changed = known | articles, set(articles)
    taken = []
    for draft in drafts:
        article = current[draft.doc_id]
        outcome = Outcome.CREATED if new.get(draft.doc_id) is draft else Outcome.KNOWN
        relabelled = _relabelled(article, draft.labels, settings)
        if relabelled != article:
            current[article.id], outcome = relabelled, Outcome.RELABELLED
            changed.add(article.id)
        taken.append((draft, outcome))
    await _keep(caller, [current[id] for id in current if id in changed])
    for draft, outcome in taken:
        if outcome is Outcome.RELABELLED and draft.labels is not None:
            await give_back(caller, current[draft.doc_id], draft.labels)
    return [_told(current[draft.doc_id], draft, outcome) for draft, outcome in taken]


async def correct(caller: TenantCaller, doc_id: str, labels: Labels) -> Article:
    """Keep what an article should have been read as, have it counted so, and give it back; raises `NotFound`."""
    settings = settings_of(caller)
    article = await caller.store.update(Article, doc_id, lambda kept: _relabelled(kept, labels, settings))
    await caller.store.put(*_arrivals(caller, [doc_id]))
    await caller.enqueue(DIGEST, Nothing())
    await give_back(caller, article, labels)
    return article


async def remove(caller: TenantCaller, doc_id: str) -> None:
    """Remove an article at once, and what it counted in the next round; raises `NotFound`."""
    await caller.store.get(Article, doc_id)
    await caller.store.put(Arrival(id=caller.new_id("arr"), deleted=[doc_id]))
    await caller.store.delete(Article, doc_id)
    await caller.enqueue(DIGEST, Nothing())


async def _keep(caller: TenantCaller, articles: Sequence[Article]) -> None:
    if articles:
        await caller.store.put_all([*articles, *_arrivals(caller, [article.id for article in articles])])
        await caller.enqueue(DIGEST, Nothing())


def _arrivals(caller: TenantCaller, doc_ids: Sequence[str]) -> list[Arrival]:
    return [
        Arrival(id=caller.new_id("arr"), articles=list(doc_ids[start : start + AT_ONCE]))
        for start in range(0, len(doc_ids), AT_ONCE)
    ]


def _article(draft: ArticleDraft, reading: Reading, now: datetime, settings: MonitorSettings) -> Article:
    labels = _plain(draft.labels, settings) if draft.labels is not None else Labels()
    return Article(
        id=draft.doc_id,
        source=draft.source,
        url=draft.url,
        published_at=draft.published_at,
        fetched_at=draft.fetched_at or now,
        lang=draft.lang,
        title=draft.title,
        body=draft.body,
        reach=draft.reach,
        digest=digest_of(draft),
        labels=labels,
        reading=labelled(reading, labels),
    )


def _relabelled(article: Article, labels: Labels | None, settings: MonitorSettings) -> Article:
    """Return an article with what somebody says of it now above what was said before."""
    if labels is None:
        return article
    said = _plain(labels, settings).over(article.labels)
    if said == article.labels:
        return article
    return article.model_copy(update={"labels": said, "reading": labelled(article.reading, said)})


def _plain(labels: Labels, settings: MonitorSettings) -> Labels:
    """Return labels under the names by which they are counted."""
    changes: dict[str, object] = {}
    if labels.sentiment is not None:
        changes["sentiment"] = settings.sentiment(labels.sentiment)
    if labels.entities is not None:
        changes["entities"] = {name: settings.sentiment(towards) for name, towards in labels.entities.items()}
    return labels.model_copy(update=changes)


def _told(article: Article, draft: ArticleDraft, outcome: Outcome) -> Taken:
    differs = article.digest != digest_of(draft)
    return Taken(doc_id=article.id, outcome=outcome, differs=differs, reading=article.reading)
