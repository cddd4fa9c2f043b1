"""How much each known word counts in a text: the rows that a linear layer on words multiplies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from podion.nn.word_sequences import Keys, Sequences, sequences_in

Floats = NDArray[np.float32]
Reading = Callable[[Sequence[str]], Sequences]
"""How texts are read: which sequences count as standing in each."""


@dataclass(frozen=True)
class Vocabulary:
    """The sequences that count: their `keys` in rising order, and how rare each is among the texts that taught them."""

    keys: Keys
    rarity: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)


def word_rows(texts: Sequence[str], vocabulary: Vocabulary, reading: Reading = sequences_in) -> Any:
    """Return a sparse matrix [texts, words]: each row's counts on a logarithmic scale times rarity, at length 1.

    Rows of texts without any word that counts are zeros.
    """
    rows, columns, values = _cells(texts, vocabulary, reading)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)), dtype=np.float32)


def word_sums(texts: Sequence[str], vocabulary: Vocabulary, weight: Floats, reading: Reading = sequences_in) -> Floats:
    """Return `word_rows` times a weight [words, labels], [texts, labels], without making the matrix."""
    rows, columns, values = _cells(texts, vocabulary, reading)
    sums = np.zeros((len(texts), weight.shape[1]), dtype=np.float32)
    if len(rows):
        begins = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
        sums[rows[begins]] = np.add.reduceat(weight[columns] * values[:, None], begins)
    return sums


def _cells(
    texts: Sequence[str], vocabulary: Vocabulary, reading: Reading
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Text, word and value of each cell that is not zero, text by text."""
    found = reading(texts)
    if not len(vocabulary) or not len(found.keys):
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0, np.float32)
    places = np.minimum(np.searchsorted(vocabulary.keys, found.keys), len(vocabulary) - 1)
    known = vocabulary.keys[places] == found.keys
    cells, counts = np.unique(found.rows[known] * len(vocabulary) + places[known], return_counts=True)
    rows, columns = np.divmod(cells, len(vocabulary))
    values = ((1 + np.log(counts)) * vocabulary.rarity[columns]).astype(np.float32)
    lengths = np.sqrt(np.bincount(rows, weights=values.astype(np.float64) ** 2, minlength=len(texts)))
    values /= np.maximum(lengths, 1e-9)[rows].astype(np.float32)
    return rows, columns, values
