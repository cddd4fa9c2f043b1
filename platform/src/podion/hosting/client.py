"""Reaches the engine from another process. No torch."""

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from podion.errors import DataError, Unavailable
from podion.hosting.protocol import Answered, Call, Failed, Frames, Json, TextKind, message_of, pack

_RETRY_AFTER = 2
_GRACE = 0.5
"""Seconds that the engine's own report of a missed deadline may take to arrive."""


class EngineClient:
    """One connection to an engine, many calls in flight on it; reconnects when it is used after a loss.

    All methods run on one event loop. They raise `Unavailable` at once when the engine is gone, with code `deadline`
    when `timeout` seconds are over, and otherwise the error that the engine reported.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._connecting = asyncio.Lock()
        self._connection: _Connection | None = None

    async def answer(self, call: Call, timeout: float = 30.0) -> Answered:
        """Return one answer a record, in order."""
        reply = await self._ask({"op": "answer", "call": message_of(call)}, timeout)
        return Answered(answers=tuple(reply["answers"]))

    async def answer_all(self, calls: Sequence[Call], timeout: float = 30.0) -> list[Answered]:
        """Return what `answer` returns for each call, in order, computed together: see `Engine.answer`.

        Raises the error of the first call that failed. The calls are of one owner.
        """
        reply = await self._ask({"op": "answer_all", "calls": [message_of(call) for call in calls]}, timeout)
        return [Answered(answers=tuple(one["answers"])) for one in reply["all"]]

    async def embed(
        self, base: str, texts: Sequence[str], kind: TextKind = "query", timeout: float = 120.0, owner: str = ""
    ) -> NDArray[np.float32]:
        """Return vectors of length 1, [texts, hidden]; `owner` is on whose account they wait for their turn."""
        message = {"op": "embed", "base": base, "texts": list(texts), "kind": kind, "owner": owner}
        reply = await self._ask(message, timeout)
        return np.frombuffer(reply["vectors"], "<f4").reshape(reply["shape"]).copy()

    async def status(self, timeout: float = 2.0) -> Json:
        """Return what is loaded, what waits and what was computed."""
        return await self._ask({"op": "status"}, timeout)

    async def close(self) -> None:
        """Hang up; what is in flight raises `Unavailable`."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None

    async def _ask(self, message: Json, timeout: float) -> Json:
        connection = self._connection
        if connection is None or connection.lost:
            connection = await self._connect()
        number = next(self._numbers)
        message["id"], message["timeout"] = number, timeout
        future = connection.send(number, message)
        timer = asyncio.get_running_loop().call_later(timeout + _GRACE, _too_late, future, timeout)
        try:
            reply = await future
        finally:
            timer.cancel()
            connection.forget(number)
        if "failed" in reply:
            raise Failed(**reply["failed"]).error()
        return cast(Json, reply["ok"])

    async def _connect(self) -> "_Connection":
        async with self._connecting:
            if self._connection is None or self._connection.lost:
                loop = asyncio.get_running_loop()
                try:
                    _, self._connection = await loop.create_unix_connection(_Connection, str(self._socket))
                except OSError as error:
                    raise _gone() from error
            return self._connection


class _Connection(asyncio.Protocol):
    """One open socket and the calls in flight on it; what is sent in one turn of the loop goes in one write."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._frames = Frames()
        self._flying: dict[int, asyncio.Future[Json]] = {}
        self._unsent: list[bytes] = []
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            replies = self._frames.feed(data)
        except DataError:
            self.hang_up()  # the engine talks nonsense: this connection is over
            return
        for reply in replies:
            future = self._flying.pop(reply["id"], None)
            if future is not None and not future.done():
                future.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        flying, self._flying = self._flying, {}
        for future in flying.values():
            if not future.done():
                future.set_exception(_gone())

    def send(self, number: int, message: Json) -> "asyncio.Future[Json]":
        """Send a request and return the future of its reply."""
        frame = pack(message)
        future: asyncio.Future[Json] = self._loop.create_future()
        self._flying[number] = future
        self._write(frame)
        return future

    def forget(self, number: int) -> None:
        """Tell the engine that nobody waits for a reply that is still to come."""
        if self._flying.pop(number, None) is not None and not self.lost:
            self._write(pack({"id": number, "op": "cancel"}))

    def hang_up(self) -> None:
        """Close the socket; what is in flight fails at once."""
        if self._transport is not None and not self.lost:
            self._flush()
            self._transport.close()
            self.connection_lost(None)

    def _write(self, frame: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(frame)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None and not self.lost:
            self._transport.write(unsent[0] if len(unsent) == 1 else b"".join(unsent))


def _too_late(future: "asyncio.Future[Json]", seconds: float) -> None:
    if not future.done():
        future.set_exception(Unavailable(f"no answer within {seconds:g} s", code="deadline", retry_after=_RETRY_AFTER))


def _gone() -> Unavailable:
    return Unavailable("the engine is away; it is being started again", retry_after=_RETRY_AFTER)
