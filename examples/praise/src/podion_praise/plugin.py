"""Praise or complaint: the smallest vertical that does real work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from podion import Caller, LabelHead, Prediction, Task, Vertical, hookimpl, requires


class Remark(BaseModel):
    """One sentence a customer wrote; training records carry a label."""

    text: str = Field(min_length=1, max_length=2_000)
    label: Literal["complaint", "praise"] | None = None


judge = Task(name="judge", record=Remark, head=LabelHead(), metric="macro_f1")
router = APIRouter(dependencies=[requires("predict")])


@router.post("/judge")
async def post_judge(remark: Remark, caller: Caller) -> Prediction:
    """Say whether a remark is praise or a complaint."""
    return await caller.predict(judge, [remark])


@hookimpl
def register_vertical() -> Vertical:
    """Bring the vertical: its titles, its one task and its one route."""
    return Vertical(
        name="praise", title={"en": "Praise or complaint", "zh": "好评或投诉"}, tasks=(judge,), router=router
    )
