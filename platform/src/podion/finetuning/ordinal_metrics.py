"""What is measured of labels in an order: how far off an answer is, not only whether it is. No torch."""

import numpy as np

from podion.finetuning.binary_metrics import Measures
from podion.finetuning.calibration import Integers


def ordinal_measures(expected: Integers, predicted: Integers, labels: int) -> Measures:
    """Return `mae` in steps of the order, and `quadratic_kappa`, of labels by their places among `labels`."""
    return {
        "mae": lambda chosen: float(np.abs(expected[chosen] - predicted[chosen]).mean()),
        "quadratic_kappa": lambda chosen: quadratic_kappa(expected[chosen], predicted[chosen], labels),
    }


def quadratic_kappa(expected: Integers, predicted: Integers, labels: int) -> float:
    """Return Cohen's kappa with quadratic weights (Cohen 1968): 1 is agreement, 0 what chance would give.

    Where all are of one label and so answered, it is 1.
    """
    count = len(expected)
    left, right = np.bincount(expected, minlength=labels), np.bincount(predicted, minlength=labels)
    weights = (np.arange(labels)[:, None] - np.arange(labels)[None, :]) ** 2.0
    by_chance = float((np.outer(left, right) * weights).sum()) / count
    seen = float(((expected - predicted) ** 2).sum())
    return 1.0 - seen / by_chance if by_chance else 1.0
