"""`/interactions`: what users did, by batch or as JSON lines, each counted once."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, answer_like, requires
from podion_recommender.ingest import MOST_ACTS, Accepted, take_in
from podion_recommender.interactions import InteractionDraft
from podion_recommender.lines import parsed

router = APIRouter(prefix="/interactions", dependencies=[requires("data")])

_ACT = {
    "event_id": "evt-20260701-17",
    "user_id": "u-7f3a",
    "item_id": "sku-1042",
    "kind": "purchase",
    "value": 89.0,
    "at": "2026-07-01T14:05:00Z",
    "slate_id": "slt_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "position": 3,
}
_TAKEN = {"created": 1, "known": 0, "data": ["created"]}


class Acts(BaseModel):
    """Interactions, up to 1,000."""

    model_config = ConfigDict(extra="forbid")

    interactions: list[InteractionDraft] = Field(min_length=1, max_length=MOST_ACTS)


@router.post("", responses=answer_like(_TAKEN))
async def post_interactions(
    batch: Annotated[Acts, Body(examples=[{"interactions": [_ACT]}])], caller: Caller
) -> Accepted:
    """Take in up to 1,000 acts; those whose event_id is known change nothing. The next list knows of them."""
    return await take_in(caller, batch.interactions)


@router.post(":upload", responses=answer_like(_TAKEN))
async def upload_interactions(
    lines: Annotated[bytes, Body(media_type="application/x-ndjson", description="one act a line, up to 10,000")],
    caller: Caller,
) -> Accepted:
    """Take in the acts of JSON lines, up to 10,000 and 4 MiB at once; none is taken if one line is faulty."""
    return await take_in(caller, parsed(lines, InteractionDraft, 10 * MOST_ACTS))
