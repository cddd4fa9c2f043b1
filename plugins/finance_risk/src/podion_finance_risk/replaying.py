"""The audit: a decision made again by the very version and policy of then, and whether it is the same."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_finance_risk import policies
from podion_finance_risk.applications import BY_NAME, decided
from podion_finance_risk.decisions import Application, Decision

NEAR = 1e-6
"""Two passes over one record in batches of another size may differ by less than this."""

_EXACTLY = ("score", "grade", "action", "abstained")


class Difference(BaseModel):
    """A value that came out otherwise."""

    field: str
    then: Any
    now: Any


class Replay(BaseModel):
    """A decision of then beside what the same version, policy and application make now."""

    decision_id: str
    equal: bool = Field(description="true: score, grade, action and reasons are the same, pd within 1e-6")
    adapter: str
    policy: str
    then: dict[str, Any]
    now: dict[str, Any]
    differences: list[Difference]


async def replay(caller: TenantCaller, decision: Decision) -> Replay:
    """Return a decision made again; raises `NotFound` where the application or the version is gone. Metered."""
    application = await caller.store.get(Application, decision.id)
    holding = await policies.version(caller, decision.policy)
    prediction = await caller.predict(BY_NAME[decision.task], [application.record()], adapter=decision.adapter)
    answered = {decision.task: prediction.answers[0]}
    again = decided(holding, application, answered, {decision.task: prediction.adapter}, decision.decided_at)
    then, now = _told(decision), _told(again)
    found = [Difference(field=name, then=then[name], now=now[name]) for name in then if not _same(name, then, now)]
    return Replay(
        decision_id=decision.id,
        equal=not found,
        adapter=prediction.adapter,
        policy=holding.id,
        then=then,
        now=now,
        differences=found,
    )


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "pd": decision.pd,
        **{name: getattr(decision, name) for name in _EXACTLY},
        "reasons": [reason.code for reason in decision.reasons],
        "adapter": decision.adapter,
    }


def _same(name: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return abs(then[name] - now[name]) <= NEAR if name == "pd" else bool(then[name] == now[name])
