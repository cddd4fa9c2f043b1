"""Alerts: what surged, how surprising that is, the stories behind it, and what people did about it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from podion import Conflict
from podion_sentiment_monitor.episodes import Episode, fingerprint, moment
from podion_sentiment_monitor.rules import Rule
from podion_sentiment_monitor.stories import Story

MOST_SHOWN = 5


class Status(StrEnum):
    """How far an alert has got."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


class StoryCard(BaseModel):
    """A story as evidence: what was said, where, and how far it went."""

    id: str
    title: str
    source: str
    url: str | None = None
    first_at: AwareDatetime
    articles: int
    reach: float
    sentiment: str = ""


class Alert(BaseModel):
    """A surge of one subject under one rule; `observed` are distinct stories in the rule's window."""

    id: str = ""
    fingerprint: str = Field(description="the same for every alert of this rule about this subject")
    rule: str
    rule_name: str
    severity: str
    over: str
    subject: str = Field(description="the topic, entity or source; empty over `all`")
    sentiment: str | None
    window: str
    status: Status
    open: bool = Field(description="false once resolved")
    observed: int = Field(description="distinct stories in the window, when it began")
    expected: float = Field(description="what the baseline expects in such a window")
    p_value: float = Field(description="chance of as many stories or more, were nothing going on")
    peak: int
    latest: int = Field(description="stories in the window when it was last looked at")
    started_at: AwareDatetime = Field(description="end of the window that tipped it, in event time")
    last_at: AwareDatetime = Field(description="when it was last above half the rule's support and ratio")
    ended_at: AwareDatetime | None = None
    stories: list[StoryCard] = Field(default=[], description="the stories with the widest reach, 5 at most")
    silenced_until: AwareDatetime | None = None
    false_alarm: bool | None = Field(default=None, description="what a person said of it; null: nothing yet")
    comment: str = ""
    sent_at: AwareDatetime | None = None
    sent: int = 0
    owed: bool = Field(default=False, description="true: its news waits to be sent (quiet hours, or a moment)")

    @property
    def episode(self) -> Episode:
        """The surge as the detector follows it."""
        ended = None if self.ended_at is None else int(self.ended_at.timestamp())
        return Episode(
            self.subject,
            began=int(self.started_at.timestamp()),
            hot=int(self.last_at.timestamp()),
            ended=ended,
            observed=self.latest,
            expected=self.expected,
            chance=self.p_value,
            peak=self.peak,
        )


class AlertNotice(BaseModel):
    """What goes out: the alerts of one rule that fired, or ended, at the same time."""

    rule: str
    rule_name: str
    severity: str
    alerts: list[Alert]


def card(story: Story) -> StoryCard:
    """Return a story as evidence."""
    return StoryCard.model_validate(story.model_dump(include=set(StoryCard.model_fields)))


def cards(stories: Sequence[Story]) -> list[StoryCard]:
    """Return the stories with the widest reach as evidence."""
    ranked = sorted(stories, key=lambda each: (-each.reach, each.first_at, each.id))
    return [card(each) for each in ranked[:MOST_SHOWN]]


def alert_of(rule: Rule, episode: Episode, before: Alert | None, stories: Sequence[Story]) -> Alert:
    """Return the alert that an episode begins; a silence over its fingerprint goes on."""
    mark = fingerprint(rule.id, episode.subject)
    until = before.silenced_until if before is not None else None
    silent = until is not None and until > moment(episode.began)
    return Alert(
        id=f"alr_{mark}_{episode.began}",
        fingerprint=mark,
        rule=rule.id,
        rule_name=rule.name,
        severity=rule.severity,
        over=rule.over,
        subject=episode.subject,
        sentiment=rule.sentiment,
        window=rule.window,
        status=Status.SILENCED if silent else Status.FIRING,
        open=True,
        observed=round(episode.observed),
        expected=round(episode.expected, 4),
        p_value=episode.chance,
        peak=round(episode.peak),
        latest=round(episode.observed),
        started_at=moment(episode.began),
        last_at=moment(episode.hot),
        stories=cards(stories),
        silenced_until=until if silent else None,
        owed=not silent,
    )


def followed(alert: Alert, episode: Episode, stories: Sequence[Story]) -> Alert:
    """Return an alert after another look; what a person did in between stands."""
    if not alert.open:
        return alert
    changes: dict[str, Any] = {
        "latest": round(episode.observed),
        "peak": max(alert.peak, round(episode.peak)),
        "last_at": moment(episode.hot),
    }
    if stories:
        changes["stories"] = cards(stories)
    if episode.ended is not None:
        told = alert.sent > 0 and alert.status is not Status.SILENCED
        changes |= {"status": Status.RESOLVED, "open": False, "ended_at": moment(episode.ended), "owed": told}
    return alert.model_copy(update=changes)


def acknowledged(alert: Alert, comment: str) -> Alert:
    """Return an alert that somebody takes care of: it is not sent again."""
    _insist(alert, "acknowledged")
    return alert.model_copy(
        update={"status": Status.ACKNOWLEDGED, "owed": False, "false_alarm": False, **_said(comment)}
    )


def silenced(alert: Alert, until: datetime, comment: str) -> Alert:
    """Return an alert that is not sent until then, nor are others of its fingerprint."""
    _insist(alert, "silenced")
    return alert.model_copy(
        update={"status": Status.SILENCED, "silenced_until": until, "owed": False, **_said(comment)}
    )


def resolved(alert: Alert, now: datetime, comment: str, *, false_alarm: bool | None = None) -> Alert:
    """Return an alert that a person has ended; its cooldown begins. One that had ended may still be called false."""
    judged = {} if false_alarm is None else {"false_alarm": false_alarm}
    if not alert.open:
        if false_alarm is None:
            _insist(alert, "resolved")
        return alert.model_copy(update={**judged, **_said(comment)})
    changes = {"status": Status.RESOLVED, "open": False, "ended_at": now, "owed": alert.sent > 0}
    return alert.model_copy(update={**changes, **judged, **_said(comment)})


def spoken_again(alert: Alert, now: datetime) -> Alert:
    """Return an alert whose silence is over while it still fires."""
    over = alert.status is Status.SILENCED and alert.silenced_until is not None and alert.silenced_until <= now
    return alert.model_copy(update={"status": Status.FIRING, "owed": True, "silenced_until": None}) if over else alert


def repeated(alert: Alert, now: datetime, after: timedelta) -> Alert:
    """Return an alert that is due to be sent again: firing, told long ago, and nobody took it."""
    due = alert.status is Status.FIRING and alert.sent_at is not None and now - alert.sent_at >= after
    return alert.model_copy(update={"owed": True}) if due else alert


def told(now: datetime) -> Callable[[Alert], Alert]:
    """Return the change of an alert that has been sent."""
    return lambda alert: alert.model_copy(update={"owed": False, "sent_at": now, "sent": alert.sent + 1})


def _insist(alert: Alert, what: str) -> None:
    if not alert.open:
        raise Conflict(
            f"alert {alert.id} ended at {alert.ended_at}: one that is over cannot be {what}", code="alert_resolved"
        )


def _said(comment: str) -> dict[str, str]:
    return {"comment": comment} if comment else {}
