"""Connections that do not wait for ever: a head of bounded size within bounded time, and not too many of them.

A request that the door refuses is answered here, when its head has arrived and before there is a task or a scope.
"""

import asyncio
import logging
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from podion.api.door import Door, Refusal, Visit
from podion.api.refusals import response

log = logging.getLogger("podion.api")

HEAD_BYTES = 128 << 10
"""Most bytes of a request line with its headers."""

HEAD_SECONDS = 15.0
"""In which a request's head has to arrive, from its first byte (the first one's: from the connection) on."""

MOST_CONNECTIONS = 800
"""Of one API process: below the 1,024 files that a process commonly may open."""

MOST_DRAINED = 64 << 10
"""Bytes of a refused request's body that are read and dropped, so that the connection can stay; else it is closed."""


_LAST_LOOK = 0.05


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed when its client sends a head too slowly, too large, or is one too many.

    The application's lifespan hands over the `door`, if there is one, in its state.
    """

    _waiting: asyncio.TimerHandle | None = None
    _head = 0
    _in_head = False
    _refused = False
    _visit: Visit | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes in while a head is not complete."""
        if self._waiting is not None:
            self._head += len(data)
        super().data_received(data)
        if self._waiting is not None and self._head > HEAD_BYTES:
            self._refuse()

    def on_message_begin(self) -> None:
        """Wait for the rest of the head."""
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Wait no more: what follows is a body, which the application counts and times; that of a refused one is waited
        for, and dropped.
        """
        self._in_head, self._refused, self._visit = True, False, None
        super().on_headers_complete()
        self._in_head = False
        if not self._refused:
            self._arrived()

    def on_message_complete(self) -> None:
        """Time the request from here; after one that was refused wait for the next."""
        super().on_message_complete()
        if self._visit is not None:
            self._visit.heard()
        if self._refused:
            self._refused = False
            self._arrived()
            if not self.transport.is_closing():
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection once what has come in meanwhile is read.

        When something held up the loop, its timers go before what arrived: a request that came in time would be reset.
        """
        self.timeout_keep_alive_task = self.loop.call_later(_LAST_LOOK, super().timeout_keep_alive_handler)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer a request, or refuse it: at once, or when those before it on the connection are answered."""
        if self.transport.is_closing():
            return  # one before it on the connection was the last to be answered
        door: Door | None = self.app_state.get("door")
        found = door.enter(cycle.scope) if door is not None else None
        if isinstance(found, Refusal):
            self._turn_away(cycle, found)
            return
        self._unset_keepalive_if_required()
        if found is not None:
            self._visit = found if self._in_head else None
            app = _visiting(app, found)
        super()._start_asgi_task(cycle, _unless_answered(app, cycle))

    def _turn_away(self, cycle: RequestResponseCycle, refusal: Refusal) -> None:
        # Others may wait behind one whose turn has come only now: they will be sent again, on a new connection.
        close = not (self._in_head and cycle.keep_alive and _is_small(cycle))
        self.transport.write(response(refusal, cycle.scope, self.server_state.default_headers, close=close))
        self.server_state.total_requests += 1
        cycle.response_complete = self._refused = True
        if close:
            self.transport.close()
        elif self.flow.write_paused:
            self.transport.abort()  # it asks and asks, and does not read what it is told

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._refuse)

    def _arrived(self) -> None:
        self._head = 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self) -> None:
        self._arrived()
        if not self.transport.is_closing():
            self.transport.abort()


def _unless_answered(app: Any, cycle: RequestResponseCycle) -> Any:
    """Return an application whose failures end no connection that was answered in full.

    Starlette answers 500 and raises on; uvicorn then closes the connection, on which the client may have sent the next
    request already.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            if not cycle.response_complete:
                raise
            log.error("a request that was answered failed", exc_info=error)

    return answering


def _is_small(cycle: RequestResponseCycle) -> bool:
    """Return whether a request's body comes without being asked for, and may be read for nothing."""
    if cycle.waiting_for_100_continue:
        return False
    for name, value in cycle.scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and int(value) > MOST_DRAINED):
            return False
    return True


def _visiting(app: ASGIApp, visit: Visit) -> ASGIApp:
    """Return the application as it answers the request of a visit, which ends with it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            visit.leave(scope["state"].get("status"))

    return answer
