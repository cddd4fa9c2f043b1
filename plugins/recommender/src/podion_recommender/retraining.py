"""Telling a tenant that a new run is due. A plugin cannot start one: the tenant, or who serves it, does.

A run costs what the tenant pays for and needs a data set and a key with the scope `train`; a plugin acts for a tenant
without either. So the platform is left to say when, by an event that webhooks take, and the receiver sends the data set
and asks for the run.
"""

import asyncio
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, Field

from podion import EventType, TenantCaller
from podion_recommender.catalogue import Nothing
from podion_recommender.config import settings_of
from podion_recommender.interactions import Interaction, weight_of
from podion_recommender.reading import read_all
from podion_recommender.retraining_policy import Reason, Signs, drift, due
from podion_recommender.tasks import next_item

JOB = "retraining_due"
MOST_READ = 20_000
_ID = "next_item"
_SEED = 2026


class RetrainingState(BaseModel):
    """What was found at the last look."""

    id: str = Field(default="", description="`next_item`")
    looked_at: AwareDatetime
    due: list[Reason] = Field(description="why a new run is due; empty: none is")
    signs: Signs
    told: str | None = Field(default=None, description="for which adapter and reasons the event went out last")


class RetrainingDue(BaseModel):
    """The event: a new run is due. `steps` are the calls to make, with a key that may."""

    task: str = _ID
    reasons: list[Reason]
    signs: Signs
    steps: list[str] = [
        "POST /v1/recommender/datasets?task=next_item",
        "POST /v1/recommender/runs",
        "POST /v1/recommender/deployments",
    ]


DUE = EventType(name="retraining.due", payload=RetrainingDue, summary="A new run of next_item is due, and why.")


async def look(caller: TenantCaller) -> RetrainingState:
    """Look whether a new run is due, keep what was found and return it; the event goes out once for each reason."""
    now = datetime.now(UTC)
    settings = settings_of(caller)
    signs = await _signs(caller, now)
    reasons = due(signs, settings.retraining)
    before = (await caller.store.get_all(RetrainingState, [_ID])).get(_ID)
    mark = f"{signs.adapter or 'none'}: {', '.join(reasons)}" if reasons else None
    told = before.told if before else None
    if mark is not None and mark != told:
        await caller.emit(DUE, RetrainingDue(reasons=reasons, signs=signs))
        told = mark
    return await caller.store.put(RetrainingState(id=_ID, looked_at=now, due=reasons, signs=signs, told=told))


async def look_hourly(caller: TenantCaller, payload: Nothing) -> None:
    """The job: look."""
    await look(caller)


async def _signs(caller: TenantCaller, now: datetime) -> Signs:
    settings = settings_of(caller)
    read, _ = await read_all(caller, Interaction, MOST_READ)
    acts = [act for act in read if weight_of(act, settings) > 0]
    live = next((card for card in await caller.adapters(next_item) if card.live), None)
    if live is None:
        return Signs(interactions=len(acts), new=len(acts), new_share=1.0 if acts else 0.0)
    before = [act.item_id for act in acts if act.at < live.created_at]
    since = [act.item_id for act in acts if act.at >= live.created_at]
    return Signs(
        adapter=live.adapter,
        age_days=(now - live.created_at).total_seconds() / 86_400,
        interactions=len(acts),
        new=len(since),
        new_share=len(since) / len(acts) if acts else 0.0,
        drift=await asyncio.to_thread(drift, before, since, _SEED),
    )
