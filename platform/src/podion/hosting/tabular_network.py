"""The layers of the tabular head: every feature as a vector, and members that share their weights."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion.nn import Feature, TabularFeatures


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large the layers are: `members` of the ensemble, each of `layers` times `width`, on vectors of `vector`.

    The text's state is read down to `text` numbers. `dropout` is within the members, of which each sees a random
    `share` of the columns. What a column says is `bent` at 0 for many rows; for few it does better straight.
    """

    members: int = 16
    width: int = 128
    layers: int = 2
    vector: int = 16
    text: int = 32
    dropout: float = 0.25
    share: float = 0.7
    bent: bool = True


class FeatureVectors(nn.Module):
    """What the columns of a record say, as one vector each: [rows, features, width].

    A number's vector is a line along its magnitude and its rank, bent at the edges of its intervals (piecewise-linear
    embedding, Gorishniy et al. 2022); besides, each cell has a vector of its own: an interval, a category, a code, a
    missing value. Where it is `smooth`, a number's line is not bent, and its intervals have no vectors unless each
    holds one value.
    """

    starts: Tensor
    numbers: Tensor
    middles: Tensor
    steps: Tensor
    told: Tensor

    def __init__(self, reader: TabularFeatures, width: int, *, smooth: bool = False) -> None:
        super().__init__()
        sizes = torch.tensor(reader.sizes, dtype=torch.int64)
        chosen = [reader.features[place] for place in reader.numbers]
        intervals = max((feature.intervals for feature in chosen), default=0)
        self.reader, self.smooth = reader, smooth
        self._constant("starts", torch.cumsum(sizes, 0) - sizes)
        self._constant("numbers", torch.tensor(reader.numbers, dtype=torch.int64))
        self._constant("middles", torch.tensor([feature.middle for feature in chosen]))
        self._constant("steps", torch.tensor([1.0 / feature.intervals for feature in chosen]))
        self._constant("told", torch.tensor([place for feature in reader.features for place in _told(feature, smooth)]))
        self.table = nn.Parameter(torch.randn(int(sizes.sum()), width) * 0.1)
        self.lines = nn.Parameter(torch.randn(len(chosen), 2, width) * 0.3)
        self.bends = nn.Parameter(torch.zeros(len(chosen), 0 if smooth else intervals, width))

    def forward(self, cells: Tensor, places: Tensor, magnitudes: Tensor) -> Tensor:
        """Return the vectors of rows that `TabularFeatures.tensors` read."""
        vectors = functional.embedding(cells + self.starts, self.table * self.told.unsqueeze(-1))
        if not len(self.numbers):
            return vectors
        ranks = 3 * (places[:, self.numbers] - self.middles) * self.steps
        sizes = torch.stack([magnitudes[:, self.numbers], ranks], dim=-1)
        encoded = sizes if self.smooth else torch.cat([sizes, self.reader.encoded(places)], dim=-1)
        said = torch.bmm(encoded.transpose(0, 1), torch.cat([self.lines, self.bends], dim=1)).transpose(0, 1)
        return vectors.index_add(1, self.numbers, said)

    def _constant(self, name: str, tensor: Tensor) -> None:
        # Follows from the reader, so it is not saved beside it.
        self.register_buffer(name, tensor, persistent=False)


class Members(nn.Module):
    """Several perceptrons in one: members share each weight matrix and differ in what stands before and behind it.

    So TabM has it (Gorishniy et al., TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling, 2024),
    after BatchEnsemble. What each input says by itself goes straight to the logits, [members, rows, labels].
    """

    seen: Tensor

    def __init__(self, inputs: int, sizes: Sizes, labels: int) -> None:
        super().__init__()
        shown = torch.rand(sizes.members, inputs // sizes.vector + 1) < sizes.share
        self.register_buffer("seen", shown.float().repeat_interleave(sizes.vector, dim=1)[:, :inputs] / sizes.share)
        members, self.dropout = sizes.members, sizes.dropout
        ends = [inputs, *[sizes.width] * sizes.layers]
        steps = list(pairwise(ends))
        self.weights = nn.ParameterList(_even(read, made, fan=read) for read, made in steps)
        self.before = nn.ParameterList(
            _signs(members, read) if place == 0 else torch.ones(members, read) for place, (read, _) in enumerate(steps)
        )
        self.behind = nn.ParameterList(torch.ones(members, made) for _, made in steps)
        self.shifts = nn.ParameterList(_even(members, made, fan=read) for read, made in steps)
        self.outputs = nn.Parameter(_even(members, ends[-1], labels, fan=ends[-1]))
        self.straight = nn.Parameter(torch.zeros(inputs, labels))
        self.bias = nn.Parameter(torch.zeros(members, labels))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return every member's logits of `inputs` [rows, inputs]."""
        state = inputs.unsqueeze(0)
        scales = [self.before[0] * self.seen, *self.before[1:]]
        for weight, before, behind, shift in zip(self.weights, scales, self.behind, self.shifts, strict=True):
            state = (state * before.unsqueeze(1)) @ weight * behind.unsqueeze(1) + shift.unsqueeze(1)
            state = functional.dropout(functional.relu(state), self.dropout, self.training)
        return torch.baddbmm(self.bias.unsqueeze(1), state, self.outputs) + inputs @ self.straight


def _told(feature: Feature, smooth: bool) -> list[float]:
    """Return 1 for each cell of a feature that has a vector, else 0."""
    hidden = smooth and feature.kind == "number" and not feature.discrete
    intervals = [0.0 if hidden else 1.0] * feature.intervals
    return intervals + [1.0] * (feature.size - feature.intervals)


def _even(*shape: int, fan: int) -> Tensor:
    return (torch.rand(shape) * 2 - 1) / math.sqrt(max(1, fan))


def _signs(*shape: int) -> Tensor:
    return torch.randint(0, 2, shape).float() * 2 - 1
