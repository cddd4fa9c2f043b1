"""How far a measure would lie from itself on other rows of the same kind. No torch."""

from collections.abc import Callable

import numpy as np

from podion.finetuning.calibration import Integers

RESAMPLES = 200


def bootstrap(rows: int, metric: Callable[[Integers], float], seed: int = 2026, resamples: int = RESAMPLES) -> float:
    """Return the standard error of a metric of row numbers, by `resamples` draws with replacement."""
    generator = np.random.default_rng(seed)
    return float(np.std([metric(generator.integers(0, rows, rows)) for _ in range(resamples)], ddof=1))
