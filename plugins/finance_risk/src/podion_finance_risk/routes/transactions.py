"""`/transactions:score`: payments in a stream, each with its windows, some with an alert."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Kept, Limit, Page, answer_like, requires
from podion_finance_risk.routes.examples import PAYMENT, SCORED
from podion_finance_risk.schema import Payment
from podion_finance_risk.transactions import ScoredTransaction, score

router = APIRouter()

MOST_AT_ONCE = 256


class Payments(BaseModel):
    """Several payments; they are taken in order of their times, whatever order they come in."""

    model_config = ConfigDict(extra="forbid")

    transactions: list[Payment] = Field(min_length=1, max_length=MOST_AT_ONCE)


@router.post("/transactions:score", dependencies=[requires("predict")], responses=answer_like(SCORED))
async def score_transaction(payment: Annotated[Payment, Body(examples=[PAYMENT])], caller: Caller) -> ScoredTransaction:
    """Say how probable fraud is, out of what account and terminal did before, and whether somebody should look.

    The windows hold nothing that was not known at the transaction's own time. A `transaction_id` that was sent before
    gets the answer of then. 409 `untrained` until an adapter of `fraud` is deployed.
    """
    [scored] = await score(caller, [payment])
    return scored


@router.post("/transactions:score-batch", dependencies=[requires("predict")], responses=answer_like({"data": [SCORED]}))
async def score_transactions(
    request: Annotated[Payments, Body(examples=[{"transactions": [PAYMENT]}])], caller: Caller
) -> Kept[ScoredTransaction]:
    """Score up to 256 payments in order of their times; answers come in the order sent."""
    return Kept(data=await score(caller, request.transactions))


@router.get("/transactions", dependencies=[requires("data")], responses=answer_like({"data": [SCORED], "next": None}))
async def list_transactions(
    caller: Caller,
    alert: Annotated[bool | None, Query(description="true: only those that raised an alert")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ScoredTransaction]:
    """Return the scored transactions, newest first; `alert=true` are those that somebody should look at."""
    return await caller.store.list(ScoredTransaction, None if alert is None else {"alert": alert}, cursor, limit)


@router.get("/transactions/{transaction}", dependencies=[requires("data")], responses=answer_like(SCORED))
async def get_transaction(transaction: DocumentId, caller: Caller) -> ScoredTransaction:
    """Return a scored transaction with its windows, and what it was where an outcome told it."""
    return await caller.store.get(ScoredTransaction, transaction)
