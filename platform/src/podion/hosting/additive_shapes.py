"""Where the values of a table's columns lie in an additive model: on nodes of each column and of pairs of columns.

A shape is a function of one column, given by its values at nodes: a number lies between two of them and takes its
share of each; a code, a missing value and a category lie on one of their own. A table is a function of two columns,
given by its values where the nodes of two coarser grids cross: a row takes its shares of four of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from podion.nn import Feature

GRID = 12
"""How many nodes a number has at most in a table of two columns."""


@dataclass(frozen=True)
class Shape:
    """One column's nodes: first those of its numbers, in order, then one each for codes, missing, categories."""

    feature: Feature

    @cached_property
    def line(self) -> int:
        """How many nodes its numbers have; 0 for a category."""
        if self.feature.kind != "number":
            return 0
        return self.feature.intervals + (0 if self.feature.discrete else 1)

    @cached_property
    def grid(self) -> int:
        """How many nodes its numbers have in a table of two columns."""
        return min(self.line, GRID)

    @cached_property
    def others(self) -> int:
        """How many nodes are no number."""
        return self.feature.size - self.feature.intervals

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return self.line + self.others

    @property
    def coarse(self) -> int:
        """How many nodes there are in a table of two columns."""
        return self.grid + self.others

    def middle_of(self, cell: int) -> float:
        """Return the place in the middle of an interval, or where a discrete number begins."""
        return float(cell) if self.feature.discrete else cell + 0.5


@dataclass(frozen=True)
class Block:
    """The table of the columns at `left` and `right`: its first node, its height and its width."""

    left: int
    right: int
    start: int
    height: int
    width: int

    @property
    def stop(self) -> int:
        """The node after its last."""
        return self.start + self.height * self.width

    def of(self, values: Tensor) -> Tensor:
        """Return the table's part of values at all nodes, [height, width]."""
        return values[self.start : self.stop].view(self.height, self.width)


class Shapes:
    """The nodes of all columns and of pairs of them, numbered through: `nodes` of columns, then the tables'."""

    def __init__(self, features: Sequence[Feature], pairs: Sequence[tuple[int, int]] = ()) -> None:
        self.shapes = tuple(Shape(feature) for feature in features)
        self.starts: list[int] = []
        self.nodes = 0
        for shape in self.shapes:
            self.starts.append(self.nodes)
            self.nodes += shape.nodes
        self.blocks: list[Block] = []
        self.size = self.nodes
        for left, right in pairs:
            block = Block(left, right, self.size, self.shapes[left].coarse, self.shapes[right].coarse)
            self.blocks.append(block)
            self.size = block.stop
        self._intervals = torch.tensor([shape.feature.intervals for shape in self.shapes], dtype=torch.int64)
        self._last = torch.tensor([max(1, shape.line - 1) for shape in self.shapes], dtype=torch.int64)
        self._lines = torch.tensor([shape.line for shape in self.shapes], dtype=torch.int64)
        self._grids = torch.tensor([shape.grid for shape in self.shapes], dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.shapes)

    def spots(self, cells: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return the nodes that rows lie on and their shares, both [rows, 2 columns + 4 tables].

        `cells` and `places` are as `TabularFeatures` has them. A column's two nodes stand side by side, then each
        table's four.
        """
        low, high, share = self.on_lines(cells, places)
        start = torch.tensor(self.starts, dtype=torch.int64)
        nodes = [torch.stack([low + start, high + start], dim=2).flatten(1)]
        shares = [torch.stack([1 - share, share], dim=2).flatten(1)]
        low, high, share = self.on_grids(cells, places)
        for block in self.blocks:
            rows = torch.stack([low[:, block.left], high[:, block.left]], dim=1)
            columns = torch.stack([low[:, block.right], high[:, block.right]], dim=1)
            nodes.append((rows.unsqueeze(2) * block.width + columns.unsqueeze(1)).flatten(1) + block.start)
            down, across = share[:, block.left], share[:, block.right]
            rows_share, columns_share = torch.stack([1 - down, down], 1), torch.stack([1 - across, across], 1)
            shares.append((rows_share.unsqueeze(2) * columns_share.unsqueeze(1)).flatten(1))
        return torch.cat(nodes, dim=1), torch.cat(shares, dim=1)

    def on_lines(self, cells: Tensor, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return each value's lower and upper node, numbered from 0 in its column, and its share of the upper."""
        return self._between(cells, places, self._lines)

    def on_grids(self, cells: Tensor, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the same on the columns' coarser grids."""
        return self._between(cells, places, self._grids)

    def _between(self, cells: Tensor, places: Tensor, lines: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scaled = torch.minimum(places, self._last.to(places)) * ((lines - 1).clamp(min=0) / self._last).to(places)
        low = torch.minimum(scaled.floor().long(), (lines - 2).clamp(min=0))
        high = torch.minimum(low + 1, (lines - 1).clamp(min=0))
        share = (scaled - low).clamp(0.0, 1.0)
        apart = cells >= self._intervals
        own = lines + cells - self._intervals
        low, high = torch.where(apart, own, low), torch.where(apart, own, high)
        return low, high, torch.where(high == low, torch.zeros_like(share), share)


def rising(values: Tensor, axis: int = 0) -> Tensor:
    """Return the mean of the two nearest functions along `axis` that never fall: from above and from below.

    A function that never falls stays as it is. What rises along another axis still does.
    """
    above = values.cummax(axis).values
    below = values.flip(axis).cummin(axis).values.flip(axis)
    return (above + below) / 2
