"""Clusters and spread: deterministic, complete, and apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from podion_customer_service.clusters import clusters_of, spread


def around(centre: int, count: int, noise: float = 0.05) -> list[list[float]]:
    chance = np.random.default_rng(centre)
    rows = np.eye(8)[centre] + noise * chance.normal(size=(count, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).tolist()


def test_three_heaps_are_three_clusters_largest_first() -> None:
    heaps = [around(0, 3), around(1, 6), around(2, 4)]
    order = np.random.default_rng(0).permutation(13)
    vectors = np.array([row for heap in heaps for row in heap])[order]
    found = clusters_of(vectors.tolist())
    assert [len(cluster.members) for cluster in found] == [6, 4, 3]
    for cluster in found:
        assert len({0 if order[place] < 3 else 1 if order[place] < 9 else 2 for place in cluster.members}) == 1
        assert cluster.centre in cluster.members


def test_none_and_one() -> None:
    assert clusters_of([]) == []
    assert [cluster.members for cluster in clusters_of([[1.0, 0.0]])] == [(0,)]
    assert spread([], 5) == []


@given(st.integers(1, 25), st.integers(0, 1000))
def test_every_text_is_in_one_cluster_and_the_same_each_time(count: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 3))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).tolist()
    found = clusters_of(vectors)
    assert sorted(place for cluster in found for place in cluster.members) == list(range(count))
    assert found == clusters_of(vectors)


def test_what_is_alike_is_shown_once_and_order_is_kept() -> None:
    vectors = [*around(0, 2), *around(1, 2), *around(2, 1)]
    assert spread(vectors, 10) == [0, 2, 4]
    assert spread(vectors, 2) == [0, 2]
