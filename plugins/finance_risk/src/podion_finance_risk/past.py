"""Past transactions as columns, and how many and how much of them lie in a stretch of time. Numpy only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Times = NDArray[np.float64]
Integers = NDArray[np.int64]

NOTHING = 0
"""The key of what a transaction does not name, such as no terminal."""

_UNITS = 10_000
"""Amounts are added up as whole ten-thousandths: sums of integers are the same in whatever order."""

_LARGEST = 1e13

_KINDS = {
    "account": np.uint64,
    "terminal": np.uint64,
    "device": np.uint64,
    "at": np.float64,
    "units": np.int64,
    "label": np.int8,
    "known": np.float64,
}


def key_of(value: str | None) -> int:
    """Return 53 bits that stand for a name, which JSON's numbers hold; `NOTHING` for none."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "little") >> 11 if value else NOTHING


def units_of(amount: float) -> int:
    """Return an amount in whole ten-thousandths, at most 1e13 either way before that."""
    return round(min(max(amount, -_LARGEST), _LARGEST) * _UNITS)


def amount_of(units: NDArray[Any]) -> NDArray[np.float64]:
    """Return ten-thousandths as amounts."""
    return np.asarray(units, dtype=np.float64) / _UNITS


@dataclass(frozen=True)
class Past:
    """Transactions, one a row: keys of account, terminal and device, when, how much, and what became known when.

    Times are seconds since 1970 in UTC. `label` is 1 for fraud, 0 for none, -1 where nobody ever said; `known` is when
    the label became known.
    """

    account: Keys
    terminal: Keys
    device: Keys
    at: Times
    units: Integers
    label: NDArray[np.int8]
    known: Times

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, ...]] = ()) -> Past:
        """Return rows of seven values in the order of the columns as columns."""
        columns = list(zip(*rows, strict=True)) or [()] * len(_KINDS)
        return cls(*(np.array(column, dtype=kind) for column, kind in zip(columns, _KINDS.values(), strict=True)))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Past:
        """Return what `arrays` told, in whatever types it was kept."""
        return cls(**{name: np.asarray(arrays[name], dtype=kind) for name, kind in _KINDS.items()})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in _KINDS}

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, chosen: NDArray[Any]) -> Past:
        """Return the rows of a mask or of positions."""
        return Past(*(getattr(self, name)[chosen] for name in _KINDS))

    def and_then(self, other: Past) -> Past:
        """Return these rows and the other's."""
        return Past(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in _KINDS))

    @cached_property
    def labelled(self) -> Past:
        """The rows whose label is known some day."""
        return self.rows(self.label >= 0)


class Timeline:
    """Moments of many keys in order of time, and sums of a value over a stretch of them.

    A stretch of time is `[start, end)` by default: what happens at its end does not count. With `reach`, it is
    `(start, end]`.
    """

    def __init__(self, keys: Keys, times: Times, values: Integers | None = None, *, reach: bool = False) -> None:
        self._side: Any = "right" if reach else "left"
        self._names, codes = np.unique(keys, return_inverse=True)
        self._moments, ranks = np.unique(times, return_inverse=True)
        self._width = len(self._moments) + 1
        places = codes.astype(np.int64) * self._width + ranks
        order = np.argsort(places, kind="stable")
        self._places = places[order]
        self._times = times[order]
        summed = np.ones(len(keys), dtype=np.int64) if values is None else values[order]
        self._sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(summed)])

    def count(self, keys: Keys, starts: Times, ends: Times) -> Integers:
        """Return how many moments of each key lie in its stretch."""
        return self._place(keys, ends) - self._place(keys, starts)

    def total(self, keys: Keys, starts: Times, ends: Times) -> Integers:
        """Return the sum of the values of each key in its stretch."""
        summed: Integers = self._sums[self._place(keys, ends)] - self._sums[self._place(keys, starts)]
        return summed

    def latest(self, keys: Keys, starts: Times, ends: Times) -> Times:
        """Return the last moment of each key in its stretch; not-a-number where there is none."""
        found = self.count(keys, starts, ends) > 0
        last = np.full(len(keys), np.nan)
        last[found] = self._times[self._place(keys, ends)[found] - 1]
        return last

    def _place(self, keys: Keys, times: Times) -> Integers:
        """Return where in the order each key's first moment from that time on stands; equal for a key never met."""
        if not len(self._places):
            return np.zeros(len(keys), dtype=np.int64)
        codes = np.searchsorted(self._names, keys)
        met = (codes < len(self._names)) & (self._names[np.minimum(codes, len(self._names) - 1)] == keys)
        ranks = np.searchsorted(self._moments, times, side=self._side)
        found = np.searchsorted(self._places, codes.astype(np.int64) * self._width + ranks, side="left")
        return np.where(met & (keys != NOTHING), found, 0)
