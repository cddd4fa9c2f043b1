"""Exact search by vectors. The only module that names faiss, and the only door to a GPU."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.errors import DataError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class VectorIndex:
    """Vectors of length 1 by number: exact inner products. The copy on the CPU is the truth, one on a GPU a clone."""

    def __init__(self, dimension: int, *, gpu: bool = False) -> None:
        faiss = _faiss()
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._gpu = gpu and faiss.get_num_gpus() > 0
        self._clone: Any = None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of its vectors."""
        return int(self._index.d)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return len(self) * (4 * self.dimension + 24)

    @property
    def numbers(self) -> Ints:
        """The number of every vector."""
        found: Ints = _faiss().vector_to_array(self._index.id_map).astype(np.int64)
        return found

    def add(self, numbers: Ints, vectors: Floats) -> None:
        """Add vectors under numbers that are not there."""
        self._clone = None
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(numbers, np.int64))

    def remove(self, numbers: Ints) -> None:
        """Remove the vectors of these numbers, where they are there."""
        self._clone = None
        if len(numbers):
            self._index.remove_ids(np.asarray(numbers, np.int64))

    def search(self, query: Floats, k: int, among: Ints | None = None) -> tuple[Ints, Floats]:
        """Return the numbers and inner products of the `k` nearest, best first; of those `among`, where it is given."""
        k = min(k, len(self) if among is None else len(among))
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        row = np.ascontiguousarray(query[None], np.float32)
        if among is None:
            scores, numbers = self._searched().search(row, k)
        else:
            faiss = _faiss()
            only = faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.asarray(among, np.int64)))
            scores, numbers = self._index.search(row, k, params=only)
        found = numbers[0] >= 0
        return numbers[0][found], scores[0][found]

    def vectors(self, numbers: Ints) -> Floats:
        """Return the vectors of these numbers, [numbers, dimension]."""
        if not len(numbers):
            return np.zeros((0, self.dimension), np.float32)
        found: Floats = self._index.reconstruct_batch(np.asarray(numbers, np.int64))
        return found

    def to_array(self) -> NDArray[np.uint8]:
        """Return the index as a file keeps it."""
        content: NDArray[np.uint8] = _faiss().serialize_index(self._index)
        return content

    @classmethod
    def of(cls, content: NDArray[np.uint8], *, gpu: bool = False) -> "VectorIndex":
        """Return the index that `to_array` gave; only for bytes whose digest was checked. Raises `DataError`."""
        faiss = _faiss()
        try:
            read = faiss.deserialize_index(content)
        except RuntimeError as error:
            raise DataError(f"not an index: {error}") from error
        if not isinstance(read, faiss.IndexIDMap2):
            raise DataError(f"not an index of ours but a {type(read).__name__}")
        index = cls(read.d, gpu=gpu)
        index._index = read
        return index

    def _searched(self) -> Any:
        if not self._gpu:
            return self._index
        if self._clone is None:
            faiss = _faiss()
            self._clone = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, self._index)
        return self._clone


def _faiss() -> Any:
    """Import faiss when it is first needed: a process that never searches does not pay for it."""
    import faiss

    # Its threads would compete with the other processes of the machine for milliseconds of work.
    faiss.omp_set_num_threads(1)
    return faiss
