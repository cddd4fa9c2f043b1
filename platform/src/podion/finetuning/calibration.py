"""From logits to probabilities that can be believed, and the threshold below which an answer holds back. No torch.

Temperature scaling after Guo et al., On Calibration of Modern Neural Networks (ICML 2017); of two labels, Platt
scaling after Platt, Probabilistic Outputs for Support Vector Machines (1999).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

BINS = 15
_COLDEST, _HOTTEST = 0.02, 50.0
_MOST = 5.0
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 40
_ROUNDING = 1e-4
"""Of a row's trust: more than the company of other rows in a pass changes it by."""

PLATT_ROWS = 200
PLATT_ROWS_A_LABEL = 20
"""Validation rows, in all and of each label, from which on two labels get a bias: fewer move it by chance."""


def softmax(logits: Floats, temperature: float = 1.0, bias: Sequence[float] | None = None) -> Floats:
    """Return probabilities over the last dimension of `logits / temperature + bias`."""
    scaled = logits.astype(np.float64) / temperature + (0.0 if bias is None else np.asarray(bias))
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
    return min(_MOST, max(1 / _MOST, math.exp((low + high) / 2)))


def fit_temperature(logits: Floats, targets: Integers) -> float:
    """Return the temperature under which `logits` [rows, labels] explain `targets` best; negative targets don't count.

    Returns 1.0 where no row counts.
    """
    if not (targets >= 0).any():
        return 1.0
    return coolest(lambda temperature: mean_loss(logits, targets, temperature))


def sigmoid(logits: Floats) -> Floats:
    """Return the probability of each logit by itself."""
    shares: Floats = np.where(logits >= 0, 1.0, np.exp(-np.abs(logits))) / (1.0 + np.exp(-np.abs(logits)))
    return shares


def fit_shares(logits: Floats, targets: Floats) -> float:
    """Return the temperature under which the sigmoid of `logits` explains `targets` (0 or 1, of equal shape) best."""
    if not targets.size:
        return 1.0
    wide = logits.astype(np.float64)
    return coolest(lambda temperature: share_loss(wide / temperature, targets))


def share_loss(logits: Floats, targets: Floats) -> float:
    """Return the mean negative log likelihood of `targets`, each between 0 and 1, under the sigmoid of `logits`."""
    return float((np.logaddexp(0.0, logits) - targets * logits).mean())


def fit_platt(logits: Floats, targets: Integers) -> tuple[float, tuple[float, float] | None]:
    """Return temperature and bias under which `logits` [rows, 2] explain `targets` best; negative targets don't count.

    The bias says by how much one label is more frequent than the logits know. It is half of Platt's to each side, and
    None where `PLATT_ROWS` or `PLATT_ROWS_A_LABEL` are not reached. The targets are smoothed as Platt has it. What is
    divided by a positive number and shifted keeps its order.
    """
    counted = targets >= 0
    second = targets[counted] == 1
    found = fit_odds(logits[counted, 1] - logits[counted, 0], second) if logits.shape[1] == 2 else None
    if found is None:
        return fit_temperature(logits, targets), None
    slope, shift = found
    return 1 / slope, (-shift / 2, shift / 2)


def fit_odds(odds: Floats, right: Booleans) -> tuple[float, float] | None:
    """Return slope and shift under which the sigmoid of `slope * odds + shift` explains best which rows are right.

    The slope lies between 1/5 and 5, so what is scaled and shifted keeps its order; under it, probabilities have the
    mean of the targets, which are smoothed as Platt has it. None where `PLATT_ROWS` or, of right or wrong ones,
    `PLATT_ROWS_A_LABEL` are not reached.
    """
    rows, positive = len(right), int(right.sum())
    if rows < PLATT_ROWS or min(positive, rows - positive) < PLATT_ROWS_A_LABEL:
        return None
    wide = odds.astype(np.float64)
    smooth = np.where(right, (positive + 1) / (positive + 2), 1 / (rows - positive + 2))
    slope = min(_MOST, max(1 / _MOST, _slope(wide, smooth)))
    return slope, _shift(slope * wide, smooth)


def _slope(odds: Floats, targets: Floats) -> float:
    """The slope of the logistic curve through `targets`, by Newton's method with halved steps (Lin et al. 2007)."""
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    found, loss = np.array([1.0, 0.0]), share_loss(odds, targets)
    for _ in range(_STEPS):
        shares = sigmoid(design @ found)
        curvature = design.T @ (design * (shares * (1 - shares))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (shares - targets))
        size = 1.0
        while size > 1e-6 and (reached := share_loss(design @ (found - size * step), targets)) > loss:
            size /= 2
        found = found - size * step
        if size <= 1e-6 or loss - reached < 1e-12:
            break
        loss = reached
    return float(found[0])


def _shift(odds: Floats, targets: Floats) -> float:
    """What to add to log odds so that their mean probability is that of the targets, by bisection."""
    wanted = targets.sum()
    low, high = -odds.max() - 20.0, -odds.min() + 20.0
    for _ in range(2 * _STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if sigmoid(odds + middle).sum() > wanted else (middle, high)
    return float((low + high) / 2)


def choose_threshold(trust: Floats, keep: float) -> float | None:
    """Return the threshold that keeps as few in-scope rows as make up the share `keep`, given how each is trusted.

    A row is kept when its trust is not below the threshold. Every lower threshold keeps more in-scope rows and
    refuses fewer out-of-scope ones, so this one is the best for those at that share. It lies midway between the last
    row that is refused and the first that is kept, so that rounding turns neither over. None where there are no rows,
    or where `keep` is 1 or more: then nothing abstains.
    """
    if len(trust) == 0 or keep >= 1:
        return None
    refused = math.floor((1 - keep) * len(trust) + 1e-9)
    ordered = np.sort(trust).astype(np.float64)
    kept = float(ordered[refused])
    below = float(ordered[refused - 1]) if refused else kept - _ROUNDING * max(1.0, abs(kept))
    middle = (below + kept) / 2
    return middle if middle > below else kept


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
