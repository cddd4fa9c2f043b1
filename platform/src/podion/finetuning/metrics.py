"""How good answers are, by scikit-learn's names, as a plain dict. No torch, and no scikit-learn at import."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podion.answers import Span
from podion.finetuning.calibration import Booleans, Floats, Integers, ece_noise_95, expected_calibration_error

_RESAMPLES = 200
_CONFUSED = 10


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Answers of one label a row beside the truth, one element a row.

    `expected` is None for rows without a label, which count only where they are `outside` every label.
    `probabilities` [rows, labels] in the order of `labels`, or None for heads that have none. `trust` is what is held
    against the threshold; None where that is the confidence.
    """

    labels: tuple[str, ...]
    expected: Sequence[str | None]
    outside: Booleans
    predicted: Sequence[str]
    confidences: Floats
    probabilities: Floats | None = None
    threshold: float | None = None
    trust: Floats | None = None

    @property
    def held(self) -> Floats:
        """What is held against the threshold, one a row."""
        return self.confidences if self.trust is None else self.trust


def label_metrics(judged: Judged, primary: str = "accuracy", *, brief: bool = False) -> dict[str, Any]:
    """Return what is measured of one label a text.

    In-scope rows alone give `accuracy`, `macro_f1`, `brier`, `ece`, `ece_noise_95`, the report by label and the most
    confused pairs; with a threshold also `in_scope_accuracy` (a refused row is an error) and `abstained`; with
    out-of-scope rows `oos_auroc` and `oos_recall`. `standard_error` is the bootstrap's for the primary metric. `brief`
    leaves out what takes simulation, and the reports.
    """
    inside = np.array([label is not None for label in judged.expected], dtype=bool) & ~judged.outside
    places = np.flatnonzero(inside)
    metrics: dict[str, Any] = {"rows": int(inside.sum() + judged.outside.sum())}
    if len(places):
        metrics |= _in_scope(judged, places, primary, brief)
    if judged.outside.any():
        metrics["oos_rows"] = int(judged.outside.sum())
        if len(places):
            metrics["oos_auroc"] = auroc(-judged.held[judged.outside], -judged.held[places])
        if judged.threshold is not None:
            metrics["oos_recall"] = float((judged.held[judged.outside] < judged.threshold).mean())
    return metrics


