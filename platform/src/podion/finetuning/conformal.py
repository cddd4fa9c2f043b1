"""An interval around a number that holds the truth as often as it says. No torch.

Split conformal prediction after Vovk, Gammerman & Shafer (2005) and Lei et al. (JASA 2018): of exchangeable rows, at
least the share `COVERAGE` of new ones lie within the margin, whatever the head is and however the errors are spread.
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
