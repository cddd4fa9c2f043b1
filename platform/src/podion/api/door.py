"""Who comes in at once among the requests for quick answers: as many as are answered soon, fairly among the tenants."""

import logging
from asyncio import get_running_loop
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum
from time import monotonic
from typing import Any, Final

from podion.api.place_limit import PlaceLimit

log = logging.getLogger("podion.access")

SHARE = 0.5
"""While others come too, a tenant may hold this part of the places that the others leave free, its own among them: half
of them beside one who sends little, a third beside another who sends as much (Choudhury and Hahne, 1998)."""

CONTESTED_SECONDS = 1.0
"""For so long after two tenants came one after the other, neither may take all places."""

STRANGER = ""
"""Stands for all whose key is not known yet: made-up keys are many, and get one tenant's share together."""

_FEW = 4
"""Places that are shared, even while fewer are given out to see what a request takes alone."""

_UNBOUNDED = 1 << 20


class Refusal(Enum):
    """Why a request may not come in."""

    OWN = 429
    """Its tenant holds its share of the places, or more."""
    FULL = 503
    """All places are taken."""


class Places:
    """The places of one route, and who holds them."""

    def __init__(self, ceiling: int, wait: float = 0.0) -> None:
        self.limit: Final = PlaceLimit(ceiling, wait)
        self._owners: Counter[str] = Counter()
        self._inside = 0
        self._latest: str | None = None
        self._contested = -CONTESTED_SECONDS

    def enter(self, owner: str, now: float) -> "Visit | Refusal":
        """Take a place for an owner's request, or return why there is none."""
        self.limit.count(self._inside, now)
        if owner != self._latest:
            if self._latest is not None:
                self._contested = now
            self._latest = owner
        refusal = self._refusal(self._owners[owner], self.limit.places(now), now)
        if refusal is not None:
            return refusal if owner else Refusal.FULL
        self._inside += 1
        self._owners[owner] += 1
        return Visit(self, owner, self._inside, now)

    def _refusal(self, own: int, places: int, now: float) -> Refusal | None:
        others = len(self._owners) - (own > 0)
        if others and (own + 1) * 2 * others <= max(places, _FEW):
            return None  # half of an equal share: where others hold all places, this one comes in beside them
        if self._inside >= places:
            return Refusal.OWN if own * (others + 1) >= places else Refusal.FULL
        if own and now - self._contested < CONTESTED_SECONDS and own + 1 > SHARE * (places - self._inside + own):
            return Refusal.OWN
        return None

    def leave(self, visit: "Visit", now: float, *, answered: bool) -> None:
        """Give a place back, and learn from the time that it took if there was an answer."""
        self.limit.count(self._inside, now)
        self._inside -= 1
        self._owners[visit.owner] -= 1
        if not self._owners[visit.owner]:
            del self._owners[visit.owner]
        if answered:
            self.limit.learn(now - visit.began, visit.inside, now)


class Visit:
    """A request that holds a place."""

    __slots__ = ("_places", "began", "inside", "owner")

    def __init__(self, places: Places, owner: str, inside: int, began: float) -> None:
        self._places = places
        self.owner = owner
        self.inside = inside
        self.began = began

    def heard(self) -> None:
        """Note that the request has arrived in full: how slowly it came says nothing of the server."""
        self.began = monotonic()

    def leave(self, status: int | None) -> None:
        """Give the place back. Only what was done counts as an answer: what was wrong is said sooner."""
        self._places.leave(self, monotonic(), answered=status is not None and 200 <= status < 300)


class Door:
    """Stands before the routes that answer quickly; everything else passes it.

    `tenant_of` returns whose key an `Authorization` header is, None when it is not known (yet); `count` is called with
    method, path and status of what is refused. `ceiling` 0 stands for any number of requests; to take `wait` seconds is
    always fine.
    """

    def __init__(
        self,
        routes: Iterable[tuple[str, str]],
        ceiling: int,
        tenant_of: Callable[[bytes], str | None],
        count: Callable[[str, str, int], None],
        wait: float = 0.0,
    ) -> None:
        self._routes = {route: Places(ceiling or _UNBOUNDED, wait) for route in routes}
        self._tenant_of = tenant_of
        self._count = count
        self._untold: Counter[Refusal] = Counter()

    def enter(self, scope: Any) -> Visit | Refusal | None:
        """Return a place for a request, why there is none, or None where none is needed."""
        places = self._routes.get((scope["method"], scope["path"]))
        if places is None:
            return None
        found = places.enter(self._owner(scope["headers"]), monotonic())
        if isinstance(found, Refusal):
            self._note(scope, found)
        return found

    def _owner(self, headers: list[tuple[bytes, bytes]]) -> str:
        for name, value in headers:
            if name == b"authorization":
                return self._tenant_of(value) or STRANGER
        return STRANGER

    def _note(self, scope: Any, refusal: Refusal) -> None:
        """Count a refusal; the log has one line a second of them, lest it be flooded too."""
        self._count(scope["method"], scope["path"], refusal.value)
        if not self._untold:
            get_running_loop().call_later(1.0, self._tell)
        self._untold[refusal] += 1

    def _tell(self) -> None:
        own, full = self._untold[Refusal.OWN], self._untold[Refusal.FULL]
        self._untold.clear()
        log.warning(
            "refused within a second: %d beyond their tenant's share, %d because all places were taken", own, full
        )
