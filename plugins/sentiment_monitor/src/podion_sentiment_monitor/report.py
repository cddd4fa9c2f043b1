"""A day in one page: how much was published, in what tone, the stories with the widest reach, and the alerts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, Field

from podion import DataError, TenantCaller, newest
from podion_sentiment_monitor.alerts import Alert, StoryCard, card
from podion_sentiment_monitor.stories import Story
from podion_sentiment_monitor.surveillance import recent_alerts
from podion_sentiment_monitor.trends import Point, Share, days_between, shares, trend

MOST_STORIES = 2_000
SHOWN = 10


class DayReport(BaseModel):
    """What happened on a day (UTC)."""

    day: date
    made_at: datetime
    articles: int
    stories: int
    reach: float
    sentiments: dict[str, int]
    hours: list[Point]
    topics: list[Share]
    entities: list[Share]
    sources: list[Share]
    top_stories: list[StoryCard] = Field(description="the ten that began on the day with the widest reach")
    complete: bool = Field(description="false: more than 2,000 stories began, the newest were ranked")
    alerts: list[Alert]


async def report(caller: TenantCaller, day: date) -> DayReport:
    """Return the report of a day, out of the counters, the day's stories and its alerts."""
    try:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = begin + timedelta(days=1)
        told = await trend(caller, over="all", name="", sentiment=None, bucket="hour", since=begin, until=end)
        days = list((await days_between(caller, int(begin.timestamp()), int(end.timestamp()))).values())
    except (OverflowError, OSError) as error:
        raise DataError(f"there is no report of {day}: name another day") from error
    stories = (await newest(caller, Story, MOST_STORIES + 1, {"day": day.isoformat()}))[0]
    ranked = sorted(stories[:MOST_STORIES], key=lambda each: (-each.reach, -each.articles, each.id))[:SHOWN]
    alerts = [each for each in await recent_alerts(caller) if begin <= each.started_at < end]
    tones: dict[str, int] = {}
    for point in told.points:
        for name, count in point.sentiments.items():
            tones[name] = tones.get(name, 0) + count
    return DayReport(
        day=day,
        made_at=datetime.now(UTC),
        articles=sum(point.articles for point in told.points),
        stories=sum(point.stories for point in told.points),
        reach=sum(point.reach for point in told.points),
        sentiments=dict(sorted(tones.items())),
        hours=told.points,
        topics=shares(days, "topic"),
        entities=shares(days, "entity"),
        sources=shares(days, "source"),
        top_stories=[card(each) for each in ranked],
        complete=len(stories) <= MOST_STORIES,
        alerts=sorted(alerts, key=lambda each: each.started_at),
    )


def net(points: Sequence[Point]) -> list[float | None]:
    """Return (positive - negative) / articles of each hour; None where nothing was published."""
    return [
        (point.sentiments.get("positive", 0) - point.sentiments.get("negative", 0)) / point.articles
        if point.articles
        else None
        for point in points
    ]
