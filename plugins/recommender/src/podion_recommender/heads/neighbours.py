"""What followed what: co-occurrence counted in order, normalised as a cosine, the nearest of each item kept.

Of two items in one user's sequence the later counts towards what follows the earlier, with a weight that falls with
the distance of their positions, and less the other way round. Divided by powers of how often each occurs it is a cosine
of sorts (Sarwar et al. 2001 for the plain one); a user's latest items are asked, the last of them most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Counting:
    """How co-occurrence is counted and asked.

    A pair at distance d counts d ** -`fall`, up to `window`; `back` is what the other direction counts. Counts are
    divided by how often the earlier item occurs to the power `source`, and the later to the power `target`. Of a past,
    the latest item weighs 1 and each before it `recency` times the one after.
    """

    window: int = 40
    fall: float = 0.5
    back: float = 0.25
    source: float = 0.3
    target: float = 0.2
    recency: float = 0.75


@dataclass(frozen=True)
class Neighbours:
    """The nearest followers of each item: those of item i stand from `starts`[i] to `starts`[i + 1]."""

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    values: NDArray[np.float16]

    def matrix(self) -> sparse.csr_array:
        """Return them as [items, items]."""
        size = len(self.starts) - 1
        return sparse.csr_array((self.values.astype(np.float32), self.items, self.starts), shape=(size, size))


def followers(sequences: Sequence[Ints], items: int, counting: Counting) -> sparse.csr_array:
    """Return [items, items]: how much the item of a column follows that of a row, in sequences of item numbers."""
    both = _pairs(sequences, items, counting)
    seen = np.maximum(np.bincount(_joined(sequences), minlength=items), 1).astype(np.float64)
    scaled = sparse.diags_array(seen**-counting.source) @ both @ sparse.diags_array(seen**-counting.target)
    found = sparse.csr_array(scaled.astype(np.float32))
    found.setdiag(0.0)
    found.eliminate_zeros()
    largest = found.data.max(initial=0.0)
    return found / largest if largest else found


def nearest(found: sparse.csr_array, most: int) -> Neighbours:
    """Return the best `most` followers of each item; of equal ones those with the lower numbers."""
    kept: list[Ints] = []
    for row in range(found.shape[0]):
        start, end = found.indptr[row], found.indptr[row + 1]
        order = np.lexsort((found.indices[start:end], -found.data[start:end]))[:most]
        kept.append(start + np.sort(order))
    places = _joined(kept)
    starts = np.concatenate([[0], np.cumsum([len(own) for own in kept])]).astype(np.int64)
    return Neighbours(starts, found.indices[places].astype(np.int32), found.data[places].astype(np.float16))


def nearness(found: sparse.csr_array, pasts: Ints, recency: float) -> NDArray[np.float32]:
    """Return how near each item is to pasts [rows, length], newest first and -1 for none: [rows, items]."""
    weights = np.broadcast_to(recency ** np.arange(pasts.shape[1]), pasts.shape)
    there = pasts >= 0
    rows = np.broadcast_to(np.arange(len(pasts))[:, None], pasts.shape)
    asked = sparse.coo_array((weights[there], (rows[there], pasts[there])), shape=(len(pasts), found.shape[0]))
    near: NDArray[np.float32] = (asked.tocsr() @ found).toarray().astype(np.float32)
    return near


def _pairs(sequences: Sequence[Ints], items: int, counting: Counting) -> sparse.csr_array:
    """Weighted counts of pairs, [earlier, later]."""
    earlier: list[Ints] = []
    later: list[Ints] = []
    weights: list[Floats] = []
    for sequence in sequences:
        for distance in range(1, min(counting.window, len(sequence) - 1) + 1):
            earlier.append(sequence[:-distance])
            later.append(sequence[distance:])
            weights.append(np.full(len(sequence) - distance, distance**-counting.fall))
    values = np.concatenate([np.zeros(0), *weights])
    forward = sparse.coo_array((values, (_joined(earlier), _joined(later))), shape=(items, items)).tocsr()
    return sparse.csr_array(forward + counting.back * forward.T)


def _joined(parts: Sequence[Ints]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
