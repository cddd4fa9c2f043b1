"""`/experiments`: two or more ways of recommending, tried on parts of the users at once."""

from typing import Annotated

from fastapi import APIRouter, Body

from podion import Caller, Cursor, DocumentId, Limit, Page, answer_like, requires
from podion_recommender.arm_figures import ExperimentReport
from podion_recommender.experiments import ExperimentDraft, begin, figures, stop
from podion_recommender.trials import Experiment

router = APIRouter(prefix="/experiments")

_DRAFT = {
    "name": "more variety",
    "hypothesis": "lists that repeat less are clicked more",
    "arms": [{"name": "control", "share": 0.5}, {"name": "varied", "share": 0.5, "diversity": 0.6}],
}
_KEPT = {
    **_DRAFT,
    "id": "exp_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "traffic": 1.0,
    "state": "running",
    "started_at": "2026-07-01T09:00:00Z",
    "stopped_at": None,
}
_RATE = {"value": 0.052, "low": 0.048, "high": 0.056, "count": 2103, "of": 40210}
_ARM = {
    "arm": "varied",
    "share": 0.5,
    "users": 2011,
    "slates": 4021,
    "ctr": _RATE,
    "cvr": {**_RATE, "value": 0.004, "low": 0.003, "high": 0.005, "count": 160},
    "hide_rate": {**_RATE, "value": 0.001, "low": 0.0007, "high": 0.0013, "count": 40},
    "positions": [{"position": 0, "shown": 4021, "clicks": 480, "purchases": 31, "ctr": 0.119, "cvr": 0.0077}],
    "adapters": {"b1946ac9…": 4021},
    "against": {
        "ctr": {"value": 0.006, "low": 0.001, "high": 0.011, "relative": 0.13, "p_value": 0.012},
        "cvr": {"value": 0.0, "low": -0.001, "high": 0.001, "relative": 0.01, "p_value": 0.92},
        "hide_rate": {"value": 0.0, "low": -0.0004, "high": 0.0005, "relative": 0.02, "p_value": 0.81},
    },
    "verdict": "better",
}
_REPORT = {
    "experiment": _KEPT,
    "slates": 8065,
    "complete": True,
    "sample_ratio": {
        "users": {"control": 2034, "varied": 2011},
        "expected": {"control": 2022.5, "varied": 2022.5},
        "p_value": 0.72,
        "suspicious": False,
    },
    "arms": [_ARM],
}


@router.post("", status_code=201, dependencies=[requires("deploy")], responses=answer_like(_KEPT, 201))
async def post_experiment(draft: Annotated[ExperimentDraft, Body(examples=[_DRAFT])], caller: Caller) -> Experiment:
    """Begin an experiment; who is in which arm stays the same, and the first arm is what the others stand beside."""
    return await begin(caller, draft)


@router.get("", dependencies=[requires("predict")], responses=answer_like({"data": [_KEPT], "next": None}))
async def list_experiments(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Experiment]:
    """Return the experiments, newest first."""
    return await caller.store.list(Experiment, None, cursor, limit)


@router.get("/{experiment_id}", dependencies=[requires("predict")], responses=answer_like(_REPORT))
async def get_experiment(experiment_id: DocumentId, caller: Caller) -> ExperimentReport:
    """Return an experiment with what each arm showed, by place, and how far it is from the first."""
    return await figures(caller, experiment_id)


@router.post(
    "/{experiment_id}:stop",
    dependencies=[requires("deploy")],
    responses=answer_like({**_KEPT, "state": "stopped", "stopped_at": "2026-07-15T09:00:00Z"}),
)
async def stop_experiment(experiment_id: DocumentId, caller: Caller) -> Experiment:
    """End an experiment: everybody gets what is usual again; its figures stay."""
    return await stop(caller, experiment_id)
