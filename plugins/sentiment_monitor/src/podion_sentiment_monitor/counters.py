"""Counts by topic, entity, source and sentiment in buckets of event time: five minutes, and whole hours by the day.

What an article adds is kept with it as a `Contribution`, so that it can be taken back exactly when the article is
deleted or read anew. Documents of counts are written by one job at a time; see `filing.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

STEP_MINUTES = 5
STEPS = 60 // STEP_MINUTES
STEP = timedelta(minutes=STEP_MINUTES)
MOST_SERIES, LONGEST_NAME = 800, 80
"""Series that one document counts, and characters of their names: in the worst case it just fits into 1 MiB."""
EVIDENCE = 8

Family = Literal["all", "topic", "entity", "source"]
FAMILIES: tuple[Family, ...] = ("all", "topic", "entity", "source")


class Series(NamedTuple):
    """One line of counts: of a topic, an entity, a source or everything, with one sentiment (empty: unknown)."""

    family: Family
    name: str
    sentiment: str

    @property
    def key(self) -> str:
        """Return the series as it is named in a document."""
        tone = self.sentiment.replace("|", "/")[:LONGEST_NAME]
        return f"{self.family}|{tone}|{self.name[:LONGEST_NAME]}"


def series_of(key: str) -> Series:
    """Return the series that a key names."""
    family, sentiment, name = key.split("|", 2)
    return Series(family, name, sentiment)  # type: ignore[arg-type]


class Tally(NamedTuple):
    """What is counted: articles, stories that began, and the reach of the articles."""

    articles: float = 0
    stories: float = 0
    reach: float = 0

    def plus(self, other: Sequence[float], sign: int = 1) -> "Tally":
        """Return the sum; nothing falls below 0."""
        return Tally(*(max(0.0, mine + sign * theirs) for mine, theirs in zip(self, other, strict=True)))


class Contribution(BaseModel):
    """What one article has added to the counts: to which series, in which bucket, how much."""

    keys: list[str]
    at: int = Field(description="start of its five minutes, in seconds since 1970")
    stories: int = Field(ge=0, le=1, description="1: its story begins with it")
    reach: float

    @property
    def tally(self) -> Tally:
        """The amounts."""
        return Tally(1, self.stories, self.reach)


def bucket(at: datetime) -> int:
    """Return the start of the five minutes that hold a moment, in seconds since 1970."""
    seconds = int(at.timestamp())
    return seconds - seconds % (STEP_MINUTES * 60)


def contribution(
    at: datetime,
    *,
    sentiment: str,
    topics: Sequence[str],
    entities: Mapping[str, str],
    source: str,
    stories: int,
    reach: float,
) -> Contribution:
    """Return what an article adds; `entities` are names with the sentiment towards each."""
    found = [Series("all", "", sentiment), Series("source", source, sentiment)]
    found += [Series("topic", topic, sentiment) for topic in topics]
    found += [Series("entity", name, towards) for name, towards in entities.items()]
    return Contribution(keys=[each.key for each in dict.fromkeys(found)], at=bucket(at), stories=stories, reach=reach)


Cells = dict[str, dict[int, tuple[float, float, float]]]


class HourCounts(BaseModel):
    """One hour in steps of five minutes: series → step (0 to 11) → articles, stories, reach."""

    id: str = ""
    cells: Cells = {}
    evidence: dict[str, list[str]] = Field(default={}, description="series → stories that began, the 8 first")
    left_out: int = Field(default=0, description="articles whose series were too many to count")


class DayCounts(BaseModel):
    """One day (UTC) in hours: series → hour (0 to 23) → articles, stories, reach."""

    id: str = ""
    cells: Cells = {}


def hour_id(seconds: int) -> str:
    """Return the id of the document that counts the hour of a moment."""
    return "h-" + datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H")


def day_id(seconds: int) -> str:
    """Return the id of the document that counts the day of a moment."""
    return "d-" + datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def count(
    hours: Mapping[str, HourCounts], days: Mapping[str, DayCounts], change: Contribution, story: str, sign: int = 1
) -> None:
    """Add a contribution to the documents of its hour and its day, in place, or take it back with `sign` -1."""
    hour, day = hours[hour_id(change.at)], days[day_id(change.at)]
    step, of_day = change.at % 3600 // (STEP_MINUTES * 60), change.at % 86_400 // 3600
    for key in change.keys:
        if not _add(hour.cells, key, step, change.tally, sign) and sign > 0:
            hour.left_out += 1
        _add(day.cells, key, of_day, change.tally, sign)
        if change.stories and (key in hour.cells or sign < 0):
            _show(hour.evidence, key, story, sign)


def _add(cells: Cells, key: str, place: int, amounts: Tally, sign: int) -> bool:
    if key not in cells:
        if len(cells) >= MOST_SERIES or sign < 0:
            return False
        cells[key] = {}
    row = cells[key]
    total = Tally(*row.get(place, (0.0, 0.0, 0.0))).plus(amounts, sign)
    if total.articles:
        row[place] = tuple(total)  # type: ignore[assignment]
    else:
        row.pop(place, None)
    if not row:
        del cells[key]
    return True


def _show(evidence: dict[str, list[str]], key: str, story: str, sign: int) -> None:
    shown = evidence.setdefault(key, [])
    if sign > 0 and story not in shown and len(shown) < EVIDENCE:
        shown.append(story)
    elif sign < 0 and story in shown:
        shown.remove(story)
    if not shown:
        del evidence[key]


def steps_of(hours: Iterable[HourCounts]) -> Iterator[tuple[str, int, Tally]]:
    """Yield each series' key, the start of a bucket of five minutes in seconds, and its tally."""
    for hour in hours:
        start = int(datetime.strptime(hour.id, "h-%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp())
        for key, row in hour.cells.items():
            for step, cell in row.items():
                yield key, start + step * STEP_MINUTES * 60, Tally(*cell)


def hours_of(days: Iterable[DayCounts]) -> Iterator[tuple[str, int, Tally]]:
    """Yield each series' key, the start of an hour in seconds, and its tally."""
    for day in days:
        start = int(datetime.strptime(day.id, "d-%Y-%m-%d").replace(tzinfo=UTC).timestamp())
        for key, row in day.cells.items():
            for hour, cell in row.items():
                yield key, start + hour * 3600, Tally(*cell)
