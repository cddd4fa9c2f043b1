"""What an experiment is, and which of its arms a user is in. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion_recommender.schema import ID

ArmName = Annotated[str, Field(min_length=1, max_length=60, pattern=ID, examples=["control"])]


class Arm(BaseModel):
    """One way of recommending; what is left out is as the tenant has set it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ArmName
    share: float = Field(gt=0, le=1, description="of the users who take part")
    adapter: str | None = Field(
        default=None, max_length=100, pattern=ID, description="a version of next_item; null: whichever is live"
    )
    personalized: bool | None = Field(
        default=None, description="false: the order that everybody gets; no arm turns on what a user has turned off"
    )
    exploration: float | None = Field(default=None, ge=0, le=0.5)
    diversity: float | None = Field(default=None, ge=0, le=1)


class Experiment(BaseModel):
    """An experiment as it is kept; its arms never change."""

    id: str = ""
    name: str
    hypothesis: str = ""
    arms: list[Arm]
    traffic: float = 1.0
    state: Literal["running", "stopped"] = "running"
    started_at: AwareDatetime
    stopped_at: AwareDatetime | None = None

    def arm_of(self, user_id: str) -> Arm | None:
        """Return the arm that a user is in, None for one who takes no part: always the same for the same user.

        Whether and where are drawn apart from each other, so that another experiment's arms are no guide to this one's.
        """
        if self.state != "running" or _draw(self.id, "part", user_id) >= self.traffic:
            return None
        place = _draw(self.id, "arm", user_id)
        for arm in self.arms:
            place -= arm.share
            if place < 0:
                return arm
        return self.arms[-1]


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What an experiment changes of one user's list; None: nothing."""

    experiment: str | None = None
    variant: str | None = None
    adapter: str | None = None
    personalized: bool | None = None
    exploration: float | None = None
    diversity: float | None = None


USUAL = Treatment()
"""What is done for who takes part in nothing."""


def treatment(experiment: Experiment | None, user_id: str | None) -> Treatment:
    """Return what is done for a user; visitors without a name take part in nothing: they would not stay in one arm."""
    arm = None if experiment is None or user_id is None else experiment.arm_of(user_id)
    if experiment is None or arm is None:
        return USUAL
    return Treatment(
        experiment=experiment.id,
        variant=arm.name,
        adapter=arm.adapter,
        personalized=arm.personalized,
        exploration=arm.exploration,
        diversity=arm.diversity,
    )


def _draw(experiment: str, purpose: str, user_id: str) -> float:
    """Return a number in [0, 1) that is the same for the same user and experiment."""
    digest = hashlib.blake2b(f"{experiment}\0{purpose}\0{user_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
