"""How good answers of one label a row are, by scikit-learn's names, as a plain dict. No torch, and no scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podion.finetuning.binary_metrics import Measures, binary_measures
from podion.finetuning.calibration import Booleans, Floats, Integers, ece_noise_95, expected_calibration_error
from podion.finetuning.label_report import report_of
from podion.finetuning.ordinal_metrics import ordinal_measures
from podion.finetuning.ranking import Ranking
from podion.finetuning.resampling import bootstrap

_CONFUSED = 10


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Answers of one label a row beside the truth, one element a row.

    `expected` is None for rows without a label, which count only where they are `outside` every label.
    `probabilities` [rows, labels] in the order of `labels`, or None for heads that have none. `trust` is what is held
    against the threshold; None where that is the confidence. Of two labels `positive` is the one looked for, the last
    where it is None. `ordered` says that the labels stand in an order. `possible` are the labels that may be right,
    None where the task promises no coverage.
    """

    labels: tuple[str, ...]
    expected: Sequence[str | None]
    outside: Booleans
    predicted: Sequence[str]
    confidences: Floats
    probabilities: Floats | None = None
    threshold: float | None = None
    trust: Floats | None = None
    positive: str | None = None
    ordered: bool = False
    possible: Sequence[Sequence[str]] | None = None

    @property
    def held(self) -> Floats:
        """What is held against the threshold, one a row."""
        return self.confidences if self.trust is None else self.trust


def label_metrics(judged: Judged, primary: str = "accuracy", *, brief: bool = False) -> dict[str, Any]:
    """Return what is measured of one label a row.

    In-scope rows alone give `accuracy`, `macro_f1`, `brier`, `ece`, `ece_noise_95`, the report by label and the most
    confused pairs; of two labels also what `podion.finetuning.binary_metrics` has, of labels in an order what
    `podion.finetuning.ordinal_metrics` has; of labels that may be right `coverage`, the share of rows whose label is
    among them, and `set_size`, how many they are; with a threshold also `in_scope_accuracy` (a refused row is an error)
    and `abstained`; with out-of-scope rows `oos_auroc` and `oos_recall`. `standard_error` is the bootstrap's for the
    primary metric. `brief` leaves out what takes simulation, and the reports.
    """
    inside = np.array([label is not None for label in judged.expected], dtype=bool) & ~judged.outside
    places = np.flatnonzero(inside)
    rows = int(inside.sum() + judged.outside.sum())
    metrics: dict[str, Any] = {"rows": rows}
    if len(places):
        metrics |= _in_scope(judged, places, primary, brief)
    if judged.outside.any():
        metrics["oos_rows"] = int(judged.outside.sum())
        metrics |= _measured(_outside_measures(judged, places), rows, primary, brief)
    return metrics


def macro_f1(expected: Integers, predicted: Integers) -> float:
    """Return the mean F1 over the labels that are expected or predicted anywhere."""
    count = int(max(expected.max(initial=-1), predicted.max(initial=-1))) + 1
    hits = np.bincount(expected[expected == predicted], minlength=count)
    seen = np.bincount(expected, minlength=count) + np.bincount(predicted, minlength=count)
    return float((2 * hits[seen > 0] / seen[seen > 0]).mean()) if seen.any() else 0.0


def _measured(measures: Measures, rows: int, primary: str, brief: bool) -> dict[str, Any]:
    """What the measures say of all rows, and how sure the primary one is."""
    every = np.arange(rows)
    metrics: dict[str, Any] = {name: measure(every) for name, measure in measures.items()}
    if primary in measures and not brief:
        metrics["standard_error"] = {primary: bootstrap(rows, measures[primary])}
    return metrics


