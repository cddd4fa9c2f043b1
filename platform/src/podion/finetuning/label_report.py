"""Precision, recall and F1 of one label, as reports show them. No torch."""

from typing import Any

from podion.finetuning.calibration import Booleans


def report_of(truth: Booleans, guesses: Booleans, held: Booleans | None = None) -> dict[str, Any]:
    """Return the report of a label: which rows have it, and where it was answered.

    Where `held` says which rows' possible labels hold the truth, `coverage` is how often those of this label's rows do.
    """
    found = report(int((truth & guesses).sum()), int(guesses.sum()), int(truth.sum()))
    return found if held is None or not truth.any() else {**found, "coverage": float(held[truth].mean())}


def report(hits: int, found: int, truth: int) -> dict[str, Any]:
    """Return precision, recall, F1 and how many there were, out of counts."""
    return {
        "precision": hits / found if found else 0.0,
        "recall": hits / truth if truth else 0.0,
        "f1": 2 * hits / (found + truth) if found + truth else 0.0,
        "rows": truth,
    }
