"""When a new run is due: what a tenant sets, and how it is told from figures. Pure."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Reason = Literal["untrained", "new_interactions", "age", "drift"]
Ints = NDArray[np.int64]

_DRAWS = 20
_LEAST_OF_A_PART = 100


class RetrainingPolicy(BaseModel):
    """When the tenant is told that a new run of `next_item` is due."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_new: int = Field(default=200, ge=1, description="interactions since the adapter; with fewer nothing is due")
    new_share: float = Field(default=0.2, gt=0, le=1, description="share of the newest 20,000 that the adapter lacks")
    oldest_days: float = Field(default=30.0, gt=0, le=3_650, description="age of the adapter")
    drift: float = Field(
        default=0.1, gt=0, le=1, description="how far what is taken has moved, beyond chance: 0 not at all, 1 wholly"
    )


class Signs(BaseModel):
    """What is looked at."""

    adapter: str | None = None
    age_days: float | None = None
    interactions: int = Field(description="that were looked at: the newest, at most 20,000")
    new: int = Field(description="of them, since the adapter was made")
    new_share: float
    drift: float | None = Field(
        default=None, description="Jensen-Shannon divergence of what was taken since and before, in bits, beyond chance"
    )


def due(signs: Signs, policy: RetrainingPolicy) -> list[Reason]:
    """Return why a new run is due, nothing where none is: never for few new interactions, however old the adapter."""
    if signs.new < policy.least_new:
        return []
    if signs.adapter is None:
        return ["untrained"]
    told: list[tuple[Reason, bool]] = [
        ("new_interactions", signs.new_share >= policy.new_share),
        ("age", signs.age_days is not None and signs.age_days >= policy.oldest_days),
        ("drift", signs.drift is not None and signs.drift >= policy.drift),
    ]
    return [reason for reason, holds in told if holds]


def drift(before: Sequence[str], since: Sequence[str], seed: int) -> float | None:
    """Return how far apart what was taken before and since is, beyond what two parts of one log are by chance.

    In bits, 0 to 1: the Jensen-Shannon divergence less its mean over random partings (few acts on many items are
    always far apart). None where a part has fewer than 100.
    """
    if min(len(before), len(since)) < _LEAST_OF_A_PART:
        return None
    _, numbers = np.unique(np.array([*before, *since]), return_inverse=True)
    width, cut = int(numbers.max()) + 1, len(before)
    found = _divergence(numbers[:cut], numbers[cut:], width)
    chance = np.random.default_rng(seed)
    by_chance = []
    for _ in range(_DRAWS):
        mixed = chance.permutation(numbers)
        by_chance.append(_divergence(mixed[:cut], mixed[cut:], width))
    return max(0.0, found - float(np.mean(by_chance)))


def _divergence(one: Ints, other: Ints, width: int) -> float:
    p, q = (np.bincount(part, minlength=width) / len(part) for part in (one, other))
    middle = (p + q) / 2
    return float(sum((part[part > 0] * np.log2(part[part > 0] / middle[part > 0])).sum() / 2 for part in (p, q)))
