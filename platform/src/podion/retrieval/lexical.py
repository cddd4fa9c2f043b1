"""Finds by letters: trigrams of words and single and paired Chinese characters, so that a typing mistake costs little.

Rows do not depend on what else is in the index (rarity weighs on the query's side), so that adding and removing is
exact. Measured beside BM25 and TF-IDF over words in benchmarks/retrieval.py.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BUCKETS = 1 << 18
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORDS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W\u3400-\u9fff\uf900-\ufaff]+")

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class LexicalIndex:
    """Rows by number, in rising order; scores are cosines in [0, 1]."""

    def __init__(self) -> None:
        self.numbers: Ints = np.zeros(0, np.int64)
        self._rows: Any = _sparse().csr_matrix((0, _BUCKETS), dtype=np.float32)
        self._rarity: Floats | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        arrays = (self._rows.data, self._rows.indices, self._rows.indptr, self.numbers)
        return int(sum(array.nbytes for array in arrays)) + 4 * _BUCKETS

    def add(self, numbers: Ints, texts: Sequence[str]) -> None:
        """Add texts under numbers that are higher than every one there is."""
        if not len(numbers):
            return
        self._rows = _sparse().vstack([self._rows, _unit(_counted(texts))], format="csr", dtype=np.float32)
        self.numbers = np.concatenate([self.numbers, np.asarray(numbers, np.int64)])
        self._rarity = None

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop the rows, in the order of `numbers`, that are not marked."""
        if not kept.all():
            self._rows, self.numbers, self._rarity = self._rows[kept], self.numbers[kept], None

    def scores(self, query: str) -> Floats:
        """Return how well each row fits, in the order of `numbers`."""
        if self._rarity is None:
            found = np.bincount(self._rows.indices, minlength=_BUCKETS)
            self._rarity = (np.log((len(self) + 1) / (found + 1)) + 1).astype(np.float32)
        asked = _counted([query])
        weights = np.zeros(_BUCKETS, np.float32)
        weights[asked.indices] = asked.data * self._rarity[asked.indices]
        length = float(np.linalg.norm(weights))
        scored: Floats = self._rows @ (weights / length if length else weights)
        return scored

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a file keeps."""
        rows = self._rows
        return {"numbers": self.numbers, "data": rows.data, "indices": rows.indices, "indptr": rows.indptr}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> "LexicalIndex":
        """Return the index that `arrays` came from; raises `ValueError` for arrays that do not fit together."""
        index = cls()
        index.numbers = arrays["numbers"]
        shape = (len(index.numbers), _BUCKETS)
        index._rows = _sparse().csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
        return index


def grams(text: str) -> list[str]:
    """Return the pieces of a text that are counted: of each word its trigrams, edges marked by a space."""
    words = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    return [gram for word in words for gram in _grams_of(word)]


@lru_cache(maxsize=50_000)
def _grams_of(word: str) -> tuple[str, ...]:
    if _CHINESE.match(word):
        return (*word, *(word[at : at + 2] for at in range(len(word) - 1)))
    edged = f" {word} "
    return tuple(edged[at : at + 3] for at in range(len(edged) - 2))


def _counted(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        analyzer=grams, n_features=_BUCKETS, alternate_sign=False, norm=None, dtype=np.float32
    )
    rows = vectorizer.transform(texts)
    rows.data = 1 + np.log(rows.data)
    return rows


def _unit(rows: Any) -> Any:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return _sparse().diags(1 / np.maximum(lengths, 1e-9)) @ rows


def _sparse() -> Any:
    """Import scipy when it is first needed: a process that never searches does not pay for it."""
    from scipy import sparse

    return sparse
