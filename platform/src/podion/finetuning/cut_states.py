"""Texts as the lower, frozen layers leave them: computed once, used in every epoch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from podion.hosting.encoder import Encoder, TokenBatch, TokenRow, pool
from podion.hosting.heads import label_vectors
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
        self._means = torch.zeros(len(rows), encoder.hidden_size)
        if int(starts[-1]) * encoder.hidden_size * 4 <= _BYTES:
            self._hidden = self._compute(int(starts[-1]), look)

    def __len__(self) -> int:
        return len(self._rows)

    def states(self, places: Sequence[int], *, reads_tokens: bool) -> States:
        """Return the final states of the rows at `places`; carries gradients of the upper layers' adapters."""
        batch = self._encoder.batch([self._rows[place] for place in places])
        lower, means = self._lower(batch, places)
        hidden = self._encoder.upper(lower, batch.attention, self._cut)
        return self._encoder.read(batch, hidden, lower=means, reads_tokens=reads_tokens)

    def vectors(self, count: int, look: Callable[[], None] = lambda: None) -> Tensor:
        """Return what a label head that reads the cut reads of the first `count` rows, [rows, width], no gradients."""
        found = torch.zeros(count, 2 * self._encoder.hidden_size, device=self._encoder.device)
        for places in self._encoder.batches(self._rows[:count]):
            look()
            with torch.no_grad():
                states = self.states(places, reads_tokens=False)
                found[torch.tensor(places)] = label_vectors(states.pooled, states.lower)
        return found

    def _lower(self, batch: TokenBatch, places: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Hidden states at this cut, and the mean states at the base's."""
        if self._hidden is None:
            return self._pass(batch)
        steps = self._starts[list(places)][:, None] + torch.arange(batch.ids.shape[1])
        steps = steps.clamp(max=len(self._hidden) - 1)  # padding reads a neighbour's state, which attention ignores
        device = self._encoder.device
        return self._hidden[steps].to(device), self._means[list(places)].to(device)

    def _pass(self, batch: TokenBatch) -> tuple[Tensor, Tensor]:
        first = min(self._cut, self._encoder.cut)
        with torch.no_grad():
            hidden = self._encoder.lower(batch, first)
            means = pool(hidden, batch.attention)
            return self._encoder.upper(hidden, batch.attention, first, self._cut), means

    def _compute(self, tokens: int, look: Callable[[], None]) -> Tensor:
        hidden = torch.zeros(max(1, tokens), self._encoder.hidden_size)
        for places in self._encoder.batches(self._rows):
            look()
            batch = self._encoder.batch([self._rows[place] for place in places])
            lower, means = self._pass(batch)
            self._means[places] = means.cpu()
            for place, row in zip(places, lower.cpu(), strict=True):
                start = int(self._starts[place])
                hidden[start : start + self.lengths[place]] = row[: self.lengths[place]]
        return hidden
