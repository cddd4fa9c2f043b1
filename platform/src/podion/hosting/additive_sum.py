"""An additive model: a shape a column, a few tables of two columns, and what each column adds, exactly.

logit = base + the shapes' values + the tables' values. What a column contributes is told against the average training
row: tables are purified, so that what one column alone explains counts as its own (Lengerich et al., Purifying
Interaction Effects with the Functional ANOVA, AISTATS 2020), and the rest is halved between their two columns. Halves
are the exact Shapley values of such a sum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from podion.hosting.additive_shapes import Block, Shapes, rising
from podion.nn import Feature

FEW = 200
"""So many training rows, and fewer, weigh as much against what restrains them: a batch can be learned by heart."""

_ROUNDS = 500
_PURE = 1e-10


@dataclass(frozen=True)
class Attribution:
    """What columns add to the logit `base` of the average training row: values at nodes [nodes], double precision.

    `own` is what a column's nodes add for it, and a table's for its left column; `other` a table's for its right one.
    """

    base: float
    own: Tensor
    other: Tensor


class Additive(nn.Module):
    """Shapes and tables over a table's columns; monotone in the columns of `directions` (1 rises, -1 falls)."""

    occupied: Tensor
    rows: Tensor

    def __init__(
        self, features: Sequence[Feature], directions: Mapping[int, int], pairs: Sequence[tuple[int, int]]
    ) -> None:
        super().__init__()
        self.shapes, self.directions = Shapes(features, pairs), dict(directions)
        self.base = nn.Parameter(torch.zeros(1))
        self.weights = nn.Parameter(torch.zeros(self.shapes.size))
        self.register_buffer("occupied", torch.zeros(self.shapes.size, dtype=torch.float64))
        self.register_buffer("rows", torch.ones((), dtype=torch.float64))
        self._lines = _lines(self.shapes, self.directions)
        self._bends, self._steps, self._table_steps = _bends(self.shapes), _steps(self.shapes), _crossings(self.shapes)

    def look_at(self, nodes: Tensor, shares: Tensor) -> None:
        """Note where the training rows lie: contributions are told against their average."""
        rows = max(1, len(nodes))
        self.rows.fill_(float(rows))
        self.occupied.zero_().index_add_(0, nodes.flatten(), shares.flatten().double() / rows)

    def forward(self, nodes: Tensor, shares: Tensor) -> Tensor:
        """Return logits, [rows], of rows that lie on `nodes` with `shares`."""
        if not nodes.shape[1]:
            return self.base.expand(len(nodes))
        values = self.values().unsqueeze(1)
        return self.base + functional.embedding_bag(nodes, values, per_sample_weights=shares, mode="sum").squeeze(1)

    def values(self) -> Tensor:
        """Return the values at all nodes, [nodes]: along columns that have a direction they keep to it."""
        values: Tensor = self.weights
        if self._lines is not None:
            where, signs, inside = (each.to(values.device) for each in self._lines)
            kept = rising(values[where] * signs, axis=1) * signs
            values = values.index_put((where[inside],), kept[inside])
        tables = [self._held(block, values) for block in self.shapes.blocks]
        return torch.cat([values[: self.shapes.nodes], *(table.flatten() for table in tables)]) if tables else values

    def _held(self, block: Block, values: Tensor) -> Tensor:
        table = block.of(values)
        for axis, column in enumerate((block.left, block.right)):
            sign, grid = self.directions.get(column, 0), self.shapes.shapes[column].grid
            if sign and grid > 1:
                numbers = rising(sign * table.narrow(axis, 0, grid), axis) * sign
                table = torch.cat([numbers, table.narrow(axis, grid, table.shape[axis] - grid)], axis)
        return table

    def penalty(self, *, size: float, bend: float, step: float, table: float) -> Tensor:
        """Return what weights cost that the data do not ask for: their size, bends and steps from node to node.

        `table` is for a table's size, and twice for its steps. All of it falls with the number of training rows, from
        `FEW` rows on.
        """
        weights, nodes = self.weights, self.shapes.nodes
        first, second, third = (weights[each] for each in self._bends)
        cost = size * weights[:nodes].square().sum() + bend * (first - 2 * second + third).square().sum()
        cost = cost + step * (weights[self._steps[0]] - weights[self._steps[1]]).square().sum()
        crossed = (weights[self._table_steps[0]] - weights[self._table_steps[1]]).square().sum()
        cost = cost + table * (weights[nodes:].square().sum() + 2 * crossed)
        return cost / self.rows.clamp(min=FEW).to(cost.dtype)

    @torch.no_grad()
    def attribution(self) -> Attribution:
        """Return the same function as what each column adds to the average training row."""
        own = self.values().double().clone()
        other = torch.zeros_like(own)
        base = float(self.base)
        for start, shape in zip(self.shapes.starts, self.shapes.shapes, strict=True):
            part = slice(start, start + shape.nodes)
            mean = _mean(own[part], self.occupied[part])
            own[part] -= mean
            base += mean
        for block in self.shapes.blocks:
            joint = block.of(self.occupied)
            table, rows, columns = purified(block.of(own), joint)
            of_rows, of_columns = _mean(rows, joint.sum(1)), _mean(columns, joint.sum(0))
            block.of(own).copy_(table / 2 + (rows - of_rows).unsqueeze(1))
            block.of(other).copy_(table / 2 + (columns - of_columns))
            base += of_rows + of_columns
        return Attribution(base, own, other)

    def contributions(self, told: Attribution, nodes: Tensor, shares: Tensor) -> Tensor:
        """Return what each column adds to `told.base`, [rows, columns]; all of it together makes the logit."""
        shares, edge = shares.double(), 2 * len(self.shapes)
        found: Tensor = (told.own[nodes[:, :edge]] * shares[:, :edge]).view(len(nodes), -1, 2).sum(2)
        for number, block in enumerate(self.shapes.blocks):
            part = slice(edge + 4 * number, edge + 4 * number + 4)
            found[:, block.left] += (told.own[nodes[:, part]] * shares[:, part]).sum(1)
            found[:, block.right] += (told.other[nodes[:, part]] * shares[:, part]).sum(1)
        return found

    def alone(self, told: Attribution, column: int) -> Tensor:
        """Return what each cell of a column adds [cells], on average over the columns that it shares a table with."""
        shape = self.shapes.shapes[column]
        cells = torch.zeros(shape.feature.size, len(self.shapes), dtype=torch.int64)
        places = torch.zeros(shape.feature.size, len(self.shapes))
        cells[:, column] = torch.arange(shape.feature.size)
        places[:, column] = torch.tensor([shape.middle_of(cell) for cell in range(shape.feature.size)])
        low, high, share = (each[:, column] for each in self.shapes.on_lines(cells, places))
        start = self.shapes.starts[column]
        found = _line(told.own[start : start + shape.nodes], low, high, share)
        low, high, share = (each[:, column] for each in self.shapes.on_grids(cells, places))
        for block in self.shapes.blocks:
            joint = block.of(self.occupied)
            if block.left == column:
                found = found + _line((block.of(told.own) * joint.sum(0)).sum(1) / joint.sum(), low, high, share)
            if block.right == column:
                beside = joint.sum(1, keepdim=True)
                found = found + _line((block.of(told.other) * beside).sum(0) / joint.sum(), low, high, share)
        return found


