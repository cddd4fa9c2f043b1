"""How many quick requests may be inside at once, so that none takes much longer than it should.

By Little's law what is inside takes `inside / rate` to answer. So each answer says how many places there may be: as
many as were taken when it came in, times the time that is allowed, over the time that it took (the gradient of
Netflix's concurrency limits, with no need to measure a rate). The time allowed is a multiple of what a request takes
alone, which is measured while there is no crowd; in one that lasts, hardly anybody is let in for a moment now and then
(as BBR does), or what is slow because of the crowd would soon pass for what is slow by itself. An operator says how
many seconds are always fine; with 0 the multiple alone decides.

In a simulation of batches behind the costs of the int8 path this gave 0.9 of the highest rate with a p99 of three times
the one alone; see the tests. A limit on the engine's expected wait alone does not see the event loop, which waits too.
"""

from math import exp, inf
from statistics import median

LEAST = 12
"""Passes of the engine gain from 8 rows and more: one pass under way, and some that wait for the next."""

STRETCH = 2.5
"""A request may take so many times as long as it does alone, on average."""

BURST = 32
"""As many may come in at once while there is no crowd: they will be gone soon."""

PATIENT_BURST = 128
"""The same where waiting is fine."""

CROWD_SECONDS = 1.0
"""Over which the places taken are averaged."""

CROWD, NO_CROWD = 0.75, 0.35
"""A crowd begins when this part of the places is taken, and is over when no more than that is. Below capacity there are
mostly fewer; in a flood from one tenant, which may hold half, there are more."""

LONG_SECONDS = 0.5
"""A route whose every answer takes this long alone is no quick one: it has as many places as the operator allows."""

ALONE = 2
"""Requests inside, itself among them, with which one still counts as alone: one computed, one on its way."""

_SAMPLES = 8
_STALE_SECONDS = 5.0
_PROBE_SECONDS = 1.0
_SLOWLY = 32


class PlaceLimit:
    """The number of places of one route. Time is handed in, in seconds of any one clock."""

    def __init__(self, ceiling: int, wait: float = 0.0) -> None:
        """Begin with `ceiling` places at most; to take `wait` seconds is always fine."""
        self._ceiling = float(ceiling)
        self._wait = wait
        self._burst = float(PATIENT_BURST if wait else BURST)
        self._least = min(float(LEAST), self._ceiling)
        self._most = min(self._burst, self._ceiling)
        self._alone: float | None = None
        self._long = False
        self._samples: list[float] = []
        self._renewed = -inf
        self._probing: float | None = None
        self._taken = 0.0
        self._counted = 0.0
        self._crowded = False

    @property
    def alone(self) -> float | None:
        """Seconds that a request takes alone; None before that is known."""
        return self._alone

    @property
    def most(self) -> float:
        """Places while there is a crowd."""
        return self._most

    def count(self, inside: int, now: float) -> None:
        """Note that so many requests have been inside up to now."""
        self._taken += (inside - self._taken) * (1 - exp((self._counted - now) / CROWD_SECONDS))
        self._counted = now
        self._crowded = self._taken > (NO_CROWD if self._crowded else CROWD) * self._most
        if not self._crowded:
            self._probing = None

    def places(self, now: float) -> int:
        """Return how many requests may be inside now."""
        if self._long:
            return int(self._ceiling)
        if not self._crowded:
            return int(min(max(self._burst, self._most), self._ceiling))
        return ALONE if self._probes(now) else int(self._most)

    def learn(self, seconds: float, inside: int, now: float) -> None:
        """Learn from a request that was answered, and was one of so many inside when it came in."""
        if inside <= ALONE:
            if self._crowded and not self._probes(now):
                return  # the crowd paused, and came in behind it
            self._samples.append(seconds)
            if len(self._samples) == _SAMPLES:
                found = median(self._samples)
                # Sooner believed when it is less: what was measured while adapters were loaded says too much.
                self._alone = found if self._alone is None else min(found, (self._alone + found) / 2)
                self._long = min(self._samples) >= LONG_SECONDS
                self._renew(now)
        elif self._alone is not None and inside >= self._most / 2:
            wanted = inside * max(STRETCH * self._alone, self._wait) / max(seconds, 1e-6)
            # One answer out of a cache, or one that took for ever, says little: it moves the limit by a step.
            step = min(max(wanted, self._most / 2), self._most * 2) - self._most
            self._most = min(max(self._most + step / _SLOWLY, self._least), self._ceiling)

    def _probes(self, now: float) -> bool:
        """Return whether it is time to see what a request takes alone."""
        if now - self._renewed < _STALE_SECONDS:
            return False
        if self._probing is None:
            self._probing = now
        if now - self._probing > _PROBE_SECONDS:
            self._renew(now)  # nothing came of it: what is known stays
        return self._probing is not None

    def _renew(self, now: float) -> None:
        self._samples.clear()
        self._renewed, self._probing = now, None
