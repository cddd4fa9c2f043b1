"""One pass over a base model for rows of many owners and adapters: what is equal is computed once, or was before."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.backbone import Backbone
from podion.hosting.row_changes import RowChanges
from podion.hosting.sharing import Sharing
from podion.hosting.state_cache import StateCache, StateKey
from podion.hosting.token_rows import PackedRows, TokenRow, batches_of, pack_rows

AdapterOf = Callable[[int], PooledAdapter | None]


@dataclass
class Work:
    """What was computed so far: batches, rows below the cut, rows above it.

    `tokens` counts a text's tokens once for every layer they went through, `computed` all that went through one.
    """

    batches: int = 0
    lower_rows: int = 0
    upper_rows: int = 0
    tokens: int = 0
    computed: int = 0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The rows of a pass; row i under `adapters[i]`, remembered for `owners[i]` in `cache` where there are both.

    `reads_tokens[i]` says whether row i's states are wanted token by token, which nobody remembers.
    """

    rows: Sequence[TokenRow]
    adapters: Sequence[PooledAdapter | None]
    reads_tokens: Sequence[bool]
    sharing: Sharing
    cut: int
    owners: Sequence[Hashable] | None = None
    cache: StateCache | None = None


@dataclass(frozen=True)
class Ending:
    """A row's states: the mean at the end, the mean at the cut, and each token's at the end where they are read."""

    last: Tensor
    lower: Tensor
    tokens: Tensor | None = None


class SharedPass:
    """Computes what is asked, on one backbone, under inference mode."""

    def __init__(self, backbone: Backbone, device: torch.device, work: Work, asked: Asked) -> None:
        self._backbone, self._device, self._work, self._asked = backbone, device, work, asked

    def endings(self) -> list[Ending]:
        """Return the states of every distinct end, in the order of `sharing.upper`."""
        upper, start = self._asked.sharing.upper, self._asked.sharing.start
        endings = self._remembered()
        missing = [end for end in range(len(upper)) if end not in endings]
        below = self._below(sorted({start[end] for end in missing}))
        for ends in self._batches(missing, upper, self._adapter):
            rows = [upper[end] for end in ends]
            hidden = torch.cat([below[start[end]] for end in ends])
            for end, row, ending in zip(ends, rows, self._above(rows, hidden), strict=True):
                endings[end] = ending
                self._remember(row, self._end_key(row), ending.last, ending.lower)
        return [endings[end] for end in range(len(upper))]

    def _below(self, starts: Sequence[int]) -> dict[int, Tensor]:
        """Hidden states at the cut, [length, hidden], by place in `sharing.lower`."""
        lower = self._asked.sharing.lower
        below = {
            start: kept[0] for start in starts if (kept := self._recall(lower[start], self._cut_key(lower[start])))
        }
        missing = [start for start in starts if start not in below]
        for batch in self._batches(missing, lower, self._deep):
            rows = [lower[start] for start in batch]
            packed = self._pack(rows)
            hidden = self._backbone.embed(packed)
            hidden = self._through(hidden, packed, 0, self._asked.cut, [self._deep(row) for row in rows])
            self._work.lower_rows += len(rows)
            for start, row, states in zip(batch, rows, packed.split(hidden), strict=True):
                below[start] = states
                if self._asked.cut:
                    self._remember(row, self._cut_key(row), states)
        return below

    def _above(self, rows: Sequence[int], hidden: Tensor) -> list[Ending]:
        packed = self._pack(rows)
        lower = packed.mean(hidden)
        adapters = [self._adapter(row) for row in rows]
        hidden = self._through(hidden, packed, self._asked.cut, len(self._backbone), adapters)
        self._work.batches += 1
        self._work.upper_rows += len(rows)
        tokens = packed.split(hidden) if any(self._asked.reads_tokens) else [None] * len(rows)
        return [Ending(*states) for states in zip(packed.mean(hidden), lower, tokens, strict=True)]

    def _through(
        self, hidden: Tensor, packed: PackedRows, start: int, until: int, adapters: Sequence[PooledAdapter | None]
    ) -> Tensor:
        changes = RowChanges(packed, adapters) if any(adapters) and start < until else None
        self._work.tokens += packed.tokens * (until - start)
        self._work.computed += len(hidden) * (until - start)
        return self._backbone.through(hidden, packed, start, until, changes)

    def _batches(self, chosen: Sequence[int], rows: Sequence[int], adapter: AdapterOf) -> list[list[int]]:
        """The chosen places in batches, rows of one adapter and length side by side."""

        def tie(place: int) -> tuple[int, ...]:
            own = adapter(rows[chosen[place]])
            return (0, 0) if own is None else (id(own.stack), own.slot)

        lengths = [len(self._asked.rows[rows[place]]) for place in chosen]
        return [[chosen[place] for place in batch] for batch in batches_of(lengths, tie=tie)]

    def _pack(self, rows: Sequence[int]) -> PackedRows:
        return pack_rows([self._asked.rows[row] for row in rows], self._device)

    def _adapter(self, row: int) -> PooledAdapter | None:
        return self._asked.adapters[row]

    def _deep(self, row: int) -> PooledAdapter | None:
        """The row's adapter if it reaches below the cut."""
        adapter = self._asked.adapters[row]
        return adapter if adapter is not None and adapter.lowest_layer < self._asked.cut else None

    def _cut_key(self, row: int) -> StateKey:
        deep = self._deep(row)
        return StateKey(self._asked.rows[row].ids, self._asked.cut, deep.key if deep else None)

    def _end_key(self, row: int) -> StateKey:
        adapter = self._adapter(row)
        return StateKey(self._asked.rows[row].ids, self._asked.cut, adapter.key if adapter else None, at_end=True)

    def _remembered(self) -> dict[int, Ending]:
        """The ends that the cache has and whose tokens nobody reads, by place."""
        asked = self._asked
        read = {end for end, reads in zip(asked.sharing.end, asked.reads_tokens, strict=True) if reads}
        ends = ((end, row) for end, row in enumerate(asked.sharing.upper) if end not in read)
        kept = ((end, self._recall(row, self._end_key(row))) for end, row in ends)
        return {end: Ending(*states) for end, states in kept if states}

    def _recall(self, row: int, key: StateKey) -> tuple[Tensor, ...] | None:
        asked = self._asked
        return asked.cache.get(asked.owners[row], key) if asked.cache is not None and asked.owners is not None else None

    def _remember(self, row: int, key: StateKey, *states: Tensor) -> None:
        asked = self._asked
        if asked.cache is not None and asked.owners is not None:
            asked.cache.put(asked.owners[row], key, *states)
