"""Two labels are scaled and shifted: their order stays, their frequency becomes what was seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.finetuning.abstention import calibrate
from podion.finetuning.calibration import (
    PLATT_ROWS,
    ece_noise_95,
    expected_calibration_error,
    fit_platt,
    fit_shares,
    sigmoid,
    softmax,
)


def rows(count: int, slope: float, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose log odds are `shift` too low and `slope` times too steep, and labels drawn from the truth."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(-1.0, 2.0, count)
    targets = (generator.random(count) < sigmoid(odds)).astype(int)
    told = slope * (odds - shift)
    return np.stack([-told / 2, told / 2], axis=1), targets


def test_what_was_too_steep_and_shifted_is_put_right() -> None:
    logits, targets = rows(40_000, slope=2.0, shift=1.5)
    temperature, bias = fit_platt(logits, targets)
    assert bias is not None
    assert abs(temperature - 2.0) < 0.1
    assert abs((bias[1] - bias[0]) - 1.5) < 0.1
    shares = softmax(logits, temperature, bias)
    assert abs(shares[:, 1].mean() - targets.mean()) < 1e-3
    confidences = shares.max(axis=1)
    assert (
        expected_calibration_error(confidences, shares.argmax(axis=1) == targets) <= ece_noise_95(confidences) + 0.005
    )
    assert expected_calibration_error(softmax(logits).max(axis=1), softmax(logits).argmax(axis=1) == targets) > 0.05


@given(st.integers(0, 999), st.floats(0.2, 4.0), st.floats(-4, 4), st.integers(PLATT_ROWS, 600))
@settings(max_examples=40, deadline=None)
def test_the_order_never_changes(seed: int, slope: float, shift: float, count: int) -> None:
    logits, targets = rows(count, slope, shift, seed)
    temperature, bias = fit_platt(logits, targets)
    assert 0.2 <= temperature <= 5.0
    before, after = logits[:, 1] - logits[:, 0], softmax(logits, temperature, bias)[:, 1]
    assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()


@given(st.integers(0, 999), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_no_other_scale_and_shift_explain_better(seed: int, factor: int) -> None:
    logits, targets = rows(400, float(factor), 0.7, seed)
    temperature, bias = fit_platt(logits, targets)
    assert bias is not None

    def loss(scale: float, shift: float) -> float:
        odds = (logits[:, 1] - logits[:, 0]) / scale + shift
        positive = targets.sum()
        wanted = np.where(targets == 1, (positive + 1) / (positive + 2), 1 / (len(targets) - positive + 2))
        return float((np.logaddexp(0, odds) - wanted * odds).mean())

    best = loss(temperature, bias[1] - bias[0])
    for scale in (0.8, 1.0, 1.25):
        for shift in (-0.1, 0.0, 0.1):
            assert best <= loss(min(5.0, max(0.2, temperature * scale)), bias[1] - bias[0] + shift) + 1e-9


def test_few_rows_or_few_of_a_label_or_three_labels_get_no_shift() -> None:
    logits, targets = rows(PLATT_ROWS, 1.0, 0.0)
    assert fit_platt(logits, targets)[1] is not None
    assert fit_platt(logits[1:], targets[1:])[1] is None
    rare = np.where(np.cumsum(targets) <= 19, targets, 0)
    assert fit_platt(logits, rare)[1] is None
    unknown = np.where(np.arange(PLATT_ROWS) < 1, -100, targets)
    assert fit_platt(logits, unknown)[1] is None
    assert fit_platt(np.column_stack([logits, logits[:, 0]]), targets)[1] is None


def test_what_tells_nothing_is_left_almost_flat() -> None:
    generator = np.random.default_rng(3)
    logits, targets = generator.normal(0, 3, (2_000, 2)), (generator.random(2_000) < 0.1).astype(int)
    temperature, bias = fit_platt(logits, targets)
    assert bias is not None
    assert temperature == 5.0
    assert abs(softmax(logits, temperature, bias)[:, 1].mean() - targets.mean()) < 2e-3


def test_an_adapter_of_words_alone_learns_no_frequency() -> None:
    logits, targets = rows(1_000, 1.0, 3.0)
    outside = np.zeros(1_000, dtype=bool)
    shifted, _ = calibrate(logits, targets, outside, 0.9)
    plain, _ = calibrate(logits, targets, outside, 0.9, shifts=False)
    assert shifted.bias is not None
    assert plain.bias is None


def test_what_is_judged_right_before_the_threshold_is_the_shifted_answer() -> None:
    logits, targets = rows(2_000, 1.0, 3.0)
    calibration, why = calibrate(logits, targets, np.zeros(2_000, dtype=bool), 1.0, refuses=False)
    answered = softmax(logits, calibration.temperature, calibration.bias).argmax(axis=1)
    assert why["candidates"]["probability"]["in_scope_accuracy"] == (answered == targets).mean()
    assert (answered == targets).mean() > (logits.argmax(axis=1) == targets).mean() + 0.05


def test_the_temperature_of_several_labels_undoes_a_scale() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (5_000, 4))
    truth = (generator.random(logits.shape) < sigmoid(logits)).astype(float)
    assert abs(fit_shares(logits * 3, truth) - 3) < 0.15
    assert fit_shares(np.zeros((0, 4)), np.zeros((0, 4))) == 1.0
