"""Experiments begun and ended: one at a time, so that no arm is measured under another experiment's changes."""

import asyncio
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from podion import Conflict, DataError, Found, NotFound, TenantCaller
from podion_recommender.arm_figures import ExperimentReport, Tallies
from podion_recommender.slate_log import MOST_SLATES, slate_pages
from podion_recommender.steering import NOW, Steering
from podion_recommender.tasks import next_item
from podion_recommender.trials import Arm, Experiment

_EXACT = 1e-6


class ExperimentDraft(BaseModel):
    """An experiment as it is sent; the first arm is the one that the others are compared with."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"\S")
    hypothesis: str = Field(default="", max_length=2_000, description="what is expected, written down beforehand")
    arms: list[Arm] = Field(min_length=2, max_length=8)
    traffic: float = Field(default=1.0, gt=0, le=1, description="share of users who take part")

    @model_validator(mode="after")
    def _arms_are_told_apart(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name: name each differently")
        total = sum(arm.share for arm in self.arms)
        if abs(total - 1) > _EXACT:
            raise ValueError(f"the arms' shares sum to {total:g}: they must sum to 1")
        return self


async def begin(caller: TenantCaller, draft: ExperimentDraft) -> Experiment:
    """Keep an experiment and begin it.

    Raises `DataError` for an adapter that the tenant does not have, `Conflict` while another experiment runs.
    """
    await _check_adapters(caller, draft.arms)
    experiment = Experiment(**dict(draft), id=caller.new_id("exp"), started_at=datetime.now(UTC))

    def change(found: Found) -> list[BaseModel]:
        steering = found.get(Steering, NOW) or Steering(id=NOW)
        if steering.experiment is not None and steering.experiment.id != experiment.id:
            raise Conflict(
                f"the experiment {steering.experiment.name!r} ({steering.experiment.id}) is running: "
                "stop it first, one runs at a time",
                code="experiment_runs",
            )
        return [experiment, steering.model_copy(update={"experiment": experiment})]

    await caller.store.update_all({Steering: [NOW]}, change)
    return experiment


async def stop(caller: TenantCaller, experiment_id: str) -> Experiment:
    """End an experiment: everybody gets what is usual again. One that has ended stays as it is; raises `NotFound`."""
    ended: list[Experiment] = []

    def change(found: Found) -> list[BaseModel]:
        kept = found.get(Experiment, experiment_id)
        if kept is None:
            raise NotFound("there is no experiment of this id")
        if kept.state == "running":
            kept = kept.model_copy(update={"state": "stopped", "stopped_at": datetime.now(UTC)})
        ended[:] = [kept]
        steering = found.get(Steering, NOW) or Steering(id=NOW)
        runs = steering.experiment is not None and steering.experiment.id == experiment_id
        return [kept, *([steering.model_copy(update={"experiment": None})] if runs else [])]

    await caller.store.update_all({Experiment: [experiment_id], Steering: [NOW]}, change)
    return ended[0]


async def figures(caller: TenantCaller, experiment_id: str) -> ExperimentReport:
    """Return what an experiment showed until now, or until it ended; raises `NotFound`."""
    experiment = await caller.store.get(Experiment, experiment_id)
    tallies = Tallies(experiment)
    read = 0
    async for page in slate_pages(caller, since=experiment.started_at, until=experiment.stopped_at):
        await asyncio.to_thread(tallies.count, page)
        read += len(page)
    return await asyncio.to_thread(tallies.report, complete=read < MOST_SLATES)


async def _check_adapters(caller: TenantCaller, arms: list[Arm]) -> None:
    wanted = {arm.adapter for arm in arms if arm.adapter is not None}
    if not wanted:
        return
    known = [card.adapter for card in await caller.adapters(next_item)]
    strange = sorted(wanted - set(known))
    if strange:
        raise DataError(
            f"no version of next_item is called {', '.join(strange)}; there are: {', '.join(known) or 'none yet'}",
            code="unknown_adapter",
        )
