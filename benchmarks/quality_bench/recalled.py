"""A base model that computes each text once, however often it is asked: for folds over the same frozen texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from podion.hosting.encoder import Encoder
from podion.hosting.token_rows import TokenRow
from podion.nn import States


class _Kept(NamedTuple):
    pooled: Tensor
    lower: Tensor
    tokens: Tensor
    offsets: Tensor


class Recalled(Encoder):
    """The encoder given, with the states of every row kept; for methods that adapt nothing."""

    def __init__(self, encoder: Encoder) -> None:
        self.__dict__.update(encoder.__dict__)
        self._kept: dict[tuple[Any, ...], _Kept] = {}

    def states(self, rows: Sequence[TokenRow], *, reads_tokens: Any = False, **more: Any) -> States:
        """Return what the encoder does, to the bit where rows are computed in the same company."""
        if any(more.get(name) is not None for name in ("owners", "cache")) or any(more.get("adapters") or ()):
            return super().states(rows, reads_tokens=reads_tokens, **more)
        keys = [(row.ids, row.offsets, bool(reads_tokens), more.get("cut")) for row in rows]
        new = list(dict.fromkeys(key for key in keys if key not in self._kept))
        if new:
            found = super().states([TokenRow(*key[:2]) for key in new], reads_tokens=reads_tokens, **more)
            lower = found.pooled if found.lower is None else found.lower
            for place, key in enumerate(new):
                length = len(key[0]) if reads_tokens else 0
                self._kept[key] = _Kept(
                    found.pooled[place],
                    lower[place],
                    found.tokens[place, :length].clone(),
                    found.offsets[place, :length].clone(),
                )
        return _together([self._kept[key] for key in keys], self)


def _together(kept: Sequence[_Kept], encoder: Encoder) -> States:
    length = max((len(one.tokens) for one in kept), default=0)
    if not kept:
        return Encoder.states(encoder, [])
    offsets = torch.stack([functional.pad(one.offsets, (0, 0, 0, length - len(one.offsets))) for one in kept])
    return States(
        pooled=torch.stack([one.pooled for one in kept]),
        tokens=torch.stack([functional.pad(one.tokens, (0, 0, 0, length - len(one.tokens))) for one in kept]),
        mask=offsets[:, :, 1] > offsets[:, :, 0],
        offsets=offsets,
        lower=torch.stack([one.lower for one in kept]),
    )
