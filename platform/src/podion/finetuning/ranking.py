"""How well scores put the rows that are looked for before the others, by scikit-learn's names. No torch."""

from collections.abc import Callable

import numpy as np

from podion.finetuning.calibration import Booleans, Floats, Integers

ALERT_SHARE = 0.01
"""The share of rows that `recall_at_1_percent` has somebody look at."""


class Ranking:
    """Rows in the order of their scores, the highest first; rows of equal scores count as one step.

    Sorted once, so that a bootstrap of any of the measures takes time in proportion to the rows. Every measure is of
    the rows `chosen` (positions, each as often as it is named; all of them by default). Of rows that are all of one
    kind nothing can be told: `knows` is false then, and the measures are 0.
    """

    def __init__(self, truth: Booleans, scores: Floats) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        self._steps = (
            np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(ranked) else self._order
        )
        self._truth = truth[self._order].astype(np.float64)
        self.knows = bool(truth.any() and not truth.all())

    def roc_auc(self, chosen: Integers | None = None) -> float:
        """Return the share of pairs in which the row that is looked for scores higher; a tie counts half."""
        hits, others = self._taken(chosen)
        if not hits.sum() or not others.sum():
            return 0.0
        before = np.cumsum(others) - others / 2
        return float(1.0 - (hits * before).sum() / (hits.sum() * others.sum()))

    def average_precision(self, chosen: Integers | None = None) -> float:
        """Return the mean precision over the rows that are looked for, each at its own score as threshold."""
        hits, others = self._taken(chosen)
        found = np.cumsum(hits)
        seen = found + np.cumsum(others)
        if not len(found) or not found[-1]:
            return 0.0
        return float((hits * found / np.maximum(seen, 1)).sum() / found[-1])

    def ks(self, chosen: Integers | None = None) -> float:
        """Return the largest gap between the shares of both kinds found at a threshold (Kolmogorov and Smirnov)."""
        hits, others = self._taken(chosen)
        if not hits.sum() or not others.sum():
            return 0.0
        return float(np.abs(np.cumsum(hits) / hits.sum() - np.cumsum(others) / others.sum()).max())

    def recall_at_1_percent(self, chosen: Integers | None = None) -> float:
        """Return the share found among the first hundredth of the rows, rounded up; of a tie on its edge its part."""
        hits, others = self._taken(chosen)
        if not hits.sum():
            return 0.0
        seen = hits + others
        budget = np.ceil(ALERT_SHARE * seen.sum() - 1e-9)
        looked_at = np.clip(budget - (np.cumsum(seen) - seen), 0.0, seen)
        return float((hits * looked_at / np.maximum(seen, 1)).sum() / hits.sum())

    def measures(self) -> dict[str, Callable[[Integers], float]]:
        """Return every measure by its name."""
        return {
            "roc_auc": self.roc_auc,
            "average_precision": self.average_precision,
            "ks": self.ks,
            "recall_at_1_percent": self.recall_at_1_percent,
        }

    def _taken(self, chosen: Integers | None) -> tuple[Floats, Floats]:
        """How many rows of each kind stand at each score, [steps] each."""
        if not len(self._order):
            return self._truth, self._truth
        times = np.ones(len(self._order))
        if chosen is not None:
            times = np.bincount(chosen, minlength=len(self._order)).astype(np.float64)[self._order]
        hits = np.add.reduceat(times * self._truth, self._steps)
        return hits, np.add.reduceat(times, self._steps) - hits


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the share of pairs in which the positive scores higher; a tie counts half."""
    truth = np.arange(len(positive) + len(negative)) < len(positive)
    return Ranking(truth, np.concatenate([positive, negative])).roc_auc()
