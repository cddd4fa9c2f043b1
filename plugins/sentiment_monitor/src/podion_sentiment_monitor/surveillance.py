"""The rules looked through on live counts: which alerts begin, go on and end. Reads the store, writes nothing."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from pydantic import BaseModel

from podion import TenantCaller, newest
from podion_sentiment_monitor.alerts import Alert, alert_of
from podion_sentiment_monitor.counters import DayCounts, HourCounts, day_id, hour_id, hours_of, steps_of
from podion_sentiment_monitor.detector import Forecast
from podion_sentiment_monitor.episodes import Episode, Vigil, moment
from podion_sentiment_monitor.filing import Desk
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.looking import (
    HOUR_SECONDS,
    STEP_SECONDS,
    expected_hours,
    first_expected,
    grid,
    look,
    subjects_of,
)
from podion_sentiment_monitor.rules import Rule, duration
from podion_sentiment_monitor.stories import Story

MOST_RULES = 200
_ALERTS = 200
_NEVER_SEEN = 0.5 / 168


class Expectation(BaseModel):
    """A rule's forecast for the hours that its windows touch now; made anew with each hour."""

    id: str = ""
    mark: str
    begin: int
    subjects: list[str]
    rates: list[list[float]]
    dispersion: list[float]
    known: list[float]


@dataclass
class Findings:
    """What came of a round: alerts that began, episodes of alerts that went on or ended, forecasts to keep."""

    fresh: list[Alert] = field(default_factory=list)
    followed: list[tuple[Alert, Episode, list[str]]] = field(default_factory=list)
    forecasts: list[Expectation] = field(default_factory=list)


async def survey(caller: TenantCaller, desk: Desk, now: datetime) -> Findings:
    """Return what every enabled rule sees after a round of filing."""
    rules = [rule for rule in (await newest(caller, Rule, MOST_RULES))[0] if rule.enabled]
    findings = Findings()
    if desk.ledger.first is None or not rules:
        return findings
    alerts = await recent_alerts(caller)
    for rule in rules:
        mine = [alert for alert in alerts if alert.rule == rule.id]
        await _Round(caller, desk, rule, mine, findings).run(now)
    return findings


async def recent_alerts(caller: TenantCaller) -> list[Alert]:
    """Return the newest 200 alerts and every open one."""
    alerts = (await newest(caller, Alert, _ALERTS))[0]
    if len(alerts) == _ALERTS:
        alerts += (await newest(caller, Alert, 1_000, {"open": True}))[0]
    return list({alert.id: alert for alert in alerts}.values())


