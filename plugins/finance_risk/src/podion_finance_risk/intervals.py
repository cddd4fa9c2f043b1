"""Shares with the interval that holds the truth nineteen times in twenty. Pure."""

import math

from pydantic import BaseModel, ConfigDict, Field

Z = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""


class Share(BaseModel):
    """A share of so many, with its 95 % interval (Wilson 1927); null of none."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(ge=0)
    of: int = Field(ge=0)
    share: float | None
    low: float | None
    high: float | None


def share(count: int, of: int) -> Share:
    """Return the share that `count` is of `of`."""
    if of == 0:
        return Share(count=count, of=of, share=None, low=None, high=None)
    p = count / of
    middle = (p + Z * Z / (2 * of)) / (1 + Z * Z / of)
    width = Z / (1 + Z * Z / of) * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    return Share(count=count, of=of, share=p, low=max(0.0, middle - width), high=min(1.0, middle + width))


def ratio(one: Share, other: Share) -> tuple[float | None, float | None, float | None]:
    """Return one share over another with the 95 % interval of their ratio (Katz 1978, on the logarithm).

    Null where the other is 0 or none; the interval is null, too, where either count is 0.
    """
    if not other.share or one.share is None:
        return None, None, None
    value = one.share / other.share
    if not one.count:
        return value, None, None
    spread = Z * math.sqrt(1 / one.count - 1 / one.of + 1 / other.count - 1 / other.of)
    return value, value * math.exp(-spread), value * math.exp(spread)


def difference(one: Share, other: Share) -> tuple[float | None, float | None, float | None]:
    """Return one share less another with the 95 % interval of their difference (Newcombe 1998, method 10)."""
    values = (one.share, one.low, one.high, other.share, other.low, other.high)
    if any(value is None for value in values):
        return None, None, None
    p, low, high, q, below, above = (value or 0.0 for value in values)
    return p - q, p - q - math.hypot(p - low, above - q), p - q + math.hypot(high - p, q - below)
