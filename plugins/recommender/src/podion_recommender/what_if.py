"""What other shares of chance would have earned, by the slates that were shown. See `off_policy` for how it is told."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field

from podion import TenantCaller
from podion_recommender.off_policy import Log, PolicyValue, estimate
from podion_recommender.slate_log import MOST_SLATES, Place, places, slate_pages
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


class Weighing:
    """What slates tell of other shares of chance: a few numbers a place, whatever else a slate holds.

    A place is judged given the places above it, as they were shown. Places that a rule pinned are no decision.
    """

    def __init__(self, shares: Sequence[float], reward: Reward) -> None:
        self._shares, self._reward = shares, reward
        self._users: dict[str, int] = {}
        self._rows: list[tuple[float, ...]] = []
        self.slates = self.without_chance = 0

    def count(self, slates: Iterable[Slate]) -> None:
        """Take in slates; one without a share of chance says nothing of any other."""
        for slate in slates:
            if slate.exploration <= 0:
                self.without_chance += 1
                continue
            self.slates += 1
            user = self._users.setdefault(slate.user_id or f"~{slate.id}", len(self._users))
            for place in places(slate):
                if not place.pinned:
                    targets = (_target(place, slate.exploration, share) for share in self._shares)
                    self._rows.append((user, _reward(place, self._reward), place.shown.propensity, *targets))

    def values(self, clip: float) -> list[PolicyValue]:
        """Return what each share of chance would have earned a place; 0 is the policy without any."""
        columns = np.array(self._rows, dtype=np.float64).reshape(-1, 3 + len(self._shares)).T
        users, rewards, logged, *targets = columns
        return [
            estimate(_name(share), Log(rewards, logged, target, users.astype(np.int64)), clip)
            for share, target in zip(self._shares, targets, strict=True)
        ]


async def what_if(
    caller: TenantCaller, shares: Sequence[float], *, reward: Reward, clip: float, since: datetime
) -> OffPolicyReport:
    """Return what each share of chance would have earned a place since a moment, by the tenant's slates."""
    weighing = Weighing(shares, reward)
    async for page in slate_pages(caller, since=since):
        await asyncio.to_thread(weighing.count, page)
    read = weighing.slates + weighing.without_chance
    return OffPolicyReport(
        reward=reward,
        since=since,
        slates=weighing.slates,
        without_chance=weighing.without_chance,
        complete=read < MOST_SLATES,
        clip=clip,
        policies=await asyncio.to_thread(weighing.values, clip),
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
