"""Counts by size, as Prometheus reads them."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

SECONDS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Upper bounds for times."""

ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""Upper bounds for rows of a pass."""


class Histogram:
    """How many of the observed values were at most each bound, their sum and their number."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0
        self.count = 0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value
        self.count += 1

    def status(self) -> dict[str, Any]:
        """Return `{"buckets": [[bound, values up to it], …], "sum": …, "count": …}`; larger values are in `count`."""
        so_far = 0
        buckets: list[list[float]] = []
        for bound, number in zip(self._bounds, self._counts, strict=False):
            so_far += number
            buckets.append([bound, so_far])
        return {"buckets": buckets, "sum": self.sum, "count": self.count}
