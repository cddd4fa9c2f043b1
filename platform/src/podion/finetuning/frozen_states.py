"""Texts as the whole frozen base leaves them: computed once, looked up in every epoch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from podion.hosting.encoder import Encoder
from podion.hosting.heads import label_vectors
from podion.hosting.silent_rows import silent_states, speaking
from podion.hosting.token_rows import TokenRow
from podion.nn import States

_CHUNK = 512


class FrozenStates:
    """The mean states of token rows, for heads that read no tokens: as `CutStates`, where nothing is adapted.

    All `lengths` are 1, because a batch costs the same whichever rows stand in it. `silent` is true where no row says
    anything, so that all states are zeros.
    """

    def __init__(self, encoder: Encoder, rows: Sequence[TokenRow], look: Callable[[], None] = lambda: None) -> None:
        self.lengths = [1] * len(rows)
        self.silent = not speaking(rows)
        empty = silent_states(len(rows), encoder.hidden_size, encoder.device)
        self._pooled, self._lower = empty.pooled, empty.pooled if self.silent else torch.zeros_like(empty.pooled)
        order = sorted(range(len(rows)), key=lambda place: rows[place].ids)  # equal rows in one pass are one row
        for first in range(0, 0 if self.silent else len(order), _CHUNK):
            look()
            places = order[first : first + _CHUNK]
            states = encoder.states([TokenRow(rows[place].ids) for place in places])
            self._pooled[places] = states.pooled
            if states.lower is not None:
                self._lower[places] = states.lower

    def __len__(self) -> int:
        return len(self.lengths)

    def vectors(self, count: int, look: Callable[[], None] = lambda: None) -> Tensor:
        """Return what a label head that reads the cut reads of the first `count` rows, [rows, width]."""
        return label_vectors(self._pooled[:count], self._lower[:count])

    def states(self, places: Sequence[int], *, reads_tokens: bool = False) -> States:
        """Return the states of the rows at `places`, without gradients; raises `ValueError` where tokens are read."""
        if reads_tokens:
            raise ValueError("FrozenStates holds no tokens: CutStates does")
        where = torch.tensor(places, dtype=torch.long, device=self._pooled.device)
        pooled = self._pooled[where]
        tokens = pooled.new_zeros(len(places), 0, pooled.shape[1])
        return States(
            pooled=pooled,
            tokens=tokens,
            mask=tokens[:, :, 0] > 0,
            offsets=torch.zeros(len(places), 0, 2, dtype=torch.long, device=pooled.device),
            lower=pooled if self.silent else self._lower[where],
        )
