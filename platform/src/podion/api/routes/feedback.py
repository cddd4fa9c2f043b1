"""A vertical's feedback: what clients say of an answer, under its `prediction_id`."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from podion.api.access import HostCaller
from podion.api.idempotency import once
from podion.api.services import services_of
from podion.caller import requires
from podion.data.labels import label_names
from podion.hookspecs import Reviewed
from podion.lifecycle.feedback import Judgement, give, known_labels, told_label
from podion.vertical import Vertical

Name = Annotated[str, Field(min_length=1, max_length=200)]


class NewFeedback(BaseModel):
    """The right label, or several where a record has several, or a value such as the right number, and a remark."""

    prediction_id: str = Field(max_length=64, examples=["prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"])
    label: Name | Annotated[list[Name], Field(max_length=1_000)] | None = Field(
        default=None, description="what the answer should have been: one label, or a list for a task with several"
    )
    value: float | None = Field(default=None, allow_inf_nan=False)
    out_of_scope: bool = Field(default=False, description="true: no label fits, the answer should have abstained")
    comment: str | None = Field(default=None, max_length=2_000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.label is None and self.value is None and not self.out_of_scope:
            raise ValueError("give a label, a value, or out_of_scope")
        return self


class FeedbackOut(BaseModel):
    """Feedback as it was stored."""

    id: str
    prediction_id: str
    task: str
    label: str | list[str] | None
    new_label: bool = Field(description="true: no record of the newest dataset has this label yet")
    value: float | None
    out_of_scope: bool
    comment: str | None
    at: datetime


def feedback_router(vertical: Vertical) -> APIRouter:
    """Return the feedback route of one vertical."""
    router = APIRouter(dependencies=[requires("predict")])

    @router.post("/feedback", status_code=201, response_model=FeedbackOut)
    async def give_feedback(request: Request, caller: HostCaller, body: NewFeedback) -> JSONResponse:
        """Store what a client says of a prediction; `:grow` on a dataset takes it in."""

        judgement = Judgement(
            prediction=body.prediction_id,
            label=body.label,
            value=body.value,
            out_of_scope=body.out_of_scope,
            comment=body.comment,
        )

        def effect(c: Any) -> FeedbackOut:
            row = give(c, caller.tenant, vertical, judgement, services_of(request).masking)
            known = known_labels(c, caller.tenant, row.task)
            return FeedbackOut(
                id=row.id,
                prediction_id=row.prediction,
                task=row.task,
                label=(label := told_label(vertical.task(row.task.partition("/")[2]), row.label)),
                new_label=not known.issuperset(label_names(label)),
                value=row.value,
                out_of_scope=row.out_of_scope,
                comment=row.comment,
                at=row.at,
            )

        response = await once(request, caller.tenant, effect)
        if "Idempotent-Replayed" not in response.headers:
            services_of(request).watchers.reviewed(_reviewed(caller.tenant, vertical, response))
        return response

    return router


def _reviewed(tenant: str, vertical: Vertical, response: JSONResponse) -> Reviewed:
    stored = FeedbackOut.model_validate_json(bytes(response.body))
    return Reviewed(
        tenant=tenant,
        vertical=vertical.name,
        task=stored.task.partition("/")[2],
        prediction_id=stored.prediction_id,
        label=stored.label if isinstance(stored.label, str) else None,
        labels=tuple(label_names(stored.label)),
        value=stored.value,
        out_of_scope=stored.out_of_scope,
        comment=stored.comment,
        at=stored.at,
    )
