"""An allowance a tenant: so many requests a minute, refilled steadily, counted by each API process."""

import math
import time
from collections.abc import Callable

from podion.errors import QuotaExceeded

_SECONDS = 60.0


class RequestQuota:
    """A token bucket a tenant; a limit of 0 allows everything."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, tenant: str) -> None:
        """Count one request; raises `QuotaExceeded` with the seconds to wait when the minute's allowance is used up."""
        if not self._limit:
            return
        now = self._clock()
        left, since = self._buckets.get(tenant, (float(self._limit), now))
        left = min(float(self._limit), left + (now - since) * self._limit / _SECONDS)
        if left < 1:
            raise QuotaExceeded(
                f"more than {self._limit:,} requests a minute: slow down, or ask the operator for more",
                retry_after=max(1, math.ceil((1 - left) * _SECONDS / self._limit)),
            )
        self._buckets[tenant] = (left - 1, now)
