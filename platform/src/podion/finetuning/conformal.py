"""Intervals around numbers, and sets of labels, that hold the truth as often as they say. No torch.

Split conformal prediction after Vovk, Gammerman & Shafer (2005) and Lei et al. (JASA 2018): of exchangeable rows, at
least the stated share of new ones is held, whatever the head is and however it errs.
"""

import math

import numpy as np

from podion.finetuning.calibration import Floats

COVERAGE = 0.9
FEWEST_ROWS = math.ceil(COVERAGE / (1 - COVERAGE) - 1e-9)
"""Below so many rows no margin covers the share: it would have to be wider than every error that was seen."""


def conformal_margin(errors: Floats) -> float | None:
    """Return the half-width of the interval, given the absolute errors on rows that the head did not learn from.

    It is the smallest of the errors that n + 1 rows keep the share within, of n seen: the finite-sample correction.
    None below `FEWEST_ROWS`.
    """
    if len(errors) < FEWEST_ROWS:
        return None
    rank = math.ceil(COVERAGE * (len(errors) + 1) - 1e-9)
    return float(np.sort(errors)[rank - 1])


def conformal_level(conforming: Floats, coverage: float) -> float:
    """Return the level that a label must reach to be possible, given how the true labels of rows conform.

    Of n + 1 exchangeable rows, at most so many lie below it that the share `coverage` of new ones does not. 0, so that
    every label is possible, where so few rows (below `coverage / (1 - coverage)`) say nothing.
    """
    rank = math.floor((1 - coverage) * (len(conforming) + 1) + 1e-9)
    return float(np.sort(conforming)[rank - 1]) if rank else 0.0
