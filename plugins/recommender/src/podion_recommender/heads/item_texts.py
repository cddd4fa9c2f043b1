"""What an item's text says of its vector: the parts in which texts differ most, and the way from them to vectors."""

from dataclasses import dataclass

import torch
from torch import Tensor

_RIDGE = 10.0


@dataclass(frozen=True)
class Directions:
    """The directions in which the texts of a catalogue differ most: `centre` [hidden], `basis` [hidden, width]."""

    centre: Tensor
    basis: Tensor

    def of(self, vectors: Tensor) -> Tensor:
        """Return vectors of texts [rows, hidden] along these directions, [rows, width]; about 1 long."""
        return (vectors - self.centre) @ self.basis


def directions_of(vectors: Tensor, width: int) -> Directions:
    """Return the main directions of vectors [rows, hidden], scaled so that the mean row is 1 long."""
    wide = vectors.double()
    centre = wide.mean(dim=0)
    _, found = torch.linalg.eigh((wide - centre).T @ (wide - centre))
    basis = torch.zeros(vectors.shape[1], width, dtype=torch.float64)
    kept = found.flip(-1)[:, :width]
    signs = kept.gather(0, kept.abs().argmax(dim=0, keepdim=True)).sign()  # else they are the library's whim
    basis[:, : kept.shape[1]] = kept * signs
    sizes = ((wide - centre) @ basis).norm(dim=1)
    mean = float(sizes.mean())
    return Directions(centre.float(), (basis / mean if mean > 0 else basis).float())


def tower_of(texts: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return [width + 1, outputs]: the way from texts [items, width] to `targets` [items, outputs], by ridge.

    Items count by `weights` [items]; the last row is what is added for every text.
    """
    ones = torch.ones(len(texts), 1, dtype=torch.float64)
    design = torch.cat([texts.double(), ones], dim=1)
    weighed = design * weights.double().unsqueeze(1)
    penalty = _RIDGE * torch.eye(design.shape[1], dtype=torch.float64)
    penalty[-1, -1] = 1e-6
    found: Tensor = torch.linalg.solve(design.T @ weighed + penalty, weighed.T @ targets.double())
    return found.float()
