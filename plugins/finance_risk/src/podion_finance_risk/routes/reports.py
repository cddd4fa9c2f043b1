"""`/scorecard`, `/stability`, `/fairness`, `/fraud-report`: what a risk committee asks every month."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from podion import Caller, Conflict, ContributionsAnswer, DataError, TenantCaller, answer_like, newest, requires
from podion_finance_risk import fairness as fair
from podion_finance_risk import policies
from podion_finance_risk.fraud_report import FraudReport, report
from podion_finance_risk.ledger import MOST_READ, decisions_with_applications
from podion_finance_risk.model_comparison import Compared, Cost, compared, cost
from podion_finance_risk.proxies import Proxy, proxies
from podion_finance_risk.schema import CreditApplication
from podion_finance_risk.simulation import REJECT_INFERENCE, Past, Rejected, rejected
from podion_finance_risk.stability import Stability, stability
from podion_finance_risk.tasks import credit, scorecard
from podion_finance_risk.transactions import ScoredTransaction

router = APIRouter(dependencies=[requires("data")])

_SHARE = {"count": 4, "of": 5, "share": 0.8, "low": 0.38, "high": 0.96}


class Line(BaseModel):
    """A line of the points table."""

    feature: str
    bin: str
    logit: float = Field(description="added to the log-odds of going bad")
    points: float = Field(description="added to the score")


class ScorecardReport(BaseModel):
    """The points of the scorecard that is deployed, and the models beside each other."""

    adapter: str | None = Field(description="null: no scorecard is deployed")
    base_points: float | None = Field(description="the score of an applicant to whom every feature adds 0")
    direction: str = "higher is better"
    table: list[Line]
    models: list[Compared]
    cost_of_exactness: Cost
    rejected: Rejected


class StabilityReport(BaseModel):
    """How far score and features have moved between two periods, the largest movement first."""

    since: AwareDatetime
    score: Stability
    features: list[Stability]
    complete: bool = Field(description="false: only the newest 5,000 decisions were taken")


class FairnessReport(BaseModel):
    """Approvals by group. The attributes come from `sensitive`; no model reads them."""

    decisions: int
    with_outcome: int
    least_group: int
    attributes: list[fair.Attribute]
    proxies: list[Proxy] = Field(description="features that tell an attribute although no model reads it")
    complete: bool


_SCORECARD = {
    "adapter": "9f2c…",
    "base_points": 537.1,
    "direction": "higher is better",
    "table": [{"feature": "debt_to_income", "bin": "debt_to_income 0.55 or more", "logit": 1.088, "points": -31.4}],
    "models": [
        {
            "model": "scorecard", "task": "scorecard", "adapter": "9f2c…", "live": True,
            "made_at": "2026-03-01T00:00:00Z", "part": "test", "metrics": {"roc_auc": 0.785, "ece": 0.012},
        }
    ],
    "cost_of_exactness": {"against_strong": 0.006, "against_boosting": 0.005, "note": "…"},
    "rejected": {"count": 390, "without_outcome": 377, "note": REJECT_INFERENCE},
}  # fmt: skip
_STABILITY = {
    "name": "score", "then": 900, "now": 300, "psi": 0.04, "chance": 0.075, "rule_of_thumb": "stable",
    "verdict": "stable", "bins": [{"bin": "below 480", "then": 0.1, "now": 0.12}],
}  # fmt: skip
_GROUP = {
    "group": "female", "count": 210, "approved": _SHARE,
    "adverse_impact_ratio": {"value": 0.97, "low": 0.86, "high": 1.09}, "approved_of_good": _SHARE,
    "opportunity_gap": {"value": 0.01, "low": -0.07, "high": 0.09}, "flagged": False,
}  # fmt: skip
_FAIRNESS = {
    "decisions": 430, "with_outcome": 300, "least_group": 30, "complete": True,
    "attributes": [
        {"attribute": "sex", "reference": "male", "groups": [_GROUP], "small_groups": {"other": 3}, "unknown": 12}
    ],
    "proxies": [{"attribute": "sex", "feature": "employer", "association": 0.31, "rows": 418}],
}  # fmt: skip
_FRAUD = {
    "transactions": 5000, "alerts": _SHARE, "frauds": 38, "recall": _SHARE, "recall_by_value": 0.83,
    "precision": _SHARE, "median_days_to_know": 11.5, "complete": False,
}  # fmt: skip


@router.get("/scorecard", responses=answer_like(_SCORECARD))
async def get_scorecard(caller: Caller) -> ScorecardReport:
    """Return the points of every feature and bin of the deployed scorecard, and the models side by side.

    Strong model, exact scorecard and boosting challenger, each as it measured, and what exactness costs. `rejected`
    names what nobody knows: no reject inference is done. Metered as one prediction while a scorecard is deployed.
    """
    cards = {task.name: await caller.adapters(task) for task in (credit, scorecard)}
    models = compared(cards)
    decisions, _ = await decisions_with_applications(caller)
    scale = (await policies.current(caller)).policy.scale
    adapter, answer = await _whole(caller)
    return ScorecardReport(
        adapter=adapter,
        base_points=None if answer is None else scale.offset + scale.points_of(answer.base_logit),
        table=[
            Line(feature=row.feature, bin=row.bin, logit=row.logit, points=scale.points_of(row.logit))
            for row in (answer.table if answer else ())
        ],
        models=models,
        cost_of_exactness=cost(models),
        rejected=rejected([each.decision for each in decisions]),
    )


@router.get(
    "/stability",
    responses=answer_like({"since": "2026-06-01T00:00:00Z", "score": _STABILITY, "features": [], "complete": True}),
)
async def get_stability(
    caller: Caller,
    since: Annotated[AwareDatetime | None, Query(description="begins what is looked at; default: 30 days ago")] = None,
    base_since: Annotated[AwareDatetime | None, Query(description="begins the base period; default: the first")] = None,
) -> StabilityReport:
    """Return how far score and features of applications since a moment are from those before it: PSI.

    `chance` is the 95th percentile of PSI if nothing had changed, given how many rows there are; `verdict` is `stable`
    below it, whatever the rule of thumb (0.1 and 0.25) says. With fewer than 50 rows on a side it is `too_few`.
    """
    cut = since or datetime.now(UTC) - timedelta(days=30)
    if base_since is not None and base_since >= cut:
        raise DataError(f"base_since ({base_since.isoformat()}) must be before since ({cut.isoformat()})")
    past, complete = await decisions_with_applications(caller)
    then = [each for each in past if each.decision.at < cut and (base_since is None or each.decision.at >= base_since)]
    now = [each for each in past if each.decision.at >= cut]
    return await asyncio.to_thread(_stability, cut, then, now, complete)


@router.get("/fairness", responses=answer_like(_FAIRNESS))
async def get_fairness(
    caller: Caller,
    least_group: Annotated[int, Query(ge=5, le=10_000, description="smaller groups are only counted")] = 30,
) -> FairnessReport:
    """Return approvals by group: adverse impact ratio, and equal opportunity among those known to have paid.

    Of the attributes that requests carried in `sensitive`; with counts, intervals, and a least size of a group.
    `proxies` are features that go together with an attribute (Cramér's V of 0.1 and more).
    """
    past, complete = await decisions_with_applications(caller)
    cases = [
        fair.Case(each.application.sensitive, each.decision.final == "approve", each.decision.bad) for each in past
    ]
    return FairnessReport(
        decisions=len(cases),
        with_outcome=sum(case.bad is not None for case in cases),
        least_group=least_group,
        attributes=await asyncio.to_thread(fair.fairness, cases, least_group),
        proxies=await asyncio.to_thread(
            proxies, [(each.application.sensitive, each.application.features) for each in past]
        ),
        complete=complete,
    )


@router.get("/fraud-report", responses=answer_like(_FRAUD))
async def get_fraud_report(caller: Caller) -> FraudReport:
    """Return how alerts fared against outcomes: recall within the budget, by count and by value, and precision."""
    scored, complete = await newest(caller, ScoredTransaction, MOST_READ)
    return report(scored, complete=complete)


async def _whole(caller: TenantCaller) -> tuple[str | None, ContributionsAnswer | None]:
    """Return the deployed scorecard's version and its whole table, told of an application that says nothing."""
    try:
        prediction = await caller.predict(scorecard, [CreditApplication()])
    except Conflict:
        return None, None
    answer = prediction.answers[0]
    return prediction.adapter, answer if isinstance(answer, ContributionsAnswer) else None


def _stability(cut: datetime, then: list[Past], now: list[Past], complete: bool) -> StabilityReport:
    names = sorted({name for each in (*then, *now) for name in each.application.features})
    features = [
        stability(
            name,
            [each.application.features.get(name) for each in then],
            [each.application.features.get(name) for each in now],
        )
        for name in names
    ]
    features.sort(key=lambda each: (-(each.psi or 0.0), each.name))
    return StabilityReport(
        since=cut,
        score=stability("score", [each.decision.score for each in then], [each.decision.score for each in now]),
        features=features,
        complete=complete,
    )
