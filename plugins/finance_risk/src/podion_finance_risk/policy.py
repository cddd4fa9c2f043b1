"""A lender's policy: which model decides, the scale, grades and bands, caps, watch-lists, the words for reasons.

Versions of it are kept and never changed, so that a decision can be made again as it was made. Pure.
"""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import Personal, Wording
from podion_finance_risk.schema import SENSITIVE, FeatureValue
from podion_finance_risk.scoring import Grade, Scale

Action = Literal["approve", "refer", "decline"]
Adverse = Literal["refer", "decline"]
BUILT_IN = "built-in"
"""The version of the policy that holds until the tenant puts one."""


class Part(BaseModel):
    """A frozen part of a policy that names no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bands(Part):
    """Which probabilities of going bad are approved, and which declined; between the two a person decides."""

    approve_below: float = Field(default=0.08, ge=0, le=1)
    decline_from: float = Field(default=0.25, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.approve_below > self.decline_from:
            raise ValueError(
                f"approve_below ({self.approve_below:g}) must not lie above decline_from ({self.decline_from:g})"
            )
        return self

    def action(self, pd: float) -> Action:
        """Return what the band of a probability says."""
        return "approve" if pd < self.approve_below else "decline" if pd >= self.decline_from else "refer"


class Cap(Part):
    """A rule on one feature that comes before the score: a limit, or values that are not taken."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$", description="the reason's code")
    feature: str = Field(min_length=1, max_length=200)
    most: float | None = Field(default=None, description="above it the rule strikes")
    least: float | None = Field(default=None, description="below it the rule strikes")
    values: tuple[str, ...] = Field(default=(), max_length=200, description="at any of these the rule strikes")
    missing: bool = Field(default=False, description="true: it strikes where the feature is missing, too")
    action: Adverse = "refer"
    reason: Wording

    @model_validator(mode="after")
    def _can_strike(self) -> Self:
        if self.feature.casefold() in SENSITIVE:
            raise ValueError(f"{self.feature!r} is a sensitive attribute: no rule may go by it")
        if self.most is None and self.least is None and not self.values and not self.missing:
            raise ValueError("can never strike: give `most`, `least`, `values` or `missing`")
        return self

    def strikes(self, value: FeatureValue) -> bool:
        """Return whether a feature's value is beyond the rule."""
        if value is None:
            return self.missing
        if str(value) in self.values:
            return True
        if isinstance(value, str):
            return False
        return (self.most is not None and value > self.most) or (self.least is not None and value < self.least)


class Watched(Part):
    """An applicant or account that is never approved by a machine."""

    ref: Annotated[str, Field(min_length=1, max_length=128), Personal("reject")]
    action: Adverse = "refer"
    reason: Wording = Wording(
        en="The applicant is on a list of cases that a person must look at", zh="申请人在需要人工核查的名单上"
    )


class ReasonWords(Part):
    """The plain sentence for a feature that counted against somebody; `{bin}` in it becomes where the value lay."""

    code: str = Field(default="", max_length=60, pattern=r"^[A-Za-z0-9_.-]*$", description="empty: the feature's name")
    en: str = Field(min_length=1, max_length=500)
    zh: str = Field(min_length=1, max_length=500)


class FraudPolicy(Part):
    """How many alerts people can look at, and below which probability none is raised."""

    budget: float = Field(default=0.01, gt=0, le=1, description="share of the transactions that may raise an alert")
    floor: float = Field(default=0.05, ge=0, le=1, description="no alert below this probability of fraud")


def _grades() -> tuple[Grade, ...]:
    bounds = {"A": 0.02, "B": 0.05, "C": 0.10, "D": 0.20, "E": 1.0}
    return tuple(Grade(name=name, below=below) for name, below in bounds.items())


class Policy(Part):
    """What a lender wants; every field has a default that works."""

    decides: Literal["scorecard", "credit"] = Field(
        default="scorecard", description="`scorecard`: reasons are exact; `credit`: stronger, and declines by a person"
    )
    scale: Scale = Scale()
    grades: tuple[Grade, ...] = Field(default_factory=_grades, min_length=1, max_length=30)
    bands: Bands = Bands()
    most_unknown: float = Field(
        default=0.5, ge=0, le=1, description="above this share of the scorecard's columns unknown, a person decides"
    )
    caps: tuple[Cap, ...] = Field(default=(), max_length=100)
    watch_list: tuple[Watched, ...] = Field(default=(), max_length=2_000)
    reasons: dict[str, ReasonWords] = Field(
        default={}, max_length=2_000, description="by the feature's name, or by the words of one of its bins"
    )
    fraud: FraudPolicy = FraudPolicy()
    creditor: str = Field(default="", max_length=300, description="name and address, as notices give them")
    contact: str = Field(default="", max_length=300, description="where somebody may ask for a person, as notices say")

    @model_validator(mode="after")
    def _grades_rise(self) -> Self:
        bounds = [grade.below for grade in self.grades]
        if bounds != sorted(set(bounds)):
            raise ValueError(f"grades must have bounds that rise, best grade first (seen: {bounds})")
        if bounds[-1] != 1:
            raise ValueError(
                f"the last grade must reach to 1, so that everybody has one (it reaches to {bounds[-1]:g})"
            )
        if len({grade.name for grade in self.grades}) < len(self.grades):
            raise ValueError("two grades have one name")
        return self


class PolicyVersion(BaseModel):
    """A policy as it was put: never changed, never removed."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    policy: Policy
    note: str = Field(default="", max_length=500, description="why it was put")
    by: str = Field(default="", max_length=200, description="who put it")
    since: AwareDatetime | None = Field(default=None, description="null: built in")
    replaces: str | None = Field(default=None, description="the version before")


def built_in() -> PolicyVersion:
    """Return the policy that holds until the tenant puts one."""
    return PolicyVersion(id=BUILT_IN, policy=Policy(), note="the policy that podion brings")
