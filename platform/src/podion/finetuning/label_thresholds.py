"""From which probability on each of several labels is answered, chosen on validation rows. No torch."""

import numpy as np

from podion.finetuning.calibration import Booleans, Floats

PRIOR_ROWS = 10
"""A label's own best threshold counts like its rows, the one for all labels together like this many."""

LOWEST, HIGHEST = 0.05, 0.95


def choose_thresholds(shares: Floats, truth: Booleans) -> tuple[float, ...]:
    """Return a threshold a label for calibrated probabilities and the truth, both [rows, labels].

    Each is the one of the best F1 of its own label, drawn towards the one of the best F1 over all labels the fewer
    rows have it: what is best on a handful of rows is chance. All lie between `LOWEST` and `HIGHEST`.
    """
    together = best_threshold(shares.ravel(), truth.ravel())
    chosen = []
    for column in range(shares.shape[1]):
        rows = int(truth[:, column].sum())
        own = best_threshold(shares[:, column], truth[:, column]) if rows else together
        drawn = (rows * own + PRIOR_ROWS * together) / (rows + PRIOR_ROWS)
        chosen.append(float(np.clip(drawn, LOWEST, HIGHEST)))
    return tuple(chosen)


def best_threshold(shares: Floats, truth: Booleans) -> float:
    """Return the threshold of the best F1: half-way between the last probability that it takes and the next below.

    Of equally good ones the highest. 0.5 where nothing is there to be found.
    """
    if not truth.any():
        return 0.5
    order = np.argsort(-shares, kind="stable")
    ranked = shares[order]
    taken = np.arange(1, len(ranked) + 1)
    f1 = 2 * np.cumsum(truth[order]) / (taken + truth.sum())
    last = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.argmax(np.where(last, f1, -1.0)))
    last_taken, below = float(ranked[best]), float(ranked[best + 1]) if best + 1 < len(ranked) else 0.0
    middle = (last_taken + below) / 2
    return middle if middle > below else last_taken  # between neighbouring numbers there is none
