"""The report of an offline evaluation: what each model would have ranked, against what users took later. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, Field

from podion_recommender import ranking_figures
from podion_recommender.past_and_later import COLD, Parted, Protocol

Ints = NDArray[np.int64]

DEPTH = 100
"""How far down a ranking is looked for what came later; further down is a miss, for every model alike."""


class Slice(BaseModel):
    """A part of what was asked, and what a model showed there."""

    rows: int
    metrics: dict[str, float]


class ModelReport(BaseModel):
    """What one model showed."""

    model: str = Field(
        description="`next_item`; `popularity`, `item_cosine` (item-kNN), `sequence_cosine`, `als`: as beside a run"
    )
    metrics: dict[str, float] = Field(
        description="ndcg@10, recall@10, recall@50, mrr, map; of the first ten of all: coverage, gini, novelty (bits), "
        "diversity, average_popularity, tail_share"
    )
    slices: dict[str, Slice] = Field(description="cold_users: fewer than 3 items before; cold_items: taken < 3 times")
    against_popularity: tuple[float, float] | None = Field(
        default=None, description="95 % interval of how much higher ndcg@10 is, user by user"
    )
    adapter: str | None = None
    may_have_learned: float | None = Field(
        default=None, description="share of what came later that is older than the adapter: it may have learned it"
    )


class OfflineReport(BaseModel):
    """An offline evaluation over the whole catalogue."""

    id: str = ""
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    protocol: Protocol = "leave_one_out"
    asked_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    cut: AwareDatetime | None = Field(default=None, description="of `time_cut`: nothing from then on was known")
    rows: int = Field(default=0, description="users who were asked about")
    users: int = 0
    items: int = Field(default=0, description="of the catalogue, all of which are ranked")
    events: int = Field(default=0, description="pairs of user and item")
    complete: bool = Field(
        default=True, description="false: there are more interactions or items; the newest were read"
    )
    models: list[ModelReport] = []
    notes: list[str] = []
    problem: str | None = None


def figures(
    model: str, rankings: Ints, parted: Parted, features: Sequence[frozenset[str]], popular: Ints | None = None
) -> ModelReport:
    """Return what one model's rankings show; `popular` are popularity's, to stand beside."""
    asked = parted.asked
    counts = np.bincount(parted.items, minlength=len(features))
    hits = ranking_figures.hits_of(rankings, asked.later)
    relevant = asked.relevant
    beside = None
    if popular is not None:
        one, other = (
            ranking_figures.ndcg(found, relevant, ranking_figures.FIRST)
            for found in (hits, ranking_figures.hits_of(popular, asked.later))
        )
        beside = ranking_figures.interval(one, other)
    return ModelReport(
        model=model,
        metrics={
            **ranking_figures.accuracy(hits, relevant),
            **ranking_figures.beyond(rankings, counts, features),
        },
        slices=_slices(rankings, parted, counts),
        against_popularity=beside,
    )


def _slices(rankings: Ints, parted: Parted, counts: Ints) -> dict[str, Slice]:
    asked = parted.asked
    cold_users = np.array([len(past) < COLD for past in asked.pasts], dtype=np.bool_)
    cold_later = [wanted[counts[wanted] < COLD] for wanted in asked.later]
    cold_items = np.array([len(wanted) > 0 for wanted in cold_later], dtype=np.bool_)
    return {
        "cold_users": _slice(rankings, asked.later, cold_users),
        "cold_items": _slice(rankings, cold_later, cold_items),
    }


def _slice(rankings: Ints, later: Sequence[Ints], rows: NDArray[np.bool_]) -> Slice:
    chosen = [wanted for wanted, there in zip(later, rows, strict=True) if there]
    relevant = np.array([len(wanted) for wanted in chosen], dtype=np.int64)
    hits = ranking_figures.hits_of(rankings[rows], chosen)
    return Slice(rows=len(chosen), metrics=ranking_figures.accuracy(hits, relevant))


def best(models: Sequence[ModelReport], name: str = "ndcg@10") -> Mapping[str, float]:
    """Return model → its figure, the highest first."""
    told = {each.model: each.metrics.get(name, 0.0) for each in models}
    return dict(sorted(told.items(), key=lambda pair: -pair[1]))
