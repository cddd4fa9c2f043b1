"""Reaches the engine from another process. No torch."""

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podion.errors import DataError, Unavailable
from podion.hosting.protocol import Answered, Call, Failed, Json, TextKind, message_of, pack, read_message

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

        Raises the error of the first call that failed.
        """
        reply = await self._ask({"op": "answer_all", "calls": [message_of(call) for call in calls]}, timeout)
        return [Answered(answers=tuple(one["answers"])) for one in reply["all"]]

    async def embed(
        self, base: str, texts: Sequence[str], kind: TextKind = "query", timeout: float = 120.0
    ) -> NDArray[np.float32]:
        """Return vectors of length 1, [texts, hidden]."""
        reply = await self._ask({"op": "embed", "base": base, "texts": list(texts), "kind": kind}, timeout)
        return np.frombuffer(reply["vectors"], "<f4").reshape(reply["shape"]).copy()

    async def status(self, timeout: float = 2.0) -> Json:
        """Return what is loaded, what waits and what was computed."""
        return await self._ask({"op": "status"}, timeout)

    async def close(self) -> None:
        """Hang up; what is in flight raises `Unavailable`."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self, message: Json, timeout: float) -> Json:
        connection = await self._connect()
        number = next(self._numbers)
        future = connection.send(number, {"id": number, "timeout": timeout, **message})
        try:
            async with asyncio.timeout(timeout + _GRACE):
                reply = await future
        except TimeoutError:
            raise Unavailable(f"no answer within {timeout:g} s", code="deadline", retry_after=_RETRY_AFTER) from None
        finally:
            connection.forget(number)
        if "failed" in reply:
            raise Failed(**reply["failed"]).error()
        ok: Json = reply["ok"]
        return ok

    async def _connect(self) -> "_Connection":
        async with self._connecting:
            if self._connection is None or self._connection.lost:
                try:
                    reader, writer = await asyncio.open_unix_connection(self._socket)
                except OSError as error:
                    raise _gone() from error
                self._connection = _Connection(reader, writer)
            return self._connection


class _Connection:
    """One open socket: the calls in flight on it, and the task that reads its replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._flying: dict[int, asyncio.Future[Json]] = {}
        self.lost = False
        self._reading = asyncio.create_task(self._read(reader), name="engine replies")

    def send(self, number: int, message: Json) -> "asyncio.Future[Json]":
        """Send a request and return the future of its reply."""
        frame = pack(message)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._flying[number] = future
        self._writer.write(frame)
        return future

    def forget(self, number: int) -> None:
        """Take a request out; when its reply is still to come, tell the engine that nobody waits for it."""
        future = self._flying.pop(number, None)
        if future is not None and not self.lost and (future.cancelled() or not future.done()):
            with contextlib.suppress(OSError):
                self._writer.write(pack({"id": number, "op": "cancel"}))

    async def close(self) -> None:
        """Close the socket."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                reply = await read_message(reader)
                future = self._flying.get(reply["id"])
                if future is not None and not future.done():
                    future.set_result(reply)
        except (asyncio.IncompleteReadError, OSError, DataError):
            pass  # the engine is gone, or talks nonsense: either way this connection is over
        finally:
            self._lose()

    def _lose(self) -> None:
        self.lost = True
        self._writer.close()
        for future in self._flying.values():
            if not future.done():
                future.set_exception(_gone())


def _gone() -> Unavailable:
    return Unavailable("the engine is away; it is being started again", retry_after=_RETRY_AFTER)
