"""The offline evaluation as a job: it reads a tenant's interactions, asks the live adapter, and keeps a report."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import AdapterCard, DataError, PodionError, TenantCaller
from podion_recommender.asking_adapter import adapter_rankings, older
from podion_recommender.config import settings_of
from podion_recommender.interactions import Interaction, weight_of
from podion_recommender.offline_report import DEPTH, ModelReport, OfflineReport, figures
from podion_recommender.past_and_later import Parted, Protocol, Taken, leave_one_out, time_cut
from podion_recommender.reading import read_all
from podion_recommender.schema import Item
from podion_recommender.tasks import next_item

Ints = NDArray[np.int64]

JOB = "offline_eval"
SEED = 2026
LEAST_ROWS = 20
MOST_EVENTS = 100_000
MOST_ITEMS = 50_000
MOST_SECONDS = 240.0
"""Of one evaluation: less than the platform grants a job, so that what it could not do is told in the report."""

_LATER_SHARE = 0.8


class EvaluationRequest(BaseModel):
    """What is evaluated, and how."""

    model_config = ConfigDict(extra="forbid")

    protocol: Protocol = Field(
        default="time_cut",
        description="`time_cut`: nothing from the cut on is known to any model; `leave_one_out`: each user's last item",
    )
    cut: AwareDatetime | None = Field(
        default=None,
        description="of `time_cut`; default: when what the live adapter learned from ended, else after four fifths",
    )
    learned_until: AwareDatetime | None = Field(
        default=None, description="when the data set of the live adapter ended; default: when the adapter was made"
    )
    users: int = Field(default=500, ge=20, le=5_000, description="most users asked about, by lot; each is a prediction")
    als: bool = Field(default=True, description="false: without the library's factors, which take longest")


class Evaluation(EvaluationRequest):
    """The payload of the job."""

    report: str = Field(default="", description="the id of the report that it fills in")


async def begin(caller: TenantCaller, request: EvaluationRequest) -> OfflineReport:
    """Leave an evaluation for later and return its report, which waits."""
    report = OfflineReport(id=caller.new_id("oev"), protocol=request.protocol, asked_at=datetime.now(UTC))
    kept = await caller.store.put(report)
    await caller.enqueue(JOB, Evaluation(**request.model_dump(), report=report.id))
    return kept


async def evaluate(caller: TenantCaller, payload: Evaluation) -> None:
    """The job: fill in the report; what cannot be evaluated is told there."""
    report = await caller.store.get(OfflineReport, payload.report)
    if report.state in ("done", "failed"):
        return
    await caller.store.put(report.model_copy(update={"state": "running"}))
    try:
        async with asyncio.timeout(MOST_SECONDS):
            told = await _evaluated(caller, payload, report)
    except PodionError as error:  # also while the engine is away: who asked sees it, and asks again
        told = report.model_copy(update={"state": "failed", "problem": str(error)})
    except TimeoutError:
        problem = f"it took more than {MOST_SECONDS:g} s: ask about fewer users, or with `als` false"
        told = report.model_copy(update={"state": "failed", "problem": problem})
    await caller.store.put(told.model_copy(update={"ended_at": datetime.now(UTC)}))


async def _evaluated(caller: TenantCaller, payload: Evaluation, report: OfflineReport) -> OfflineReport:
    items, all_items = await read_all(caller, Item, MOST_ITEMS)
    shown = [item for item in items if not item.hidden]
    acts, all_acts = await read_all(caller, Interaction, MOST_EVENTS)
    settings = settings_of(caller)
    wanted = [(act.user_id, act.item_id, act.at.timestamp()) for act in acts if weight_of(act, settings) > 0]
    taken = await asyncio.to_thread(Taken.of, wanted, [item.id for item in shown])
    live = next((card for card in await caller.adapters(next_item) if card.live), None)
    learned = _learned(payload, live)
    parted = await asyncio.to_thread(_parted, taken, payload, learned)
    models = await _models(caller, payload, taken, parted, [_features(item) for item in shown], live, learned)
    return report.model_copy(
        update={
            "state": "done",
            "cut": None if parted.cut is None else datetime.fromtimestamp(parted.cut, UTC),
            "rows": len(parted.asked.users),
            "users": len(taken.names),
            "items": len(shown),
            "events": len(taken.users),
            "complete": all_items and all_acts,
            "models": models,
            "notes": _notes(models, payload.protocol, all_items and all_acts),
        }
    )


def _learned(payload: Evaluation, live: AdapterCard | None) -> float | None:
    """Return until when the live adapter may have learned; None without one."""
    if live is None:
        return None
    return (payload.learned_until or live.created_at).timestamp()


def _parted(taken: Taken, payload: Evaluation, learned: float | None) -> Parted:
    if payload.protocol == "leave_one_out":
        parted = leave_one_out(taken, payload.users, SEED)
    else:
        parted = time_cut(taken, _cut(taken, payload, learned), payload.users, SEED)
    rows = len(parted.asked.users)
    if rows < LEAST_ROWS or not len(parted.users):
        raise DataError(
            f"{rows} users took anything that can be asked about, of {len(taken.names)} users and "
            f"{len(taken.users)} pairs of user and item, {len(parted.users)} of which are known before; at least "
            f"{LEAST_ROWS} users and something known are needed: send more interactions, or name another cut",
            code="too_few",
        )
    return parted


def _cut(taken: Taken, payload: Evaluation, learned: float | None) -> float:
    """Return when what came later begins: as asked, else where the adapter's knowledge ends, if enough came after."""
    if payload.cut is not None:
        return payload.cut.timestamp()
    if learned is not None:
        after = len(np.unique(taken.users[taken.at >= learned]))
        if after >= LEAST_ROWS and (taken.at < learned).any():
            return learned
    return float(np.quantile(taken.at, _LATER_SHARE)) if len(taken.at) else 0.0


