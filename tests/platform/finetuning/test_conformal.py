"""The margin covers what it says, and a label's threshold is the best one where there is enough to know."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.calibration import softmax
from podion.finetuning.conformal import COVERAGE, FEWEST_ROWS, conformal_level, conformal_margin
from podion.finetuning.label_thresholds import HIGHEST, LOWEST, best_threshold, choose_thresholds
from podion.hosting.label_sets import label_sets


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


@given(st.integers(1, 120), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_truth_of_new_rows_reaches_the_level_as_often_as_promised(count: int, coverage: float, seed: int) -> None:
    """Of n + 1 rows, each in turn taken for the new one: no fewer than promised, and no more than one row too many."""
    told = np.random.default_rng(seed).beta(2, 1, count + 1)
    held = [told[new] >= conformal_level(np.delete(told, new), coverage) for new in range(count + 1)]
    assert coverage - 1e-12 <= np.mean(held) <= coverage + 1 / (count + 1) + 1e-12


def test_of_too_few_rows_every_label_is_possible() -> None:
    assert conformal_level(np.array([0.9] * 8), 0.9) == 0.0
    assert conformal_level(np.array([0.9] * 9), 0.9) == 0.9
    assert conformal_level(np.zeros(0), 0.9) == 0.0


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_hold_the_truth_as_often_as_promised_however_wrong_the_head_is(ordered: bool, coverage: float) -> None:
    """A head that is right two times in three, too sure of it, and blind to one label; calibrated on 500 rows."""
    draw = np.random.default_rng(5)
    labels, rows = "vwxyz", 8_500
    targets = draw.integers(0, 5, rows)
    logits = 4.0 * -np.abs(np.arange(5) - (targets + draw.normal(0, 0.8, rows))[:, None])
    logits[:, 3] -= 2.0
    kept, new = slice(0, 500), slice(500, None)
    outside = np.zeros(500, dtype=bool)
    found, _ = calibrate(
        logits[kept], targets[kept], outside, 1.0, refuses=False, promised=Promise(coverage, ordered=ordered)
    )
    assert (found.coverage, found.threshold) == (coverage, None)
    assert found.level is not None
    sets = label_sets(softmax(logits[new], found.temperature), found.level, labels, ordered=ordered)
    held = np.mean([labels[target] in own for target, own in zip(targets[new], sets, strict=True)])
    assert held == pytest.approx(coverage, abs=0.03)
    assert 1.0 < np.mean([len(own) for own in sets]) < 3.5


def test_rows_outside_the_labels_say_nothing_of_the_level() -> None:
    draw = np.random.default_rng(6)
    logits, targets = draw.normal(0, 2, (60, 4)), draw.integers(0, 4, 60)
    strange = np.concatenate([targets[:40], np.full(20, -1)])
    outside = np.arange(60) >= 50
    both, _ = calibrate(logits, strange, outside, 0.9, refuses=False, promised=Promise(0.8))
    alone, _ = calibrate(logits[:40], targets[:40], outside[:40], 0.9, refuses=False, promised=Promise(0.8))
    assert both.level == alone.level
    assert calibrate(logits, strange, outside, 0.9, refuses=False)[0].level is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
@example([(0.0, False), (5e-324, True)])
@example([(1.0, True), (0.9999999999999999, False)])
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
