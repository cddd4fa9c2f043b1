"""`/trends` and `/stories`: what was counted, and what was reported."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from podion import Caller, Cursor, DataError, DocumentId, Limit, Page, answer_like, requires
from podion_sentiment_monitor.counters import Family
from podion_sentiment_monitor.stories import Story
from podion_sentiment_monitor.trends import Bucket, Trend, trend

router = APIRouter(dependencies=[requires("data")])

_TREND = {
    "over": "topic",
    "name": "deposit safety",
    "sentiment": None,
    "bucket": "hour",
    "points": [
        {
            "at": "2026-07-01T14:00:00Z",
            "articles": 311,
            "stories": 12,
            "reach": 48_200,
            "sentiments": {"negative": 290, "neutral": 21},
        }
    ],
}
_STORY = {
    "id": "sto_5b0e9f8c2d1a4e7f6a3b",
    "title": "Harbour Bank customers queue after transfer delays",
    "text": "Harbour Bank customers queue after transfer delays\nDozens of customers queued …",
    "source": "herald.example",
    "url": "https://herald.example/17",
    "first_at": "2026-07-01T14:05:00Z",
    "last_at": "2026-07-01T16:20:00Z",
    "day": "2026-07-01",
    "articles": 300,
    "reach": 300,
    "sources": {"herald.example": 1, "blogs.example": 299},
    "sentiment": "negative",
    "topics": ["deposit safety"],
    "entities": ["Harbour Bank"],
    "links": [{"doc_id": "herald-17", "source": "herald.example", "published_at": "2026-07-01T14:05:00Z", "reach": 1}],
}
Named = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get("/trends", responses=answer_like(_TREND))
async def get_trends(
    caller: Caller,
    topic: Named = None,
    entity: Named = None,
    source: Named = None,
    sentiment: Named = None,
    bucket: Bucket = "hour",
    since: Annotated[
        AwareDatetime | None, Query(description="default: a day, by `day` 30 days, before `until`")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(description="default: now")] = None,
) -> Trend:
    """Return counts by time of publication, of a topic, an entity or a source, or of everything, in UTC buckets."""
    named: dict[Family, str | None] = {"topic": topic, "entity": entity, "source": source}
    asked = [(family, name) for family, name in named.items() if name is not None]
    if len(asked) > 1:
        raise DataError("name one of topic, entity and source: counts are kept of each by itself", code="one_of")
    over, name = asked[0] if asked else ("all", "")
    end = until or datetime.now(UTC)
    try:
        start = since or end - timedelta(days=1 if bucket == "hour" else 30)
        return await trend(caller, over=over, name=name, sentiment=sentiment, bucket=bucket, since=start, until=end)
    except (OverflowError, OSError) as error:
        raise DataError(f"there are no counts around {end.isoformat()}: name another time") from error


@router.get("/stories", responses=answer_like({"data": [_STORY], "next": None}))
async def list_stories(
    caller: Caller,
    day: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="that it began on, UTC")] = None,
    sentiment: Named = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Story]:
    """Return stories, those that became known last first."""
    wanted = {"day": day, "sentiment": sentiment}
    where = {name: value for name, value in wanted.items() if value is not None}
    return await caller.store.list(Story, where or None, cursor, limit)


@router.get("/stories/{story_id}", responses=answer_like(_STORY))
async def get_story(story_id: DocumentId, caller: Caller) -> Story:
    """Return a story: its first text, its articles with links, its reach."""
    return await caller.store.get(Story, story_id)
