"""What is chosen on visits that did not teach: how pairs are counted, what they weigh beside the model, how sure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion_recommender.heads.neighbours import Counting, Floats, Ints, followers, nearest, nearness

MOST_ASKED = 3_000
"""Visits that choose: more tell no more, and each choice goes over the whole catalogue."""

FLOOR = 1e-3
"""What an item that never followed counts beside the nearest."""

_TRIED: Mapping[str, Sequence[float]] = {
    "target": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "source": (0.1, 0.3, 0.5, 0.7),
    "recency": (0.5, 0.6, 0.7, 0.8, 0.9),
    "back": (0.0, 0.25, 0.5, 1.0),
    "fall": (0.25, 0.5, 1.0),
}
_WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_TEMPERATURES = tuple(1.1**power for power in range(-10, 32))
_BLOCK = 256
_BLOCKS_FOR_TEMPERATURE = 4
_FIRST = 10


@dataclass(frozen=True)
class Questions:
    """Visits that choose: their pasts [rows, length] (newest first, -1: none), what must not be answered, the truth.

    `log_shares` gives the model's logarithms of probabilities for some rows, [rows, items].
    """

    pasts: Ints
    excluded: Sequence[Ints]
    truth: Ints
    log_shares: Callable[[NDArray[np.int64]], NDArray[np.float32]]

    def blocks(self) -> list[NDArray[np.int64]]:
        """Return the rows in turn, so few that a number for each item and row is no burden."""
        return [np.arange(first, min(first + _BLOCK, len(self.truth))) for first in range(0, len(self.truth), _BLOCK)]


def choose_counting(sequences: Sequence[Ints], items: int, most: int, asked: Questions, start: Counting) -> Counting:
    """Return how to count: from `start`, one number after the other, each the best by NDCG@10 of pairs alone."""
    best, value = start, _gain_of(sequences, items, most, asked, start)
    for name, tried in _TRIED.items():
        for number in tried:
            if number == getattr(best, name):
                continue
            other = Counting(**{**asdict(best), name: number})
            reached = _gain_of(sequences, items, most, asked, other)
            if reached > value:
                best, value = other, reached
    return best


def choose_weight(found: Any, asked: Questions, recency: float) -> tuple[float, float]:
    """Return the weight of pairs beside the model, by NDCG@10, and the temperature that makes confidence believable."""
    gains = np.zeros(len(_WEIGHTS))
    for rows in asked.blocks():
        model = asked.log_shares(rows)
        near = log_nearness(nearness(found, asked.pasts[rows], recency))
        for place, weight in enumerate(_WEIGHTS):
            gains[place] += _gains(model + weight * near, asked, rows).sum()
    weight = _WEIGHTS[int(gains.argmax())]
    return weight, _believable(found, asked, recency, weight)


def _believable(found: Any, asked: Questions, recency: float, weight: float) -> float:
    """The temperature at which the first ten are together as probable, on average, as they hold the truth."""
    hits, masses = 0.0, np.zeros(len(_TEMPERATURES))
    for rows in asked.blocks()[:: -(-len(asked.blocks()) // _BLOCKS_FOR_TEMPERATURE)]:
        scores = asked.log_shares(rows) + weight * log_nearness(nearness(found, asked.pasts[rows], recency))
        hits += float((_gains(scores, asked, rows) > 0).sum())
        for row, place in enumerate(rows):
            scores[row, asked.excluded[place]] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        first = np.partition(scores, -_FIRST, axis=1)[:, -_FIRST:] if scores.shape[1] > _FIRST else scores
        for place, heat in enumerate(_TEMPERATURES):
            masses[place] += float((np.exp(first / heat).sum(axis=1) / np.exp(scores / heat).sum(axis=1)).sum())
    return _TEMPERATURES[int(np.abs(masses - hits).argmin())]


def log_nearness(near: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return logarithms of nearness against the nearest of each row, [rows, items]; 0 where nothing is near."""
    most = near.max(axis=1, keepdims=True)
    found: NDArray[np.float32] = np.log(np.where(most > 0, near / np.where(most > 0, most, 1), 1) + FLOOR)
    return found


def _gain_of(sequences: Sequence[Ints], items: int, most: int, asked: Questions, counting: Counting) -> float:
    found = nearest(followers(sequences, items, counting), most).matrix()
    total = 0.0
    for rows in asked.blocks():
        total += float(_gains(nearness(found, asked.pasts[rows], counting.recency), asked, rows).sum())
    return total


def _gains(scores: Floats, asked: Questions, rows: NDArray[np.int64]) -> Floats:
    """NDCG@10 of each row; a tie counts half."""
    own = scores[np.arange(len(rows)), asked.truth[rows]].copy()
    scores = scores.copy()
    for row, place in enumerate(rows):
        scores[row, asked.excluded[place]] = -np.inf
    above = (scores > own[:, None]).sum(axis=1)
    beside = (scores == own[:, None]).sum(axis=1) - 1
    ranks = above + np.maximum(beside, 0) / 2
    out = ~np.isfinite(scores[np.arange(len(rows)), asked.truth[rows]])
    return np.where((ranks < _FIRST) & ~out, 1 / np.log2(ranks + 2), 0.0)
