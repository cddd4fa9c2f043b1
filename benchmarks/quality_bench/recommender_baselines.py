"""Simple models of what comes next, measured as the head is: chosen on each user's last but one item, then on all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from podion.data.withholding import as_served
from podion.finetuning.examples import hold_out
from podion.finetuning.ranking_metrics import ranking_metrics
from podion.vertical import LabelSpace, Task
from podion_recommender.challengers import (
    AlternatingLeastSquares,
    Ints,
    ItemCosine,
    Popularity,
    Rival,
    SequenceCosine,
    Settings,
)
from podion_recommender.heads.neighbours import nearness
from podion_recommender.past import VisitHistory
from podion_recommender.schema import Visit

_LENGTH = 30


class OrderWeightedCosine(ItemCosine):
    """The cosine of two items' users, asked with the latest items weighing most."""

    name = "order_weighted_cosine"

    def grid(self) -> Sequence[Settings]:
        """Return how fast the past fades."""
        return [{"recency": recency} for recency in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)]

    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Take the cosine of every two items' users."""
        super().learn(sequences, settings)
        self._recency = settings["recency"]

    def scores(self, pasts: Sequence[Ints]) -> Any:
        """Return the weighted sum over the latest items."""
        latest = np.full((len(pasts), _LENGTH), -1, dtype=np.int64)
        for row, past in enumerate(pasts):
            own = past[-_LENGTH:][::-1]
            latest[row, : len(own)] = own
        return nearness(sparse.csr_array(self._near), latest, self._recency)


RIVALS: tuple[type[Rival], ...] = (
    Popularity,
    AlternatingLeastSquares,
    ItemCosine,
    OrderWeightedCosine,
    SequenceCosine,
)


def measured(task: Task, train: Sequence[Visit], test: Sequence[Visit], rivals: Sequence[type[Rival]]) -> Any:
    """Return the test metrics of each rival by its name, and under `settings` what it chose."""
    history = VisitHistory()
    filled = history.follow(train)
    asked = history.follow(test)
    kept, taken = hold_out(task, filled, 0.1, 0)
    space = LabelSpace(tuple(sorted({visit.item_id for visit in filled if visit.item_id})), task.label)
    found = {}
    for kind in rivals:
        rival = kind(space, 0)
        rival.fit([filled[place] for place in kept], [filled[place] for place in taken])
        rival.fit(filled, ())
        served = [visit for visit in as_served(task, asked) if isinstance(visit, Visit)]
        truth = [visit.item_id for visit in asked]
        told = ranking_metrics(rival.rankings(served), truth, space.labels)
        found[rival.name] = {**told, "settings": dict(rival.settings or {})}
    return found


def shuffled(visits: Sequence[Visit], seed: int) -> list[Visit]:
    """Return visits such that those of one user and time stand in an order of chance."""
    return [visits[place] for place in np.random.default_rng(seed).permutation(len(visits)).tolist()]
