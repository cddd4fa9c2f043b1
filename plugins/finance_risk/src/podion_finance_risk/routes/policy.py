"""`/policy`: the one that holds, its versions, a draft tried on the past."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, Limit, Page, answer_like, requires
from podion_finance_risk import policies
from podion_finance_risk.ledger import decisions_with_applications
from podion_finance_risk.policy import Policy, PolicyVersion
from podion_finance_risk.routes.examples import POLICY, VERSION
from podion_finance_risk.simulation import REJECT_INFERENCE, Simulation, simulate

router = APIRouter()

_SHARE = {"count": 610, "of": 1000, "share": 0.61, "low": 0.58, "high": 0.64}
_OUTLINE = {
    "policy": "built-in",
    "actions": {"approve": 610, "refer": 250, "decline": 140},
    "approved": _SHARE,
    "bad_of_approved": {"count": 18, "of": 590, "share": 0.031, "low": 0.019, "high": 0.048},
    "bad_by_grade": {},
}
_SIMULATED = {
    "decisions": 1000,
    "with_outcome": 590,
    "before": _OUTLINE,
    "after": {**_OUTLINE, "policy": "draft"},
    "changed": {"approve>refer": 41},
    "curve": [],
    "rejected": {"count": 390, "without_outcome": 377, "note": REJECT_INFERENCE},
    "complete": True,
}


class NewPolicy(BaseModel):
    """A policy to hold from now on."""

    model_config = ConfigDict(extra="forbid")

    policy: Policy
    by: str = Field(min_length=1, max_length=200, pattern=r"\S", description="who answers for it")
    note: str = Field(default="", max_length=500, description="why")


class Draft(BaseModel):
    """A policy to be tried on the past."""

    model_config = ConfigDict(extra="forbid")

    policy: Policy


@router.get("/policy", dependencies=[requires("predict")], responses=answer_like(VERSION))
async def get_policy(caller: Caller) -> PolicyVersion:
    """Return the policy that holds; `built-in` until you put one."""
    return await policies.current(caller)


@router.put("/policy", dependencies=[requires("deploy")], responses=answer_like(VERSION))
async def put_policy(
    request: Annotated[NewPolicy, Body(examples=[{"policy": POLICY, "by": "risk committee"}])], caller: Caller
) -> PolicyVersion:
    """Keep a new version of the policy, which holds from now on. Decisions of before keep theirs."""
    return await policies.put(caller, request.policy, by=request.by, note=request.note)


@router.get(
    "/policy/versions", dependencies=[requires("data")], responses=answer_like({"data": [VERSION], "next": None})
)
async def list_policy_versions(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[PolicyVersion]:
    """Return the versions, newest first. None is ever changed or removed."""
    return await caller.store.list(PolicyVersion, None, cursor, limit)


@router.post("/policy:simulate", dependencies=[requires("data")], responses=answer_like(_SIMULATED))
async def simulate_policy(request: Annotated[Draft, Body(examples=[{"policy": POLICY}])], caller: Caller) -> Simulation:
    """Say what a draft would have done with the newest 5,000 decisions: approvals and bad rate, before and after.

    `curve` gives both for cuts at every twentieth of the probabilities. `rejected` says how much nobody knows.
    """
    past, complete = await decisions_with_applications(caller)
    holding = await policies.current(caller)
    return await asyncio.to_thread(
        lambda: simulate(past, holding.policy, request.policy, version=holding.id, complete=complete)
    )
