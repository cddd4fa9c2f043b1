"""`/review`: the label queue."""

from typing import Annotated, Self

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from podion import Caller, DocumentId, answer_like, requires
from podion_customer_service.questions import Question
from podion_customer_service.review import Queue, queue
from podion_customer_service.unanswered import judge

router = APIRouter(dependencies=[requires("data")])

_QUESTION = {
    "id": "que_msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J",
    "conversation_id": "cnv_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "text": "is it coming or what",
    "language": "en",
    "label": "order_status",
    "confidence": 0.41,
    "margin": 0.03,
    "abstained": False,
    "answered": False,
    "reason": None,
    "at": "2026-07-01T09:00:05Z",
    "reviewed": False,
    "reviewed_as": None,
}


class Verdict(BaseModel):
    """What a question should have been taken for."""

    model_config = ConfigDict(extra="forbid")

    label: str | None = Field(default=None, min_length=1, max_length=200)
    out_of_scope: bool = Field(default=False, description="true: it belongs to no intent")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.label is None) != self.out_of_scope:
            raise ValueError("send either `label` or `out_of_scope: true`")
        return self


@router.get("/review", responses=answer_like({"data": [_QUESTION], "waiting": 1}))
async def get_queue(caller: Caller, limit: Annotated[int, Query(ge=1, le=100)] = 30) -> Queue:
    """Return the questions whose labels would teach most: the least certain first, and of those alike only one."""
    return await queue(caller, limit)


@router.post(
    "/review/{question_id}", responses=answer_like({**_QUESTION, "reviewed": True, "reviewed_as": "delivery_delay"})
)
async def post_verdict(
    question_id: DocumentId, request: Annotated[Verdict, Body(examples=[{"label": "delivery_delay"}])], caller: Caller
) -> Question:
    """Say what a question should have been taken for; `POST /datasets/{id}:grow` with feedback takes it in."""
    question = await caller.store.get(Question, question_id)
    return await judge(caller, question, request.label)