def _line(values: Tensor, low: Tensor, high: Tensor, share: Tensor) -> Tensor:
    return values[low] * (1 - share.double()) + values[high] * share.double()


def purified(table: Tensor, joint: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a table whose rows and columns average to 0 where training rows lie, and what was taken from each."""
    rows, columns = torch.zeros_like(table[:, 0]), torch.zeros_like(table[0])
    height, width = joint.sum(1).clamp(min=1e-12), joint.sum(0).clamp(min=1e-12)
    for _ in range(_ROUNDS):
        taken = (table * joint).sum(1) / height
        table, rows = table - taken.unsqueeze(1), rows + taken
        moved = (table * joint).sum(0) / width
        table, columns = table - moved, columns + moved
        if max(float(taken.abs().max()), float(moved.abs().max())) < _PURE:
            break
    return table, rows, columns


def _mean(values: Tensor, occupied: Tensor) -> float:
    return float((values * occupied).sum() / occupied.sum().clamp(min=1e-12))


def _lines(shapes: Shapes, directions: Mapping[int, int]) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return the nodes of the columns with a direction, padded with each one's last, their signs and what is no pad."""
    chosen = [(shapes.starts[place], shapes.shapes[place].line, sign) for place, sign in directions.items() if sign]
    chosen = [each for each in chosen if each[1] > 1]
    if not chosen:
        return None
    widest = max(line for _, line, _ in chosen)
    nodes = torch.arange(widest)
    where = torch.stack([start + nodes.clamp(max=line - 1) for start, line, _ in chosen])
    signs = torch.tensor([[float(sign)] for _, _, sign in chosen])
    return where, signs, torch.stack([nodes < line for _, line, _ in chosen])


def _steps(shapes: Shapes) -> Tensor:
    """Return each number's nodes in twos that follow one another, [2, steps]."""
    lines = zip(shapes.starts, shapes.shapes, strict=True)
    return _columns([(start + at, start + at + 1) for start, shape in lines for at in range(shape.line - 1)], 2)


def _bends(shapes: Shapes) -> Tensor:
    """Return each number's nodes in threes that follow one another, [3, bends]."""
    lines = zip(shapes.starts, shapes.shapes, strict=True)
    threes = [(start + at, start + at + 1, start + at + 2) for start, shape in lines for at in range(shape.line - 2)]
    return _columns(threes, 3)


def _crossings(shapes: Shapes) -> Tensor:
    """Return the tables' nodes in twos that follow one another along a number, [2, steps]."""
    found = []
    for block in shapes.blocks:
        nodes = block.of(torch.arange(shapes.size))
        down = nodes[: shapes.shapes[block.left].grid]
        across = nodes[:, : shapes.shapes[block.right].grid]
        found += list(zip(down[:-1].flatten().tolist(), down[1:].flatten().tolist(), strict=True))
        found += list(zip(across[:, :-1].flatten().tolist(), across[:, 1:].flatten().tolist(), strict=True))
    return _columns(found, 2)


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> Tensor:
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, width).T
