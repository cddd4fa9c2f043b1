"""What is measured where one of two labels is looked for. No torch."""

from collections.abc import Callable

from podion.finetuning.calibration import Booleans, Floats, Integers
from podion.finetuning.ranking import Ranking

Measures = dict[str, Callable[[Integers], float]]
"""Name -> the measure of the rows at some positions, each as often as it is named."""

RANKED = ("roc_auc", "average_precision", "ks", "recall_at_1_percent")
"""Measures that need rows of both labels."""


def binary_measures(truth: Booleans, scores: Floats, guesses: Booleans) -> Measures:
    """Return the measures of the label that is looked for: who has it, how probable it is, where it is the answer.

    Those of `RANKED` are left out where every row is of one kind. `f1`, `precision` and `recall` are of the answers.
    """
    ranking = Ranking(truth, scores)
    return (ranking.measures() if ranking.knows else {}) | {
        "f1": lambda chosen: f1(truth[chosen], guesses[chosen]),
        "precision": lambda chosen: _share(truth[chosen] & guesses[chosen], guesses[chosen]),
        "recall": lambda chosen: _share(truth[chosen] & guesses[chosen], truth[chosen]),
    }


def f1(truth: Booleans, guesses: Booleans) -> float:
    """Return the F1 of guesses; 0 where nothing is looked for and nothing was found."""
    both = int(truth.sum() + guesses.sum())
    return 2 * int((truth & guesses).sum()) / both if both else 0.0


def _share(hits: Booleans, of: Booleans) -> float:
    return int(hits.sum()) / int(of.sum()) if of.any() else 0.0
