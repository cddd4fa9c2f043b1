import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.finetuning.calibration import (
    choose_threshold,
    ece_noise_95,
    expected_calibration_error,
    fit_temperature,
    mean_loss,
    softmax,
)


def honest_logits(rows: int, labels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the truth: targets are drawn from it."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (rows, labels))
    targets = np.array([generator.choice(labels, p=shares) for shares in softmax(logits)])
    return logits, targets


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_a_scale(factor: float) -> None:
    logits, targets = honest_logits(20_000)
    assert fit_temperature(logits * factor, targets) == pytest.approx(factor, rel=0.05)


def test_no_other_temperature_explains_better() -> None:
    logits, targets = honest_logits(500, seed=3)
    best = mean_loss(logits * 2, targets, fit_temperature(logits * 2, targets))
    assert all(best <= mean_loss(logits * 2, targets, other) + 1e-9 for other in np.linspace(0.3, 4.5, 60))


def test_the_temperature_is_bounded_and_one_without_rows() -> None:
    sure = np.eye(3) * 5
    assert fit_temperature(sure, np.array([0, 1, 2])) == pytest.approx(0.2)
    assert fit_temperature(sure, np.array([1, 2, 0])) == pytest.approx(5.0)
    assert fit_temperature(sure, np.array([-1, -1, -100])) == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_the_threshold_is_the_highest_that_keeps_the_share(values: list[float], keep: float) -> None:
    confidences = np.array(values)
    threshold = choose_threshold(confidences, keep)
    assert threshold is not None
    assert (confidences >= threshold).mean() >= keep - 1e-9
    kept = confidences[confidences >= threshold]
    assert (confidences > kept.min()).mean() < keep


@pytest.mark.parametrize("keep", [0.5, 0.75, 0.99])
def test_rounding_turns_no_row_over(keep: float) -> None:
    confidences = np.array([0.9, 0.2, 0.6, 0.4])
    threshold = choose_threshold(confidences, keep)
    assert threshold is not None
    assert np.abs(confidences - threshold).min() > 1e-5
    assert choose_threshold(np.array([0.4, 0.4]), 0.5) == 0.4


def test_no_threshold_where_everything_is_kept() -> None:
    assert choose_threshold(np.array([0.2, 0.9]), 1.0) is None
    assert choose_threshold(np.array([]), 0.95) is None


def test_calibration_error_of_the_honest_is_within_noise() -> None:
    logits, targets = honest_logits(3_000)
    shares = softmax(logits)
    confidences, right = shares.max(axis=1), shares.argmax(axis=1) == targets
    noise = ece_noise_95(confidences)
    assert expected_calibration_error(confidences, right) <= noise + 0.01
    boasting = np.minimum(1.0, confidences + 0.2)
    assert expected_calibration_error(boasting, right) > 3 * ece_noise_95(boasting)
    assert ece_noise_95(confidences) == noise


def test_calibration_error_by_hand() -> None:
    confidences = np.array([0.9, 0.9, 0.5, 1.0])
    right = np.array([True, False, True, True])
    assert expected_calibration_error(confidences, right) == pytest.approx((0.8 + 0.5) / 4)
    assert expected_calibration_error(np.array([]), np.array([], dtype=bool)) == 0.0


def test_what_the_api_imports_has_no_torch() -> None:
    names = "abstention, calibration, metrics, progress, prototypes, recipe, examples"
    code = f"import sys; from podion.finetuning import {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
