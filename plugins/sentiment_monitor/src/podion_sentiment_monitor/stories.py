"""Stories: reports that say the same thing, reposts and touched-up copies included, with their reach added up.

Pure: what is filed is decided here; what was stored before is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, Field

from podion_sentiment_monitor.likeness import Told, Verdict, compare, told
from podion_sentiment_monitor.sketches import Postings, Sketch, sketch

DAYS = 3
SPAN = timedelta(days=DAYS)
MOST_MEMBERS = 100
TEXT_KEPT = 1_500


class Link(BaseModel):
    """One article of a story."""

    doc_id: str
    source: str
    url: str | None = None
    title: str = ""
    published_at: AwareDatetime
    reach: float = 1


class Story(BaseModel):
    """What was reported, once, however often it was repeated: `reach` is the sum over its articles."""

    id: str = ""
    title: str
    text: str = Field(description="of the article that it began with, its first 1,500 characters")
    source: str
    url: str | None = None
    first_at: AwareDatetime
    last_at: AwareDatetime
    day: str = Field(description="of `first_at`, UTC")
    articles: int = 1
    reach: float = 1
    sources: dict[str, int] = Field(default={}, description="articles by source; the 50 first sources")
    sentiment: str = ""
    topics: list[str] = []
    entities: list[str] = []
    links: list[Link] = Field(default=[], description="its first 100 articles")

    @property
    def told(self) -> Told:
        """What its first article tells."""
        return told(self.text, frozenset(self.entities))


@dataclass(frozen=True, slots=True)
class Draft:
    """An article that is to be filed: its text, when it was published, and the watched entities it names."""

    doc_id: str
    published_at: datetime
    told: Told
    sketch: Sketch


def draft(doc_id: str, published_at: datetime, text: str, names: Sequence[str] = ()) -> Draft:
    """Return an article as it is compared with others."""
    said = told(text, frozenset(names))
    return Draft(doc_id, published_at, said, sketch(said.pieces))


@dataclass(frozen=True, slots=True)
class Known:
    """The stories of the last days, in the order in which they began to be known.

    `sketches` is [stories, 16], `ids` their ids, `seconds` when each began (since 1970).
    """

    sketches: NDArray[np.uint32]
    ids: Sequence[str]
    seconds: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> "Known":
        """Return that no story is known."""
        return cls(np.zeros((0, 16), np.uint32), (), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Likely:
    """What a draft may be a copy of: ids of stories, and places of drafts that came before it in its batch."""

    stories: tuple[str, ...]
    drafts: tuple[int, ...]


def likely(drafts: Sequence[Draft], known: Known) -> list[Likely]:
    """Return, for each draft, what may be the same story, the likeliest first; none that is days away."""
    postings = Postings(known.sketches, [each.sketch for each in drafts])
    found = []
    for each in drafts:
        at = each.published_at.timestamp()
        near = [row for row in postings.alike(each.sketch) if _is_near(row, at, known, drafts)]
        first = len(known.ids)
        found.append(
            Likely(
                tuple(known.ids[row] for row in near if row < first), tuple(row - first for row in near if row >= first)
            )
        )
        postings.add(each.sketch)
    return found


def _is_near(row: int, at: float, known: Known, drafts: Sequence[Draft]) -> bool:
    first = len(known.ids)
    began = float(known.seconds[row]) if row < first else drafts[row - first].published_at.timestamp()
    return abs(at - began) <= SPAN.total_seconds()


@dataclass(frozen=True, slots=True)
class Pairing:
    """A draft and what it is compared with: a story's id, or an earlier draft of the batch."""

    draft: int
    other: str | int


def pairings(drafts: Sequence[Draft], near: Sequence[Likely], stories: Mapping[str, Told]) -> dict[Pairing, Verdict]:
    """Return the verdict on each pair that is not plainly different; a story that is gone has none."""
    verdicts: dict[Pairing, Verdict] = {}
    for number, (each, likely) in enumerate(zip(drafts, near, strict=True)):
        others: list[tuple[str | int, Told]] = [(id, stories[id]) for id in likely.stories if id in stories]
        others += [(place, drafts[place].told) for place in likely.drafts]
        for other, said in others:
            verdict = compare(each.told, said)
            if verdict is not Verdict.DIFFERENT:
                verdicts[Pairing(number, other)] = verdict
    return verdicts


def assigned(
    drafts: Sequence[Draft], near: Sequence[Likely], same: Mapping[Pairing, bool], stories: Mapping[str, Told]
) -> list[str | int]:
    """Return, for each draft, the id of its story, or the place of the draft that begins it (its own, of a new one).

    A copy of a copy is held against what its story began with, `stories` or a draft, so a story does not drift.
    """
    homes: list[str | int] = []
    for number, likely in enumerate(near):
        home: str | int | None = next((id for id in likely.stories if same.get(Pairing(number, id))), None)
        if home is None:
            copied = (homes[place] for place in likely.drafts if same.get(Pairing(number, place)))
            home = next((each for each in copied if _belongs(drafts[number], each, drafts, stories)), number)
        homes.append(home)
    return homes


def _belongs(one: Draft, home: str | int, drafts: Sequence[Draft], stories: Mapping[str, Told]) -> bool:
    beginning = stories.get(home) if isinstance(home, str) else drafts[home].told
    return beginning is not None and compare(one.told, beginning) is not Verdict.DIFFERENT


def begun(
    story_id: str, link: Link, text: str, sentiment: str, topics: Sequence[str], entities: Sequence[str]
) -> Story:
    """Return the story that an article begins."""
    return Story(
        id=story_id,
        title=link.title or text[:120],
        text=text[:TEXT_KEPT],
        source=link.source,
        url=link.url,
        first_at=link.published_at,
        last_at=link.published_at,
        day=link.published_at.astimezone(UTC).strftime("%Y-%m-%d"),
        reach=link.reach,
        sources={link.source: 1},
        sentiment=sentiment,
        topics=list(topics),
        entities=list(entities),
        links=[link],
    )


def joined(story: Story, link: Link) -> Story:
    """Return a story with one more article."""
    sources = dict(story.sources)
    if link.source in sources or len(sources) < 50:
        sources[link.source] = sources.get(link.source, 0) + 1
    return story.model_copy(
        update={
            "articles": story.articles + 1,
            "reach": story.reach + link.reach,
            "first_at": min(story.first_at, link.published_at),
            "last_at": max(story.last_at, link.published_at),
            "sources": sources,
            "links": [*story.links, link] if len(story.links) < MOST_MEMBERS else story.links,
        }
    )


def left(story: Story, doc_id: str, source: str, reach: float) -> Story | None:
    """Return a story without one of its articles; None when that was the last."""
    if story.articles <= 1:
        return None
    sources = {name: count - (name == source) for name, count in story.sources.items()}
    return story.model_copy(
        update={
            "articles": story.articles - 1,
            "reach": max(0.0, story.reach - reach),
            "sources": {name: count for name, count in sources.items() if count > 0},
            "links": [each for each in story.links if each.doc_id != doc_id],
        }
    )
