"""How far an answer can be trusted to belong to any label at all: what the threshold is held against. No torch.

`probability` is the calibrated probability of the answer: it tells right labels from wrong ones. `energy` is the log of
the sum of exponentials of the calibrated logits (Liu et al., NeurIPS 2020): it tells texts that the labels know from
others. `blend` is the logarithm of the probability plus a quarter of the energy: a little of both. `distance` is the
cosine with the nearest label's mean vector.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.hosting.adapter_files import Score

Floats = NDArray[np.floating[Any]]

ENERGY_SHARE = 0.25
"""Energy's part in the blend: measured with whole classes left out of BANKING77, CLINC150 and SMP2019's train parts."""


def trust_of(
    score: Score,
    logits: Floats,
    temperature: float,
    nearness: Floats | None = None,
    bias: Sequence[float] | None = None,
) -> Floats:
    """Return one number a row, higher for rows to be trusted more; `logits` are [rows, labels], `nearness` [rows].

    `bias` [labels] is added to the logits once the temperature has divided them. Raises `ValueError` for
    `distance` without a nearness.
    """
    if score == "distance":
        if nearness is None:
            raise ValueError("the score is the distance, but the head holds no centroids")
        return nearness.astype(np.float64)
    scaled = logits.astype(np.float64) / temperature + (0.0 if bias is None else np.asarray(bias))
    highest = scaled.max(axis=-1)
    energy: Floats = highest + np.log(np.exp(scaled - highest[..., None]).sum(axis=-1))
    if score == "energy":
        return energy
    surprise: Floats = highest - energy
    return np.exp(surprise) if score == "probability" else surprise + ENERGY_SHARE * energy
