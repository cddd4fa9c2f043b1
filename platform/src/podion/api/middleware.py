"""Around every request: an id, a time, a line in the log. Plain ASGI, so that streams stay streams."""

import logging
import re
import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podion.api.metrics import Metrics

log = logging.getLogger("podion.access")

_AS_IT_SAYS = (b"x-content-type-options", b"nosniff")
"""What a tenant uploaded is never taken for a page, whatever it looks like."""

_CLIENTS_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestLog:
    """Gives each request an id, counts it and logs it; never a header, a query or a body."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = scope["state"]["status"] = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode("ascii")), _AS_IT_SAYS]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - started)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        path = _template(scope)
        self._metrics.answered(scope["method"], path, status, seconds)
        access = scope["state"].get("access")
        tenant = access.identity.tenant if access else "-"
        log.info(
            "%s %s %d %.1fms tenant=%s request=%s", scope["method"], path, status, seconds * 1e3, tenant, request_id
        )


def request_id_of(scope: Scope) -> str:
    """Return the client's id of a request where it sent one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _CLIENTS_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return "req_" + secrets.token_hex(10)


def _template(scope: Scope) -> str:
    """The route's path with its parameters unfilled, so that ids are neither labels nor log lines."""
    context: Any = scope.get("fastapi", {}).get("effective_route_context")
    route: Any = context or scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "unmatched")
