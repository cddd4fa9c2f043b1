"""What is measured of numbers, and of the intervals around them. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from podion.answers import NumberAnswer
from podion.finetuning.binary_metrics import Measures
from podion.finetuning.calibration import Floats
from podion.finetuning.resampling import bootstrap


def number_metrics(
    answers: Sequence[NumberAnswer], expected: Sequence[float | None], primary: str = "mae", *, brief: bool = False
) -> dict[str, Any]:
    """Return `mae`, `rmse`, `r2` and `pearson` of numbers, and of their intervals `coverage` and `width`.

    Rows without a number do not count. `coverage` is the share of rows whose interval holds the truth, `width` the
    intervals' mean. `abstained` is the share of answers that hold back. `brief` leaves out the bootstrap.
    """
    pairs = [(answer, float(truth)) for answer, truth in zip(answers, expected, strict=True) if truth is not None]
    metrics: dict[str, Any] = {"rows": len(pairs)}
    if not pairs:
        return metrics
    truth = np.array([number for _, number in pairs])
    value, low, high = (np.array([getattr(answer, name) for answer, _ in pairs]) for name in ("value", "low", "high"))
    measures = _measures(truth, value, low, high)
    every = np.arange(len(pairs))
    metrics |= {name: measure(every) for name, measure in measures.items()}
    metrics["abstained"] = float(np.mean([answer.abstained for answer, _ in pairs]))
    if primary in measures and not brief:
        metrics["standard_error"] = {primary: bootstrap(len(pairs), measures[primary])}
    return metrics


def _measures(truth: Floats, value: Floats, low: Floats, high: Floats) -> Measures:
    error, held, width = value - truth, (low <= truth) & (truth <= high), high - low
    return {
        "mae": lambda chosen: float(np.abs(error[chosen]).mean()),
        "rmse": lambda chosen: float((error[chosen] ** 2).mean() ** 0.5),
        "r2": lambda chosen: _r2(truth[chosen], error[chosen]),
        "pearson": lambda chosen: _pearson(truth[chosen], value[chosen]),
        "coverage": lambda chosen: float(held[chosen].mean()),
        "width": lambda chosen: float(width[chosen].mean()),
    }


def _r2(truth: Floats, error: Floats) -> float:
    """1 minus the share of the variance that is left; where nothing varies, 1 for no error and 0 for any."""
    spread = float(((truth - truth.mean()) ** 2).sum())
    left = float((error**2).sum())
    return 1.0 - left / spread if spread else float(left == 0)


def _pearson(first: Floats, second: Floats) -> float:
    """The correlation; 0 where either side does not vary."""
    one, other = first - first.mean(), second - second.mean()
    size = float((one @ one) ** 0.5 * (other @ other) ** 0.5)
    return float(one @ other) / size if size else 0.0
