"""The moving average of weights over training steps, which does better on new rows than the weights of any one step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_FIRST = 10
"""Steps by which the first average forgets where training began."""


class WeightAverage:
    """The average of `parameters` over about the last `steps` steps, the latest counting most; 0 averages nothing.

    An exponential moving average (Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992):
    the noise of single batches goes out of it, so that the rate need not fall early.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], steps: float) -> None:
        self._parameters, self._keep = parameters, max(0.0, 1 - 1 / steps) if steps else 0.0
        self._seen = torch.zeros(())
        self._means = {name: each.detach().clone() for name, each in parameters.items()} if self._keep else {}

    @torch.no_grad()
    def stepped(self) -> None:
        """Count in what the parameters are after a step."""
        self._seen += 1
        keep = min(self._keep, float(self._seen / (self._seen + _FIRST)))
        for name, mean in self._means.items():
            mean.lerp_(self._parameters[name], 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average where the parameters are, and the parameters back."""
        own = {name: self._parameters[name].detach().clone() for name in self._means}
        self._write(self._means)
        try:
            yield
        finally:
            self._write(own)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a later step depends on."""
        return {**self._means, "": self._seen} if self._means else {}

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned."""
        for name, own in self.tensors().items():
            own.copy_(tensors[name])

    @torch.no_grad()
    def _write(self, tensors: Mapping[str, Tensor]) -> None:
        for name, tensor in tensors.items():
            self._parameters[name].copy_(tensor)
