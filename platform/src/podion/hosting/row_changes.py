"""What the adapters of one batch change, planned once and applied at every layer."""

from collections.abc import Mapping, Sequence
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

    tokens: slice
    rows: int
    length: int
    slot: int | None
    gathered: slice


class RowChanges:
    """The changes of a batch whose row i has `adapters[i]`; rows with None are left alone."""

    def __init__(self, rows: PackedRows, adapters: Sequence[PooledAdapter | None]) -> None:
        self._stretches, slots = _plan(rows, adapters)
        self._slots = {stack: torch.tensor(chosen, device=rows.ids.device) for stack, chosen in slots.items()}

    def touch(self, names: Sequence[str]) -> bool:
        """Say whether any row's adapter changes one of the layers `names`."""
        return any(name in stack.layout.by_module for stack in self._stretches for name in names)

    def before(self, name: str, hidden: Tensor) -> Tensor:
        """Return what the layer reads: rows whose adapter scales the layer's input are scaled, in a copy."""
        scaled = hidden
        for stack, stretches in self._stretches.items():
            part = stack.layout.by_module.get(name)
            if part is not None and part.scales_input:
                scaled = hidden.clone() if scaled is hidden else scaled
                self._scale(stack, part, stretches, scaled)
        return scaled

    def after(self, names: Sequence[str], hidden: Tensor, outputs: Sequence[Tensor]) -> None:
        """Add each row's low-rank delta of `hidden` to the outputs of the layers `names`, or scale them."""
        for name, output in zip(names, outputs, strict=True):
            for stack, stretches in self._stretches.items():
                part = stack.layout.by_module.get(name)
                if part is None or part.scales_input:
                    continue
                if part.rank:
                    self._add(stack, part, stretches, hidden, output)
                else:
                    self._scale(stack, part, stretches, output)

    def _add(self, stack: Stack, part: Part, stretches: Sequence[_Stretch], hidden: Tensor, output: Tensor) -> None:
        a, b, slots = stack.a(part), stack.b(part), self._slots.get(stack)
        if slots is not None:
            own_a, own_b = a.index_select(0, slots).transpose(1, 2), b.index_select(0, slots).transpose(1, 2)
        for stretch in stretches:
            tokens, changed = hidden[stretch.tokens], output[stretch.tokens]
            if stretch.slot is not None:
                changed.addmm_(tokens @ a[stretch.slot].T, b[stretch.slot].T)
                continue
            shape = (stretch.rows, stretch.length, -1)
            low = torch.bmm(tokens.view(shape), own_a[stretch.gathered])
            changed.view(shape).baddbmm_(low, own_b[stretch.gathered])

    def _scale(self, stack: Stack, part: Part, stretches: Sequence[_Stretch], states: Tensor) -> None:
        factors, slots = stack.factors(part), self._slots.get(stack)
        for stretch in stretches:
            own = factors[[stretch.slot]] if stretch.slot is not None else factors[slots][stretch.gathered]
            states[stretch.tokens].view(stretch.rows, stretch.length, -1).mul_(own[:, None, :])


def _plan(
    rows: PackedRows, adapters: Sequence[PooledAdapter | None]
) -> tuple[Mapping[Stack, Sequence[_Stretch]], Mapping[Stack, Sequence[int]]]:
    """The stretches of each stack, and the slots of those rows that need their own matrices."""
    stretches: dict[Stack, list[_Stretch]] = {}
    slots: dict[Stack, list[int]] = {}
    first = adapters[0] if adapters else None
    if first is not None and all(adapter is first for adapter in adapters):
        # the batch is one adapter's: rows of any length in one product
        whole = _Stretch(slice(0, rows.tokens), 1, rows.tokens, first.slot, slice(0, 0))
        return {first.stack: [whole]}, slots
    for run in rows.runs:
        token = run.first_token
        for stack, same in groupby(adapters[run.first_row : run.first_row + run.rows], key=_stack_of):
            chosen = [-1 if adapter is None else adapter.slot for adapter in same]
            tokens = slice(token, token := token + len(chosen) * run.length)
            if stack is None:
                continue
            taken = slots.setdefault(stack, [])
            one = chosen[0] if len(set(chosen)) == 1 else None
            gathered = slice(len(taken), len(taken) + (len(chosen) if one is None else 0))
            taken.extend(chosen if one is None else ())
            stretches.setdefault(stack, []).append(_Stretch(tokens, len(chosen), run.length, one, gathered))
    return stretches, {stack: chosen for stack, chosen in slots.items() if chosen}


def _stack_of(adapter: PooledAdapter | None) -> Stack | None:
    return None if adapter is None else adapter.stack
