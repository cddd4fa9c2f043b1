"""`/outcomes`: how things went, told when it is known."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, Kept, Limit, Page, answer_like, requires
from podion_finance_risk.outcomes import NewOutcome, Outcome, take

router = APIRouter(dependencies=[requires("data")])

_TOLD = {"ref": "A-20260317-0123", "kind": "default_12m", "value": 1, "observed_at": "2027-03-17T00:00:00Z"}
_KEPT = {
    **_TOLD,
    "id": "out_6b86b273ff34fce19d6b804eff5a3f57",
    "received_at": "2027-03-18T06:00:00Z",
    "about": "dec_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "predictions": ["prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"],
}


class Outcomes(BaseModel):
    """Outcomes as they became known."""

    model_config = ConfigDict(extra="forbid")

    outcomes: list[NewOutcome] = Field(min_length=1, max_length=500)


@router.post("/outcomes", status_code=201, responses=answer_like({"data": [_KEPT]}, 201))
async def post_outcomes(
    request: Annotated[Outcomes, Body(examples=[{"outcomes": [_TOLD]}])], caller: Caller
) -> Kept[Outcome]:
    """Tell how loans went, which transactions were fraud or charged back, which class a customer turned out to be of.

    Each is written to what it is about and fed back to the answers that it judges, so that
    `POST /datasets/{id}:grow` with feedback learns it. What nobody knows yet is not sent: an application without
    an outcome never counts as good. If one cannot be taken, none is.
    """
    return Kept(data=await take(caller, request.outcomes))


@router.get("/outcomes", responses=answer_like({"data": [_KEPT], "next": None}))
async def list_outcomes(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Outcome]:
    """Return the outcomes, newest first."""
    return await caller.store.list(Outcome, None, cursor, limit)
