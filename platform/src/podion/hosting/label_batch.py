"""Answers of many ready-made label heads at once: label sets of any sizes, scored as one batch.

What comes out equals what each head's own `decode` makes of its rows: `LabelClassifier` is the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from podion.hosting.adapter_files import Calibration
from podion.hosting.heads import LabelClassifier, label_vectors
from podion.hosting.label_decoding import ALTERNATIVES
from podion.hosting.label_sets import label_sets
from podion.hosting.trust import ENERGY_SHARE
from podion.nn import States

Json = dict[str, Any]

_NEVER = -1e30
"""A logit whose probability is 0, and finite, so that those which are not finite stand out."""


@dataclass(frozen=True)
class Judging:
    """One call's part of a batch: its head, its calibration, and which rows of the states are its own."""

    head: LabelClassifier
    calibration: Calibration
    rows: slice


def judging_of(head: object, calibration: Calibration, rows: slice) -> Judging | None:
    """Return what `label_answers` needs of a call; None for one that its own head has to answer."""
    if type(head) is not LabelClassifier or calibration.score == "distance" or rows.start == rows.stop:
        return None
    return Judging(head, calibration, rows)


def label_answers(states: States, judgings: Sequence[Judging]) -> list[list[Json] | None]:
    """Return the answers of each call, dumped without `prediction_id`; None for one whose logits are not finite."""
    if not judgings:
        return []
    last = label_vectors(states.pooled, None)
    both = label_vectors(states.pooled, states.lower) if any(each.head.reads_cut for each in judgings) else last
    scaled = _side_by_side([_scaled(each, (both if each.head.reads_cut else last)[each.rows]) for each in judgings])
    finite = torch.isfinite(scaled).all(-1).tolist()
    shares = torch.softmax(scaled, -1)
    confidences, places = shares.topk(min(scaled.shape[1], 1 + ALTERNATIVES), dim=-1)
    rows = list(zip(confidences.tolist(), places.tolist(), strict=True))
    trusts = _trusts(scaled, confidences[:, 0])
    answers: list[list[Json] | None] = []
    first = 0
    for each in judgings:
        own = range(first, first := first + each.rows.stop - each.rows.start)
        trust, threshold = trusts[each.calibration.score], each.calibration.threshold
        held_back = [threshold is not None and trust[row] < threshold for row in own]
        labels = each.head.label_space.labels
        sets = _sets(each, shares[own.start : own.stop, : len(labels)])
        made = [_answer(*rows[row], labels, back, may) for row, back, may in zip(own, held_back, sets, strict=True)]
        answers.append(made if all(finite[row] for row in own) else None)
    return answers


def _sets(each: Judging, shares: Tensor) -> list[tuple[str, ...]]:
    """The labels that may be right in each of a call's rows; none where its calibration has no level."""
    level = each.calibration.level
    if level is None:
        return [()] * len(shares)
    return label_sets(shares.double().cpu().numpy(), level, each.head.label_space.labels, ordered=each.head.ordered)


def _scaled(each: Judging, vectors: Tensor) -> Tensor:
    """A call's calibrated logits, [rows, labels]."""
    scaled: Tensor = each.head.linear(vectors) / each.calibration.temperature
    bias = each.calibration.bias
    return scaled if bias is None else scaled + torch.tensor(bias, dtype=torch.float32, device=scaled.device)


def _trusts(scaled: Tensor, confidences: Tensor) -> dict[str, list[float]]:
    """What each row's threshold is held against, by score: as `podion.hosting.trust` has it, for a whole batch."""
    wide = scaled.double()
    energy = torch.logsumexp(wide, -1)
    surprise = wide.amax(-1) - energy
    return {
        "probability": confidences.tolist(),
        "energy": energy.tolist(),
        "blend": (surprise + ENERGY_SHARE * energy).tolist(),
    }


def _side_by_side(logits: Sequence[Tensor]) -> Tensor:
    """All rows' logits as one tensor [rows, most labels]; what a head has no label for is as improbable as can be."""
    widest = max(own.shape[1] for own in logits)
    return torch.cat([functional.pad(own, (0, widest - own.shape[1]), value=_NEVER) for own in logits])


def _answer(
    confidences: Sequence[float],
    places: Sequence[int],
    labels: Sequence[str],
    abstained: bool,
    possible: tuple[str, ...],
) -> Json:
    ranked = [
        {"label": labels[place], "confidence": min(1.0, max(0.0, confidence))}
        for confidence, place in zip(confidences, places[: len(labels)], strict=False)
    ]
    best = ranked[0]
    return {
        "confidence": best["confidence"],
        "abstained": abstained,
        "label": best["label"],
        "alternatives": ranked[1:],
        "possible": list(possible),
    }
