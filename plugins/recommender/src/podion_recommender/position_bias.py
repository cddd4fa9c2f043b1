"""How much of a click is owed to the place: fitted from a tenant's slates, daily, and kept for serving and learning."""

import asyncio
from datetime import UTC, datetime

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field

from podion import TenantCaller
from podion_recommender import examination
from podion_recommender.catalogue import Nothing
from podion_recommender.examination import Fitted, Shown, Source
from podion_recommender.slate_log import newest_slates, places
from podion_recommender.slates import Slate
from podion_recommender.steering import NOW, Steering

MOST_READ = 20_000


class PositionBias(BaseModel):
    """How probable it is that a place is looked at, beside the first, and what that was told from."""

    id: str = Field(default="", description="`now`")
    examination: list[float] = Field(description="by position from 0; empty: too few clicks, the prior stands")
    source: Source = Field(description="`chance`: places that chance filled; `model`: a position-based model; `prior`")
    rows: int = Field(description="places that it was told from")
    clicks: int
    fitted_at: AwareDatetime


async def fit_position_bias(caller: TenantCaller) -> PositionBias:
    """Fit the table from the newest slates, keep it, and return it; from the next read on serving has it."""
    slates, _ = await newest_slates(caller, most=MOST_READ)
    fitted = await asyncio.to_thread(_fit, slates)
    told = PositionBias(
        id=NOW,
        examination=list(fitted.table),
        source=fitted.source,
        rows=fitted.rows,
        clicks=fitted.clicks,
        fitted_at=datetime.now(UTC),
    )
    await caller.store.put(told)
    await caller.store.update(
        Steering,
        NOW,
        lambda kept: kept.model_copy(update={"examination": told.examination}),
        begin=Steering(id=NOW),
    )
    return told


async def fit_daily(caller: TenantCaller, payload: Nothing) -> None:
    """The job: fit the table."""
    await fit_position_bias(caller)


def _fit(slates: list[Slate]) -> Fitted:
    rows = [place for slate in slates for place in places(slate) if not place.pinned]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(place.shown.item_id for place in rows))}
    return examination.fit(
        Shown(
            positions=np.array([place.shown.position for place in rows], dtype=np.int64),
            items=np.array([numbers[place.shown.item_id] for place in rows], dtype=np.int64),
            clicked=np.array([place.clicked for place in rows], dtype=np.bool_),
            chance=np.array([place.by_chance for place in rows], dtype=np.bool_),
        )
    )
