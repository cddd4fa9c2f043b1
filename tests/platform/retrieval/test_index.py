from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from podion.errors import DataError
from podion.retrieval.index import VectorIndex

RANDOM = np.random.default_rng(2026)


def unit(rows: int, dimension: int = 8) -> Any:
    vectors = RANDOM.normal(size=(rows, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def index_of(vectors: Any, first: int = 1_000_000_000_000) -> VectorIndex:
    index = VectorIndex(vectors.shape[1])
    index.add(np.arange(first, first + len(vectors)), vectors)
    return index


def test_search_is_exact_among_those_allowed() -> None:
    vectors = unit(200)
    index, first = index_of(vectors), 1_000_000_000_000
    allowed = np.arange(0, 200, 7)
    numbers, scores = index.search(vectors[3], 10, first + allowed)
    best = allowed[np.argsort(-(vectors[allowed] @ vectors[3]))][:10]
    assert numbers.tolist() == (first + best).tolist()
    assert np.allclose(scores, vectors[best] @ vectors[3], atol=1e-6)
    assert index.search(vectors[3], 1)[0].tolist() == [first + 3]
    assert len(index.search(vectors[3], 500)[0]) == 200
    assert len(index.search(vectors[3], 5, allowed[:0])[0]) == 0


def test_what_is_removed_is_gone_and_its_bytes_are() -> None:
    vectors = unit(20)
    index = index_of(vectors, 1)
    index.remove(np.array([4, 999]))
    assert index.numbers.tolist() == [number for number in range(1, 21) if number != 4]
    assert vectors[3].tobytes() not in index.to_array().tobytes()
    assert vectors[4].tobytes() in index.to_array().tobytes()
    again = VectorIndex.of(index.to_array())
    assert np.array_equal(again.vectors(np.array([7, 1])), vectors[[6, 0]])


@pytest.mark.parametrize("content", [b"", b"nonsense that is no index"])
def test_what_is_no_index_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="not an index"):
        VectorIndex.of(np.frombuffer(content, np.uint8))


def test_a_gpu_searches_a_clone_that_follows_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a GPU, since none is here: control flow only."""
    import faiss

    made: list[int] = []

    def clone(_resources: object, _device: int, index: Any) -> Any:
        made.append(index.ntotal)
        return faiss.clone_index(index)

    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", clone, raising=False)
    vectors = unit(10)
    index = VectorIndex(8, gpu=True)
    index.add(np.arange(9), vectors[:9])
    search: Callable[[], Any] = lambda: index.search(vectors[9], 1)[1][0]  # noqa: E731
    assert search() == search() < 1
    assert made == [9]
    index.add(np.array([9]), vectors[9:])
    assert search() == pytest.approx(1)
    assert made == [9, 10]


def test_the_gpus_names_are_there() -> None:
    """What is called on a machine with a GPU exists in the distribution that brings it."""
    import importlib.metadata

    import faiss

    installed = {name for name in ("faiss-gpu", "faiss-cpu") if _is_installed(name, importlib.metadata)}
    assert len(installed) == 1, "two distributions of faiss overwrite each other's files"
    if installed == {"faiss-gpu"}:
        assert callable(faiss.index_cpu_to_gpu)
        assert callable(faiss.StandardGpuResources)


def _is_installed(name: str, metadata: Any) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
