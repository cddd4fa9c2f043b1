"""The labels that may be right: as few as reach the level, the most probable always, without a gap where in order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.hosting.label_sets import conformity, label_sets

LABELS = ("a", "b", "c", "d", "e")


def shares(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(LABELS), 0.7), rows)


def test_what_reaches_the_level_is_possible_most_probable_first() -> None:
    told = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.36, 0.32, 0.32]])
    assert label_sets(told, 0.25, "xyz", ordered=False) == [("x", "y"), ("z",), ("x", "y", "z")]
    assert label_sets(told, 0.9, "xyz", ordered=False) == [("x",), ("z",), ("x",)]
    assert label_sets(told, 0.0, "xyz", ordered=False)[1] == ("z", "x", "y")


def test_in_an_order_what_lies_between_counts() -> None:
    told = np.array([[0.4, 0.05, 0.3, 0.25]])
    assert label_sets(told, 0.2, "wxyz", ordered=False) == [("w", "y", "z")]
    assert label_sets(told, 0.2, "wxyz", ordered=True) == [("w",)]
    assert label_sets(told, 0.05, "wxyz", ordered=True) == [("w", "y", "z", "x")]
    assert conformity(told, ordered=True).tolist() == [[0.4, 0.05, 0.05, 0.05]]


@given(st.integers(0, 999), st.floats(0, 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_sets_hold_the_answer_grow_as_the_level_falls_and_leave_no_gap(seed: int, level: float, ordered: bool) -> None:
    told = shares(6, seed)
    found = label_sets(told, level, LABELS, ordered=ordered)
    wider = label_sets(told, level / 2, LABELS, ordered=ordered)
    for row, own, more in zip(told, found, wider, strict=True):
        assert own[0] == LABELS[row.argmax()]
        assert set(own) <= set(more)
        places = sorted(LABELS.index(label) for label in own)
        assert not ordered or places == list(range(places[0], places[-1] + 1))
        assert [row[LABELS.index(label)] for label in own] == sorted(row[LABELS.index(label)] for label in own)[::-1]


@pytest.mark.parametrize("ordered", [True, False])
def test_no_rows_have_no_sets(ordered: bool) -> None:
    assert label_sets(np.zeros((0, 5)), 0.5, LABELS, ordered=ordered) == []
