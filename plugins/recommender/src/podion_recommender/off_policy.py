"""What another way of choosing would have earned, told from what was shown by chance and how probable that was. Pure.

A place of a slate is one decision: `logged` is the probability with which its item was chosen, given the places above,
`target` the probability with which another policy would have. The weight target / logged makes up for the difference
(inverse propensity scoring); divided by the sum of weights it is self-normalised (Swaminathan & Joachims 2015).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from podion_recommender.ratios import Rate, rate

Floats = NDArray[np.float64]

LEAST_ROWS = 200
LEAST_EFFECTIVE = 50.0
MOST_OFF = 0.2
"""How far the mean weight may be from 1, beyond its interval: it is 1 where all that the target wants was possible."""


class PolicyValue(BaseModel):
    """What a policy would have earned a place, by two estimates; both null, and a reason, where the log cannot tell."""

    model_config = ConfigDict(frozen=True)

    policy: str
    ips: Rate | None = Field(default=None, description="weighted by target / logged, unbiased but for clipping")
    snips: Rate | None = Field(default=None, description="self-normalised: a little biased, far less scattered")
    logged: Rate = Field(description="what was earned by what was shown")
    rows: int = Field(description="places that were shown, with their propensities")
    users: int
    effective: float = Field(description="effective sample size: of so many equal weights, these are worth")
    mean_weight: Rate = Field(description="1 where the log supports the policy")
    clipped: float = Field(description="share of places whose weight was cut")
    refused: str | None = None


@dataclass(frozen=True)
class Log:
    """Places that were shown: what each earned, its probability as logged and under the target, and whose it was."""

    rewards: Floats
    logged: Floats
    target: Floats
    users: NDArray[np.int64]

    def __post_init__(self) -> None:
        if ((self.logged <= 0) | (self.logged > 1) | (self.target < 0) | (self.target > 1)).any():
            raise ValueError("a logged propensity lies in (0, 1], a target probability in [0, 1]")


def effective_size(weights: Floats) -> float:
    """Return (sum w)^2 / sum w^2 (Kish 1965); 0 of none."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def estimate(policy: str, log: Log, clip: float) -> PolicyValue:
    """Return what the target policy would have earned a place, with weights of at most `clip`.

    Nothing is estimated, and a reason given, where places are few, where few of them carry all the weight, and where
    the mean weight is not 1: then the target wants what the log never showed, or propensities were written wrongly.
    """
    raw = log.target / log.logged
    weights = np.minimum(raw, clip)
    number = int(log.users.max()) + 1 if len(log.users) else 0

    def by_user(values: Floats) -> Floats:
        return np.bincount(log.users, weights=values, minlength=number).astype(np.float64)

    ones = by_user(np.ones(len(raw)))
    earned, weighed = by_user(weights * log.rewards), by_user(weights)
    mean_weight = rate(by_user(raw), ones)
    effective = effective_size(weights)
    refused = _refused(len(raw), effective, mean_weight)
    return PolicyValue(
        policy=policy,
        ips=None if refused else rate(earned, ones),
        snips=None if refused else rate(earned, weighed),
        logged=rate(by_user(log.rewards), ones),
        rows=len(raw),
        users=int((ones > 0).sum()),
        effective=effective,
        mean_weight=mean_weight,
        clipped=float((raw > clip).mean()) if len(raw) else 0.0,
        refused=refused,
    )


def _refused(rows: int, effective: float, mean_weight: Rate) -> str | None:
    """Return why the log cannot tell, None where it can."""
    if rows < LEAST_ROWS:
        return f"{rows} places were shown with a propensity; at least {LEAST_ROWS} are needed"
    if effective < LEAST_EFFECTIVE:
        return (
            f"the effective sample is {effective:.1f} places, at least {LEAST_EFFECTIVE:.0f} are needed: what this "
            "policy would show was hardly ever shown; explore more, or ask for a policy nearer to the one that served"
        )
    low, high = mean_weight.low or 0.0, mean_weight.high or 0.0
    if high < 1 - MOST_OFF or low > 1 + MOST_OFF:
        return (
            f"the mean weight is {mean_weight.value:.2f} and not 1: this policy wants what was never shown, or "
            "propensities were not what the slates say"
        )
    return None
