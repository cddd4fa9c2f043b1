"""What goes over the engine's socket: calls, what comes back, frames of 4 bytes of length and msgpack. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgpack

from podion.errors import (
    BadSettings,
    Conflict,
    DataError,
    NotFound,
    PluginError,
    PodionError,
    QuotaExceeded,
    StorageFull,
    TooLarge,
    Unavailable,
)

Json = dict[str, Any]
TextKind = Literal["query", "passage"]
Urgency = Literal["interactive", "bulk"]
"""Whether somebody waits for the answer. Bulk work gives way, without ever standing still."""

LARGEST_FRAME = 64 << 20
"""Bytes of one message; a larger one is refused before it is read."""

_LENGTH = 4
_OF_PLUGINS = ("bad_head", "bad_output", PluginError.code)


@dataclass(frozen=True, kw_only=True)
class Call:
    """Records of one owner for one adapter: the folder it lies in, its id, the base it was made on.

    Each record has the task's text under `text` and, where the head makes features, the record's own fields.
    """

    owner: str
    base: str
    folder: str
    digest: str
    records: tuple[Json, ...]
    urgency: Urgency = "interactive"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer a record, in order, as the answer schema dumps it, without `prediction_id`."""

    answers: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Why a call has no answers, in the words of a problem."""

    code: str
    status: int
    detail: str
    retry_after: int | None = None
    adapter: str = ""
    """The version that was asked, where it is at fault."""

    @classmethod
    def of(cls, error: PodionError) -> "Failed":
        """Return the failure that carries a `PodionError` to the other side."""
        return cls(code=error.code, status=error.status, detail=error.detail, retry_after=error.retry_after)

    def error(self) -> PodionError:
        """Return the exception of that status, code and detail, ready to be raised."""
        kinds = (BadSettings, Conflict, DataError, NotFound, QuotaExceeded, StorageFull, TooLarge, Unavailable)
        kind = next((kind for kind in kinds if kind.status == self.status and kind is not BadSettings), PodionError)
        if self.code in _OF_PLUGINS:
            error = PluginError(self.detail, code=self.code, retry_after=self.retry_after)
            error.adapter = self.adapter
            return error
        return kind(self.detail, code=self.code, retry_after=self.retry_after)


def call_from(message: Mapping[str, Any]) -> Call:
    """Return the call in a message; raises `DataError` when a field is missing or of another type."""
    try:
        texts = {name: message[name] for name in ("owner", "base", "folder", "digest")}
        records = message["records"]
    except KeyError as error:
        raise DataError(f"the call lacks {error}") from error
    if not all(isinstance(text, str) for text in texts.values()):
        raise DataError("owner, base, folder and digest of a call are texts")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DataError("the records of a call are a list of objects")
    urgency = message.get("urgency", "interactive")
    if urgency not in get_args(Urgency):
        raise DataError(f"the urgency of a call is one of {', '.join(get_args(Urgency))}, not {urgency!r}")
    return Call(**texts, records=tuple(records), urgency=urgency)


def pack(message: Mapping[str, Any]) -> bytes:
    """Return a frame; raises `TooLarge` for one that the other side would refuse."""
    content: bytes = msgpack.packb(message, use_bin_type=True)
    if len(content) > LARGEST_FRAME:
        raise TooLarge(f"a message of {len(content)} bytes; {LARGEST_FRAME} are allowed: send fewer records a call")
    return len(content).to_bytes(_LENGTH, "big") + content


class Frames:
    """Puts together the messages of one direction of a connection from the pieces that arrive."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[Json]:
        """Return the messages that are complete now; raises `DataError` for a malformed one."""
        content: bytes | bytearray = piece
        if self._rest:
            self._rest += piece
            content = self._rest
        messages: list[Json] = []
        start = 0
        while len(content) - start >= _LENGTH:
            length = int.from_bytes(content[start : start + _LENGTH], "big")
            if length > LARGEST_FRAME:
                raise DataError(f"a frame of {length} bytes; {LARGEST_FRAME} are allowed")
            stop = start + _LENGTH + length
            if stop > len(content):
                break
            messages.append(_unpacked(content[start + _LENGTH : stop]))
            start = stop
        if content is piece:
            self._rest += piece[start:]
        else:
            del self._rest[:start]
        return messages


def _unpacked(content: bytes | bytearray) -> Json:
    try:
        message = msgpack.unpackb(content, raw=False)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise DataError(f"a frame that is not msgpack: {error}") from error
    if not isinstance(message, dict):
        raise DataError("a message is an object")
    return message


def message_of(value: Call | Answered | Failed) -> Json:
    """Return a message dataclass as the object that is packed."""
    if isinstance(value, Answered):
        return {"answers": value.answers}
    if isinstance(value, Failed):
        return {
            "code": value.code,
            "status": value.status,
            "detail": value.detail,
            "retry_after": value.retry_after,
            "adapter": value.adapter,
        }
    return {
        "owner": value.owner,
        "base": value.base,
        "folder": value.folder,
        "digest": value.digest,
        "records": value.records,
        "urgency": value.urgency,
    }
