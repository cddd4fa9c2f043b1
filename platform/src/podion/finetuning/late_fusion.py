"""What two heads say of the same rows, weighed against each other by rows that taught neither. No torch."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from podion.finetuning.calibration import Floats, Integers

EXPECTED = (0.7, 0.4)
"""How much either counts as long as no row says otherwise: a trained adapter's head is too sure of itself."""

_LEAST = 0.01
"""Neither is turned round, nor is the first silenced: what is weighed is then divided by a temperature."""

_PENALTY = 1.0


@dataclass(frozen=True)
class Fusion:
    """Logits `first * ours + second * theirs + bias`; `bias` is [labels]."""

    first: float
    second: float
    bias: Floats

    def logits(self, ours: Floats, theirs: Floats) -> Floats:
        """Return [rows, labels]."""
        return self.first * ours + self.second * theirs + self.bias


def fuse(ours: Floats, theirs: Floats, targets: Integers) -> Fusion:
    """Return the fusion of logits [rows, labels] that explains `targets` best; negative targets do not count.

    Penalised likelihood: half the squared distance from what is expected counts as much as one row's loss, so that few
    rows change little and none nothing.
    """
    labels = ours.shape[1]
    expected = np.concatenate([EXPECTED, np.zeros(labels)])
    counted = np.flatnonzero(targets >= 0)
    if not len(counted):
        return Fusion(*EXPECTED, np.zeros(labels))
    first, second = ours[counted].astype(np.float64), theirs[counted].astype(np.float64)
    truth = np.eye(labels)[targets[counted]]

    def loss(found: Floats) -> tuple[float, Floats]:
        logits = found[0] * first + found[1] * second + found[2:]
        logits = logits - logits.max(axis=1, keepdims=True)
        sums = np.exp(logits).sum(axis=1, keepdims=True)
        error = np.exp(logits) / sums - truth
        away = found - expected
        value = float(np.log(sums).sum() - (logits * truth).sum() + _PENALTY / 2 * (away @ away))
        slope = np.concatenate([[(error * first).sum(), (error * second).sum()], error.sum(axis=0)])
        return value, slope + _PENALTY * away

    bounds = [(_LEAST, None), (0.0, None), *([(None, None)] * labels)]
    found = minimize(loss, expected, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Fusion(float(found[0]), float(found[1]), found[2:])
