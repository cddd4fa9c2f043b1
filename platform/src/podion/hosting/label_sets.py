"""The labels that may be right: the smallest sets that hold the truth as often as a task promises. No torch.

Least ambiguous sets after Sadinle, Lei & Wasserman (JASA 2019): a label is possible where its probability reaches a
level, which is set on rows that the head did not learn from. Of labels that stand in an order, all that lie between a
label and the most probable one have to reach it, too, so that a set has no gap. The most probable label always is in.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def conformity(shares: Floats, *, ordered: bool) -> Floats:
    """Return what is held against the level, one number a label, for probabilities `shares` [rows, labels]."""
    if not ordered:
        return shares
    places, best = np.arange(shares.shape[1]), shares.argmax(axis=1)[:, None]
    upward = np.minimum.accumulate(np.where(places >= best, shares, np.inf), axis=1)
    downward = np.minimum.accumulate(np.where(places <= best, shares, np.inf)[:, ::-1], axis=1)[:, ::-1]
    found: Floats = np.where(places >= best, upward, downward)
    return found


def label_sets(shares: Floats, level: float, labels: Sequence[str], *, ordered: bool) -> list[tuple[str, ...]]:
    """Return each row's possible labels, most probable first, for probabilities `shares` [rows, labels]."""
    inside = conformity(shares, ordered=ordered) >= level
    order = np.argsort(-shares, axis=1, kind="stable")
    return [
        tuple(labels[place] for number, place in enumerate(row.tolist()) if number == 0 or within[place])
        for row, within in zip(order, inside, strict=True)
    ]
