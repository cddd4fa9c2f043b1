"""What a visit asks, in numbers: its latest items and their ages, what must not be answered, what is new."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podion_recommender.schema import Visit
from podion_recommender.vectors import vector_of

LENGTH = 30
"""Latest items of a user that the head reads."""


@dataclass(frozen=True)
class Asked:
    """What a visit asks beside its past: `barred` item numbers, new items with vectors [new, hidden], how many."""

    barred: NDArray[np.int64]
    fresh: tuple[str, ...]
    vectors: NDArray[np.float32]
    count: int


def latest(
    visits: Sequence[Visit], places: Mapping[str, int], day: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the latest known items of each visit, newest first and -1 for none, and their ages, [rows, 30] each.

    An age is the logarithm of 1 + how many `day`s before the visit.
    """
    past = np.full((len(visits), LENGTH), -1, dtype=np.int32)
    ages = np.zeros((len(visits), LENGTH), dtype=np.float32)
    for row, visit in enumerate(visits):
        column = 0
        for step in reversed(visit.past or ()):
            place = places.get(step.item_id)
            if place is None:
                continue
            past[row, column] = place
            ages[row, column] = math.log1p(max(0.0, visit.timestamp - step.at) / day)
            column += 1
            if column == LENGTH:
                break
    return past, ages


def asked_by(visit: Visit, places: Mapping[str, int], hidden: int) -> Asked:
    """Return what a visit asks; new items that the head knows, or that are barred, are left out."""
    barred = {*visit.exclude, *(step.item_id for step in visit.past or ())}
    fresh = {item.item_id: item for item in visit.fresh if item.item_id not in barred and item.item_id not in places}
    vectors = [vector_of(item.vector, hidden) for item in fresh.values()]
    return Asked(
        barred=np.array(sorted({places[item] for item in barred if item in places}), dtype=np.int64),
        fresh=tuple(fresh),
        vectors=np.array(vectors, dtype=np.float32).reshape(len(vectors), hidden),
        count=visit.count,
    )


def sequences_of(visits: Sequence[Visit], places: Mapping[str, int]) -> tuple[list[NDArray[np.int64]], float]:
    """Return what each user took, in order of time, and the median time between two steps (1 where none passed)."""
    taken: dict[str, list[tuple[float, int]]] = {}
    for visit in visits:
        if visit.item_id is not None and visit.item_id in places:
            taken.setdefault(visit.user_id, []).append((visit.timestamp, places[visit.item_id]))
    ordered = [sorted(steps, key=lambda step: step[0]) for steps in taken.values()]
    gaps = np.concatenate([np.zeros(0), *(np.diff([at for at, _ in steps]) for steps in ordered)])
    day = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 1.0
    return [np.array([place for _, place in steps], dtype=np.int64) for steps in ordered], day
