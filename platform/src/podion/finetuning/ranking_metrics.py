"""What is measured of rankings of everything that an adapter knows, where one thing came next. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from podion.answers import RankingAnswer
from podion.finetuning.binary_metrics import Measures
from podion.finetuning.calibration import Floats, ece_noise_95, expected_calibration_error
from podion.finetuning.resampling import bootstrap

FIRST = 10
"""How many of a ranking are looked at by `ndcg@10` and `recall@10`, and by what is told of all rankings together."""

_FURTHER = 50


def ranking_metrics(
    answers: Sequence[RankingAnswer],
    expected: Sequence[str | None],
    labels: Sequence[str],
    primary: str = "ndcg@10",
    *,
    brief: bool = False,
) -> dict[str, Any]:
    """Return `ndcg@10`, `recall@10`, `recall@50` and `mrr` of what came next, and what all rankings together show.

    A tie counts half, a ranking that does not hold what came next is a miss. `coverage` is the share of all labels that
    stand among the first ten of any ranking, `gini` how unequally those places are shared out among all labels (0:
    alike; 1: one has all). `ece` is of the confidences, against how often what came next is among the first ten. Rows
    without a label do not count. `brief` leaves out the bootstrap and what takes simulation.
    """
    pairs = [(answer, truth) for answer, truth in zip(answers, expected, strict=True) if truth is not None]
    metrics: dict[str, Any] = {"rows": len(pairs)}
    if not pairs:
        return metrics
    ranks = np.array([rank_of(answer, truth) for answer, truth in pairs])
    measures = _measures(ranks)
    every = np.arange(len(pairs))
    metrics |= {name: measure(every) for name, measure in measures.items()}
    metrics |= _shown(answers, labels)
    if brief:
        return metrics
    confidences = np.array([answer.confidence for answer, _ in pairs])
    metrics["ece"] = expected_calibration_error(confidences, ranks < FIRST)
    metrics["ece_noise_95"] = ece_noise_95(confidences)
    if primary in measures:
        metrics["standard_error"] = {primary: bootstrap(len(pairs), measures[primary])}
    return metrics


def rank_of(answer: RankingAnswer, truth: str) -> float:
    """Return the place of `truth` in a ranking from 0 on, in the middle of those it ties with; infinity if absent."""
    score = next((item.score for item in answer.items if item.item_id == truth), None)
    if score is None:
        return float("inf")
    above = sum(item.score > score for item in answer.items)
    beside = sum(item.score == score for item in answer.items) - 1
    return above + beside / 2


def _measures(ranks: Floats) -> Measures:
    gains = np.where(ranks < FIRST, 1 / np.log2(np.minimum(ranks, FIRST) + 2), 0.0)
    return {
        "ndcg@10": lambda chosen: float(gains[chosen].mean()),
        "recall@10": lambda chosen: float((ranks[chosen] < FIRST).mean()),
        "recall@50": lambda chosen: float((ranks[chosen] < _FURTHER).mean()),
        "mrr": lambda chosen: float((1 / (ranks[chosen] + 1)).mean()),
    }


def _shown(answers: Sequence[RankingAnswer], labels: Sequence[str]) -> dict[str, float]:
    """What of all that there is stands among the first ten, and how the places are shared out."""
    number = {label: place for place, label in enumerate(labels)}
    shown = [number[item.item_id] for answer in answers for item in answer.items[:FIRST] if item.item_id in number]
    counts = np.sort(np.bincount(np.array(shown, dtype=np.int64), minlength=len(labels)))
    if not counts.sum():
        return {}
    order = np.arange(1, len(counts) + 1)
    gini = float(((2 * order - len(counts) - 1) * counts).sum() / (len(counts) * counts.sum()))
    return {"coverage": float((counts > 0).mean()), "gini": gini}