def _in_scope(judged: Judged, places: Integers, primary: str, brief: bool) -> dict[str, Any]:
    truth = [judged.expected[place] or "" for place in places]
    guesses = [judged.predicted[place] for place in places]
    names = sorted({*truth, *guesses})
    numbers = {name: number for number, name in enumerate(names)}
    expected = np.array([numbers[name] for name in truth])
    predicted = np.array([numbers[name] for name in guesses])
    right, confidences = expected == predicted, judged.confidences[places]
    measures: Measures = {
        "accuracy": lambda chosen: float(right[chosen].mean()),
        "macro_f1": lambda chosen: macro_f1(expected[chosen], predicted[chosen]),
    }
    if judged.probabilities is not None:
        distances = _distances(judged.probabilities[places], truth, judged.labels)
        measures["brier"] = lambda chosen: float(distances[chosen].mean())
    measures["ece"] = lambda chosen: expected_calibration_error(confidences[chosen], right[chosen])
    if judged.threshold is not None:
        kept = judged.held[places] >= judged.threshold
        measures["in_scope_accuracy"] = lambda chosen: float((right & kept)[chosen].mean())
        measures["abstained"] = lambda chosen: float(1 - kept[chosen].mean())
    held: Booleans | None = None
    if judged.possible is not None:
        sets = [judged.possible[place] for place in places]
        held = np.array([label in own for label, own in zip(truth, sets, strict=True)], dtype=bool)
        measures |= _of_the_sets(held, np.array([len(own) for own in sets]))
    if len(judged.labels) == 2:
        measures |= _of_the_positive(judged, places, truth, guesses)
    if judged.ordered and set(names) <= set(judged.labels):
        steps = {label: step for step, label in enumerate(judged.labels)}
        measures |= ordinal_measures(_places(truth, steps), _places(guesses, steps), len(steps))
    metrics = _measured(measures, len(places), primary, brief)
    if brief:
        return metrics
    metrics["ece_noise_95"] = ece_noise_95(confidences)
    metrics["labels"] = {
        name: report_of(expected == number, predicted == number, held) for number, name in enumerate(names)
    }
    metrics["confused"] = _confused(expected, predicted, names)
    return metrics


def _of_the_sets(held: Booleans, sizes: Integers) -> Measures:
    return {
        "coverage": lambda chosen: float(held[chosen].mean()),
        "set_size": lambda chosen: float(sizes[chosen].mean()),
    }


def _of_the_positive(judged: Judged, places: Integers, truth: Sequence[str], guesses: Sequence[str]) -> Measures:
    """The measures of the label that is looked for; a head without probabilities tells it by its confidence."""
    wanted = judged.positive or judged.labels[-1]
    found = np.array([guess == wanted for guess in guesses], dtype=bool)
    if judged.probabilities is not None:
        scores = judged.probabilities[places, judged.labels.index(wanted)]
    else:
        scores = np.where(found, judged.confidences[places], 1 - judged.confidences[places])
    return binary_measures(np.array([label == wanted for label in truth], dtype=bool), scores, found)


def _outside_measures(judged: Judged, places: Integers) -> Measures:
    """How well rows outside every label are told from the others; positions count the latter first."""
    held = np.concatenate([judged.held[places], judged.held[judged.outside]])
    outside = np.arange(len(held)) >= len(places)
    measures: Measures = {}
    if len(places):
        measures["oos_auroc"] = Ranking(outside, -held).roc_auc
    if judged.threshold is not None:
        refused = held < judged.threshold
        measures["oos_recall"] = lambda chosen: (
            float(refused[chosen][outside[chosen]].mean()) if outside[chosen].any() else 0.0
        )
    return measures


def _places(labels: Sequence[str], steps: dict[str, int]) -> Integers:
    return np.array([steps[label] for label in labels])


def _distances(probabilities: Floats, truth: Sequence[str], labels: tuple[str, ...]) -> Floats:
    """Each row's squared distance to the truth; halved for two labels, as scikit-learn does."""
    numbers = {label: number for number, label in enumerate(labels)}
    target = np.zeros_like(probabilities)
    for row, label in enumerate(truth):
        if label in numbers:
            target[row, numbers[label]] = 1.0
    distances: Floats = ((probabilities - target) ** 2).sum(axis=1)
    return distances / 2 if len(labels) == 2 else distances


def _confused(expected: Integers, predicted: Integers, names: Sequence[str]) -> list[dict[str, Any]]:
    wrong = expected != predicted
    pairs, counts = np.unique(np.stack([expected[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_CONFUSED]
    return [
        {"expected": names[pairs[place][0]], "predicted": names[pairs[place][1]], "rows": int(counts[place])}
        for place in order
    ]
