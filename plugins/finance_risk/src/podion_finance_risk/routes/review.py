"""`/review-queue`: decisions that wait for a person, and what the person said."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Limit, Page, answer_like, requires
from podion_finance_risk import reviewing
from podion_finance_risk.decisions import ReviewItem
from podion_finance_risk.routes.examples import REVIEW

router = APIRouter(dependencies=[requires("data")])

_HUMAN = {"action": "approve", "by": "Mei", "reason": "The salary slip shows the raise.", "at": "2026-03-18T08:00:00Z"}


class Verdict(BaseModel):
    """What a person decided."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["approve", "decline"]
    by: str = Field(min_length=1, max_length=200, pattern=r"\S", description="who decided")
    reason: str = Field(min_length=1, max_length=2_000, pattern=r"\S", description="why; a notice gives these words")


@router.get("/review-queue", responses=answer_like({"data": [REVIEW], "next": None}))
async def list_reviews(
    caller: Caller,
    state: Annotated[Literal["waiting", "decided"], Query(description="which items")] = "waiting",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReviewItem]:
    """Return the decisions that wait for a person, newest first: referred by the policy, or requested."""
    return await caller.store.list(ReviewItem, {"state": state}, cursor, limit)


@router.post("/review-queue/{review_id}:decide", responses=answer_like({**REVIEW, "state": "decided", "human": _HUMAN}))
async def decide_review(
    review_id: DocumentId,
    request: Annotated[Verdict, Body(examples=[{"action": "approve", "by": "Mei", "reason": _HUMAN["reason"]}])],
    caller: Caller,
) -> ReviewItem:
    """Decide as a person: it holds from now on, with who decided and why. 409 where a person has decided already."""
    return await reviewing.decide(caller, review_id, request.action, request.by, request.reason)
