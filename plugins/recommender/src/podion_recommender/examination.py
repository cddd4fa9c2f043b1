"""How probable it is that a place of a list is looked at at all, beside the first. Pure.

From what chance put into places, where there is enough of it: there the click rate by place is examination up to a
factor. Else by a position-based model, click = looked at × wanted, fitted by expectation maximisation over items that
stood in several places (Wang et al. 2018; Chuklin et al. 2015).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Source = Literal["chance", "model", "prior"]

PLACES = 50
LEAST_CLICKS = 100
"""Clicks that a table is fitted from; with fewer the prior stands."""

_FLOOR = 0.02
_ROUNDS = 60
_PRIOR_WEIGHT = 200.0
"""Places that the prior counts as, at each position."""


def prior(position: int) -> float:
    """Return what is assumed before anything was counted: 1 / log2(position + 2), the discount of NDCG."""
    return 1 / math.log2(max(0, position) + 2)


def at(table: tuple[float, ...] | list[float], position: int) -> float:
    """Return how probable it is that a place is looked at, beside place 0; beyond the table it falls as the prior."""
    if not table:
        return prior(position)
    place = max(0, position)
    return table[place] if place < len(table) else table[-1] * prior(place) / prior(len(table) - 1)


@dataclass(frozen=True)
class Shown:
    """Places that were shown: position from 0, the number of the item, whether it was clicked, whether by chance."""

    positions: Ints
    items: Ints
    clicked: NDArray[np.bool_]
    chance: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """Examination by position, place 0 being 1 and none higher than the one before; and what it was told from."""

    table: tuple[float, ...]
    source: Source
    rows: int
    clicks: int


def fit(shown: Shown, places: int = PLACES) -> Fitted:
    """Return the table for the places that occur, at most `places`."""
    near = shown.positions < places
    rows, clicks = int(near.sum()), int(shown.clicked[near].sum())
    if clicks < LEAST_CLICKS:
        return Fitted((), "prior", rows, clicks)
    chosen = near & shown.chance
    by_chance = int(shown.clicked[chosen].sum()) >= LEAST_CLICKS
    kept = chosen if by_chance else near
    positions, clicked = shown.positions[kept], shown.clicked[kept].astype(np.float64)
    width = int(positions.max()) + 1
    seen = np.bincount(positions, minlength=width).astype(np.float64)
    if by_chance:
        raw = np.bincount(positions, weights=clicked, minlength=width) / np.maximum(seen, 1)
    else:
        raw = _model(positions, shown.items[kept], clicked, width)
    return Fitted(_falling(raw, seen), "chance" if by_chance else "model", rows, clicks)


def _model(positions: Ints, items: Ints, clicked: Floats, width: int) -> Floats:
    """Return examination by position of a position-based model; an item that is seldom shown is held to the mean."""
    _, numbers = np.unique(items, return_inverse=True)
    number = int(numbers.max()) + 1
    looked = np.array([prior(place) for place in range(width)])
    overall = min(0.9, float(clicked.sum() / looked[positions].sum()))
    wanted = np.full(number, overall)
    seen = np.bincount(positions, minlength=width)
    shown = np.bincount(numbers, minlength=number)
    for _ in range(_ROUNDS):
        both = np.clip(looked[positions] * wanted[numbers], 1e-9, 1 - 1e-9)
        unclicked = (1 - clicked) / (1 - both)
        looks = clicked + unclicked * looked[positions] * (1 - wanted[numbers])
        wants = clicked + unclicked * wanted[numbers] * (1 - looked[positions])
        looked = np.bincount(positions, weights=looks, minlength=width) / np.maximum(seen, 1)
        wanted = (np.bincount(numbers, weights=wants, minlength=number) + 2 * overall) / (shown + 2)
        top = looked.max() or 1.0
        looked, wanted = np.clip(looked / top, 1e-6, 1.0), np.clip(wanted * top, 1e-6, 1 - 1e-6)
    return looked


def _falling(raw: Floats, seen: Floats) -> tuple[float, ...]:
    """Return a table that never rises and begins with 1: pulled to the prior where little was seen, then pooled."""
    scale = float((raw * seen).sum()) / float((np.array([prior(p) for p in range(len(raw))]) * seen).sum())
    expected = np.array([prior(place) for place in range(len(raw))]) * scale
    values = (raw * seen + expected * _PRIOR_WEIGHT) / (seen + _PRIOR_WEIGHT)
    blocks: list[list[float]] = []
    for value, weight in zip(values, seen + _PRIOR_WEIGHT, strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            value_, weight_, width = blocks.pop()
            before = blocks[-1]
            total = before[1] + weight_
            blocks[-1] = [(before[0] * before[1] + value_ * weight_) / total, total, before[2] + width]
    pooled = [value for value, _, width in blocks for _ in range(int(width))]
    return tuple(max(_FLOOR, value / pooled[0]) for value in pooled)
