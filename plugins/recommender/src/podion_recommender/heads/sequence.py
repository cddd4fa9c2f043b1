"""A learned model of sequences: a few weighings of a user's latest items, mixed into one vector beside item vectors."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_FORGOTTEN = 0.2
"""Share of a past's items that training leaves out, so that no one of them is relied on."""


class SequenceModel(nn.Module):
    """A user's vector, [rows, width], out of the vectors of the latest items, newest first.

    Each of `weighings` goes by position, by how long ago the item was, and by the item itself.
    """

    def __init__(self, width: int, length: int, weighings: int = 4, dropout: float = 0.3) -> None:
        super().__init__()
        self.length, self.dropout = length, dropout
        start = torch.linspace(0, -3, length).repeat(weighings, 1)
        self.position = nn.Parameter(start + 0.3 * torch.randn(weighings, length))
        self.age = nn.Parameter(torch.zeros(weighings))
        self.item = nn.Linear(width, weighings, bias=False)
        nn.init.zeros_(self.item.weight)
        self.mix = nn.Linear(weighings * width, width, bias=False)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(width).repeat(1, weighings) / weighings)
            self.mix.weight.add_(0.02 * torch.randn_like(self.mix.weight))
        self.norm_in, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, vectors: Tensor, ages: Tensor, there: Tensor) -> Tensor:
        """Return users' vectors, given item vectors [rows, length, width], ages and which of them are there."""
        if self.training:
            kept = torch.rand(there.shape) >= _FORGOTTEN
            kept[:, 0] = True  # the latest item says most: without it there would be nothing to go by
            there = there & kept
            vectors = vectors * functional.dropout(torch.ones_like(vectors[:, :1]), self.dropout)
        weights = (
            self.item(vectors)
            + self.position.T[: vectors.shape[1]]
            - functional.softplus(self.age) * ages.unsqueeze(-1)
        )
        shares = weights.masked_fill(~there.unsqueeze(-1), -1e9).softmax(dim=1)
        mixed = self.mix(torch.einsum("blh,blw->bhw", shares, vectors).flatten(1))
        deeper = functional.dropout(functional.gelu(self.up(self.norm_in(mixed))), self.dropout, self.training)
        found: Tensor = self.norm_out(mixed + self.down(deeper))
        return functional.dropout(found, self.dropout, self.training)
