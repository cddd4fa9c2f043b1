"""Connections that do not wait for ever: a head of bounded size within bounded time, and not too many of them."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 128 << 10
"""Most bytes of a request line with its headers."""

HEAD_SECONDS = 15.0
"""In which a request's head has to arrive, from its first byte (the first one's: from the connection) on."""

MOST_CONNECTIONS = 800
"""Of one API process: below the 1,024 files that a process commonly may open."""


class BoundedConnection(HttpToolsProtocol):
    """A connection that is closed when its client sends a head too slowly, too large, or is one too many."""

    _waiting: asyncio.TimerHandle | None = None
    _head = 0

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
        """Wait no more: what follows is a body, which the application counts and times."""
        self._arrived()
        super().on_headers_complete()

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