def _features(item: Item) -> frozenset[str]:
    category = () if item.category is None else (f"c:{item.category}",)
    return frozenset((*category, *(f"t:{tag}" for tag in item.tags)))


async def _models(
    caller: TenantCaller,
    payload: Evaluation,
    taken: Taken,
    parted: Parted,
    features: Sequence[frozenset[str]],
    live: AdapterCard | None,
    learned: float | None,
) -> list[ModelReport]:
    """Return what every model shows, the live adapter first."""
    simple, popular = await asyncio.to_thread(_baselines, parted, taken, features, payload.als)
    if live is None or learned is None:
        return simple
    ranked = await adapter_rankings(caller, live.adapter, taken, parted.asked)
    told = await asyncio.to_thread(figures, next_item.name, ranked, parted, features, popular)
    mine = told.model_copy(update={"adapter": live.adapter, "may_have_learned": older(taken, parted, learned)})
    return [mine, *simple]


def _baselines(
    parted: Parted, taken: Taken, features: Sequence[frozenset[str]], with_als: bool
) -> tuple[list[ModelReport], Ints]:
    """Return what simple models show, and popularity's rankings; takes seconds: for a thread of its own."""
    from podion_recommender import baselines  # loads scipy and, later, a library: not while the server starts

    found: list[ModelReport] = []
    popular: Ints | None = None
    for name, ranked in baselines.rankings(parted, taken.catalogue, DEPTH, SEED, with_als=with_als):
        found.append(figures(name, ranked, parted, features, popular))
        popular = ranked if popular is None else popular
    assert popular is not None, "popularity comes first"
    return found, popular


def _notes(models: Sequence[ModelReport], protocol: Protocol, complete: bool) -> list[str]:
    notes = []
    if protocol == "leave_one_out":
        notes.append("leave-one-out: what others did after a user's last item may be known to a model")
    learned = next((each.may_have_learned for each in models if each.model == next_item.name), None)
    if learned is None:
        notes.append("no adapter of next_item is live: only baselines stand here")
    elif learned > 0:
        notes.append(
            f"{learned:.0%} of what came later is older than the end of what the adapter may have learned: its figures "
            "may be of what it knows by heart; ask with `protocol` time_cut, `cut` and `learned_until` where its data "
            "set ended"
        )
    if not complete:
        notes.append("there are more interactions or items than were read: the newest were")
    return notes
