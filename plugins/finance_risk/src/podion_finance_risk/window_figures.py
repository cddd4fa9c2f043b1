"""What the past says of a transaction: velocity, recency, what is usual for the account, risk of the terminal.

The windows are those of Le Borgne et al., Reproducible Machine Learning for Credit Card Fraud Detection (2022), with
an hour's window, recency and the account's own known frauds beside them.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from podion_finance_risk.past import NOTHING, Integers, Keys, Past, Timeline, amount_of

HOUR, DAY = 3_600.0, 86_400.0
LONGEST = 30 * DAY
"""The longest window: what is older is forgotten."""

SPANS: Mapping[str, float] = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": LONGEST}
_LONG = {name: span for name, span in SPANS.items() if span >= DAY}
_NIGHT_ENDS = 6

Figures = dict[str, NDArray[np.float64]]


def clock_figures(now: Past) -> Figures:
    """Return when each transaction was made, in UTC: hour with its fraction, whether at night, whether at a weekend."""
    hour = np.mod(now.at, DAY) / HOUR
    weekday = np.mod(np.floor(now.at / DAY) + 3, 7)  # 1 January 1970 was a Thursday
    return {
        "hour": hour,
        "night": (hour < _NIGHT_ENDS).astype(np.float64),
        "weekend": (weekday >= 5).astype(np.float64),
    }


def account_figures(past: Past, now: Past) -> Figures:
    """Return what the account of each transaction did before it; not-a-number where there is nothing to go by.

    `account_count_S` and `account_total_S` (an amount) are over the last S, `account_mean_S` is their ratio;
    `amount_over_mean_S` is this amount over it. `first_at_terminal` and `first_with_device` say that the account was
    not seen there in 30 days.
    """
    made = Timeline(past.account, past.at, past.units)
    found: Figures = {}
    for name, span in SPANS.items():
        count = made.count(now.account, now.at - span, now.at)
        total = made.total(now.account, now.at - span, now.at)
        found[f"account_count_{name}"] = count.astype(np.float64)
        found[f"account_total_{name}"] = amount_of(total)
        if span >= DAY:
            mean = _ratio(amount_of(total), count)
            found[f"account_mean_{name}"] = mean
            found[f"amount_over_mean_{name}"] = _ratio(amount_of(now.units), mean)
    found["account_seconds_since_last"] = now.at - made.latest(now.account, now.at - LONGEST, now.at)
    for what, one, other in (
        ("first_at_terminal", past.terminal, now.terminal),
        ("first_with_device", past.device, now.device),
    ):
        pairs = Timeline(_pair(past.account, one), past.at)
        seen = pairs.count(_pair(now.account, other), now.at - LONGEST, now.at)
        found[what] = np.where(other == NOTHING, np.nan, seen == 0)
    return {**found, **_risk("account", past, past.labelled.account, now, now.account)}


def terminal_figures(past: Past, now: Past) -> Figures:
    """Return what happened before each transaction at its terminal; not-a-number where there is nothing to go by.

    `terminal_count_S` counts transactions of the last S. `terminal_frauds_S` counts those that became known as frauds
    in the last S, `terminal_risk_S` is their share of all that became known as either.
    """
    made = Timeline(past.terminal, past.at)
    nowhere = now.terminal == NOTHING
    found: Figures = {
        f"terminal_count_{name}": np.where(nowhere, np.nan, made.count(now.terminal, now.at - span, now.at))
        for name, span in _LONG.items()
    }
    found["terminal_seconds_since_last"] = now.at - made.latest(now.terminal, now.at - LONGEST, now.at)
    return {**found, **_risk("terminal", past, past.labelled.terminal, now, now.terminal)}


def plain_figures(figures: Figures) -> list[dict[str, float]]:
    """Return the figures of each row by name, without those there is nothing to go by for."""
    columns = {name: column.tolist() for name, column in figures.items()}
    return [
        {name: value for name, value in zip(columns, row, strict=True) if math.isfinite(value)}
        for row in zip(*columns.values(), strict=True)
    ]


def _risk(whose: str, past: Past, keys: Keys, now: Past, wanted: Keys) -> Figures:
    labelled = past.labelled
    # Nothing is known of a transaction before it was made, nor of one made at the same moment.
    known = np.maximum(labelled.known, np.nextafter(labelled.at, np.inf))
    judged = Timeline(keys, known, (labelled.label == 1).astype(np.int64), reach=True)
    found: Figures = {}
    for name, span in _LONG.items():
        count = judged.count(wanted, now.at - span, now.at)
        frauds = judged.total(wanted, now.at - span, now.at)
        found[f"{whose}_frauds_{name}"] = np.where(wanted == NOTHING, np.nan, frauds)
        found[f"{whose}_risk_{name}"] = _ratio(frauds, count)
    return found


def _ratio(above: NDArray[np.float64] | Integers, below: NDArray[np.float64] | Integers) -> NDArray[np.float64]:
    bottom = np.asarray(below, dtype=np.float64)
    divided: NDArray[np.float64] = np.full(len(bottom), np.nan)
    np.divide(above, bottom, out=divided, where=~(np.isnan(bottom) | (bottom == 0)))
    return divided


def _pair(one: Keys, other: Keys) -> Keys:
    """Return a key of both, `NOTHING` where there is no other."""
    mixed: Keys = one * np.uint64(0x9E3779B97F4A7C15) ^ other
    return np.where(other == NOTHING, np.uint64(NOTHING), mixed)
