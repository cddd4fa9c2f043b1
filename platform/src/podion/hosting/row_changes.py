"""What the adapters of one batch change, planned once and applied at every layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from podion.hosting.adapter_pool import Part, PooledAdapter, Stack
from podion.hosting.token_rows import PackedRows


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring rows of one length whose adapters have one layout.

    `slot` is set where all are of one adapter: its matrices are then used as they lie. Otherwise the rows' own ones
    are `gathered` out of the stack, these standing at that place among all that are.
    """

    stack: Stack
    tokens: slice
    rows: int
    slot: int | None
    gathered: slice


class RowChanges:
    """The changes of a batch whose row i has `adapters[i]`; rows with None are left alone."""

    def __init__(self, rows: PackedRows, adapters: Sequence[PooledAdapter | None]) -> None:
        self._stretches, slots = _plan(rows, adapters)
        device = rows.ids.device
        self._slots = {stack: torch.tensor(chosen, device=device) for stack, chosen in slots.items()}

    def before(self, name: str, hidden: Tensor) -> Tensor:
        """Return what the layer reads: rows whose adapter scales the layer's input are scaled, in a copy."""
        scaled = hidden
        for stretch in self._stretches:
            part = stretch.stack.layout.by_module.get(name)
            if part is None or not part.scales_input:
                continue
            if scaled is hidden:
                scaled = hidden.clone()
            _rows_of(scaled, stretch).mul_(self._factors(stretch, part)[:, None, :])
        return scaled

    def after(self, names: Sequence[str], hidden: Tensor, outputs: Sequence[Tensor]) -> None:
        """Add each row's low-rank delta of `hidden` to the outputs of the layers `names`, or scale them."""
        for name, output in zip(names, outputs, strict=True):
            gathered = {stack: self._gather(stack, name) for stack in self._slots}
            for stretch in self._stretches:
                part = stretch.stack.layout.by_module.get(name)
                if part is None or part.scales_input:
                    continue
                if not part.rank:
                    _rows_of(output, stretch).mul_(self._factors(stretch, part)[:, None, :])
                elif stretch.slot is not None:
                    low = hidden[stretch.tokens] @ stretch.stack.a(part)[stretch.slot].T
                    output[stretch.tokens].addmm_(low, stretch.stack.b(part)[stretch.slot].T)
                else:
                    a, b = gathered[stretch.stack]
                    low = torch.bmm(_rows_of(hidden, stretch), a[stretch.gathered].transpose(1, 2))
                    _rows_of(output, stretch).baddbmm_(low, b[stretch.gathered].transpose(1, 2))

    def _gather(self, stack: Stack, name: str) -> tuple[Tensor, Tensor]:
        """The low-rank matrices of all rows that need their own, [rows, rank, in] and [rows, out, rank]."""
        part = stack.layout.by_module.get(name)
        if part is None or not part.rank:
            return _NOTHING
        slots = self._slots[stack]
        return stack.a(part).index_select(0, slots), stack.b(part).index_select(0, slots)

    def _factors(self, stretch: _Stretch, part: Part) -> Tensor:
        factors = stretch.stack.factors(part)
        if stretch.slot is not None:
            return factors[stretch.slot : stretch.slot + 1]
        return factors[self._slots[stretch.stack][stretch.gathered]]


_NOTHING = (torch.empty(0), torch.empty(0))


def _rows_of(tokens: Tensor, stretch: _Stretch) -> Tensor:
    """A stretch's tokens as a view [rows, length, …]."""
    part = tokens[stretch.tokens]
    return part.view(stretch.rows, len(part) // stretch.rows, -1)


def _plan(
    rows: PackedRows, adapters: Sequence[PooledAdapter | None]
) -> tuple[tuple[_Stretch, ...], dict[Stack, list[int]]]:
    first = adapters[0] if adapters else None
    if first is not None and all(adapter is first for adapter in adapters):
        # the batch is one adapter's: rows of any length in one product
        return (_Stretch(first.stack, slice(0, rows.tokens), 1, first.slot, slice(0, 0)),), {}
    stretches: list[_Stretch] = []
    slots: dict[Stack, list[int]] = {}
    for run in rows.runs:
        token, places = run.first_token, range(run.first_row, run.first_row + run.rows)
        for _, same in groupby(places, key=lambda place: _stack_of(adapters[place])):
            own = [adapters[place] for place in same]
            count = len(own) * run.length
            stretches.extend(_stretches(own, slice(token, token + count), slots))
            token += count
    return tuple(stretches), slots


def _stretches(own: Sequence[PooledAdapter | None], tokens: slice, slots: dict[Stack, list[int]]) -> list[_Stretch]:
    """The stretches of neighbouring rows of one layout and length."""
    first = own[0]
    if first is None:
        return []
    if all(adapter is first for adapter in own):
        return [_Stretch(first.stack, tokens, len(own), first.slot, slice(0, 0))]
    taken = slots.setdefault(first.stack, [])
    gathered = slice(len(taken), len(taken) + len(own))
    taken.extend(adapter.slot for adapter in own if adapter is not None)
    return [_Stretch(first.stack, tokens, len(own), None, gathered)]


def _stack_of(adapter: PooledAdapter | None) -> Stack | None:
    return None if adapter is None else adapter.stack
