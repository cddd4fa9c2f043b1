"""How many requests are worked on at once, in all and of each tenant; more are turned away at once. Plain ASGI."""

from collections import Counter

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from podion.api.problems import problem
from podion.errors import QuotaExceeded, Unavailable

ALWAYS_IN = frozenset({"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})
"""What says how the server is must answer when it is full."""


class Place:
    """One request among those under way, and the tenant it counts for once its key is known."""

    def __init__(self, tenants: Counter[str], most: int) -> None:
        self._tenants = tenants
        self._most = most
        self._tenant: str | None = None

    def claim(self, tenant: str) -> None:
        """Count the request for its tenant; raises `QuotaExceeded` when as many as may be are under way."""
        if self._tenant is not None:
            return
        if self._most and self._tenants[tenant] >= self._most:
            raise QuotaExceeded(
                f"{self._most} requests of this tenant are under way: wait for an answer before you ask again",
                code="too_many_at_once",
                retry_after=1,
            )
        self._tenant = tenant
        self._tenants[tenant] += 1

    def leave(self) -> None:
        """Count the request no more."""
        if self._tenant is not None:
            self._tenants[self._tenant] -= 1
            if not self._tenants[self._tenant]:
                del self._tenants[self._tenant]


class Crowd:
    """Lets in `most` requests at once, `most_each` of a tenant; a limit of 0 lets in all."""

    def __init__(self, app: ASGIApp, most: int, most_each: int) -> None:
        self._app = app
        self._most = most
        self._most_each = most_each
        self._inside = 0
        self._tenants: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 503 with `Retry-After`."""
        if scope["type"] != "http" or scope["path"] in ALWAYS_IN:
            await self._app(scope, receive, send)
            return
        if self._most and self._inside >= self._most:
            await _full(Request(scope), self._most)(scope, receive, send)
            return
        place = scope.setdefault("state", {})["place"] = Place(self._tenants, self._most_each)
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
            place.leave()


def _full(request: Request, most: int) -> ASGIApp:
    error = Unavailable(f"{most} requests are under way: try again", code="too_busy")
    return problem(request, error.status, error.title, error.detail, error.code, headers={"Retry-After": "1"})
