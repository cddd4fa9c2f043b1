"""Texts as a base model reads them, and several of them packed into one run of tokens without padding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

Offsets = tuple[tuple[int, int], ...]

TOKEN_BUDGET = 512
"""Tokens computed at once: enough for fast products, few enough that what lies between them stays in a core's cache."""


@dataclass(frozen=True)
class TokenRow:
    """A text as the base model reads it.

    `offsets` are characters of the text as sent, (0, 0) for what is not in it; none where nobody asked for them.
    """

    ids: tuple[int, ...]
    offsets: Offsets = ()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Run:
    """Neighbouring rows of one length: their tokens are a view [rows, length] of the packed ones."""

    first_row: int
    rows: int
    first_token: int
    length: int

    @property
    def tokens(self) -> slice:
        """Where the run's tokens lie among the packed ones."""
        return slice(self.first_token, self.first_token + self.rows * self.length)


@dataclass(frozen=True)
class PackedRows:
    """Rows one after the other: `ids` and `positions` are [tokens], and nothing is padding.

    Any order of rows is computed right; rows of one length side by side are computed fast.
    """

    lengths: tuple[int, ...]
    ids: Tensor
    positions: Tensor
    runs: tuple[Run, ...]

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return sum(self.lengths)

    def mean(self, hidden: Tensor) -> Tensor:
        """Return the mean of each row's tokens, [rows, hidden] in fp32, of `hidden` [tokens, hidden].

        It is 0 for a row without tokens.
        """
        width = hidden.shape[1]
        parts = [
            hidden[run.tokens].view(run.rows, run.length, width).mean(1)
            if run.length
            else hidden.new_zeros(run.rows, width)
            for run in self.runs
        ]
        return torch.cat(parts).float()

    def split(self, hidden: Tensor) -> list[Tensor]:
        """Return each row's own part of `hidden` [tokens, …]."""
        return list(torch.split(hidden, list(self.lengths)))


def pack_rows(rows: Sequence[TokenRow], device: torch.device) -> PackedRows:
    """Return the rows packed in their order."""
    lengths = tuple(map(len, rows))
    ids = torch.tensor([token for row in rows for token in row.ids], dtype=torch.long)
    positions = torch.tensor([place for length in lengths for place in range(length)], dtype=torch.long)
    return PackedRows(lengths, ids.to(device), positions.to(device), runs_of(lengths))


def runs_of(lengths: Sequence[int]) -> tuple[Run, ...]:
    """Return the runs of equal lengths, in order."""
    runs: list[Run] = []
    row = token = 0
    for length, group in groupby(lengths):
        count = sum(1 for _ in group)
        runs.append(Run(row, count, token, length))
        row, token = row + count, token + count * length
    return tuple(runs)


def batches_of(
    lengths: Sequence[int], budget: int = TOKEN_BUDGET, tie: Callable[[int], tuple[int, ...]] = lambda place: ()
) -> list[list[int]]:
    """Return all places, shorter rows first, in batches of at most `budget` tokens (or one row).

    Among rows of one length, those of equal `tie` stand together.
    """
    batches: list[list[int]] = []
    tokens = 0
    for place in sorted(range(len(lengths)), key=lambda place: (lengths[place], tie(place), place)):
        if not batches or tokens + lengths[place] > budget:
            batches.append([])
            tokens = 0
        batches[-1].append(place)
        tokens += lengths[place]
    return batches
