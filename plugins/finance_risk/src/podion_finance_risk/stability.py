"""How far the population that applies has moved: PSI of score and features, with what chance would give. Pure.

PSI = sum over bins of (a - b) ln(a / b), a and b the shares of now and then. The rule of thumb (below 0.1 stable, above
0.25 shifted) knows no sample size: with few rows, PSI is above 0.1 by chance alone. Under no change it is about
(1/n + 1/m) times chi-square with bins - 1 degrees of freedom (Yurdakul, Statistical Properties of Population Stability
Index, 2018), whose 95th percentile stands beside it.
"""

import bisect
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from podion_finance_risk.schema import FeatureValue

BINS = 10
MOST_CATEGORIES = 20
LEAST_ROWS = 50
STABLE, SHIFTED = 0.1, 0.25
MISSING, OTHER = "(missing)", "(other)"

Verdict = Literal["stable", "watch", "shifted", "too_few"]


class Bin(BaseModel):
    """A bin with the shares of then and now."""

    model_config = ConfigDict(frozen=True)

    bin: str
    then: float
    now: float


class Stability(BaseModel):
    """How far one quantity has moved. `verdict` asks for both: a large PSI, and one that chance does not explain."""

    name: str
    then: int = Field(description="rows of the base period")
    now: int = Field(description="rows of the period that is looked at")
    psi: float | None
    chance: float | None = Field(description="95th percentile of PSI if nothing had changed, at these sample sizes")
    rule_of_thumb: Literal["stable", "watch", "shifted"] | None = Field(description="0.1 and 0.25, sample size apart")
    verdict: Verdict
    bins: list[Bin]


def stability(name: str, then: Sequence[FeatureValue], now: Sequence[FeatureValue]) -> Stability:
    """Return how far a feature's values have moved: numbers in tenths of then, categories by name, missing apart."""
    counts_then, counts_now = _counted(then, now)
    names = [key for key in counts_then if counts_then[key] or counts_now[key]]
    if len(then) < LEAST_ROWS or len(now) < LEAST_ROWS:
        return Stability(
            name=name,
            then=len(then),
            now=len(now),
            psi=None,
            chance=None,
            rule_of_thumb=None,
            verdict="too_few",
            bins=[],
        )
    value = psi([counts_then[key] for key in names], [counts_now[key] for key in names])
    chance = chance_psi(len(names), len(then), len(now))
    thumb: Literal["stable", "watch", "shifted"] = (
        "stable" if value < STABLE else "watch" if value < SHIFTED else "shifted"
    )
    return Stability(
        name=name,
        then=len(then),
        now=len(now),
        psi=value,
        chance=chance,
        rule_of_thumb=thumb,
        verdict=thumb if value > chance else "stable",
        bins=[Bin(bin=key, then=counts_then[key] / len(then), now=counts_now[key] / len(now)) for key in names],
    )


def psi(then: Sequence[int], now: Sequence[int]) -> float:
    """Return the population stability index of counts by bin; half a row stands in an empty bin."""
    total = 0.0
    for one, other in zip(then, now, strict=True):
        a, b = max(other, 0.5) / sum(now), max(one, 0.5) / sum(then)
        total += (a - b) * math.log(a / b)
    return total


def chance_psi(bins: int, then: int, now: int, share: float = 0.95) -> float:
    """Return the quantile of PSI over samples of these sizes when nothing has changed; 0 for one bin."""
    from scipy.special import chdtri

    return float(chdtri(bins - 1, 1 - share)) * (1 / then + 1 / now) if bins > 1 else 0.0


def tenths(values: Sequence[FeatureValue]) -> list[str]:
    """Return the bin of each value: numbers in tenths of these very values, categories by name, missing apart."""
    _, place = _bins(values)
    return [place(value) for value in values]


def _counted(then: Sequence[FeatureValue], now: Sequence[FeatureValue]) -> tuple[Counter[str], Counter[str]]:
    """Return counts by bin, of then and now, in the bins' order; the bins are those of then."""
    names, place = _bins(then)
    return _tally(names, [place(value) for value in then]), _tally(names, [place(value) for value in now])


def _bins(values: Sequence[FeatureValue]) -> tuple[list[str], Callable[[FeatureValue], str]]:
    """Return the names of the bins that values make, and what puts a value into one."""
    numbers = sorted(float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    words = sum(isinstance(value, str | bool) for value in values)
    if len(numbers) > words and len(set(numbers)) > BINS:
        edges = sorted({numbers[len(numbers) * place // BINS] for place in range(1, BINS)})
        names = [*(_range(edges, place) for place in range(len(edges) + 1)), OTHER, MISSING]
        return names, lambda value: _tenth(value, edges, names)
    usual = [name for name, _ in Counter(map(_name, values)).most_common(MOST_CATEGORIES) if name != MISSING]
    return [*usual, OTHER, MISSING], lambda value: _known(value, usual)


def _tally(names: Sequence[str], values: Sequence[str]) -> Counter[str]:
    counts = Counter(dict.fromkeys(names, 0))
    counts.update(values)
    return counts


def _tenth(value: FeatureValue, edges: Sequence[float], names: Sequence[str]) -> str:
    if value is None:
        return MISSING
    return OTHER if isinstance(value, str | bool) else names[bisect.bisect_right(edges, float(value))]


def _range(edges: Sequence[float], place: int) -> str:
    if place == 0:
        return f"below {edges[0]:g}"
    return f"{edges[place - 1]:g} and more" if place == len(edges) else f"{edges[place - 1]:g} to {edges[place]:g}"


def _name(value: FeatureValue) -> str:
    return MISSING if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _known(value: FeatureValue, usual: Sequence[str]) -> str:
    name = _name(value)
    return name if name == MISSING or name in usual else OTHER
