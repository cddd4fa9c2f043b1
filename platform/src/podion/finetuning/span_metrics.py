"""What is measured of marked stretches of a text. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from podion.answers import Span
from podion.finetuning.binary_metrics import Measures
from podion.finetuning.calibration import Integers, ece_noise_95, expected_calibration_error
from podion.finetuning.label_report import report
from podion.finetuning.resampling import bootstrap


def span_metrics(
    predicted: Sequence[Sequence[Span]],
    expected: Sequence[Sequence[Span] | None],
    primary: str = "entity_f1",
    *,
    confidences: Sequence[Sequence[float]] | None = None,
    brief: bool = False,
) -> dict[str, Any]:
    """Return micro precision, recall and `entity_f1` over exact start, end and label; rows of None do not count.

    With `confidences`, one a span found, `ece` says how far they are from the share that is right.
    """
    rows = [(set(map(_key, found)), set(map(_key, truth))) for found, truth in _paired(predicted, expected)]
    counts = np.array([[len(found & truth), len(found), len(truth)] for found, truth in rows]).reshape(-1, 3)
    right = np.array([found == truth for found, truth in rows], dtype=bool)
    labels = sorted({label for pair in rows for side in pair for *_, label in side})
    measures: Measures = {
        "entity_precision": lambda chosen: _precision(counts[chosen]),
        "entity_recall": lambda chosen: _recall(counts[chosen]),
        "entity_f1": lambda chosen: _entity_f1(counts[chosen]),
        "accuracy": lambda chosen: float(right[chosen].mean()) if len(chosen) else 0.0,
    }
    metrics: dict[str, Any] = {"rows": len(rows)}
    metrics |= {name: measure(np.arange(len(rows))) for name, measure in measures.items()}
    metrics["labels"] = {label: _span_report(rows, label) for label in labels}
    if confidences is not None and not brief:
        metrics |= _calibration(predicted, expected, confidences)
    if rows and primary in measures and not brief:
        metrics["standard_error"] = {primary: bootstrap(len(rows), measures[primary])}
    return metrics


def _calibration(
    predicted: Sequence[Sequence[Span]],
    expected: Sequence[Sequence[Span] | None],
    confidences: Sequence[Sequence[float]],
) -> dict[str, float]:
    """How far the confidences of spans are from the share of them that is right; nothing where no span was found."""
    told: list[tuple[float, bool]] = []
    for found, truth, own in zip(predicted, expected, confidences, strict=True):
        if truth is not None and len(own) == len(found):
            true = set(map(_key, truth))
            told += [(sure, _key(span) in true) for span, sure in zip(found, own, strict=True)]
    if not told:
        return {}
    sure, right = np.array([one for one, _ in told]), np.array([one for _, one in told], dtype=bool)
    return {"ece": expected_calibration_error(sure, right), "ece_noise_95": ece_noise_95(sure)}


def _precision(counts: Integers) -> float:
    hits, found, truth = counts.sum(axis=0)
    return float(hits / found) if found else float(truth == 0)


def _recall(counts: Integers) -> float:
    hits, _, truth = counts.sum(axis=0)
    return float(hits / truth) if truth else 1.0


def _entity_f1(counts: Integers) -> float:
    hits, found, truth = counts.sum(axis=0)
    return float(2 * hits / (found + truth)) if found + truth else 1.0


def _span_report(rows: Sequence[tuple[set[Any], set[Any]]], label: str) -> dict[str, Any]:
    pairs = [
        ({key for key in found if key[2] == label}, {key for key in truth if key[2] == label}) for found, truth in rows
    ]
    return report(
        sum(len(found & truth) for found, truth in pairs),
        sum(len(found) for found, _ in pairs),
        sum(len(truth) for _, truth in pairs),
    )


def _paired(
    predicted: Sequence[Sequence[Span]], expected: Sequence[Sequence[Span] | None]
) -> list[tuple[Sequence[Span], Sequence[Span]]]:
    return [(found, truth) for found, truth in zip(predicted, expected, strict=True) if truth is not None]


def _key(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label
