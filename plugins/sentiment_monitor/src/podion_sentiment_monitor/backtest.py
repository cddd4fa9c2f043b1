"""A rule tried on history: the tenant's own counts, or articles that are sent along."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import DataError, TenantCaller
from podion_sentiment_monitor.articles import ArticleDraft, Labels, Reading, labelled, text_of
from podion_sentiment_monitor.counters import (
    Contribution,
    HourCounts,
    Tally,
    contribution,
    hour_id,
    hours_of,
    steps_of,
)
from podion_sentiment_monitor.episodes import Episode, moment
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.reading import read, spotter_of
from podion_sentiment_monitor.replay import Event, Replayed, matched, replay
from podion_sentiment_monitor.rules import RuleDraft, duration
from podion_sentiment_monitor.shelves import Ledger
from podion_sentiment_monitor.stories import Known, assigned, draft, likely, pairings
from podion_sentiment_monitor.trends import days_between

MOST_SENT = 2_000
MOST_DAYS = 92
_DAY = 86_400


class KnownEvent(BaseModel):
    """Something that happened, and that the rule should have told of."""

    model_config = ConfigDict(extra="forbid")

    begin: AwareDatetime
    end: AwareDatetime | None = Field(default=None, description="default: 6 hours later")
    subject: str = Field(default="", max_length=200, description="topic, entity or source; empty: any")

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.end is not None and self.end <= self.begin:
            raise ValueError("end must be after begin")
        return self


class BacktestRequest(BaseModel):
    """A rule, and the history that it is to be tried on."""

    model_config = ConfigDict(extra="forbid")

    rule: RuleDraft
    days: int = Field(default=28, ge=1, le=MOST_DAYS, description="how long before `until`")
    until: AwareDatetime | None = Field(default=None, description="default: now; with articles: the last of them")
    articles: list[ArticleDraft] | None = Field(
        default=None, min_length=1, max_length=MOST_SENT, description="replayed instead of what is stored; not kept"
    )
    events: list[KnownEvent] = Field(default=[], max_length=200, description="what should have been told of")


class BacktestAlert(BaseModel):
    """An alert that would have been."""

    subject: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    observed: int
    expected: float
    p_value: float
    peak: int
    event: int | None = Field(description="place of the known event that it tells of; null: false, if all are known")
    delay_minutes: float | None = Field(default=None, description="since that event began")


class Backtest(BaseModel):
    """How a rule would have fared; without known events nothing can be missed, and every alert counts as false."""

    rule: RuleDraft
    since: AwareDatetime
    until: AwareDatetime
    weeks: float
    subjects: int
    looks: int = Field(description="windows looked at; 0: history is shorter than the rule's min_history")
    alerts: list[BacktestAlert]
    found: int
    missed: Annotated[list[int], Field(description="places of known events without an alert")]
    false_alerts: int
    false_per_week: float
    median_delay_minutes: float | None


Counted = Sequence[tuple[str, int, Tally]]


async def backtest(caller: TenantCaller, request: BacktestRequest) -> Backtest:
    """Return what a rule would have told; raises `DataError` where there is no history."""
    if request.articles is None:
        first, since, until, steps, hours = await _stored(caller, request)
    else:
        first, since, until, steps, hours = await _sent(caller, request, request.articles)
    replayed = await asyncio.to_thread(replay, request.rule, steps, hours, first=first, since=since, until=until)
    return _judged(request, replayed, since, until)


async def _stored(caller: TenantCaller, request: BacktestRequest) -> tuple[int, int, int, Counted, Counted]:
    ledger = (await found(caller, Ledger, ["ledger"])).get("ledger", Ledger())
    if ledger.first is None:
        raise DataError("there are no articles yet: send some, or let the backtest have `articles`", code="no_history")
    until = int((request.until or datetime.now(UTC)).timestamp())
    since = max(ledger.first, until - request.days * _DAY)
    if since >= until:
        raise DataError(
            f"counting begins at {moment(ledger.first).isoformat()}, which is after until", code="no_history"
        )
    width = int(duration(request.rule.window).total_seconds())
    wanted = [hour_id(at) for at in range((since - width) // 3600 * 3600, until, 3600)]
    steps = list(steps_of((await found(caller, HourCounts, wanted)).values()))
    baseline = int(duration(request.rule.baseline).total_seconds())
    hours = list(hours_of((await days_between(caller, max(ledger.first, since - baseline), until)).values()))
    return ledger.first, since, until, steps, hours


async def _sent(
    caller: TenantCaller, request: BacktestRequest, articles: Sequence[ArticleDraft]
) -> tuple[int, int, int, Counted, Counted]:
    for each in articles:
        each.check_time(datetime.now(UTC))
    ordered = sorted(articles, key=lambda each: (each.published_at, each.doc_id))
    counted = await _counted(caller, ordered)
    first = int(ordered[0].published_at.timestamp())
    until = int((request.until or ordered[-1].published_at + timedelta(hours=1)).timestamp())
    since = max(first, until - request.days * _DAY)
    if since >= until:
        raise DataError("every article is published after until: name a later one", code="no_history")
    steps = [(key, each.at, each.tally) for each in counted for key in each.keys]
    hours = [(key, each.at // 3600 * 3600, each.tally) for each in counted for key in each.keys]
    return first, since, until, steps, hours


async def _counted(caller: TenantCaller, ordered: Sequence[ArticleDraft]) -> list[Contribution]:
    """Return what each article would have counted, in order: read, and put into stories by their texts alone."""
    spotter = await spotter_of(caller)
    texts = [text_of(each.title, each.body) for each in ordered]
    judged = [each.labels is not None and each.labels.sentiment is not None for each in ordered]
    asked = [text for text, done in zip(texts, judged, strict=True) if not done]
    readings = dict(zip(asked, await read(caller, asked, spotter), strict=True))
    mentions = [sorted({each.entity for each in spotter.mentions(text)}) for text in texts]
    begins = await asyncio.to_thread(_begins, ordered, texts, mentions)
    counted = []
    for each, text, named, first in zip(ordered, texts, mentions, begins, strict=True):
        labels = each.labels or Labels()
        reading = labelled(readings.get(text, Reading()), labels)
        entities = dict.fromkeys(named, "") | {towards.entity: towards.sentiment or "" for towards in reading.entities}
        counted.append(
            contribution(
                each.published_at,
                sentiment=reading.counted_sentiment(),
                topics=[each.topic for each in reading.topics],
                entities=entities,
                source=each.source,
                stories=int(first),
                reach=each.reach,
            )
        )
    return counted


def _begins(ordered: Sequence[ArticleDraft], texts: Sequence[str], named: Sequence[Sequence[str]]) -> list[bool]:
    """Return which articles begin a story; what live is decided by meaning counts as a copy: no base is asked."""
    drafts = [
        draft(each.doc_id, each.published_at, text, names)
        for each, text, names in zip(ordered, texts, named, strict=True)
    ]
    near = likely(drafts, Known.nothing())
    same = dict.fromkeys(pairings(drafts, near, {}), True)
    return [home == place for place, home in enumerate(assigned(drafts, near, same, {}))]


def _judged(request: BacktestRequest, replayed: Replayed, since: int, until: int) -> Backtest:
    width = int(duration(request.rule.window).total_seconds())
    events = [
        Event(
            int(each.begin.timestamp()),
            int((each.end or each.begin + timedelta(hours=6)).timestamp()),
            each.subject,
        )
        for each in request.events
    ]
    told_of = matched(replayed.episodes, events, width)
    alerts = [_alert(each, place, events) for each, place in zip(replayed.episodes, told_of, strict=True)]
    first: dict[int, float] = {}
    for alert in alerts:
        if alert.event is not None and alert.delay_minutes is not None:
            first.setdefault(alert.event, alert.delay_minutes)
    wrong = sum(place is None for place in told_of)
    weeks = (until - since) / (7 * _DAY)
    return Backtest(
        rule=request.rule,
        since=moment(since),
        until=moment(until),
        weeks=round(weeks, 3),
        subjects=len(replayed.subjects),
        looks=replayed.looks,
        alerts=alerts,
        found=len(first),
        missed=[place for place in range(len(events)) if place not in first],
        false_alerts=wrong,
        false_per_week=round(wrong / weeks, 3),
        median_delay_minutes=median(first.values()) if first else None,
    )


def _alert(episode: Episode, place: int | None, events: Sequence[Event]) -> BacktestAlert:
    return BacktestAlert(
        subject=episode.subject,
        started_at=moment(episode.began),
        ended_at=None if episode.ended is None else moment(episode.ended),
        observed=round(episode.observed),
        expected=round(episode.expected, 4),
        p_value=episode.chance,
        peak=round(episode.peak),
        event=place,
        delay_minutes=None if place is None else (episode.began - events[place].begin) / 60,
    )
