"""How much of a click is owed to the place: fitted from a tenant's slates, daily, and kept for serving and learning."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field

from podion import TenantCaller
from podion_recommender import examination
from podion_recommender.catalogue import Nothing
from podion_recommender.examination import Fitted, Shown, Source
from podion_recommender.slate_log import places, slate_pages
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
    columns = _Columns()
    async for page in slate_pages(caller, most=MOST_READ):
        await asyncio.to_thread(columns.add, page)
    fitted = await asyncio.to_thread(columns.fit)
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


class _Columns:
    """What a fit needs of each place that was shown: a few numbers."""

    def __init__(self) -> None:
        self._items: dict[str, int] = {}
        self._rows: list[tuple[int, int, bool, bool]] = []

    def add(self, slates: Iterable[Slate]) -> None:
        """Take in slates; what a rule pinned says nothing of merit or place."""
        for slate in slates:
            for place in places(slate):
                if not place.pinned:
                    item = self._items.setdefault(place.shown.item_id, len(self._items))
                    self._rows.append((place.shown.position, item, place.clicked, place.by_chance))

    def fit(self) -> Fitted:
        """Return the table."""
        positions, items, clicked, chance = np.array(self._rows, dtype=np.int64).reshape(-1, 4).T
        return examination.fit(
            Shown(positions=positions, items=items, clicked=clicked.astype(np.bool_), chance=chance.astype(np.bool_))
        )
