"""Mean states as the ready-made heads that learn by gradients read them."""

from torch import Tensor

from podion.hosting.heads import label_vectors
from podion.nn import States


def scaled_vectors(states: States, cut: int | None) -> Tensor:
    """Return the mean state of the last layer and, with a `cut`, of that layer, side by side, [rows, width].

    Each has the length of a vector of ones: its numbers are about 1, so that one rate suits every base model.
    """
    hidden = states.pooled.shape[-1]
    vectors: Tensor = label_vectors(states.pooled, None if cut is None else states.lower) * hidden**0.5
    return vectors


def vector_width(hidden_size: int, cut: int | None) -> int:
    """Return how many numbers `scaled_vectors` gives a row."""
    return hidden_size if cut is None else 2 * hidden_size