def span_metrics(
    predicted: Sequence[Sequence[Span]],
    expected: Sequence[Sequence[Span] | None],
    primary: str = "entity_f1",
    *,
    brief: bool = False,
) -> dict[str, Any]:
    """Return micro precision, recall and `entity_f1` over exact start, end and label; rows of None do not count."""
    rows = [(set(map(_key, found)), set(map(_key, truth))) for found, truth in _paired(predicted, expected)]
    counts = np.array([[len(found & truth), len(found), len(truth)] for found, truth in rows]).reshape(-1, 3)
    hits, found, truth = (int(total) for total in counts.sum(axis=0))
    labels = sorted({label for pair in rows for side in pair for *_, label in side})
    metrics: dict[str, Any] = {
        "rows": len(rows),
        "entity_precision": hits / found if found else float(truth == 0),
        "entity_recall": hits / truth if truth else 1.0,
        "entity_f1": _entity_f1(counts),
        "accuracy": float(np.mean([found == truth for found, truth in rows])) if rows else 0.0,
        "labels": {label: _span_report(rows, label) for label in labels},
    }
    if rows and primary == "entity_f1" and not brief:
        metrics["standard_error"] = {primary: bootstrap(len(rows), lambda chosen: _entity_f1(counts[chosen]))}
    return metrics


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the share of pairs in which the positive scores higher; a tie counts half."""
    scores = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def macro_f1(expected: Integers, predicted: Integers) -> float:
    """Return the mean F1 over the labels that are expected or predicted anywhere."""
    count = int(max(expected.max(initial=-1), predicted.max(initial=-1))) + 1
    hits = np.bincount(expected[expected == predicted], minlength=count)
    seen = np.bincount(expected, minlength=count) + np.bincount(predicted, minlength=count)
    return float((2 * hits[seen > 0] / seen[seen > 0]).mean()) if seen.any() else 0.0


def bootstrap(rows: int, metric: Callable[[Integers], float], seed: int = 2026) -> float:
    """Return the standard error of a metric of row numbers, by 200 resamples."""
    generator = np.random.default_rng(seed)
    return float(np.std([metric(generator.integers(0, rows, rows)) for _ in range(_RESAMPLES)], ddof=1))


def _in_scope(judged: Judged, places: Integers, primary: str, brief: bool) -> dict[str, Any]:
    truth = [judged.expected[place] or "" for place in places]
    guesses = [judged.predicted[place] for place in places]
    names = sorted({*truth, *guesses})
    numbers = {name: number for number, name in enumerate(names)}
    expected = np.array([numbers[name] for name in truth])
    predicted = np.array([numbers[name] for name in guesses])
    right, confidences = expected == predicted, judged.confidences[places]
    measures: dict[str, Callable[[Integers], float]] = {
        "accuracy": lambda chosen: float(right[chosen].mean()),
        "macro_f1": lambda chosen: macro_f1(expected[chosen], predicted[chosen]),
    }
    every = np.arange(len(places))
    metrics: dict[str, Any] = {name: measure(every) for name, measure in measures.items()}
    if judged.probabilities is not None:
        metrics["brier"] = _brier(judged.probabilities[places], truth, judged.labels)
    metrics["ece"] = expected_calibration_error(confidences, right)
    if judged.threshold is not None:
        kept = judged.held[places] >= judged.threshold
        metrics["in_scope_accuracy"] = float((right & kept).mean())
        metrics["abstained"] = float(1 - kept.mean())
    if brief:
        return metrics
    metrics["ece_noise_95"] = ece_noise_95(confidences)
    if primary in measures:
        metrics["standard_error"] = {primary: bootstrap(len(places), measures[primary])}
    metrics["labels"] = {name: _label_report(expected, predicted, numbers[name]) for name in names}
    metrics["confused"] = _confused(expected, predicted, names)
    return metrics


def _brier(probabilities: Floats, truth: Sequence[str], labels: tuple[str, ...]) -> float:
    """The mean squared distance to the truth; halved for two labels, as scikit-learn does."""
    numbers = {label: number for number, label in enumerate(labels)}
    target = np.zeros_like(probabilities)
    for row, label in enumerate(truth):
        if label in numbers:
            target[row, numbers[label]] = 1.0
    distance = ((probabilities - target) ** 2).sum(axis=1).mean()
    return float(distance / 2 if len(labels) == 2 else distance)


def _label_report(expected: Integers, predicted: Integers, number: int) -> dict[str, Any]:
    hits = int(((expected == number) & (predicted == number)).sum())
    return _report(hits, int((predicted == number).sum()), int((expected == number).sum()))


def _span_report(rows: Sequence[tuple[set[Any], set[Any]]], label: str) -> dict[str, Any]:
    pairs = [
        ({key for key in found if key[2] == label}, {key for key in truth if key[2] == label}) for found, truth in rows
    ]
    return _report(
        sum(len(found & truth) for found, truth in pairs),
        sum(len(found) for found, _ in pairs),
        sum(len(truth) for _, truth in pairs),
    )


def _report(hits: int, found: int, truth: int) -> dict[str, Any]:
    return {
        "precision": hits / found if found else 0.0,
        "recall": hits / truth if truth else 0.0,
        "f1": 2 * hits / (found + truth) if found + truth else 0.0,
        "rows": truth,
    }


def _confused(expected: Integers, predicted: Integers, names: Sequence[str]) -> list[dict[str, Any]]:
    wrong = expected != predicted
    pairs, counts = np.unique(np.stack([expected[wrong], predicted[wrong]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_CONFUSED]
    return [
        {"expected": names[pairs[place][0]], "predicted": names[pairs[place][1]], "rows": int(counts[place])}
        for place in order
    ]


def _entity_f1(counts: Integers) -> float:
    hits, found, truth = counts.sum(axis=0)
    return float(2 * hits / (found + truth)) if found + truth else 1.0


def _paired(
    predicted: Sequence[Sequence[Span]], expected: Sequence[Sequence[Span] | None]
) -> list[tuple[Sequence[Span], Sequence[Span]]]:
    return [(found, truth) for found, truth in zip(predicted, expected, strict=True) if truth is not None]


def _key(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label
