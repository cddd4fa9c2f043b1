"""Ratios of sums over users with the interval that holds the truth nineteen times in twenty. Pure.

Users, not places of a list, are drawn independently: what one user does in ten places is one draw. The delta method
says how far a ratio of two sums over users may be off (Deng, Knoblich & Lu 2018).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]

Z = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""


class Rate(BaseModel):
    """A ratio with its 95 % interval; null of nothing, the interval null of fewer than two users."""

    model_config = ConfigDict(frozen=True)

    value: float | None = None
    low: float | None = None
    high: float | None = None
    count: float = Field(default=0, description="what is counted")
    of: float = Field(default=0, description="out of so many")


class Difference(BaseModel):
    """How far one rate is from another, with its 95 % interval and a two-sided p value; null where unknown."""

    model_config = ConfigDict(frozen=True)

    value: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = Field(default=None, description="as a share of the other rate")
    p_value: float | None = None


@dataclass(frozen=True)
class Spread:
    """A ratio and the variance of its error; None where there is nothing, or too little, to tell it from."""

    value: float | None
    variance: float | None


def spread(tops: Floats, bottoms: Floats) -> Spread:
    """Return sum(tops) / sum(bottoms), one entry of each a user, and the variance of its error."""
    users, whole = len(tops), float(bottoms.sum())
    if whole <= 0:
        return Spread(None, None)
    value = float(tops.sum()) / whole
    if users < 2:
        return Spread(value, None)
    residuals = tops - value * bottoms
    return Spread(value, float((residuals**2).sum()) * users / (users - 1) / whole**2)


def rate(tops: Floats, bottoms: Floats) -> Rate:
    """Return sum(tops) / sum(bottoms) with its interval, one entry of each a user."""
    found = spread(tops, bottoms)
    width = None if found.variance is None else Z * math.sqrt(found.variance)
    return Rate(
        value=found.value,
        low=None if width is None or found.value is None else found.value - width,
        high=None if width is None or found.value is None else found.value + width,
        count=float(tops.sum()),
        of=float(bottoms.sum()),
    )


def difference(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Difference:
    """Return how far the ratio of `one` (tops and bottoms by user) is above that of `other`, of different users."""
    a, b = spread(*one), spread(*other)
    if a.value is None or b.value is None:
        return Difference()
    value = a.value - b.value
    relative = value / b.value if b.value else None
    if a.variance is None or b.variance is None or a.variance + b.variance == 0:
        return Difference(value=value, relative=relative)
    error = math.sqrt(a.variance + b.variance)
    p_value = math.erfc(abs(value) / error / math.sqrt(2))
    return Difference(value=value, low=value - Z * error, high=value + Z * error, relative=relative, p_value=p_value)


def chi_square_tail(value: float, freedom: int) -> float:
    """Return how probable a chi-square of so many degrees of freedom is to be at least `value` (A&S 26.4.4, 26.4.5)."""
    half = value / 2
    if freedom % 2 == 0:
        terms = (half**k / math.factorial(k) for k in range(freedom // 2))
        return math.exp(-half) * sum(terms)
    terms = (half ** (k - 0.5) / math.gamma(k + 0.5) for k in range(1, (freedom + 1) // 2))
    return math.erfc(math.sqrt(half)) + math.exp(-half) * sum(terms)
