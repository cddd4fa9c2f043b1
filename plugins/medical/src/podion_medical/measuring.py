"""How suggestions fare against what clinicians made of them: shares with bounds, agreement, coverage and risk. Pure.

Upper bounds are Clopper and Pearson's (1934), exact for a binomial count. Agreement is Cohen's kappa with quadratic
weights (1968).
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, Field

URGENCIES = 5


class Share(BaseModel):
    """So many of so many, and the bound that the true share stays under in 95 of 100 cases (one-sided)."""

    count: int
    of: int
    share: float | None = Field(description="null: nothing to count")
    upper_95: float | None = Field(description="Clopper-Pearson, one-sided")


class CoveragePoint(BaseModel):
    """What is wrong among the surest so many."""

    coverage: float = Field(description="share of cases that are answered, the surest first")
    risk: float = Field(description="share of wrong answers among them")
    least_confidence: float


class Judged(NamedTuple):
    """A case with what was suggested and what was right."""

    suggested: int
    right: int
    confidence: float | None
    sex: str | None
    age: float | None
    abstained: bool = False


def share(count: int, of: int) -> Share:
    """Return a share with its upper bound."""
    if of == 0:
        return Share(count=0, of=0, share=None, upper_95=None)
    return Share(count=count, of=of, share=count / of, upper_95=upper_bound(count, of))


def upper_bound(count: int, of: int, error: float = 0.05) -> float:
    """Return the largest share under which `count` or fewer of `of` still happen with the probability `error`."""
    if count >= of:
        return 1.0
    low, high = count / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, of, middle) > error else (low, middle)
    return high


def quadratic_kappa(pairs: Sequence[tuple[int, int]], levels: int = URGENCIES) -> float | None:
    """Return Cohen's kappa with quadratic weights of (suggested, right), 1 to `levels`; None where it is undefined."""
    if not pairs:
        return None
    seen = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    left = [sum(a == level for a, _ in pairs) / len(pairs) for level in range(1, levels + 1)]
    right = [sum(b == level for _, b in pairs) / len(pairs) for level in range(1, levels + 1)]
    chance = sum(left[i] * right[j] * (i - j) ** 2 for i in range(levels) for j in range(levels))
    return 1 - seen / chance if chance > 0 else None


def coverage_risk(sure: Sequence[tuple[float, bool]], points: int = 10) -> list[CoveragePoint]:
    """Return how many answers are wrong among the surest tenth, two tenths and so on; of (confidence, right)."""
    order = sorted(sure, key=lambda each: -each[0])
    found = []
    for step in range(1, points + 1):
        taken = order[: math.ceil(len(order) * step / points)]
        if taken:
            risk = sum(not right for _, right in taken) / len(taken)
            found.append(CoveragePoint(coverage=len(taken) / len(order), risk=risk, least_confidence=taken[-1][0]))
    return found


def age_band(age: float | None) -> str | None:
    """Return the group of an age, in years."""
    if age is None:
        return None
    return "0-17" if age < 18 else "18-64" if age < 65 else "65+"


def by_group(
    cases: Sequence[Judged], group: Callable[[Judged], str | None], wrong: Callable[[Judged], bool]
) -> dict[str, Share]:
    """Return the share of cases that are wrong in each group; cases without one are left out."""
    names = sorted({name for case in cases if (name := group(case)) is not None})
    members = {name: [case for case in cases if group(case) == name] for name in names}
    return {name: share(sum(map(wrong, found)), len(found)) for name, found in members.items()}


def gap(groups: dict[str, Share], least: int) -> float | None:
    """Return the widest difference between groups of at least `least` cases; None for fewer than two."""
    shares = [each.share for each in groups.values() if each.share is not None and each.of >= least]
    return max(shares) - min(shares) if len(shares) > 1 else None


def _at_most(count: int, of: int, chance: float) -> float:
    """Return the probability of `count` or fewer successes."""
    if chance >= 1.0:
        return 0.0
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + (k * math.log(chance) if k else 0.0)
        + (of - k) * math.log1p(-chance)
        for k in range(count + 1)
    )
    return min(1.0, math.fsum(math.exp(each) for each in logs))
