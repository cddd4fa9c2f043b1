"""A rule replayed over counts that are known: every window from beginning to end, by the live detector. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from podion_sentiment_monitor.counters import Tally
from podion_sentiment_monitor.episodes import Episode, Vigil
from podion_sentiment_monitor.looking import (
    HOUR_SECONDS,
    STEP_SECONDS,
    Grid,
    expected_hours,
    grid,
    look,
    subjects_of,
)
from podion_sentiment_monitor.rules import RuleDraft, duration


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is known to have happened to a subject (empty: to any), from `begin` to `end` seconds."""

    begin: int
    end: int
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a rule made of history: its episodes in order, how many subjects and windows it looked at."""

    episodes: Sequence[Episode]
    subjects: Sequence[str]
    looks: int


def replay(
    rule: RuleDraft,
    steps: Sequence[tuple[str, int, Tally]],
    hours: Sequence[tuple[str, int, Tally]],
    *,
    first: int,
    since: int,
    until: int,
) -> Replayed:
    """Return the episodes of a rule from `since` to `until`, all in seconds since 1970.

    `steps` are counts by five minutes of that time and a window before it, `hours` counts by hour of that time and the
    baseline before it; counting began at `first`. A look sees only what was published before the window's end.
    """
    subjects = subjects_of(rule, steps, hours)
    width = int(duration(rule.window).total_seconds())
    start = since // STEP_SECONDS * STEP_SECONDS
    fine = grid(rule, steps, STEP_SECONDS, (start - width) // STEP_SECONDS, -(-until // STEP_SECONDS), subjects)
    coarse = _hourly(rule, hours, subjects, first, since, until)
    silent_before = first + int(duration(rule.min_history).total_seconds()) + width
    vigil, begun, looks = Vigil(rule), {}, 0
    for hour in range(start // HOUR_SECONDS, -(-until // HOUR_SECONDS)):
        ends = [
            end
            for end in range(hour * HOUR_SECONDS + STEP_SECONDS, (hour + 1) * HOUR_SECONDS + 1, STEP_SECONDS)
            if start < end <= until and end >= silent_before
        ]
        if not ends or not subjects:
            continue
        begin, expected = expected_hours(rule, coarse, first // HOUR_SECONDS, ends[-1])
        for end in ends:
            looks += 1
            for episode in vigil.see(look(rule, fine, end, begin, expected)):
                begun[episode.subject, episode.began] = episode
    return Replayed(sorted(begun.values(), key=lambda each: (each.began, each.subject)), subjects, looks)


def _hourly(
    rule: RuleDraft,
    hours: Sequence[tuple[str, int, Tally]],
    subjects: Sequence[str],
    first: int,
    since: int,
    until: int,
) -> Grid:
    oldest = max(first, since - int((duration(rule.baseline) + timedelta(days=2)).total_seconds()))
    return grid(rule, hours, HOUR_SECONDS, oldest // HOUR_SECONDS, -(-until // HOUR_SECONDS), subjects)


def matched(episodes: Sequence[Episode], events: Sequence[Event], window: int) -> list[int | None]:
    """Return, for each episode, the place of the event that it tells of, or None: it was a false alarm.

    It tells of an event when it began between the event's begin and a window after its end.
    """
    return [
        next(
            (
                place
                for place, event in enumerate(events)
                if event.subject in ("", episode.subject) and event.begin < episode.began <= event.end + window
            ),
            None,
        )
        for episode in episodes
    ]
