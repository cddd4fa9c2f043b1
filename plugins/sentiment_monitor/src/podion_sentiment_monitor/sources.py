"""Where articles come from by themselves: feeds and files that are polled, and addresses that others push to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import DataError, NotFound, PodionError, TenantCaller, newest
from podion_sentiment_monitor.articles import ArticleDraft, Name
from podion_sentiment_monitor.feeds import entries, lines
from podion_sentiment_monitor.filing import Nothing
from podion_sentiment_monitor.ingest import MOST_ARTICLES, Outcome, Taken, take_in

MOST_SOURCES = 500
_LONGEST_PAUSE = timedelta(hours=6)

Kind = Literal["rss", "atom", "jsonl-url", "push"]


class SourceDraft(BaseModel):
    """A source as it is sent."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="stands as `source` in its articles", examples=["herald.example"])
    kind: Kind
    url: str | None = Field(default=None, max_length=2_000, pattern=r"^https?://\S+$")
    every_minutes: int = Field(default=10, ge=1, le=1_440, description="how often it is polled")
    enabled: bool = True

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "push" and self.url is not None:
            raise ValueError("a push source has no url: others send to it")
        if self.kind != "push" and self.url is None:
            raise ValueError(f"a source of kind {self.kind} needs the url that is polled")
        return self


class Source(SourceDraft):
    """A source as it is kept, and how it fared."""

    id: str = ""
    polled_at: AwareDatetime | None = None
    next_at: AwareDatetime | None = None
    failures: int = Field(default=0, description="in a row; each doubles the pause, up to 6 hours")
    error: str | None = Field(default=None, description="of the newest poll; null: it went well")
    articles: int = Field(default=0, description="new ones it has brought")


class Polled(BaseModel):
    """What a poll brought."""

    id: str
    entries: int
    created: int


async def poll_due(caller: TenantCaller, _: Nothing) -> None:
    """Poll every source that is due; one that fails is noted, and tried again later."""
    now = datetime.now(UTC)
    for source in (await newest(caller, Source, MOST_SOURCES))[0]:
        if source.enabled and source.kind != "push" and (source.next_at is None or source.next_at <= now):
            await _polled(caller, source, now)


async def poll(caller: TenantCaller, source: Source) -> list[Taken]:
    """Fetch a source now and take in what it has; raises `DataError` for what is no feed, or not to be fetched."""
    if source.url is None:
        raise DataError(f"source {source.name} is pushed to: it has no url to be fetched", code="not_polled")
    raw = await caller.fetch(source.url)
    now = datetime.now(UTC)
    found = lines(raw, source.name, now) if source.kind == "jsonl-url" else entries(raw, source.name, now)
    return await _taken(caller, found)


async def push(caller: TenantCaller, source: Source, articles: Sequence[ArticleDraft]) -> list[Taken]:
    """Take in what somebody sent to a push source; raises `DataError` for a source of another kind, or one disabled."""
    if source.kind != "push" or not source.enabled:
        why = "disabled" if source.kind == "push" else f"of kind {source.kind}, which is polled"
        raise DataError(f"source {source.name} is {why}: nothing can be pushed to it", code="not_pushed")
    taken = await take_in(caller, articles)
    await _note(caller, source.id, taken, None, datetime.now(UTC))
    return taken


async def _taken(caller: TenantCaller, articles: Sequence[ArticleDraft]) -> list[Taken]:
    unique = list({each.doc_id: each for each in articles}.values())[:MOST_ARTICLES]
    return await take_in(caller, unique) if unique else []


async def _polled(caller: TenantCaller, source: Source, now: datetime) -> None:
    try:
        taken, error = await poll(caller, source), None
    except PodionError as problem:
        taken, error = [], problem.detail[:500]
    await _note(caller, source.id, taken, error, now)


async def _note(caller: TenantCaller, source_id: str, taken: Sequence[Taken], error: str | None, now: datetime) -> None:
    created = sum(each.outcome is Outcome.CREATED for each in taken)

    def change(source: Source) -> Source:
        failures = source.failures + 1 if error else 0
        pause = min(timedelta(minutes=source.every_minutes) * 2 ** min(failures, 12), _LONGEST_PAUSE)
        pause = max(pause, timedelta(minutes=source.every_minutes))
        return source.model_copy(
            update={
                "polled_at": now,
                "next_at": now + pause,
                "failures": failures,
                "error": error,
                "articles": source.articles + created,
            }
        )

    try:
        await caller.store.update(Source, source_id, change)
    except NotFound:  # it was deleted while it was polled
        return
