"""Texts as the lower, frozen layers leave them: computed once, used in every epoch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from podion.hosting.encoder import Encoder
from podion.hosting.heads import label_vectors
from podion.hosting.silent_rows import silent_states, speaking
from podion.hosting.token_rows import PackedRows, TokenRow, batches_of
from podion.nn import States

_BYTES = 2 << 30
"""Most bytes of hidden states kept; of more, each batch is computed anew."""


class CutStates:
    """Token rows at the cut of a base model; `states` takes them through the layers above, adapted or not.

    `read` is the layer whose mean states a head reads beside the last ones': the base's own cut unless given, and a
    lower one where the cut is lower. `silent` is true where no row says anything.
    """

    def __init__(
        self,
        encoder: Encoder,
        rows: Sequence[TokenRow],
        cut: int,
        look: Callable[[], None] = lambda: None,
        *,
        read: int | None = None,
    ) -> None:
        self._encoder, self._rows, self._cut = encoder, tuple(rows), cut
        self._read = min(cut, encoder.cut) if read is None else read
        self.lengths = [len(row) for row in rows]
        self.silent = not any(self.lengths)
        self._means = torch.zeros(len(rows), encoder.hidden_size)
        kept = sum(self.lengths) * encoder.hidden_size * 4 <= _BYTES
        self._hidden: list[Tensor] | None = self._compute(look) if kept else None

    def __len__(self) -> int:
        return len(self._rows)

    def states(self, places: Sequence[int], *, reads_tokens: bool) -> States:
        """Return the final states of the rows at `places`; carries gradients of the upper layers' adapters.

        Those of rows without tokens are zeros.
        """
        rows = [self._rows[place] for place in places]
        if not speaking(rows):
            return silent_states(len(rows), self._encoder.hidden_size, self._encoder.device)
        packed = self._encoder.pack(rows)
        hidden, means = self._lower(packed, places)
        if self._read > self._cut:
            hidden = self._encoder.upper(hidden, packed, self._cut, self._read)
            means = packed.mean(hidden)
        hidden = self._encoder.upper(hidden, packed, max(self._cut, self._read))
        return self._encoder.read(rows, packed, hidden, lower=means, reads_tokens=reads_tokens)

    def vectors(self, count: int, look: Callable[[], None] = lambda: None) -> Tensor:
        """Return what a label head that reads the cut reads of the first `count` rows, [rows, width], no gradients."""
        found = torch.zeros(count, 2 * self._encoder.hidden_size, device=self._encoder.device)
        for places in batches_of(self.lengths[:count]):
            look()
            with torch.no_grad():
                states = self.states(places, reads_tokens=False)
                found[torch.tensor(places)] = label_vectors(states.pooled, states.lower)
        return found

    def _lower(self, packed: PackedRows, places: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Hidden states at this cut, and the mean states at the base's."""
        if self._hidden is None:
            return self._pass(packed)
        hidden = torch.cat([self._hidden[place] for place in places])
        return hidden.to(self._encoder.device), self._means[list(places)].to(self._encoder.device)

    def _pass(self, packed: PackedRows) -> tuple[Tensor, Tensor]:
        first = min(self._cut, self._read)
        with torch.no_grad():
            hidden = self._encoder.lower(packed, first)
            means = packed.mean(hidden)
            return self._encoder.upper(hidden, packed, first, self._cut), means

    def _compute(self, look: Callable[[], None]) -> list[Tensor]:
        hidden = [torch.empty(0, self._encoder.hidden_size)] * len(self._rows)
        for places in batches_of(self.lengths):
            look()
            if not any(self.lengths[place] for place in places):
                continue
            packed = self._encoder.pack([self._rows[place] for place in places])
            lower, means = self._pass(packed)
            self._means[places] = means.cpu()
            for place, own in zip(places, packed.split(lower.cpu()), strict=True):
                hidden[place] = own
        return hidden
