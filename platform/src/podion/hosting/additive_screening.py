"""What training rows say of an additive model before it is trained: which columns act one way, which pairs count.

A plain additive fit over the cells of all columns answers both; its weights are then thrown away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from podion.hosting.additive_shapes import Shapes

Floats = NDArray[np.float64]

_RIDGE = 1.0
_STEPS = 60
_TREND = 12.0
"""How much deviance a direction must explain: about the 99.9 % point of chi-squared with one degree of freedom."""

_MISFIT_PER_STEP = 1.5
"""How much deviance a direction may leave out for every step between bins; chance alone leaves about 1."""

_BINS = 4
"""Fewer bins have no direction to speak of: they may be names that look like numbers."""

_PAIRED = 40
"""Pairs are looked for among so many columns, those that matter most alone: 1,000 columns have half a million."""

_PAIR_PRIOR = 5.0
_PAIR_CELLS = 0.8
_CHANCE = 1.0


@dataclass(frozen=True)
class Screening:
    """An additive fit: probability of each row, and for each column's cells the effect and how much is known of it."""

    probabilities: Floats
    effects: tuple[Floats, ...]
    information: tuple[Floats, ...]

    def explained(self, column: int) -> float:
        """Return how much deviance a column's effects explain."""
        effects, information = self.effects[column], self.information[column]
        mean = float((information * effects).sum()) / max(float(information.sum()), 1e-12)
        return float((information * (effects - mean) ** 2).sum())


def screen(cells: Tensor, sizes: Sequence[int], targets: Tensor) -> Screening:
    """Return the additive logistic fit over one-hot cells [rows, columns]; `targets` are 0 and 1."""
    starts = torch.tensor([0, *np.cumsum(sizes)[:-1].tolist()], dtype=torch.int64)
    places = cells + starts
    goal = targets.double()
    weights = torch.zeros(int(sum(sizes)), dtype=torch.float64, requires_grad=True)
    base = torch.logit(goal.mean().clamp(1e-6, 1 - 1e-6)).clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([weights, base], max_iter=_STEPS, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        logits = base + weights[places].sum(1)
        loss = functional.binary_cross_entropy_with_logits(logits, goal, reduction="sum")
        loss = (loss + _RIDGE / 2 * weights.square().sum()) / len(goal)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        optimiser.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        probabilities = torch.sigmoid(base + weights[places].sum(1)).numpy()
    known = probabilities * (1 - probabilities)
    effects: list[Floats] = []
    information: list[Floats] = []
    for column, size in enumerate(sizes):
        first = int(starts[column])
        effects.append(weights.detach().numpy()[first : first + size])
        information.append(np.bincount(cells[:, column].numpy(), known, minlength=size).astype(np.float64))
    return Screening(probabilities, tuple(effects), tuple(information))


def direction_of(effects: Floats, information: Floats) -> int:
    """Return 1 where effects clearly rise from bin to bin, -1 where they clearly fall, else 0.

    Clear is, over four bins or more, a direction that explains what chance does not, and leaves out no more than chance
    does.
    """
    known = information > 0
    effects, information = effects[known], information[known]
    if len(effects) < _BINS:
        return 0
    mean = np.average(effects, weights=information)
    for sign in (1, -1):
        fitted = isotonic(sign * effects, information)
        explained = float((information * (fitted - sign * mean) ** 2).sum())
        missed = float((information * (fitted - sign * effects) ** 2).sum())
        if explained >= _TREND and missed <= _MISFIT_PER_STEP * (len(effects) - 1) and missed <= explained / 2:
            return sign
    return 0


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Return the nearest values that never fall, by weighted squares (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            upper, lower = blocks.pop(), blocks.pop()
            total = upper[1] + lower[1]
            blocks.append([(upper[0] * upper[1] + lower[0] * lower[1]) / total, total, upper[2] + lower[2]])
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks]).astype(np.float64)


def pairs_in(found: Screening, cells: Tensor, shapes: Shapes, targets: Tensor, most: int) -> list[tuple[int, int]]:
    """Return the pairs of columns whose tables explain most of what the additive fit leaves over, at most `most`.

    Each pair's gain is what one Newton step of every cell of its table would bring, less what chance brings (FAST: Lou
    et al., Accurate Intelligible Models with Pairwise Interactions, KDD 2013).
    """
    residuals = targets.double().numpy() - found.probabilities
    known = found.probabilities * (1 - found.probabilities)
    chosen = sorted(sorted(range(len(shapes)), key=found.explained, reverse=True)[:_PAIRED])
    columns = {place: _coarse(cells[:, place].numpy(), place, shapes) for place in chosen}
    gains = []
    for left, right in combinations(chosen, 2):
        (one, height), (other, width) = columns[left], columns[right]
        if height * width > len(known) / 4:
            continue
        place = one * width + other
        slope = np.bincount(place, residuals, height * width)
        curve = np.bincount(place, known, height * width)
        full = int((curve > 0).sum())
        gain = float((slope**2 / (curve + _PAIR_PRIOR)).sum()) - _PAIR_CELLS * full - _CHANCE * (2 * full) ** 0.5
        gains.append((gain, left, right))
    best = sorted(gains, reverse=True)[:most]
    return sorted((left, right) for gain, left, right in best if gain > 0)


def _coarse(cells: NDArray[np.int64], place: int, shapes: Shapes) -> tuple[NDArray[np.int64], int]:
    shape = shapes.shapes[place]
    intervals = shape.feature.intervals
    grid = min(8, intervals)
    if not intervals:
        return cells, shape.others
    number = cells * grid // intervals
    return np.where(cells < intervals, number, cells - intervals + grid), grid + shape.others
