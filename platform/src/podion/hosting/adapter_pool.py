"""Adapters of any number of owners in a few stacked tensors, applied to a mixed batch row by row.

An adapter is one row of the tensor of its layout, all its matrices side by side, so that bringing one in is one copy
and a batch gathers what it needs by slot. Rows without an adapter take no part.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from podion.errors import DataError
from podion.hosting.peft_files import AdapterDeltas, Delta, LowRank, Rescale

_BUCKETS = (2, 4, 8, 16, 32, 64, 128, 256)
"""Ranks that are kept apart: a smaller one is padded by zeros, so that few layouts serve all adapters."""

_FIRST_SLOTS = 8
_MOST_RESERVED = 4 << 30
_FLOAT = 4


@dataclass(frozen=True)
class Part:
    """Where a module's delta lies in a slot's row: `a` [rank, in] then `b` [out, rank]; factors [n] for rank 0."""

    module: str
    rank: int
    inputs: int
    outputs: int
    start: int
    scales_input: bool = False

    @property
    def size(self) -> int:
        """Floats of the part."""
        return self.rank * (self.inputs + self.outputs) if self.rank else max(self.inputs, self.outputs)


@dataclass(frozen=True)
class Layout:
    """What adapters of one kind hold: the same modules, each with the same rank."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Floats of one adapter."""
        return self.parts[-1].start + self.parts[-1].size

    @cached_property
    def by_module(self) -> Mapping[str, Part]:
        """The parts by the name of their module."""
        return {part.module: part for part in self.parts}

    @classmethod
    def of(cls, adapter: AdapterDeltas) -> "Layout":
        """Return the layout that an adapter is kept in."""
        bucket = _bucket(adapter.rank)
        parts: list[Part] = []
        start = 0
        for module, delta in sorted(adapter.deltas.items()):
            parts.append(_part(module, delta, bucket, start))
            start += parts[-1].size
        return cls(tuple(parts))


@dataclass(frozen=True, eq=False)
class PooledAdapter:
    """An adapter in the pool; good for passes until it is released. `key` stands for its content."""

    stack: "Stack"
    slot: int
    key: str
    lowest_layer: int

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        return self.stack.layout.size * _FLOAT


