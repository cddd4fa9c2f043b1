"""What other shares of chance would have earned, by the slates that were shown. See `off_policy` for how it is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field

from podion_recommender.off_policy import Log, PolicyValue, estimate
from podion_recommender.slate_log import Place, places
from podion_recommender.slates import Slate

Reward = Literal["click", "purchase", "hide"]


class OffPolicyReport(BaseModel):
    """What policies that did not serve would have earned a place, told from the log alone."""

    reward: Reward
    since: AwareDatetime
    slates: int = Field(description="shown with a share of chance, whose places can be weighed")
    without_chance: int = Field(description="slates that say nothing of any other policy, and are left out")
    complete: bool
    clip: float
    policies: list[PolicyValue]


def what_if(
    slates: Sequence[Slate], shares: Sequence[float], *, reward: Reward, clip: float, since: datetime, complete: bool
) -> OffPolicyReport:
    """Return what each share of chance would have earned a place; 0 is the policy without any.

    A place is judged given the places above it, as they were shown. Places that a rule pinned are no decision.
    """
    told = [slate for slate in slates if slate.exploration > 0]
    rows = [
        (place, slate, slate.user_id or f"~{slate.id}") for slate in told for place in places(slate) if not place.pinned
    ]
    names = {name: number for number, name in enumerate(dict.fromkeys(name for _, _, name in rows))}
    rewards = np.array([_reward(place, reward) for place, _, _ in rows])
    logged = np.array([place.shown.propensity for place, _, _ in rows])
    users = np.array([names[name] for _, _, name in rows], dtype=np.int64)
    values = []
    for share in shares:
        target = np.array([_target(place, slate.exploration, share) for place, slate, _ in rows])
        values.append(estimate(_name(share), Log(rewards, logged, target, users), clip))
    return OffPolicyReport(
        reward=reward,
        since=since,
        slates=len(told),
        without_chance=len(slates) - len(told),
        complete=complete,
        clip=clip,
        policies=values,
    )


def _name(share: float) -> str:
    return "no exploration" if share == 0 else f"exploration {share:g}"


def _reward(place: Place, reward: Reward) -> float:
    return float({"click": place.clicked, "purchase": place.bought, "hide": place.hidden}[reward])


def _target(place: Place, logged_share: float, share: float) -> float:
    """Return how probable the place's item would have been under another share of chance.

    How many items chance chose from follows from the propensity: share / number, and 1 - share more for the best one.
    """
    by_chance = place.shown.propensity - (0.0 if place.by_chance else 1 - logged_share)
    wanted = share / logged_share * max(0.0, by_chance)
    return min(1.0, wanted + (0.0 if place.by_chance else 1 - share))
