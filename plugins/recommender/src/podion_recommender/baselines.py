"""What every model has to beat, ranked over a whole catalogue: the same simple models as beside a run's report.

Each ranking is a row of item numbers, best first, -1 where nothing is left; nobody's past is in it. Where a model has
nothing more to say, popularity goes on, and of what is equally popular a lot decides, the same for everybody.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from podion import LabelSpace
from podion_recommender.challengers import AlternatingLeastSquares, ItemCosine, Popularity, Rival, SequenceCosine
from podion_recommender.past_and_later import Parted
from podion_recommender.schema import Visit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLOCK = 128
_MOST_JUDGES = 1_000
_TIE = 1e-9
"""What popularity counts beside a model's own scores, which are taken as shares of the row's highest."""


def rankings(
    parted: Parted, catalogue: Sequence[str], depth: int, seed: int, *, with_als: bool
) -> Iterator[tuple[str, Ints]]:
    """Yield (model, rankings [asked, depth]) of popularity first, then what goes together, what follows, and ALS.

    Each chooses its settings by the last item of the known past of up to 1,000 users, and learns with these from all.
    """
    space = LabelSpace(tuple(catalogue), "item_id")
    pasts = _pasts(parted, catalogue)
    drawn = np.random.default_rng(seed).permutation(len(pasts))[:_MOST_JUDGES]
    judges = [pasts[place] for place in sorted(drawn.tolist()) if len(pasts[place]) > 1]
    known = [visit for past in judges for visit in past[:-1]]
    last = [past[-1].model_copy(update={"exclude": tuple(str(each.item_id) for each in past[:-1])}) for past in judges]
    everything = [visit for past in pasts for visit in past]
    popular = _popular(parted, len(catalogue), seed)
    kinds: list[type[Rival]] = [
        Popularity,
        ItemCosine,
        SequenceCosine,
        *([AlternatingLeastSquares] if with_als else []),
    ]
    for kind in kinds:
        rival = kind(space, seed)
        rival.fit(known, last)
        rival.fit(everything, [])
        yield rival.name, _ranked(rival, parted.asked.pasts, popular, depth)


def _pasts(parted: Parted, catalogue: Sequence[str]) -> list[list[Visit]]:
    """Return what is known of each user as visits, in order of time."""
    order = np.argsort(parted.users, kind="stable")
    cuts = np.flatnonzero(np.diff(parted.users[order])) + 1
    return [
        [
            Visit.model_construct(
                user_id=str(parted.users[row]),
                item_id=catalogue[parted.items[row]],
                timestamp=float(place),
                past=None,
                exclude=(),
                count=10,
            )
            for place, row in enumerate(own)
        ]
        for own in (np.split(order, cuts) if len(order) else ())
    ]


def _popular(parted: Parted, items: int, seed: int) -> Floats:
    """Return how popular each item is, 0 to 1: how often it was taken, and half of one by lot."""
    counts = np.bincount(parted.items, minlength=items) + 0.5 * np.random.default_rng(seed).random(items)
    return np.asarray(counts / counts.max(initial=1.0), dtype=np.float64)


def _ranked(rival: Rival, pasts: Sequence[Ints], popular: Floats, depth: int) -> Ints:
    found = [np.zeros((0, depth), dtype=np.int64)]
    for start in range(0, len(pasts), _BLOCK):
        block = pasts[start : start + _BLOCK]
        scores = np.asarray(rival.scores(block), dtype=np.float64)
        scores = scores / np.maximum(np.abs(scores).max(axis=1, keepdims=True, initial=0.0), 1e-12) + _TIE * popular
        for row, past in enumerate(block):
            scores[row, past] = -np.inf
        found.append(_best(scores, depth))
    return np.concatenate(found)


def _best(scores: Floats, depth: int) -> Ints:
    width = min(depth, scores.shape[1])
    near = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    values = np.take_along_axis(scores, near, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    there = np.take_along_axis(values, order, axis=1) > -np.inf
    ranked = np.full((len(scores), depth), -1, dtype=np.int64)
    ranked[:, :width] = np.where(there, np.take_along_axis(near, order, axis=1), -1)
    return ranked
