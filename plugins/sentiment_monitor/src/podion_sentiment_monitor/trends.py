"""How counts went over time: read from the counters, never from the articles."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from podion import DataError, TenantCaller
from podion_sentiment_monitor.counters import (
    LONGEST_NAME,
    DayCounts,
    Family,
    Tally,
    day_id,
    hours_of,
    series_of,
)
from podion_sentiment_monitor.listing import found

Bucket = Literal["hour", "day"]
SECONDS: Mapping[Bucket, int] = {"hour": 3_600, "day": 86_400}
MOST_DAYS: Mapping[Bucket, int] = {"hour": 31, "day": 370}


class Point(BaseModel):
    """One bucket: articles, stories that began, reach; and articles by sentiment (empty name: not known)."""

    at: AwareDatetime
    articles: int
    stories: int
    reach: float
    sentiments: dict[str, int] = Field(default={}, description="articles by sentiment")


class Trend(BaseModel):
    """A line of counts in event time; every bucket from `since` to `until` is there, empty ones too."""

    over: Family
    name: str
    sentiment: str | None
    bucket: Bucket
    points: list[Point]


class Share(BaseModel):
    """What one topic, entity or source had of a time."""

    name: str
    articles: int
    stories: int
    reach: float
    sentiments: dict[str, int]


async def trend(
    caller: TenantCaller,
    *,
    over: Family,
    name: str,
    sentiment: str | None,
    bucket: Bucket,
    since: datetime,
    until: datetime,
) -> Trend:
    """Return one line of counts; raises `DataError` for a time that ends before it begins, or is too long."""
    seconds = SECONDS[bucket]
    begin = int(since.timestamp()) // seconds * seconds
    end = -(-int(until.timestamp()) // seconds) * seconds
    _check(since, until, bucket)
    totals: dict[int, Tally] = {}
    tones: dict[int, dict[str, int]] = {}
    for key, at, tally in hours_of((await days_between(caller, begin, end)).values()):
        series = series_of(key)
        if series.family != over or series.name != name[:LONGEST_NAME] or sentiment not in (None, series.sentiment):
            continue
        place = at // seconds * seconds
        if begin <= place < end:
            totals[place] = totals.get(place, Tally()).plus(tally)
            told = tones.setdefault(place, {})
            told[series.sentiment] = told.get(series.sentiment, 0) + round(tally.articles)
    points = [_point(at, totals.get(at, Tally()), tones.get(at, {})) for at in range(begin, end, seconds)]
    return Trend(over=over, name=name, sentiment=sentiment, bucket=bucket, points=points)


async def days_between(caller: TenantCaller, begin: int, end: int) -> Mapping[str, DayCounts]:
    """Return the counts of the days that a time touches."""
    wanted = [day_id(at) for at in range(begin - begin % 86_400, end, 86_400)]
    days = await found(caller, DayCounts, wanted)
    return {id: days[id] for id in wanted if id in days}


def shares(days: Sequence[DayCounts], over: Family, most: int = 10) -> list[Share]:
    """Return what each topic, entity or source had of some days, the most articles first."""
    totals: dict[str, Tally] = {}
    tones: dict[str, dict[str, int]] = {}
    for key, _, tally in hours_of(days):
        series = series_of(key)
        if series.family == over:
            totals[series.name] = totals.get(series.name, Tally()).plus(tally)
            told = tones.setdefault(series.name, {})
            told[series.sentiment] = told.get(series.sentiment, 0) + round(tally.articles)
    ranked = sorted(totals, key=lambda name: (-totals[name].articles, name))[:most]
    return [
        Share(
            name=name,
            articles=round(totals[name].articles),
            stories=round(totals[name].stories),
            reach=totals[name].reach,
            sentiments=tones[name],
        )
        for name in ranked
    ]


def _point(at: int, tally: Tally, tones: Mapping[str, int]) -> Point:
    return Point(
        at=datetime.fromtimestamp(at, UTC),
        articles=round(tally.articles),
        stories=round(tally.stories),
        reach=tally.reach,
        sentiments=dict(sorted(tones.items())),
    )


def _check(since: datetime, until: datetime, bucket: Bucket) -> None:
    if since >= until:
        raise DataError(f"since ({since.isoformat()}) must be before until ({until.isoformat()})")
    if until - since > timedelta(days=MOST_DAYS[bucket]):
        raise DataError(f"{until - since} by {bucket}: at most {MOST_DAYS[bucket]} days are shown at once")
