"""How many stories are to be expected, and how surprising more of them are. Pure arithmetic on counts.

Counts of an hour are taken as negative binomial: their mean follows the hour of the day and of the week, shrunk to the
day's shape, to the shape of everything together and to a level where history is short (gamma-Poisson, as an empirical
Bayes estimate); their variance is mean + dispersion x mean², as in Farrington et al. 1996 and Noufaily et al. 2013 for
surveillance counts, whose down-weighting of past outbreaks is a cut at four standard deviations here. Discoveries among
all series are those of Benjamini and Hochberg 1995.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY, WEEK = 24, 168


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Numbers of the baseline, chosen on replays with other seeds than those reported (benchmarks/surge.py).

    `day_weight`, `week_weight`, `level_weight` are stories of evidence that a series' own shape, or its last hours,
    need before they count half; `half_life` and `recent` are hours. `recent` is less than a day, so that one outbreak
    does not hide the next at the same hour.
    """

    day_weight: float = 30.0
    week_weight: float = 12.0
    half_life: float = 28.0 * DAY
    recent: int = 16
    guard: int = 3
    level_weight: float = 20.0
    floor: float = 0.7
    least_dispersion: float = 0.02
    dispersion_weight: float = 30.0
    cut: float = 4.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected: `rates` [series, hours] stories an hour, `dispersion` [series], `known` stories behind them."""

    rates: Floats
    dispersion: Floats
    known: Floats


def forecast(
    counts: Floats, first_hour: int, ahead: Floats | NDArray[np.int64], shape: Shape | None = None
) -> Forecast:
    """Return what to expect at the hours `ahead` (since 1970) after history `counts` [series, hours].

    `first_hour` is that of the first column; columns are hours without a gap. Without a column everything is 0.
    """
    shape = shape or Shape()
    series, hours = counts.shape
    if not series or not hours:
        nothing = np.zeros(series)
        return Forecast(np.zeros((series, len(ahead))), nothing + shape.least_dispersion, nothing)
    when = first_hour + np.arange(hours)
    weights = 0.5 ** ((hours - 1 - np.arange(hours)) / shape.half_life)
    kept = counts.astype(np.float64)
    for _ in range(2):
        usual = _profile(kept, first_hour, weights, shape).at(when)
        expected = usual * _lately(kept, usual, shape)[:, :-1]
        dispersion = _dispersion(kept, expected, weights, shape)
        spread = np.sqrt(expected + dispersion[:, None] * expected**2)
        kept = np.minimum(counts, expected + shape.cut * np.maximum(spread, 1.0))
    profile = _profile(kept, first_hour, weights, shape)
    rates = profile.at(np.asarray(ahead, np.int64)) * _lately(kept, profile.at(when), shape)[:, -1:]
    return Forecast(rates, dispersion, (kept * weights).sum(axis=1))


@dataclass(frozen=True, slots=True)
class _Profile:
    """A level [series] and how the hours of a week [series, 168] lie around it."""

    level: Floats
    week: Floats

    def at(self, when: NDArray[np.int64]) -> Floats:
        """Return the rates [series, hours] of these hours."""
        return np.asarray(self.level[:, None] * self.week[:, when % WEEK], np.float64)


def _profile(counts: Floats, first_hour: int, weights: Floats, shape: Shape) -> _Profile:
    told = counts * weights
    total = weights.sum()
    level = (told.sum(axis=1) + 0.5 / WEEK) / total
    mine, everything = _weekly(told, first_hour), _weekly(told.sum(axis=0)[None], first_hour)[0]
    time = _weekly(weights[None], first_hour)[0]
    usual, usual_together = level[:, None], everything.sum() / total
    pooled_day = _shrunk(_daily(everything), usual_together * _daily(time), 1.0, shape.day_weight)
    day = _shrunk(_daily(mine), usual * _daily(time), pooled_day, shape.day_weight)
    of_hour = np.arange(WEEK) % DAY
    pooled_week = _shrunk(everything, usual_together * pooled_day[of_hour] * time, 1.0, shape.week_weight)
    by_day = day[:, of_hour]
    return _Profile(level, by_day * _shrunk(mine, usual * by_day * time, pooled_week, shape.week_weight))


def _weekly(values: Floats, first_hour: int) -> Floats:
    """Return the sums [series, 168] of values [series, hours] by hour of the week."""
    before = first_hour % WEEK
    after = -(before + values.shape[1]) % WEEK
    whole = np.pad(values, ((0, 0), (before, after)))
    return np.asarray(whole.reshape(len(values), -1, WEEK).sum(axis=1), np.float64)


def _daily(weekly: Floats) -> Floats:
    """Return the sums [..., 24] by hour of the day of sums [..., 168] by hour of the week."""
    return np.asarray(weekly.reshape(*weekly.shape[:-1], 7, DAY).sum(axis=-2), np.float64)


def _shrunk(told: Floats, expected: Floats, towards: float | Floats, weight: float) -> Floats:
    """Return told / expected, as if `weight` stories had been seen at the ratio `towards`."""
    return np.asarray((told + weight * towards) / (expected + weight), np.float64)


def _dispersion(counts: Floats, expected: Floats, weights: Floats, shape: Shape) -> Floats:
    """Return the dispersion by moments, shrunk to that of all series together; never below the least."""
    excess = ((counts - expected) ** 2 - expected) * weights
    squares = expected**2 * weights
    pooled = max(0.0, excess.sum() / max(squares.sum(), 1e-12))
    own = (excess.sum(axis=1) + shape.dispersion_weight * pooled) / (squares.sum(axis=1) + shape.dispersion_weight)
    return np.asarray(np.maximum(own, shape.least_dispersion), np.float64)


def _lately(counts: Floats, usual: Floats, shape: Shape) -> Floats:
    """Return how the last hours compare with what is usual, before each hour and after the last: [series, hours + 1].

    What has been busier than usual is expected to go on so; what was quieter counts as usual.
    """
    told, expected = _trailing(counts, shape), _trailing(usual, shape)
    return np.asarray(
        np.maximum(shape.floor, (told + shape.level_weight) / (expected + shape.level_weight)), np.float64
    )


def _trailing(values: Floats, shape: Shape) -> Floats:
    """Return sums [series, hours + 1] of the `recent` hours before each hour, those of the guard left out."""
    total = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    places = np.arange(values.shape[1] + 1)
    last = np.maximum(0, places - np.where(places < values.shape[1], shape.guard, 0))
    return np.asarray(total[:, last] - total[:, np.maximum(0, last - shape.recent)], np.float64)


def surprise(observed: Floats, expected: Floats, dispersion: Floats, known: Floats) -> Floats:
    """Return the chance of `observed` stories or more, elementwise.

    `known` is how many stories the expectation rests on: few of them widen it, as one more share of dispersion.
    """
    from scipy.special import betainc, gammainc  # a fifth of a second, which the server's start does not have

    mean = np.maximum(expected, 1e-9)
    wide = np.maximum(dispersion + 1 / (known + 1), 1e-9)
    count = np.maximum(observed, 1.0)
    size = 1 / wide
    tail = np.where(
        wide > 1e-6, betainc(count, size, mean / (mean + size)), gammainc(count, mean)
    )  # P(X >= k) of the negative binomial, and of Poisson at its limit
    return np.asarray(np.where(observed >= 1, np.clip(tail, 0.0, 1.0), 1.0), np.float64)


def discoveries(chances: Floats, fdr: float) -> NDArray[np.bool_]:
    """Return which of all tests are discoveries when a share `fdr` of them may be false (Benjamini-Hochberg)."""
    count = len(chances)
    if not count:
        return np.zeros(0, bool)
    order = np.argsort(chances, kind="stable")
    passing = np.flatnonzero(chances[order] <= fdr * np.arange(1, count + 1) / count)
    found = np.zeros(count, bool)
    if len(passing):
        found[order[: passing[-1] + 1]] = True
    return found
