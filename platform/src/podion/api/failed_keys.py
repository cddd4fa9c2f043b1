"""How often keys may be tried in vain: by client address, and by the public part of the key that is tried."""

import ipaddress
import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import Request

from podion.errors import QuotaExceeded

log = logging.getLogger("podion.access")

MOST_KEPT = 10_000
"""Addresses and keys remembered at a time; the ones that failed longest ago are forgotten first."""

_SECONDS = 60.0
_MARK = re.compile(r"pod_live_([0-9A-Za-z]{8})_")


class FailedKeys:
    """Token buckets of failures, each `per_minute` large and refilled in a minute; 0 counts nothing.

    A tenant's key that is valid always passes: its secret has 190 random bits, so there is nothing to guess and an
    address shared with somebody hostile loses nothing. An operator may choose a short key: once an address has used
    its failures up, its tries of that one are refused unseen, the right one too, until the bucket refills.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, *names: str) -> None:
        """Raise `QuotaExceeded` with the seconds to wait where one of the names has no failure left."""
        for name in names:
            if self._limit and (left := self._refilled(name)) < 1:
                raise QuotaExceeded(
                    f"more than {self._limit} tries a minute with keys that open nothing: wait, and check the key",
                    code="too_many_failed_keys",
                    retry_after=max(1, math.ceil((1 - left) * _SECONDS / self._limit)),
                )

    def failed(self, *names: str) -> None:
        """Count one failure under each name."""
        if not self._limit:
            return
        for name in names:
            left = self._refilled(name)
            if 1 <= left < 2:
                log.warning("%s: %d keys that open nothing within a minute", name, self._limit)
            self._left[name] = (max(0.0, left - 1), self._clock())
            self._left.move_to_end(name)
        while len(self._left) > MOST_KEPT:
            self._left.popitem(last=False)

    def _refilled(self, name: str) -> float:
        left, since = self._left.get(name, (float(self._limit), self._clock()))
        return min(float(self._limit), left + (self._clock() - since) * self._limit / _SECONDS)


def names_of(request: Request, presented: str) -> tuple[str, ...]:
    """Return the names that a failure with a tenant's key counts under: the address and, where it has one, its mark."""
    mark = _MARK.match(presented)
    return (f"address {address(request)}", *((f"key {mark[1]}",) if mark else ()))


def address(request: Request) -> str:
    """Return the client's address; of IPv6 the network of 64 bits, which one client has to itself."""
    host = request.client.host if request.client else "unknown"
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
