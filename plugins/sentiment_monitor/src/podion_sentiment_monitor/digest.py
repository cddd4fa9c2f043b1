"""The job that digests what has arrived: filed, counted, looked at, told. One at a time for a tenant.

A round reads what waits, and writes stories, counts and new alerts together: all of it or none. What has been written
is told afterwards; an alert that is owed to the tenant is sent by the next round, should this one not get so far.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby

from pydantic import BaseModel

from podion import EventType, NotFound, TenantCaller, newest
from podion_sentiment_monitor.alerts import Alert, AlertNotice, followed, repeated, spoken_again, told
from podion_sentiment_monitor.filing import AT_ONCE, Arrival, Desk, Nothing, file
from podion_sentiment_monitor.listing import found, put_parts
from podion_sentiment_monitor.rules import Rule, duration
from podion_sentiment_monitor.stories import Story
from podion_sentiment_monitor.surveillance import Findings, recent_alerts, survey

_WAITING = 2_000

FIRED = EventType(
    name="alert.fired",
    payload=AlertNotice,
    summary="Something surges: observed and expected stories, the chance of it, the stories with links.",
)
RESOLVED = EventType(name="alert.resolved", payload=AlertNotice, summary="What surged has calmed down, or was ended.")


async def digest(caller: TenantCaller, _: Nothing) -> None:
    """File what waits, the oldest first, look through the rules, and tell what came of it."""
    while True:
        waiting = sorted((await newest(caller, Arrival, _WAITING))[0], key=lambda each: each.id)
        batch = _first(waiting)
        await _round(caller, batch)
        if len(batch) == len(waiting):
            break
    await tell(caller)


def _first(waiting: Sequence[Arrival]) -> list[Arrival]:
    """Return the arrivals of one round: about 200 articles."""
    taken: list[Arrival] = []
    size = 0
    for arrival in waiting:
        if taken and size + len(arrival.articles) + len(arrival.deleted) > AT_ONCE:
            break
        taken.append(arrival)
        size += len(arrival.articles) + len(arrival.deleted)
    return taken


async def _round(caller: TenantCaller, batch: Sequence[Arrival]) -> None:
    desk = await file(caller, batch)
    findings = await survey(caller, desk, datetime.now(UTC))
    await _write(caller, desk, findings)
    await asyncio.gather(*(_gone(caller, kind, id) for kind, id in desk.gone))
    for alert, episode, evidence in findings.followed:
        since = alert.started_at - timedelta(days=1)
        stories = [each for each in (await found(caller, Story, evidence)).values() if each.first_at >= since]
        await caller.store.update(Alert, alert.id, partial(followed, episode=episode, stories=stories))
    await asyncio.gather(*(_gone(caller, Arrival, arrival.id) for arrival in batch))


async def _write(caller: TenantCaller, desk: Desk, findings: Findings) -> None:
    """Keep everything that a round made in one write; a round has about 200 articles, so it fits into one."""
    await put_parts(caller, [*desk.changed.values(), *findings.forecasts, *findings.fresh])


async def _gone(caller: TenantCaller, kind: type[BaseModel], id: str) -> None:
    try:
        await caller.store.delete(kind, id)
    except NotFound:
        return


async def tell(caller: TenantCaller) -> None:
    """Send what is owed: alerts that fire or have ended, those of one rule together; quiet hours hold some back."""
    now = datetime.now(UTC)
    rules = {rule.id: rule for rule in (await newest(caller, Rule, 1_000))[0]}
    owed = []
    for alert in await recent_alerts(caller):
        due = alert
        rule = rules.get(alert.rule)
        if alert.open and rule is not None:
            due = repeated(spoken_again(alert, now), now, duration(rule.repeat))
        if due is not alert:
            due = await caller.store.update(Alert, alert.id, partial(_still, due=due))
        if due.owed and not _held_back(due, rule, now):
            owed.append(due)
    owed.sort(key=lambda each: (each.rule, each.open, each.started_at))
    for (_, firing), group in groupby(owed, key=lambda each: (each.rule, each.open)):
        alerts = list(group)
        notice = AlertNotice(
            rule=alerts[0].rule, rule_name=alerts[0].rule_name, severity=alerts[0].severity, alerts=alerts
        )
        await caller.emit(FIRED if firing else RESOLVED, notice)
        for alert in alerts:
            await caller.store.update(Alert, alert.id, told(now))


def _still(kept: Alert, due: Alert) -> Alert:
    """Return an alert that became due, unless a person has taken it in the meantime."""
    same = kept.open and kept.status in (due.status, "silenced")
    changes = {"status": due.status, "owed": True, "silenced_until": due.silenced_until}
    return kept.model_copy(update=changes) if same else kept


def _held_back(alert: Alert, rule: Rule | None, now: datetime) -> bool:
    quiet = rule.quiet if rule is not None else None
    return quiet is not None and alert.severity != "critical" and quiet.holds(now)
