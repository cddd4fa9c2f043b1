"""Sketches of texts: the smallest hashes of their shingles, by which reposts find each other among many.

A sketch is the bottom-k of MinHash (Broder 1997, "On the resemblance and containment of documents"): of a text that is
cut short, the sketch still shares members with that of the whole, which banded MinHash and SimHash lose.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from podion_sentiment_monitor.text import bare, is_han, tokens

MEMBERS = 16
WORDS, CHARACTERS = 3, 4
LEAD = 400
"""Words or Chinese characters of a text that are looked at; what a repost cuts is behind them."""
MOST_ALIKE = 128
"""Of the texts with a member, so many are looked at, the oldest: that is where a story began."""

Sketch = NDArray[np.uint32]


def shingles(text: str) -> frozenset[str]:
    """Return every three words that follow each other, or four Chinese characters; of less, all of it."""
    parts = tokens(bare(text))[:LEAD]
    chinese = sum(map(is_han, parts)) * 2 > len(parts)
    size = CHARACTERS if chinese else WORDS
    if len(parts) <= size:
        return frozenset([" ".join(parts)] if parts else [])
    return frozenset(" ".join(parts[place : place + size]) for place in range(len(parts) - size + 1))


def sketch(pieces: Iterable[str]) -> Sketch:
    """Return the 16 smallest hashes of shingles, ascending, the same in every process; 0 stands for "no more"."""
    smallest = sorted({_hashed(each) for each in pieces})[:MEMBERS]
    return np.array(smallest + [0] * (MEMBERS - len(smallest)), np.uint32)


def _hashed(shingle: str) -> int:
    """Return 32 bits of BLAKE2b, never 0."""
    digest = hashlib.blake2b(shingle.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big") or 1


class Postings:
    """Which texts have which members: those of `known` [texts, 16] that `asked` could ask for, and what is added."""

    def __init__(self, known: NDArray[np.uint32], asked: Sequence[Sketch]) -> None:
        self._rows: dict[int, list[int]] = {}
        self._count = len(known)
        wanted = np.unique(np.concatenate(asked)) if asked else np.zeros(0, np.uint32)
        wanted = wanted[wanted != 0]
        if len(known) and len(wanted):
            flat = known.reshape(-1)
            places = np.minimum(np.searchsorted(wanted, flat), len(wanted) - 1)
            for place in np.flatnonzero(wanted[places] == flat).tolist():
                self._rows.setdefault(int(flat[place]), []).append(place // MEMBERS)

    def add(self, members: Sketch) -> int:
        """Add a text and return its row."""
        for member in members[members != 0].tolist():
            self._rows.setdefault(member, []).append(self._count)
        self._count += 1
        return self._count - 1

    def alike(self, members: Sketch, most: int = 6) -> list[int]:
        """Return the rows that share two members or more (one, of a text that has few), those with most first.

        Among equals the older row comes first.
        """
        mine = members[members != 0].tolist()
        shared: Counter[int] = Counter()
        for member in mine:
            shared.update(self._rows.get(member, [])[:MOST_ALIKE])
        needed = 2 if len(mine) > 6 else 1
        ranked = sorted((-count, row) for row, count in shared.items() if count >= needed)
        return [row for _, row in ranked[:most]]
