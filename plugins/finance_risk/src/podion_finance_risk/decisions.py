"""What is kept of an application: as it came, as it was decided, and what a person and time made of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Conflict, Contribution, Personal
from podion_finance_risk.policy import Action
from podion_finance_risk.reasons import Reason
from podion_finance_risk.schema import CreditApplication, FeatureValue, Narrative, Reference

SensitiveValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=200)]
Comment = Annotated[str, Field(max_length=2_000), Personal()]


class State(StrEnum):
    """Where a decision stands: the machine's word holds, a person is asked, or a person has spoken."""

    DECIDED = "decided"
    UNDER_REVIEW = "under_review"
    REVIEWED = "reviewed"


class Part(BaseModel):
    """A frozen part of what is kept."""

    model_config = ConfigDict(frozen=True)


class Application(Part):
    """An application as it came, under the id of its decision. `sensitive` is for the fairness report and no model."""

    id: str = ""
    application_id: Reference = ""
    applicant_ref: Reference = ""
    applied_at: AwareDatetime | None = None
    text: Narrative = ""
    features: dict[str, FeatureValue] = {}
    sensitive: dict[str, SensitiveValue] = {}

    def record(self) -> CreditApplication:
        """Return what the models read: no reference to the applicant, no sensitive attribute."""
        return CreditApplication.model_validate(
            {**self.features, "application_id": self.application_id, "applied_at": self.applied_at, "text": self.text}
        )


class Beside(Part):
    """What the model that does not decide says of the same application."""

    task: str
    adapter: str
    pd: float
    score: int


class HumanDecision(Part):
    """What a person decided, who it was, and why."""

    action: Literal["approve", "decline"]
    by: str = Field(min_length=1, max_length=200)
    reason: Comment
    at: AwareDatetime


class Decision(Part):
    """A decision with everything that it was made of, so that it can be explained, and made again."""

    id: str = ""
    application_id: Reference = ""
    applicant_ref: Reference = ""
    at: AwareDatetime = Field(description="when it was applied for, or decided where that is not said")
    decided_at: AwareDatetime
    state: State = State.DECIDED
    score: int = Field(description="points: higher is better")
    pd: float = Field(ge=0, le=1, description="probability of going bad, calibrated")
    grade: str
    action: Action = Field(description="what the machine decided")
    reasons: tuple[Reason, ...] = Field(default=(), description="why it was not approved; at most four")
    reasons_exact: bool = Field(
        description="true: the reasons are what was added up; false: an approximation by nature"
    )
    purely_automated: bool = Field(description="false: a person has decided, or is to decide (PIPL article 24)")
    task: str = Field(description="the task whose model decided")
    adapter: str = Field(description="the version that decided")
    policy: str = Field(description="the version of the policy")
    prediction_ids: dict[str, str] = Field(default={}, description="task -> the prediction's id, for feedback")
    abstained: bool = False
    logit: float = Field(description="log-odds of going bad")
    base_logit: float | None = Field(default=None, description="log-odds of the reference point")
    contributions: tuple[Contribution, ...] = ()
    reference_point: str = Field(description="what contributions are measured against")
    beside: Beside | None = Field(default=None, description="what the other model says, where it is deployed")
    human: HumanDecision | None = None
    bad: bool | None = Field(default=None, description="how it went: true, went bad; null: not known yet")
    bad_observed_at: AwareDatetime | None = None

    @property
    def final(self) -> Action:
        """The action that holds: the person's where one has decided."""
        return self.human.action if self.human else self.action

    @property
    def settled(self) -> bool:
        """Whether nothing is awaited: neither a person nor a review."""
        return self.state is not State.UNDER_REVIEW


class ReviewItem(Part):
    """A decision that waits for a person, or that a person has decided."""

    id: str = ""
    decision: str
    why: Literal["referred", "requested"]
    comment: Comment = Field(default="", description="what was said when a person was asked for")
    state: Literal["waiting", "decided"] = "waiting"
    opened_at: AwareDatetime
    human: HumanDecision | None = None


def asked_for_person(decision: Decision) -> Decision:
    """Return a decision under review; raises `Conflict` where it is already, or a person has spoken."""
    if decision.state is State.UNDER_REVIEW:
        raise Conflict("the decision is under review already: a person will decide", code="under_review")
    if decision.state is State.REVIEWED:
        raise Conflict("a person has decided already; `human` says who, and why", code="reviewed")
    return decision.model_copy(update={"state": State.UNDER_REVIEW})


def reviewed(decision: Decision, human: HumanDecision) -> Decision:
    """Return a decision that a person made; raises `Conflict` unless it is under review."""
    if decision.state is not State.UNDER_REVIEW:
        raise Conflict(f"the decision is {decision.state}: only one under review is decided", code="wrong_state")
    return decision.model_copy(update={"state": State.REVIEWED, "human": human, "purely_automated": False})


def gone(decision: Decision, bad: bool, observed_at: datetime) -> Decision:
    """Return a decision with how it went; what was observed later holds."""
    if decision.bad_observed_at is not None and decision.bad_observed_at > observed_at:
        return decision
    return decision.model_copy(update={"bad": bad, "bad_observed_at": observed_at})
