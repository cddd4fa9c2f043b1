"""Questions that mean the same, put together; and questions apart from one another, put first. Deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

NEAR = 0.9
"""Cosine above which two questions mean the same; unrelated short texts of one language reach 0.88 on me5-small."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Places of texts that belong together; `centre` is the one nearest to their mean."""

    members: tuple[int, ...]
    centre: int


def clusters_of(vectors: Sequence[Sequence[float]], near: float = NEAR) -> list[Cluster]:
    """Return clusters of vectors of length 1, largest first; every vector is in one, alone if nothing is near.

    Each joins the cluster whose mean is nearest, or founds one; then each chooses again among the means that came out,
    so that the order of arrival matters little.
    """
    if not vectors:
        return []
    rows = np.asarray(vectors, dtype=np.float32)
    means: list[Vectors] = []
    for row in rows:
        place = _nearest(means, row, near)
        if place is None:
            means.append(row.copy())
        else:
            means[place] = means[place] + row
    chosen = [_nearest(means, row, near) for row in rows]
    groups: dict[int, list[int]] = {}
    for place, mean in enumerate(chosen):
        groups.setdefault(len(means) + place if mean is None else mean, []).append(place)
    found = [_cluster(rows, members) for members in groups.values()]
    return sorted(found, key=lambda cluster: (-len(cluster.members), cluster.members))


def spread(vectors: Sequence[Sequence[float]], most: int, near: float = NEAR) -> list[int]:
    """Return at most `most` places in their order, leaving out what is near to one already taken."""
    taken: list[int] = []
    rows = np.asarray(vectors, dtype=np.float32)
    for place in range(len(vectors)):
        if len(taken) == most:
            break
        if not taken or float((rows[taken] @ rows[place]).max()) < near:
            taken.append(place)
    return taken


def _nearest(means: Sequence[Vectors], row: Vectors, near: float) -> int | None:
    if not means:
        return None
    sums = np.asarray(means)
    cosines = sums @ row / np.linalg.norm(sums, axis=1)
    best = int(cosines.argmax())
    return best if cosines[best] >= near else None


def _cluster(rows: Vectors, members: Sequence[int]) -> Cluster:
    own = rows[list(members)]
    return Cluster(members=tuple(members), centre=members[int((own @ own.mean(axis=0)).argmax())])
