"""Ranking figures: hand-worked examples, and what always holds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from podion_recommender import ranking_figures as figures

NO = np.zeros(0, dtype=np.int64)


def rankings(*rows: list[int]) -> figures.Ints:
    width = max(len(row) for row in rows)
    return np.array([row + [-1] * (width - len(row)) for row in rows], dtype=np.int64)


def later(*rows: list[int]) -> list[figures.Ints]:
    return [np.array(row, dtype=np.int64) for row in rows]


def test_one_item_that_comes_third() -> None:
    hits = figures.hits_of(rankings([4, 2, 7, 1]), later([7]))
    one = np.array([1])
    assert hits.tolist() == [[False, False, True, False]]
    assert figures.ndcg(hits, one, 10) == pytest.approx([1 / math.log2(4)])
    assert figures.recall(hits, one, 2).tolist() == [0.0] and figures.recall(hits, one, 3).tolist() == [1.0]
    assert figures.reciprocal_rank(hits) == pytest.approx([1 / 3])
    assert figures.average_precision(hits, one) == pytest.approx([1 / 3])


def test_several_items_and_one_that_is_not_found() -> None:
    hits = figures.hits_of(rankings([1, 9, 2, 8]), later([1, 2, 3]))
    three = np.array([3])
    gained, best = 1 + 1 / math.log2(4), 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert figures.ndcg(hits, three, 10) == pytest.approx([gained / best])
    assert figures.recall(hits, three, 10) == pytest.approx([2 / 3])
    assert figures.average_precision(hits, three) == pytest.approx([(1 + 2 / 3) / 3])
    assert figures.ndcg(hits, three, 1) == pytest.approx([1.0]), "the first place can hold but one"


def test_the_end_of_a_short_ranking_is_no_item() -> None:
    hits = figures.hits_of(rankings([5], [6, 7, 8]), later([-1], [8]))
    assert hits.tolist() == [[False] * 3, [False, False, True]]
    assert figures.reciprocal_rank(hits).tolist() == pytest.approx([0, 1 / 3])


def test_what_all_rankings_show_together() -> None:
    shown = rankings([0, 1], [0, 2], [0])
    counts = np.array([7, 2, 1, 0, 0])
    assert figures.coverage(shown, 5) == 3 / 5
    assert figures.average_popularity(shown, counts) == pytest.approx((7 + 2 + 7 + 1 + 7) / 5)
    assert figures.tail(counts).tolist() == [False, True, True, True, True]
    assert figures.tail_share(shown, counts) == pytest.approx(2 / 5)
    shares = np.array([8, 3, 8, 2, 8]) / 15
    assert figures.novelty(shown, counts) == pytest.approx(float(-np.log2(shares).mean()))


def test_gini_of_alike_and_of_one_that_has_all() -> None:
    assert figures.gini(rankings([0, 1, 2, 3]), 4) == pytest.approx(0)
    assert figures.gini(rankings([2], [2], [2]), 4) == pytest.approx(3 / 4)
    assert figures.gini(rankings([-1]), 4) == 0


def test_diversity_is_one_less_what_two_items_share() -> None:
    features = [frozenset("ab"), frozenset("bc"), frozenset("d"), frozenset(), frozenset()]
    assert figures.diversity(rankings([0, 1]), features) == pytest.approx(2 / 3)
    assert figures.diversity(rankings([0, 1, 2]), features) == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert figures.diversity(rankings([3, 4], [0]), features) == 0, "nothing tells them apart; one alone is no pair"


def test_nothing_to_measure_is_no_figure() -> None:
    assert figures.accuracy(np.zeros((0, 5), dtype=np.bool_), NO) == {}
    empty = figures.beyond(np.full((2, 3), -1), np.zeros(4, dtype=np.int64), [frozenset()] * 4)
    assert set(empty.values()) == {0.0}


def test_an_interval_of_paired_rows_is_narrower_than_of_rows_alone() -> None:
    chance = np.random.default_rng(1)
    hard = chance.random(200)
    one, other = hard + 0.05 + 0.01 * chance.random(200), hard
    low, high = figures.interval(one, other)
    alone_low, alone_high = figures.interval(one)
    assert 0.05 < low < high < 0.06
    assert alone_high - alone_low > 10 * (high - low)


@given(
    arrays.arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 60))),
    st.integers(0, 5),
)
def test_figures_lie_between_none_and_all_and_more_found_is_never_worse(hits: figures.Bools, missed: int) -> None:
    relevant = hits.sum(axis=1) + missed
    told = figures.accuracy(hits, relevant)
    assert all(0 <= value <= 1 + 1e-12 for value in told.values())
    assert told["recall@10"] <= told["recall@50"] + 1e-12
    better = figures.accuracy(np.sort(hits, axis=1)[:, ::-1], relevant)
    assert all(better[name] >= value - 1e-12 for name, value in told.items())


@given(arrays.arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 10)), elements=st.integers(-1, 11)))
def test_what_all_show_does_not_depend_on_the_order_of_rows(shown: figures.Ints) -> None:
    counts = np.arange(12)[::-1].copy()
    features = [frozenset({str(place % 3), str(place % 4)}) for place in range(12)]
    told = figures.beyond(shown, counts, features)
    assert told == pytest.approx(figures.beyond(shown[::-1].copy(), counts, features))
    assert 0 <= told["gini"] < 1 and 0 <= told["coverage"] <= 1 and 0 <= told["diversity"] <= 1