class Stack:
    """The adapters of one layout: `rows` is [slots, floats].

    On a processor `reserved` bytes are laid claim to at once, so that it need not grow under way: memory that no
    adapter has touched yet is not taken from the system.
    """

    def __init__(self, layout: Layout, device: torch.device, reserved: int) -> None:
        self.layout = layout
        slots = max(_FIRST_SLOTS, min(reserved, _MOST_RESERVED) // (layout.size * _FLOAT))
        self.rows = torch.empty(slots, layout.size, device=device)
        self._free = list(range(slots))[::-1]
        self.taken = 0

    def put(self, adapter: AdapterDeltas) -> int:
        """Copy an adapter into a free slot and return its number."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self.taken += 1
        row = self.rows[slot]
        # put together on the host first where the pool lies on a GPU: one copy across instead of one a matrix
        host = row if row.device.type == "cpu" else torch.empty(len(row), pin_memory=row.is_cuda)
        floats = host.numpy()
        for part in self.layout.parts:
            _copy(adapter.deltas[part.module], part, floats[part.start : part.start + part.size])
        if host is not row:
            row.copy_(host)
        return slot

    def release(self, slot: int) -> None:
        """Take a slot back."""
        self._free.append(slot)
        self.taken -= 1

    def a(self, part: Part) -> Tensor:
        """All slots' first matrices of a part, a view [slots, rank, in]."""
        width = part.rank * part.inputs
        return self.rows[:, part.start : part.start + width].view(-1, part.rank, part.inputs)

    def b(self, part: Part) -> Tensor:
        """All slots' second matrices of a part, a view [slots, out, rank]."""
        start = part.start + part.rank * part.inputs
        return self.rows[:, start : part.start + part.size].view(-1, part.outputs, part.rank)

    def factors(self, part: Part) -> Tensor:
        """All slots' factors of a part, a view [slots, n]."""
        return self.rows[:, part.start : part.start + part.size]

    def _grow(self) -> None:
        """Twice the slots, where more are pinned than were reserved, or nothing was."""
        slots = len(self.rows)
        rows = torch.empty(2 * slots, self.layout.size, device=self.rows.device)
        rows[:slots] = self.rows
        self.rows = rows
        self._free = list(range(slots, 2 * slots))[::-1]


class AdapterPool:
    """All adapters that one encoder can serve at once, about `budget` bytes of them; one compute thread's."""

    def __init__(self, linears: Mapping[str, nn.Linear], device: torch.device, budget: int = 0) -> None:
        self._linears = linears
        self._device = device
        self._reserved = budget if device.type == "cpu" else 0
        self._stacks: dict[Layout, Stack] = {}

    def put(self, adapter: AdapterDeltas, key: str) -> PooledAdapter:
        """Bring an adapter in; raises `DataError` (code `bad_adapter`) unless it fits the base model's layers."""
        check_fit(adapter, self._linears)
        layout = Layout.of(adapter)
        stack = self._stacks.get(layout)
        if stack is None:
            stack = self._stacks[layout] = Stack(layout, self._device, self._reserved)
        return PooledAdapter(stack, stack.put(adapter), key, adapter.lowest_layer)

    def release(self, adapter: PooledAdapter) -> None:
        """Give an adapter's slot free; a layout that nobody has any more gives its memory back."""
        adapter.stack.release(adapter.slot)
        if not adapter.stack.taken:
            self._stacks.pop(adapter.stack.layout, None)


def check_fit(adapter: AdapterDeltas, linears: Mapping[str, nn.Linear]) -> None:
    """Raise `DataError` unless every delta belongs to one of `linears` and has its sizes."""
    for name, delta in adapter.deltas.items():
        linear = linears.get(name)
        if linear is None:
            raise _refused(f"the base model has no linear layer {name} that takes an adapter")
        if isinstance(delta, LowRank):
            seen: tuple[int, ...] = (delta.a.shape[1], delta.b.shape[0])
            wanted: tuple[int, ...] = (linear.in_features, linear.out_features)
        else:
            seen = (len(delta.factors),)
            wanted = (linear.in_features if delta.side == "input" else linear.out_features,)
        if seen != wanted:
            raise _refused(f"module {name} has sizes {_sizes(seen)}, the base {_sizes(wanted)}")
        if isinstance(delta, Rescale) and delta.side == "input" and ".attention.self." in name:
            raise _refused(f"it scales the input of {name}, which queries, keys and values share")


def _bucket(rank: int) -> int:
    return next((bucket for bucket in _BUCKETS if rank <= bucket), rank)


def _part(module: str, delta: Delta, bucket: int, start: int) -> Part:
    if isinstance(delta, LowRank):
        return Part(module, bucket, delta.a.shape[1], delta.b.shape[0], start)
    count, scales_input = len(delta.factors), delta.side == "input"
    return Part(module, 0, count if scales_input else 0, 0 if scales_input else count, start, scales_input)


def _copy(delta: Delta, part: Part, target: NDArray[np.float32]) -> None:
    """Write a delta to where its part lies, zeros where its rank is smaller than the bucket's."""
    if isinstance(delta, Rescale):
        target[:] = delta.factors
        return
    if delta.rank < part.rank:
        target[:] = 0
    split = part.rank * part.inputs
    target[:split].reshape(part.rank, part.inputs)[: delta.rank] = delta.a
    target[split:].reshape(part.outputs, part.rank)[:, : delta.rank] = delta.b


def _sizes(sizes: Iterable[int]) -> str:
    return " to ".join(map(str, sizes))


def _refused(what: str) -> DataError:
    return DataError(f"adapter refused: {what}", code="bad_adapter")
