"""What is measured where a row has any number of labels. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podion.finetuning.binary_metrics import Measures, f1
from podion.finetuning.calibration import Booleans, Floats, Integers, ece_noise_95, expected_calibration_error
from podion.finetuning.label_report import report_of
from podion.finetuning.ranking import Ranking
from podion.finetuning.resampling import bootstrap


@dataclass(frozen=True, kw_only=True)
class JudgedLabels:
    """Answers of several labels a row beside the truth, one element a row; `expected` is None for rows without one.

    `probabilities` [rows, labels] are in the order of `labels`; None for heads that have none. `abstained` is [rows].
    """

    labels: tuple[str, ...]
    expected: Sequence[Sequence[str] | None]
    predicted: Sequence[Sequence[str]]
    confidences: Floats
    abstained: Booleans
    probabilities: Floats | None = None


def multi_label_metrics(judged: JudgedLabels, primary: str = "micro_f1", *, brief: bool = False) -> dict[str, Any]:
    """Return `micro_f1`, `macro_f1`, `accuracy` (all labels of a row right) and, with probabilities, the macro
    `average_precision` over the labels that some row has.

    A label that no row has and no answer names is left out of `macro_f1`; one that the head never learned counts as
    missed. `ece` holds the answers' confidence against whether all their labels are right. `brief` leaves out what
    takes simulation, and the report by label.
    """
    places = [place for place, truth in enumerate(judged.expected) if truth is not None]
    metrics: dict[str, Any] = {"rows": len(places)}
    if not places:
        return metrics
    expected = [judged.expected[place] or () for place in places]
    predicted = [judged.predicted[place] for place in places]
    seen = {name for row in (*expected, *predicted) for name in row}
    names = (*judged.labels, *sorted(seen - set(judged.labels)))
    truth, guesses = _table(expected, names), _table(predicted, names)
    shares = None if judged.probabilities is None else judged.probabilities[places]
    measures = _measures(truth, guesses, shares)
    metrics |= {name: measure(np.arange(len(places))) for name, measure in measures.items()}
    right, confidences = (truth == guesses).all(axis=1), judged.confidences[places]
    metrics["ece"] = expected_calibration_error(confidences, right)
    metrics["abstained"] = float(judged.abstained[places].mean())
    if brief:
        return metrics
    metrics["ece_noise_95"] = ece_noise_95(confidences)
    if primary in measures:
        metrics["standard_error"] = {primary: bootstrap(len(places), measures[primary])}
    metrics["labels"] = {name: report_of(truth[:, at], guesses[:, at]) for at, name in enumerate(names)}
    return metrics


def _table(rows: Sequence[Sequence[str]], names: Sequence[str]) -> Booleans:
    """Which row has which label, [rows, labels]."""
    columns = {name: column for column, name in enumerate(names)}
    table = np.zeros((len(rows), len(names)), dtype=bool)
    for place, row in enumerate(rows):
        table[place, [columns[name] for name in row]] = True
    return table


def _measures(truth: Booleans, guesses: Booleans, shares: Floats | None) -> Measures:
    right = (truth == guesses).all(axis=1)
    measures: Measures = {
        "micro_f1": lambda chosen: f1(truth[chosen], guesses[chosen]),
        "macro_f1": lambda chosen: _macro_f1(truth[chosen], guesses[chosen]),
        "accuracy": lambda chosen: float(right[chosen].mean()),
    }
    rankings = [Ranking(truth[:, at], shares[:, at]) for at in range(shares.shape[1])] if shares is not None else []
    if any(ranking.knows for ranking in rankings):
        measures["average_precision"] = lambda chosen: _mean_precision(rankings, truth, chosen)
    return measures


def _macro_f1(truth: Booleans, guesses: Booleans) -> float:
    both: Integers = truth.sum(axis=0) + guesses.sum(axis=0)
    hits: Integers = (truth & guesses).sum(axis=0)
    return float((2 * hits[both > 0] / both[both > 0]).mean()) if both.any() else 0.0


def _mean_precision(rankings: Sequence[Ranking], truth: Booleans, chosen: Integers) -> float:
    held = truth[chosen].sum(axis=0) > 0
    found = [ranking.average_precision(chosen) for at, ranking in enumerate(rankings) if held[at]]
    return float(np.mean(found)) if found else 0.0
