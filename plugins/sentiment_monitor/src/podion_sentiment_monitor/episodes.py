"""When an alert begins, goes on and ends: one episode of a subject at a time, with hysteresis and a cooldown. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from podion_sentiment_monitor.looking import Look
from podion_sentiment_monitor.rules import RuleDraft, duration


def fingerprint(rule_id: str, subject: str) -> str:
    """Return what is the same for every alert of a rule about one subject: 16 hexadecimal digits."""
    return hashlib.blake2b(f"{rule_id}\0{subject}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Episode:
    """A surge: when it was noticed, when it was last above the lower threshold, and its height. Times in seconds."""

    subject: str
    began: int
    hot: int
    ended: int | None
    observed: float
    expected: float
    chance: float
    peak: float

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.ended is None


class Vigil:
    """The episodes of one rule: the newest of each subject, of which at most one is open."""

    def __init__(self, rule: RuleDraft, episodes: Iterable[Episode] = ()) -> None:
        self._rule = rule
        self._window = int(duration(rule.window).total_seconds())
        self._cooldown = int(duration(rule.cooldown).total_seconds())
        self.episodes = {each.subject: each for each in sorted(episodes, key=lambda each: each.began)}

    def see(self, look: Look, *, newest: bool = True) -> list[Episode]:
        """Take in a look and return the episodes that began, went on or ended with it.

        An episode goes on while its subject stays above half the support and half the way from 1 to the ratio; it ends
        a window after it last was, and only by the newest look.
        """
        begun = [changed for row in look.found if (changed := self._begun(look, row)) is not None]
        return [*begun, *self._followed(look, newest, {each.subject for each in begun})]

    def _begun(self, look: Look, row: int) -> Episode | None:
        subject = look.subjects[row]
        before = self.episodes.get(subject)
        if before is not None and (before.open or look.end < (before.ended or 0) + self._cooldown):
            return None
        observed = float(look.observed[row])
        begun = Episode(
            subject,
            began=look.end,
            hot=look.end,
            ended=None,
            observed=observed,
            expected=float(look.expected[row]),
            chance=float(look.chances[row]),
            peak=observed,
        )
        self.episodes[subject] = begun
        return begun

    def _followed(self, look: Look, newest: bool, begun: set[str]) -> list[Episode]:
        rows = {subject: row for row, subject in enumerate(look.subjects)}
        changed = []
        for subject, episode in list(self.episodes.items()):
            if not episode.open or subject in begun:
                continue
            row = rows.get(subject)
            observed = float(look.observed[row]) if row is not None else 0.0
            expected = float(look.expected[row]) if row is not None else 0.0
            now = episode
            if self._is_warm(observed, expected) and look.end >= episode.hot:
                now = replace(episode, hot=look.end, observed=observed, peak=max(episode.peak, observed))
            elif newest and look.end - episode.hot >= self._window:
                now = replace(episode, ended=look.end, observed=observed)
            if now != episode:
                self.episodes[subject] = now
                changed.append(now)
        return changed

    def _is_warm(self, observed: float, expected: float) -> bool:
        return observed >= max(1.0, self._rule.min_stories / 2) and observed >= (1 + self._rule.ratio) / 2 * expected


def moment(seconds: int) -> datetime:
    """Return seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)