class _Round:
    """One rule's turn."""

    def __init__(
        self, caller: TenantCaller, desk: Desk, rule: Rule, alerts: Sequence[Alert], findings: Findings
    ) -> None:
        self._caller, self._desk, self._rule, self._findings = caller, desk, rule, findings
        self._alerts = {alert.subject: alert for alert in sorted(alerts, key=lambda each: each.started_at)}

    async def run(self, now: datetime) -> None:
        rule, first = self._rule, self._desk.ledger.first or 0
        ends = self._ends(int(now.timestamp()))
        width = int(duration(rule.window).total_seconds())
        if min(ends) - width - first < duration(rule.min_history).total_seconds():
            return
        hours = await self._hours(min(ends) - width, max(ends))
        counted = list(steps_of(hours.values()))
        begin, subjects, expected = await self._expected(ends, subjects_of(rule, counted))
        steps = grid(
            rule, counted, STEP_SECONDS, (min(ends) - width) // STEP_SECONDS, max(ends) // STEP_SECONDS, subjects
        )
        vigil = Vigil(rule, [alert.episode for alert in self._alerts.values()])
        changed: dict[str, Episode] = {}
        for end in ends:
            seen = look(rule, steps, end, begin, expected)
            for episode in vigil.see(seen, newest=end == ends[-1]):
                changed[episode.subject] = episode
        for episode in changed.values():
            await self._tell(episode, hours, width)

    def _ends(self, now: int) -> list[int]:
        """Return the ends of the windows to look at: the present one, and those that late articles opened again."""
        last = (now // STEP_SECONDS + 1) * STEP_SECONDS
        oldest = now - int(duration(self._rule.grace).total_seconds())
        touched = [at for at in self._desk.touched if oldest <= at < last]
        first = min(touched, default=last - STEP_SECONDS) // STEP_SECONDS * STEP_SECONDS + STEP_SECONDS
        return list(range(first, last + 1, STEP_SECONDS))

    async def _hours(self, start: int, end: int) -> Mapping[str, HourCounts]:
        """Return the hours that windows touch, as they are after this round."""
        wanted = [hour_id(at) for at in range(start - start % HOUR_SECONDS, end, HOUR_SECONDS)]
        missing = [id for id in wanted if id not in self._desk.hours]
        self._desk.hours |= {id: HourCounts(id=id) for id in missing} | await found(self._caller, HourCounts, missing)
        return {id: self._desk.hours[id] for id in wanted}

    async def _expected(self, ends: Sequence[int], seen: Sequence[str]) -> tuple[int, list[str], Forecast]:
        """Return the first hour of the forecast, its subjects, and the forecast; kept from the same hour, or made."""
        rule = self._rule
        begin = first_expected(rule, max(ends))
        mark = hashlib.blake2b(f"{begin} {rule.model_dump_json()}".encode(), digest_size=8).hexdigest()
        kept = (await found(self._caller, Expectation, [rule.id])).get(rule.id)
        if kept is None or kept.mark != mark:
            kept = await self._forecast(begin * HOUR_SECONDS, max(ends), mark)
            self._findings.forecasts.append(kept)
        known = set(kept.subjects)
        new = [subject for subject in seen if subject not in known]
        width = len(kept.rates[0]) if kept.rates else 1
        rates = np.array([*kept.rates, *([_NEVER_SEEN] * width for _ in new)], np.float64).reshape(-1, width)
        dispersion = np.array([*kept.dispersion, *(0.0 for _ in new)], np.float64)
        stories = np.array([*kept.known, *(0.0 for _ in new)], np.float64)
        return kept.begin, [*kept.subjects, *new], Forecast(rates, dispersion, stories)

    async def _forecast(self, earliest: int, last: int, mark: str) -> Expectation:
        rule, first = self._rule, self._desk.ledger.first or 0
        start = max(first, earliest - int(duration(rule.baseline).total_seconds()))
        counted = list(hours_of((await self._days(start, earliest)).values()))
        subjects = subjects_of(rule, counted)
        hours = grid(rule, counted, HOUR_SECONDS, start // HOUR_SECONDS, -(-last // HOUR_SECONDS), subjects)
        begin, expected = expected_hours(rule, hours, first // HOUR_SECONDS, last)
        return Expectation(
            id=rule.id,
            mark=mark,
            begin=begin,
            subjects=subjects,
            rates=np.round(expected.rates, 6).tolist(),
            dispersion=expected.dispersion.tolist(),
            known=np.round(expected.known, 3).tolist(),
        )

    async def _days(self, start: int, end: int) -> Mapping[str, DayCounts]:
        wanted = [day_id(at) for at in range(start - start % 86_400, end, 86_400)]
        kept = await found(self._caller, DayCounts, [id for id in wanted if id not in self._desk.days])
        return kept | {id: self._desk.days[id] for id in wanted if id in self._desk.days}

    async def _tell(self, episode: Episode, hours: Mapping[str, HourCounts], width: int) -> None:
        before = self._alerts.get(episode.subject)
        evidence = evidence_of(self._rule, episode, hours, width)
        if before is not None and before.open:
            self._findings.followed.append((before, episode, evidence))
            return
        stories = {id: story for id, story in self._desk.stories.items() if id in evidence}
        stories |= await found(self._caller, Story, [id for id in evidence if id not in stories])
        inside = [each for each in stories.values() if each.first_at >= moment(episode.hot - width)]
        self._findings.fresh.append(alert_of(self._rule, episode, before, inside))


def evidence_of(rule: Rule, episode: Episode, hours: Mapping[str, HourCounts], width: int) -> list[str]:
    """Return ids of stories of an episode's subject that began in its window, or in the hours around it."""
    start = hour_id(episode.hot - width)
    shown: Iterable[str] = (
        story
        for id in sorted(hours)
        if start <= id <= hour_id(episode.hot - 1)
        for key, stories in hours[id].evidence.items()
        if rule.subject(key) == episode.subject
        for story in reversed(stories)
    )
    return list(dict.fromkeys(shown))
