"""Temperature, score and threshold of an adapter, fitted on rows that it did not learn from. No torch."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from podion.finetuning.calibration import (
    Booleans,
    Floats,
    Integers,
    choose_threshold,
    fit_platt,
    fit_temperature,
    softmax,
)
from podion.finetuning.conformal import conformal_level
from podion.finetuning.ranking import auroc
from podion.hosting.adapter_files import Calibration, Score
from podion.hosting.label_sets import conformity
from podion.hosting.trust import trust_of
from podion.vertical import Task

ENOUGH_OUTSIDE = 20
"""Out-of-scope validation rows from which on they choose the score; fewer say too little."""


@dataclass(frozen=True)
class Promise:
    """How often the labels that may be right hold the truth; `ordered` labels leave no gap between them."""

    coverage: float
    ordered: bool = False

    @classmethod
    def of(cls, task: Task, *, ordered: bool = False) -> "Promise | None":
        """Return what a task promises; None for nothing."""
        return None if task.coverage is None else cls(task.coverage, ordered)


def calibrate(
    logits: Floats,
    targets: Integers,
    outside: Booleans,
    keep: float,
    *,
    refuses: bool = True,
    nearness: Floats | None = None,
    shifts: bool = True,
    promised: Promise | None = None,
) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration for validation logits [rows, labels], and why it holds this score against its threshold.

    Rows `outside` every label teach no temperature. In-scope rows whose label is not in the label space have a
    negative target: they count for the threshold only. `refuses` says that the task knows texts outside every label;
    without them, the probability tells best which answers are wrong. `nearness` [rows] makes the distance a candidate.
    With `shifts`, two labels with rows enough are scaled by Platt; an adapter that knows no more than its labels' words
    would learn how frequent they are. With a promise there is a level for the labels that may be right; rows whose
    label is not in the label space do not count for it.
    """
    within = np.where(outside, -1, targets)
    temperature, bias = fit_platt(logits, within) if shifts else (fit_temperature(logits, within), None)
    names: list[Score] = [name for name in get_args(Score) if name != "distance" or nearness is not None]
    right = (logits / temperature + (0.0 if bias is None else np.asarray(bias))).argmax(axis=-1) == targets
    judged: dict[Score, dict[str, Any]] = {}
    for name in names:
        trust = trust_of(name, logits, temperature, nearness, bias)
        judged[name] = _judge(trust, right, outside, choose_threshold(trust[~outside], keep))
    score, why = _choose(judged, int(outside.sum()), refuses)
    calibration = Calibration(
        temperature=temperature,
        threshold=judged[score]["threshold"],
        keep=keep,
        score=score,
        bias=bias,
        coverage=promised.coverage if promised else None,
        level=_level(softmax(logits, temperature, bias), within, promised) if promised else None,
    )
    return calibration, {"score": score, "why": why, "keep": keep, "candidates": judged}


def _level(shares: Floats, targets: Integers, promised: Promise) -> float:
    rows = np.flatnonzero(targets >= 0)
    return conformal_level(conformity(shares, ordered=promised.ordered)[rows, targets[rows]], promised.coverage)


def _judge(trust: Floats, right: Booleans, outside: Booleans, threshold: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"threshold": threshold}
    kept = trust >= threshold if threshold is not None else np.ones(len(trust), dtype=bool)
    if (~outside).any():
        found["in_scope_accuracy"] = float((right & kept)[~outside].mean())
    if outside.any():
        found["oos_recall"] = float((~kept)[outside].mean())
    if outside.any() and (~outside).any():
        found["oos_auroc"] = auroc(-trust[outside], -trust[~outside])
    return found


def _choose(judged: dict[Score, dict[str, Any]], outside: int, refuses: bool) -> tuple[Score, str]:
    """The score, and the reason in words."""
    if not refuses:
        return "probability", "the task knows no texts outside its labels"
    if outside < ENOUGH_OUTSIDE or any("in_scope_accuracy" not in found for found in judged.values()):
        return "energy", (
            f"{outside} out-of-scope validation rows are fewer than {ENOUGH_OUTSIDE}, too few to choose by: this score "
            "tells what the labels know from what they do not"
        )
    best = max(found["oos_recall"] for found in judged.values())
    share = (best * outside + 1) / (outside + 2)
    error = (share * (1 - share) / outside) ** 0.5
    near = {name: found for name, found in judged.items() if found["oos_recall"] >= best - error}
    chosen = max(near, key=lambda name: (near[name]["in_scope_accuracy"], near[name]["oos_auroc"]))
    return chosen, (
        f"of the scores within a standard error ({error:.3f}) of the best out-of-scope recall ({best:.3f}) it answers "
        "the most in-scope rows right"
    )
