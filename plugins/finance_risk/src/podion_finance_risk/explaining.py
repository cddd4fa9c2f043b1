"""Why a decision is as it is: what was added up, against which point, by which version; and the notice of it. Pure."""

from pydantic import BaseModel, ConfigDict, Field

from podion_finance_risk.decisions import Application, Decision
from podion_finance_risk.policy import Policy
from podion_finance_risk.reasons import Reason, residual
from podion_finance_risk.schema import FeatureValue
from podion_finance_risk.scoring import Scale

TOLERANCE = 1e-4


class Share(BaseModel):
    """What one feature did to the score."""

    model_config = ConfigDict(frozen=True)

    feature: str
    value: FeatureValue = None
    bin: str = ""
    logit: float = Field(description="added to the log-odds of going bad")
    points: float = Field(description="added to the score: below 0 it counted against the applicant")


class Explanation(BaseModel):
    """A decision with everything that was added up. `residual` is what the sum misses: at most 1e-4 where exact."""

    decision_id: str
    score: int
    direction: str = "higher is better"
    pd: float
    grade: str
    action: str
    exact: bool = Field(description="false: the model that decided does not add up, and no reasons are given for it")
    reasons: tuple[Reason, ...]
    reference_point: str
    base_logit: float | None
    logit: float
    contributions: tuple[Share, ...]
    residual: float | None = Field(description="null: nothing was added up")
    text_was_read: bool
    task: str
    adapter: str
    policy: str
    scale: Scale


def explain(decision: Decision, application: Application, policy: Policy) -> Explanation:
    """Return the explanation of a decision, out of what was kept when it was made."""
    exact = decision.reasons_exact and decision.base_logit is not None
    return Explanation(
        decision_id=decision.id,
        score=decision.score,
        pd=decision.pd,
        grade=decision.grade,
        action=decision.action,
        exact=exact,
        reasons=decision.reasons,
        reference_point=decision.reference_point,
        base_logit=decision.base_logit,
        logit=decision.logit,
        contributions=tuple(
            Share(
                feature=each.feature,
                value=each.value,
                bin=each.bin,
                logit=each.logit,
                points=policy.scale.points_of(each.logit),
            )
            for each in decision.contributions
        ),
        residual=residual(decision.base_logit or 0.0, decision.contributions, decision.logit) if exact else None,
        text_was_read=bool(application.text.strip()),
        task=decision.task,
        adapter=decision.adapter,
        policy=decision.policy,
        scale=policy.scale,
    )
