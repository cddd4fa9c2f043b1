"""A rule's looks at counts: what was observed in each window, what was to be expected, and how surprising it is.

Live and in a backtest the same code looks; both hand in counts by five minutes and by hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from podion_sentiment_monitor.counters import STEP_MINUTES, STEPS, Tally
from podion_sentiment_monitor.detector import Floats, Forecast, discoveries, forecast, surprise
from podion_sentiment_monitor.rules import RuleDraft, duration

STEP_SECONDS = STEP_MINUTES * 60
HOUR_SECONDS = 3_600

Counted = Iterable[tuple[str, int, Tally]]
"""Series' keys, starts of buckets in seconds since 1970, tallies."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Stories that began, by subject and bucket: `counts` [subjects, buckets] from bucket number `first` on.

    A bucket's number is its start in seconds over its length.
    """

    subjects: Sequence[str]
    first: int
    counts: Floats

    def between(self, start: int, end: int) -> Floats:
        """Return the sums [subjects] of buckets from number `start` to before `end`; outside the grid nothing is."""
        low, high = max(0, start - self.first), max(0, end - self.first)
        return np.asarray(self.counts[:, low:high].sum(axis=1), np.float64)


def grid(rule: RuleDraft, counted: Counted, seconds: int, first: int, end: int, subjects: Sequence[str]) -> Grid:
    """Return the stories of a rule's subjects in buckets of so many seconds, from number `first` to before `end`."""
    places = {subject: row for row, subject in enumerate(subjects)}
    counts = np.zeros((len(subjects), max(0, end - first)))
    for key, start, tally in counted:
        subject = rule.subject(key)
        row = -1 if subject is None else places.get(subject, -1)
        column = start // seconds - first
        if row >= 0 and 0 <= column < counts.shape[1]:
            counts[row, column] += tally.stories
    return Grid(subjects, first, counts)


def subjects_of(rule: RuleDraft, *counted: Counted) -> list[str]:
    """Return whom a rule watches among counts, sorted."""
    found = {rule.subject(key) for each in counted for key, _, tally in each if tally.stories}
    return sorted(subject for subject in found if subject is not None)


@dataclass(frozen=True, slots=True)
class Look:
    """What one window showed: arrays [subjects]; `found` are discoveries that reach the rule's support and ratio."""

    end: int
    subjects: Sequence[str]
    observed: Floats
    expected: Floats
    chances: Floats
    found: tuple[int, ...]


def first_expected(rule: RuleDraft, end: int) -> int:
    """Return the first hour of the forecast that a window up to `end` seconds is compared with.

    It is the same for all windows that end in one hour, and lies before every window that late articles may open again:
    what is judged is never part of what it is judged by.
    """
    span = duration(rule.window) + duration(rule.grace)
    return (end - 1) // HOUR_SECONDS - -(-int(span.total_seconds()) // HOUR_SECONDS)


def expected_hours(rule: RuleDraft, hours: Grid, first_hour: int, end: int) -> tuple[int, Forecast]:
    """Return the first hour of a forecast, and the forecast from there to the hour of `end` seconds.

    `hours` are hourly counts; those of the rule's baseline, but none from before `first_hour`, when counting began, are
    the history.
    """
    begin = first_expected(rule, end)
    oldest = max(first_hour, begin - int(duration(rule.baseline).total_seconds()) // HOUR_SECONDS, hours.first)
    history = hours.counts[:, max(0, oldest - hours.first) : max(0, begin - hours.first)]
    return begin, forecast(history, oldest, np.arange(begin, (end - 1) // HOUR_SECONDS + 1))


def look(rule: RuleDraft, steps: Grid, end: int, begin: int, expected: Forecast) -> Look:
    """Return what the window that ends at `end` seconds shows, against a forecast that begins at hour `begin`."""
    width = int(duration(rule.window).total_seconds())
    last = end // STEP_SECONDS
    buckets = np.arange(last - width // STEP_SECONDS, last)
    observed = steps.between(int(buckets[0]), last)
    places = np.clip(buckets // STEPS - begin, 0, expected.rates.shape[1] - 1)
    mean = expected.rates[:, places].sum(axis=1) / STEPS
    chances = surprise(observed, mean, expected.dispersion, expected.known)
    hot = discoveries(chances, rule.fdr) & (observed >= rule.min_stories) & (observed >= rule.ratio * mean)
    return Look(end, steps.subjects, observed, mean, chances, tuple(int(row) for row in np.flatnonzero(hot)))
