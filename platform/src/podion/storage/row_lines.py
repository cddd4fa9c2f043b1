"""Rows of any table as lines of JSON that mean the same in every database, and back."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Column, Connection, LargeBinary, Table, column, insert, select, table
from sqlalchemy.types import NullType, TypeEngine

from podion.storage.columns import UtcTime, Words

Kinds = Mapping[str, str]
"""How each column of a table is written: `plain`, `time`, `bytes`, `json`, `json or null`."""

_BATCH = 500


def kinds(of: Table) -> Kinds:
    """Return how the columns of a table are written."""
    return {each.name: _kind(each) for each in of.columns}


def dump(connection: Connection, of: Table) -> Iterator[bytes]:
    """Yield the rows of a table, by primary key, as one JSON object a line."""
    encode = {name: _ENCODE[kind] for name, kind in kinds(of).items() if kind in _ENCODE}
    streaming = connection.execution_options(yield_per=_BATCH)
    for row in streaming.execute(select(of).order_by(*of.primary_key.columns)).mappings():
        values = dict(row)
        for name, write in encode.items():
            values[name] = None if values[name] is None else write(values[name])
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, name: str, written: Kinds, lines: Iterable[bytes]) -> int:
    """Insert the rows that `lines` hold into the table of that name, and return how many there were."""
    target = table(name, *(column(each, _TYPES[kind]) for each, kind in written.items()))
    decode = {each: _DECODE[kind] for each, kind in written.items() if kind in _DECODE}
    rows, remaining = 0, iter(lines)
    while batch := list(islice(remaining, _BATCH)):
        connection.execute(insert(target), [_read(line, decode) for line in batch])
        rows += len(batch)
    return rows


def _kind(of: Column[Any]) -> str:
    if isinstance(of.type, UtcTime):
        return "time"
    if isinstance(of.type, LargeBinary):
        return "bytes"
    if isinstance(of.type, JSON | Words):
        return "json or null" if of.nullable else "json"
    return "plain"


def _read(line: bytes, decode: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(line)
    for name, read in decode.items():
        if values[name] is not None:
            values[name] = read(values[name])
    return values


_ENCODE: Mapping[str, Callable[[Any], Any]] = {
    "time": datetime.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode(),
}
_DECODE: Mapping[str, Callable[[Any], Any]] = {"time": datetime.fromisoformat, "bytes": base64.b64decode}
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "plain": NullType(),
    "time": UtcTime(),
    "bytes": LargeBinary(),
    "json": JSON(),
    "json or null": JSON(none_as_null=True),
}
