"""Rows in which nothing is said: a record without a text costs no pass, and its states are zeros."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from podion.hosting.token_rows import TokenRow
from podion.nn import States

SILENT = TokenRow(())
"""The row of a text without a character that can be seen."""


def says_nothing(text: str) -> bool:
    """Return whether a text is empty, or white space alone."""
    return not text or text.isspace()


def speaking(rows: Sequence[TokenRow]) -> list[int]:
    """Return the places of the rows that say something."""
    return [place for place, row in enumerate(rows) if row.ids]


def silent_states(rows: int, hidden: int, device: torch.device) -> States:
    """Return the states of rows that say nothing: zeros, and no tokens."""
    nothing = torch.zeros(rows, hidden, device=device)
    return States(
        pooled=nothing,
        tokens=torch.zeros(rows, 0, hidden, device=device),
        mask=torch.zeros(rows, 0, dtype=torch.bool, device=device),
        offsets=torch.zeros(rows, 0, 2, dtype=torch.long, device=device),
        lower=nothing,
    )


def among_silent(states: States, places: Sequence[int], rows: int) -> States:
    """Return states of `rows` rows: those at `places` as given, in order, and zeros for all others.

    Carries gradients.
    """
    where = torch.tensor(places, device=states.pooled.device)

    def spread(tensor: Tensor) -> Tensor:
        return tensor.new_zeros(rows, *tensor.shape[1:]).index_copy(0, where, tensor)

    return replace(
        states,
        pooled=spread(states.pooled),
        tokens=spread(states.tokens),
        mask=spread(states.mask.byte()).bool(),
        offsets=spread(states.offsets),
        lower=None if states.lower is None else spread(states.lower),
    )
