"""From logits to probabilities that can be believed, and the threshold below which an answer holds back. No torch.

Temperature scaling after Guo et al., On Calibration of Modern Neural Networks (ICML 2017).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

BINS = 15
_COLDEST, _HOTTEST = 0.02, 50.0
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 40


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities over the last dimension of `logits / temperature`."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def mean_loss(logits: Floats, targets: Integers, temperature: float = 1.0) -> float:
    """Return the mean negative log likelihood of the rows whose target is not negative; 0 where there is none."""
    counted = targets >= 0
    if not counted.any():
        return 0.0
    shares = softmax(logits[counted], temperature)
    return float(-np.log(np.maximum(shares[np.arange(len(shares)), targets[counted]], 1e-12)).mean())


def coolest(loss: Callable[[float], float]) -> float:
    """Return the temperature between 0.02 and 50 that minimises `loss`, by golden section on its logarithm.

    The likelihood has one minimum in 1/T. Where it lies at an end (every row right, or nothing to learn from), it
    says nothing about how sure to be, and the answer is clipped to [0.2, 5].
    """
    low, high = math.log(_COLDEST), math.log(_HOTTEST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(math.exp(left)), loss(math.exp(right))
    for _ in range(_STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(math.exp(right))
    return min(5.0, max(0.2, math.exp((low + high) / 2)))


def fit_temperature(logits: Floats, targets: Integers) -> float:
    """Return the temperature under which `logits` [rows, labels] explain `targets` best; negative targets don't count.

    Returns 1.0 where no row counts.
    """
    if not (targets >= 0).any():
        return 1.0
    return coolest(lambda temperature: mean_loss(logits, targets, temperature))


def choose_threshold(trust: Floats, keep: float) -> float | None:
    """Return the highest threshold that keeps at least the share `keep` of in-scope rows, given how each is trusted.

    A row is kept when its trust is not below the threshold. Every lower threshold keeps more in-scope rows and
    refuses fewer out-of-scope ones, so this one is the best for those at that share. None where there are no rows, or
    where `keep` is 1 or more: then nothing abstains.
    """
    if len(trust) == 0 or keep >= 1:
        return None
    refused = math.floor((1 - keep) * len(trust) + 1e-9)
    return float(np.sort(trust)[refused])


def expected_calibration_error(confidences: Floats, correct: Booleans) -> float:
    """Return the mean gap between confidence and accuracy over 15 equal-width bins, weighted by their rows."""
    if len(confidences) == 0:
        return 0.0
    places = np.clip((confidences * BINS).astype(int), 0, BINS - 1)
    gaps = np.bincount(places, weights=confidences - correct, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def ece_noise_95(confidences: Floats, seed: int = 2026, draws: int = 1000) -> float:
    """Return the 95th percentile of the error that a perfectly calibrated model with these confidences would show."""
    generator = np.random.default_rng(seed)
    errors = [
        expected_calibration_error(confidences, generator.random(len(confidences)) < confidences) for _ in range(draws)
    ]
    return float(np.percentile(errors, 95)) if len(confidences) else 0.0
