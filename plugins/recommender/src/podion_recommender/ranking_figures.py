"""What is measured of rankings of a whole catalogue. Pure numpy.

A ranking is a row of item numbers, best first, -1 where it ends early; `hits` says which places hold what came later.
Names are those of a run's report: `ndcg@10`, `recall@10`, `recall@50`, `mrr`, `coverage`, `gini`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST = 10
"""How many of a ranking are looked at by what is told of all rankings together."""

FURTHER = 50
HEAD = 0.2
"""The most popular items that are no tail: the fifth that takes most of the attention (Pareto)."""


def hits_of(rankings: Ints, later: Sequence[Ints]) -> Bools:
    """Return [rows, places]: whether the item of a place is among what came later for that row."""
    found = np.zeros(rankings.shape, dtype=np.bool_)
    for row, wanted in enumerate(later):
        found[row] = np.isin(rankings[row], wanted) & (rankings[row] >= 0)
    return found


def ndcg(hits: Bools, relevant: Ints, k: int) -> Floats:
    """Return the normalised discounted gain of each row's first `k` (Järvelin & Kekäläinen 2002, gains 0 or 1)."""
    discounts = 1 / np.log2(np.arange(min(k, hits.shape[1])) + 2)
    gained = hits[:, :k] @ discounts
    best = np.cumsum(1 / np.log2(np.arange(k) + 2))[np.clip(relevant, 1, k) - 1]
    return np.asarray(gained / best, dtype=np.float64)


def recall(hits: Bools, relevant: Ints, k: int) -> Floats:
    """Return the share of what came later that stands among each row's first `k`."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(relevant, 1), dtype=np.float64)


def reciprocal_rank(hits: Bools) -> Floats:
    """Return 1 over the place, from 1 on, of each row's first hit; 0 without one."""
    first = np.argmax(hits, axis=1)
    return np.where(hits.any(axis=1), 1 / (first + 1.0), 0.0)


def average_precision(hits: Bools, relevant: Ints) -> Floats:
    """Return each row's mean precision at its hits, over all that came later: a ranking that ends early loses."""
    places = np.arange(1, hits.shape[1] + 1)
    precisions = np.cumsum(hits, axis=1) / places
    return np.asarray((precisions * hits).sum(axis=1) / np.maximum(relevant, 1), dtype=np.float64)


def coverage(shown: Ints, items: int) -> float:
    """Return the share of the catalogue that stands in any of the rankings."""
    return len(np.unique(shown[shown >= 0])) / items if items else 0.0


def gini(shown: Ints, items: int) -> float:
    """Return how unequally the places are shared out among all items; 0: alike, towards 1: one has all."""
    counts = np.sort(np.bincount(shown[shown >= 0], minlength=items)).astype(np.float64)
    if not counts.sum():
        return 0.0
    order = np.arange(1, items + 1)
    return float(((2 * order - items - 1) * counts).sum() / (items * counts.sum()))


def average_popularity(shown: Ints, counts: Ints) -> float:
    """Return how often the items shown had been taken before, on average over places."""
    own = shown[shown >= 0]
    return float(counts[own].mean()) if len(own) else 0.0


def novelty(shown: Ints, counts: Ints) -> float:
    """Return the mean self-information of the items shown, in bits: -log2 of their share of what was taken.

    One is added to every count, so that an item which nobody took yet has one, too (Zhou et al. 2010).
    """
    own = shown[shown >= 0]
    if not len(own):
        return 0.0
    shares = (counts + 1) / (counts.sum() + len(counts))
    return float(-np.log2(shares[own]).mean())


def tail(counts: Ints) -> Bools:
    """Return which items are no head: all but the most popular fifth; ties stand in the order of their numbers."""
    head = np.argsort(-counts, kind="stable")[: int(np.ceil(HEAD * len(counts)))]
    found = np.ones(len(counts), dtype=np.bool_)
    found[head] = False
    return found


def tail_share(shown: Ints, counts: Ints) -> float:
    """Return the share of places that the tail has."""
    own = shown[shown >= 0]
    return float(tail(counts)[own].mean()) if len(own) else 0.0


def diversity(shown: Ints, features: Sequence[frozenset[str]]) -> float:
    """Return the mean distance between two items of one ranking: 1 less what their features share (Jaccard).

    Two items without any feature are told apart by nothing and count as 0 apart; rows of fewer than two are left out.
    """
    means = [_spread([features[place] for place in row if place >= 0]) for row in shown]
    told = [mean for mean in means if mean is not None]
    return float(np.mean(told)) if told else 0.0


def _spread(sets: Sequence[frozenset[str]]) -> float | None:
    if len(sets) < 2:
        return None
    total = pairs = 0.0
    for place, one in enumerate(sets):
        for other in sets[place + 1 :]:
            union = len(one | other)
            total += 1 - len(one & other) / union if union else 0.0
            pairs += 1
    return total / pairs


def accuracy(hits: Bools, relevant: Ints) -> dict[str, float]:
    """Return what rows show on average: `ndcg@10`, `recall@10`, `recall@50`, `mrr` and `map`; nothing of no row."""
    if not len(hits):
        return {}
    return {
        "ndcg@10": float(ndcg(hits, relevant, FIRST).mean()),
        "recall@10": float(recall(hits, relevant, FIRST).mean()),
        "recall@50": float(recall(hits, relevant, FURTHER).mean()),
        "mrr": float(reciprocal_rank(hits).mean()),
        "map": float(average_precision(hits, relevant).mean()),
    }


def beyond(rankings: Ints, counts: Ints, features: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return what the first ten of all rankings show beside being right; `counts` is how often each item was taken."""
    shown = rankings[:, :FIRST]
    return {
        "coverage": coverage(shown, len(counts)),
        "gini": gini(shown, len(counts)),
        "novelty": novelty(shown, counts),
        "diversity": diversity(shown, features),
        "average_popularity": average_popularity(shown, counts),
        "tail_share": tail_share(shown, counts),
    }


def interval(values: Floats, other: Floats | None = None) -> tuple[float, float]:
    """Return the 95 % interval of a mean, or of the mean difference of paired rows, by the normal distribution."""
    told = values if other is None else values - other
    middle = float(told.mean())
    width = 1.959963984540054 * float(told.std(ddof=1)) / float(np.sqrt(len(told))) if len(told) > 1 else 0.0
    return middle - width, middle + width


def better(metrics: Mapping[str, Mapping[str, float]], one: str, other: str, name: str = "ndcg@10") -> float | None:
    """Return how much higher one model's figure is than another's, as a share of the other's; None where that is 0."""
    if not metrics.get(other, {}).get(name):
        return None
    return metrics[one][name] / metrics[other][name] - 1
