"""Where a head of nested spans starts: the best linear layer on what the frozen base says of tokens.

From nothing, gradients take an epoch or more to find what a convex problem gives at once, and on a base whose tokens
all point much the same way they find nothing at all.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from podion.hosting.nested_spans import TAGS, NestedSpanTagger

_MOST_TOKENS = 200_000
_PENALTY = 1e-4
_STEPS = 60
_LEAST_SPREAD = 1e-3


def start_from_tokens(
    head: NestedSpanTagger, tokens: Tensor, targets: Tensor, look: Callable[[], None] = lambda: None
) -> None:
    """Give the head the layer with the least cross entropy plus half its squared weights times a penalty.

    `tokens` [tokens, hidden] are frozen states, `targets` [tokens, labels] their tags. The penalty is on weights of
    standardised states. Minimised by L-BFGS (Nocedal & Wright, Numerical Optimization, chapter 7).
    """
    mean, spread = tokens.mean(dim=0), tokens.std(dim=0).clamp(min=_LEAST_SPREAD)
    standard = (tokens - mean) / spread
    labels = targets.shape[1]
    weight = torch.zeros(TAGS * labels, tokens.shape[1], device=tokens.device, requires_grad=True)
    bias = torch.zeros(TAGS * labels, device=tokens.device, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        look()
        optimiser.zero_grad()
        logits = (standard @ weight.T + bias).reshape(-1, TAGS)
        total = functional.cross_entropy(logits, targets.flatten(), reduction="sum") / len(targets)
        total = total + _PENALTY / 2 * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scaled = weight / spread
        head.linear.weight.copy_(scaled)
        head.linear.bias.copy_(bias - scaled @ mean)


def evenly(lengths: Sequence[int]) -> list[int]:
    """Return places of rows of these lengths, evenly spread, that together hold about as many tokens as are read."""
    return list(range(0, len(lengths), max(1, -(-sum(lengths) // _MOST_TOKENS))))
