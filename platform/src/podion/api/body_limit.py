"""How many bytes a request may send, and how slowly, refused as a problem while they come in. Plain ASGI."""

import asyncio
import time

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 4 << 20
"""Of a body that is no upload: JSON is read into memory whole."""

PATIENCE_SECONDS = 60.0
SLOWEST_BYTES_A_SECOND = 4 << 10
"""A body may take the patience, and a second more for as many bytes as this."""


class Allowance:
    """What is left of one request's bytes."""

    def __init__(self, most: int) -> None:
        self._most: int | None = most
        self._taken = 0
        self._began = time.monotonic()

    def take(self, size: int) -> None:
        """Count bytes that came in; raises `HTTPException` (413) beyond the limit."""
        self._taken += size
        if self._most is not None and self._taken > self._most:
            raise HTTPException(413, f"the body is larger than {self._most >> 20} MiB: send it in parts")

    @property
    def seconds(self) -> float:
        """How long the next bytes may take."""
        return self._began + PATIENCE_SECONDS + self._taken / SLOWEST_BYTES_A_SECOND - time.monotonic()

    def lift(self) -> None:
        """Take the limit away."""
        self._most = None


class BodyLimit:
    """Counts every request's body; a route that streams its body to a file lifts the limit and keeps its own."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowance = scope.setdefault("state", {})["body"] = Allowance(self._most)

        complete = False

        async def receive_counted() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            message = await _within(allowance.seconds, receive)
            complete = not message.get("more_body", False)
            allowance.take(len(message.get("body", b"")))
            return message

        await self._app(scope, receive_counted, send)


async def _within(seconds: float, receive: Receive) -> Message:
    """Return the next message; raises `HTTPException` (408) when it takes longer.

    This is `asyncio.timeout` for what nearly always is there already, at a twentieth of its price.
    """
    task = asyncio.current_task()
    assert task is not None
    late = False

    def ring() -> None:
        nonlocal late
        late = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, ring)
    try:
        return await receive()
    except asyncio.CancelledError:
        if late and not task.uncancel():
            raise HTTPException(408, "the body came too slowly", {"Connection": "close"}) from None
        raise
    finally:
        timer.cancel()


def lift_limit(request: Request) -> None:
    """Let a request send as much as its route counts for itself."""
    request.state.body.lift()
