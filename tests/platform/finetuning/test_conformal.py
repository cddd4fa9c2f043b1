"""The margin covers what it says, and a label's threshold is the best one where there is enough to know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.finetuning.conformal import COVERAGE, FEWEST_ROWS, conformal_margin
from podion.finetuning.label_thresholds import HIGHEST, LOWEST, best_threshold, choose_thresholds


@given(st.integers(FEWEST_ROWS, 200), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_nine_in_ten_new_rows_lie_within_the_margin(count: int, seed: int) -> None:
    """Of n + 1 errors, each in turn taken for the new one, at least the share lies within the margin of the others."""
    errors = np.random.default_rng(seed).standard_cauchy(count + 1) ** 2
    within = [errors[new] <= (conformal_margin(np.delete(errors, new)) or 0.0) for new in range(count + 1)]
    assert np.mean(within) >= COVERAGE - 1e-12


def test_the_margin_is_no_wider_than_it_must_be() -> None:
    errors = np.arange(1.0, 100.0)
    assert conformal_margin(errors) == 90.0
    assert conformal_margin(errors[: FEWEST_ROWS - 1]) is None
    assert conformal_margin(errors[:FEWEST_ROWS]) == errors[FEWEST_ROWS - 1]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_no_other_threshold_has_a_better_f1(rows: list[tuple[float, bool]]) -> None:
    shares, truth = np.array([share for share, _ in rows]), np.array([yes for _, yes in rows])

    def f1(threshold: float) -> float:
        taken = shares >= threshold
        both = taken.sum() + truth.sum()
        return 2 * (taken & truth).sum() / both if both else 0.0

    best = best_threshold(shares, truth)
    assert 0.0 <= best <= 1.0
    if truth.any():
        assert f1(best) >= max(f1(other) for other in [*shares, 0.0, 1.0]) - 1e-12


def test_a_rare_label_is_drawn_to_what_is_best_for_all() -> None:
    generator = np.random.default_rng(0)
    truth = np.zeros((2_000, 3), dtype=bool)
    truth[:600, 0] = truth[:2, 1] = True
    shares = np.where(truth, generator.uniform(0.25, 0.6, truth.shape), generator.uniform(0.0, 0.2, truth.shape))
    shares[:2, 1] = 0.9
    often, rare, never = choose_thresholds(shares, truth)
    together = best_threshold(shares.ravel(), truth.ravel())
    assert often == pytest.approx(best_threshold(shares[:, 0], truth[:, 0]), abs=0.01)
    assert never == pytest.approx(together)
    assert abs(rare - together) < 0.2 * abs(best_threshold(shares[:, 1], truth[:, 1]) - together)


def test_thresholds_stay_inside_and_nothing_to_find_is_half() -> None:
    assert best_threshold(np.array([0.1, 0.9]), np.zeros(2, dtype=bool)) == 0.5
    assert choose_thresholds(np.full((50, 1), 1.0), np.ones((50, 1), dtype=bool)) == (pytest.approx(0.5),)
    low = choose_thresholds(np.full((500, 1), 1e-4), np.ones((500, 1), dtype=bool))
    high = choose_thresholds(np.array([[0.999]] * 50 + [[0.998]] * 5000), np.arange(5050)[:, None] < 50)
    assert low == (LOWEST,)
    assert high == (HIGHEST,)
