"""Texts as the lower, frozen layers leave them: computed once, used in every epoch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from podion.hosting.encoder import Encoder, TokenBatch, TokenRow
from podion.nn import States

_BYTES = 2 << 30
"""Most bytes of hidden states kept; of more, each batch is computed anew."""


class CutStates:
    """Token rows at the cut of a base model; `states` takes them through the layers above, adapted or not."""

    def __init__(
        self, encoder: Encoder, rows: Sequence[TokenRow], cut: int, look: Callable[[], None] = lambda: None
    ) -> None:
        self._encoder, self._rows, self._cut = encoder, tuple(rows), cut
        self.lengths = [len(row) for row in rows]
        starts = torch.tensor([0, *self.lengths]).cumsum(0)
        self._starts = starts[:-1]
        self._hidden: Tensor | None = None
        if int(starts[-1]) * encoder.hidden_size * 4 <= _BYTES:
            self._hidden = self._compute(int(starts[-1]), look)

    def __len__(self) -> int:
        return len(self._rows)

    def states(self, places: Sequence[int], *, reads_tokens: bool) -> States:
        """Return the final states of the rows at `places`; carries gradients of the upper layers' adapters."""
        batch = self._encoder.batch([self._rows[place] for place in places])
        hidden = self._encoder.upper(self._lower(batch, places), batch.attention, self._cut)
        return self._encoder.read(batch, hidden, reads_tokens=reads_tokens)

    def pooled(self, look: Callable[[], None] = lambda: None) -> Tensor:
        """Return the pooled states of all rows, [rows, hidden], without gradients."""
        found = torch.zeros(len(self), self._encoder.hidden_size, device=self._encoder.device)
        for places in self._encoder.batches(self._rows):
            look()
            with torch.no_grad():
                found[torch.tensor(places)] = self.states(places, reads_tokens=False).pooled
        return found

    def _lower(self, batch: TokenBatch, places: Sequence[int]) -> Tensor:
        if self._hidden is None:
            with torch.no_grad():
                return self._encoder.lower(batch, self._cut)
        steps = self._starts[list(places)][:, None] + torch.arange(batch.ids.shape[1])
        steps = steps.clamp(max=len(self._hidden) - 1)  # padding reads a neighbour's state, which attention ignores
        return self._hidden[steps].to(self._encoder.device)

    def _compute(self, tokens: int, look: Callable[[], None]) -> Tensor:
        hidden = torch.zeros(max(1, tokens), self._encoder.hidden_size)
        for places in self._encoder.batches(self._rows):
            look()
            batch = self._encoder.batch([self._rows[place] for place in places])
            with torch.no_grad():
                lower = self._encoder.lower(batch, self._cut).cpu()
            for place, row in zip(places, lower, strict=True):
                start = int(self._starts[place])
                hidden[start : start + self.lengths[place]] = row[: self.lengths[place]]
        return hidden
