"""The engine's side of a connection: requests in, replies out, no task a request."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np

from podion.errors import DataError, PodionError
from podion.hosting.fair_order import Waiting
from podion.hosting.protocol import Call, Failed, Frames, Json, call_from, message_of, pack
from podion.hosting.scheduler import Scheduler
from podion.hosting.work import Embedding, Outcome, Vectors, Work

LONGEST_TIMEOUT = 600.0

log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """Answers the requests of one connection, many in flight, in the order they are ready.

    What is ready in one turn of the loop goes in one write. While the other side does not read, nothing more is read
    from it. When it hangs up, what it still waits for is cancelled.
    """

    def __init__(self, scheduler: Scheduler, status: Callable[[], Json]) -> None:
        self._loop = asyncio.get_running_loop()
        self._scheduler = scheduler
        self._status = status
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._flying: dict[Any, Waiting[Work]] = {}
        self._unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Cancel what the other side still waited for."""
        self._transport = None
        flying, self._flying = self._flying, {}
        for one in flying.values():
            self._scheduler.cancel(one)

    def pause_writing(self) -> None:
        """Read nothing more while replies pile up."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Begin what is asked for; what is no message closes the connection."""
        try:
            messages = self._frames.feed(data)
        except DataError as error:
            log.warning("connection closed: %s", error.detail)
            if self._transport is not None:
                self._transport.close()
            return
        for message in messages:
            self._receive(message)

    def _receive(self, message: Json) -> None:
        number = message.get("id")
        try:
            self._begin(number, message)
        except PodionError as error:
            self._send({"id": number, "failed": message_of(Failed.of(error))})
        except Exception as error:
            self._send({"id": number, "failed": _internal(error)})

    def _begin(self, number: Any, message: Json) -> None:
        operation = message.get("op")
        if operation == "answer":
            self._submit(number, message, (call_from(message.get("call") or {}),))
        elif operation == "answer_all":
            calls = tuple(call_from(call) for call in message.get("calls") or ())
            if calls:
                self._submit(number, message, calls)
            else:
                self._send({"id": number, "ok": {"all": []}})
        elif operation == "embed":
            self._submit(number, message, _embedding_from(message))
        elif operation == "cancel":
            if (one := self._flying.pop(number, None)) is not None:
                self._scheduler.cancel(one)
        elif operation == "status":
            self._send({"id": number, "ok": self._status()})
        else:
            raise DataError(
                f"there is no operation {operation!r}: answer, answer_all, cancel, embed and status are known"
            )

    def _submit(self, number: Any, message: Json, asked: tuple[Call, ...] | Embedding) -> None:
        timeout = message.get("timeout")
        seconds = min(LONGEST_TIMEOUT, float(timeout)) if isinstance(timeout, int | float) else LONGEST_TIMEOUT
        done = partial(self._finish, number, message["op"])
        self._flying[number] = self._scheduler.submit(asked, seconds, done)

    def _finish(self, number: Any, operation: str, outcome: Outcome) -> None:
        self._flying.pop(number, None)
        self._send({"id": number, **_reply(operation, outcome)})

    def _send(self, reply: Json) -> None:
        try:
            frame = pack(reply)
        except PodionError as error:
            frame = pack({"id": reply["id"], "failed": message_of(Failed.of(error))})
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(frame)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None:  # else nobody waits for it any more
            self._transport.write(unsent[0] if len(unsent) == 1 else b"".join(unsent))


def _reply(operation: str, outcome: Outcome) -> Json:
    if isinstance(outcome, PodionError):
        return {"failed": message_of(Failed.of(outcome))}
    if isinstance(outcome, Exception):
        return {"failed": _internal(outcome)}
    if not isinstance(outcome, list):
        return {"ok": _vectors(outcome)}
    failed = next((one for one in outcome if isinstance(one, Failed)), None)
    if failed is not None:
        return {"failed": message_of(failed)}
    return {"ok": message_of(outcome[0]) if operation == "answer" else {"all": [message_of(one) for one in outcome]}}


def _vectors(vectors: Vectors) -> Json:
    return {"shape": list(vectors.shape), "vectors": np.ascontiguousarray(vectors, "<f4").tobytes()}


def _internal(error: Exception) -> Json:
    log.error("request failed", exc_info=error)
    return message_of(Failed(code="internal", status=500, detail="the engine could not do this; its log says why"))


def _embedding_from(message: Json) -> Embedding:
    base, texts, kind, owner = (message.get(name) for name in ("base", "texts", "kind", "owner"))
    if not isinstance(base, str) or kind not in ("query", "passage"):
        raise DataError("embedding needs a base by name and a kind, query or passage")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError("the texts to embed are a list of texts")
    return Embedding(base=base, texts=tuple(texts), kind=kind, owner=owner if isinstance(owner, str) else "")
