"""What is told of the lists: offline evaluation, what chance would have earned, position bias, and when to train."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query

from podion import Caller, DocumentId, NotFound, answer_like, requires
from podion_recommender.offline_eval import EvaluationRequest, begin
from podion_recommender.offline_report import OfflineReport
from podion_recommender.position_bias import PositionBias, fit_position_bias
from podion_recommender.retraining import RetrainingState, look
from podion_recommender.steering import NOW
from podion_recommender.what_if import OffPolicyReport, Reward, what_if

router = APIRouter()

_ID = "oev_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"
_WAITING = {"id": _ID, "state": "waiting", "protocol": "time_cut", "asked_at": "2026-07-01T14:05:00Z", "models": []}
_METRICS = {
    "ndcg@10": 0.071, "recall@10": 0.112, "recall@50": 0.24, "mrr": 0.066, "map": 0.061, "coverage": 0.42,
    "gini": 0.81, "novelty": 10.2, "diversity": 0.55, "average_popularity": 61.0, "tail_share": 0.22,
}  # fmt: skip
_DONE = {
    **_WAITING,
    "state": "done",
    "ended_at": "2026-07-01T14:05:40Z",
    "cut": "2026-06-20T00:00:00Z",
    "rows": 500,
    "users": 4120,
    "items": 5000,
    "events": 200000,
    "models": [
        {
            "model": "next_item",
            "metrics": _METRICS,
            "slices": {"cold_users": {"rows": 61, "metrics": {"ndcg@10": 0.04}}},
            "against_popularity": [0.031, 0.052],
            "adapter": "b1946ac9…",
            "may_have_learned": 0.0,
        }
    ],
}
_RATE = {"value": 0.05, "low": 0.04, "high": 0.06, "count": 500, "of": 10000}
_WHAT_IF = {
    "reward": "click",
    "since": "2026-06-01T00:00:00Z",
    "slates": 1000,
    "without_chance": 0,
    "complete": True,
    "clip": 20.0,
    "policies": [
        {
            "policy": "no exploration",
            "ips": _RATE,
            "snips": _RATE,
            "logged": {**_RATE, "value": 0.048},
            "rows": 10000,
            "users": 812,
            "effective": 9480.0,
            "mean_weight": {**_RATE, "value": 1.0, "low": 0.99, "high": 1.01},
            "clipped": 0.0,
            "refused": None,
        }
    ],
}
_BIAS = {
    "id": "now",
    "examination": [1.0, 0.71, 0.55],
    "source": "chance",
    "rows": 10000,
    "clicks": 480,
    "fitted_at": "2026-07-01T03:00:00Z",
}
_STATE = {
    "id": "next_item",
    "looked_at": "2026-07-01T14:00:00Z",
    "due": ["new_interactions"],
    "signs": {
        "adapter": "b1946ac9…", "age_days": 9.2, "interactions": 20000, "new": 5120, "new_share": 0.256, "drift": 0.03,
    },
    "told": "b1946ac9…: new_interactions",
}  # fmt: skip


@router.post("/offline-eval", status_code=202, dependencies=[requires("train")], responses=answer_like(_WAITING, 202))
async def post_offline_eval(
    request: Annotated[EvaluationRequest, Body(examples=[{"protocol": "time_cut", "users": 500}])], caller: Caller
) -> OfflineReport:
    """Leave an evaluation for later: the live adapter beside popularity, item-kNN and ALS, over the whole catalogue."""
    return await begin(caller, request)


@router.get("/offline-eval", dependencies=[requires("predict")], responses=answer_like(_DONE))
async def get_offline_eval(caller: Caller) -> OfflineReport:
    """Return the evaluation that was asked for last, done or not."""
    page = await caller.store.list(OfflineReport, None, None, 1)
    if not page.data:
        raise NotFound("no evaluation was asked for yet: POST /v1/recommender/offline-eval asks for one")
    return page.data[0]


@router.get("/offline-eval/{report_id}", dependencies=[requires("predict")], responses=answer_like(_DONE))
async def get_offline_eval_report(report_id: DocumentId, caller: Caller) -> OfflineReport:
    """Return one evaluation."""
    return await caller.store.get(OfflineReport, report_id)


@router.get("/off-policy", dependencies=[requires("predict")], responses=answer_like(_WHAT_IF))
async def get_off_policy(
    caller: Caller,
    exploration: Annotated[
        list[Annotated[float, Query(ge=0, le=1)]] | None,
        Query(max_length=10, description="shares of chance that are asked about; 0: none"),
    ] = None,
    reward: Annotated[Reward, Query(description="what is earned at a place")] = "click",
    days: Annotated[float, Query(gt=0, le=366, description="how far back")] = 30,
    clip: Annotated[float, Query(ge=1, le=1_000, description="largest weight of a place")] = 20,
) -> OffPolicyReport:
    """Return what other shares of chance would have earned a place, by the propensities that the slates were kept with.

    Where the log lacks what a policy would show, nothing is estimated, and the reason is told.
    """
    since = datetime.now(UTC) - timedelta(days=days)
    shares = [0.0] if exploration is None else exploration
    return await what_if(caller, shares, reward=reward, clip=clip, since=since)


@router.get("/position-bias", dependencies=[requires("predict")], responses=answer_like(_BIAS))
async def get_position_bias(caller: Caller) -> PositionBias:
    """Return how probable it is that a place is looked at, as it was fitted last."""
    return await caller.store.get(PositionBias, NOW)


@router.post("/position-bias:fit", dependencies=[requires("train")], responses=answer_like(_BIAS))
async def post_position_bias(caller: Caller) -> PositionBias:
    """Fit it now, from the newest slates; it is fitted daily by itself."""
    return await fit_position_bias(caller)


@router.get("/retraining", dependencies=[requires("predict")], responses=answer_like(_STATE))
async def get_retraining(caller: Caller) -> RetrainingState:
    """Return whether a new run is due, and why, as it was found at the last look, at most an hour ago."""
    return await caller.store.get(RetrainingState, "next_item")


@router.post("/retraining:look", dependencies=[requires("data")], responses=answer_like(_STATE))
async def post_retraining(caller: Caller) -> RetrainingState:
    """Look now; where a new run is due, the event `recommender.retraining.due` goes out, once for each reason."""
    return await look(caller)
