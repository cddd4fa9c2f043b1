"""Rows of a JSON Lines file: one object a line, strictly JSON."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from podion.data.columns import Columns
from podion.data.lines import Lines
from podion.data.rows import Refusal, Row

DEPTH = 32
_MARKS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class _Unfit(ValueError):
    """What JSON allows, or Python's reader does, and a record may not hold."""


def json_rows(lines: Lines, columns: Columns) -> Iterator[Row | Refusal]:
    """Yield each line's object as a row, or why it is none; blank lines are passed over."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite)
    for line in lines:
        text, refusal = line.read()
        if refusal is not None:
            yield refusal
        elif text and not text.isspace():
            row = _row(decoder, line.number, text)
            yield row if isinstance(row, Refusal) else Row(line.number, columns.apply(row))
    columns.check()


def _row(decoder: json.JSONDecoder, number: int, text: str) -> dict[str, Any] | Refusal:
    try:
        values = _decode(decoder, text)
    except _Unfit as error:
        return Refusal(number, None, str(error))
    if "\\u" in text:
        for name, value in values.items():
            if fault := _fault(name) or _fault(value):
                return Refusal(number, name.encode("utf-8", "replace").decode(), fault)
    return values


def _decode(decoder: json.JSONDecoder, text: str) -> dict[str, Any]:
    if text.count("[") + text.count("{") > DEPTH and _depth(text) > DEPTH:
        raise _Unfit(f"nested deeper than {DEPTH} levels")
    try:
        values = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _Unfit(f"cannot be read as JSON: {error.msg} at column {error.colno}") from error
    except _Unfit:
        raise
    except ValueError as error:
        raise _Unfit("a whole number has too many digits") from error
    if not isinstance(values, dict):
        raise _Unfit(f"{_kind(values)}, not an object: write one JSON object a line")
    return values


def _depth(text: str) -> int:
    """Return how deep brackets nest outside strings, counted no further than one too many."""
    depth = deepest = 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
        if deepest > DEPTH:
            break
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _Unfit(f"the key {twice[:60]!r} stands there twice")
    return values


def _constant(name: str) -> float:
    raise _Unfit(f"{name} is not JSON: write null or leave the field out")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Unfit(f"the number {text[:20]} is too large")
    return number


def _fault(value: Any) -> str | None:
    """Return why text somewhere in `value` cannot be stored, or None; `value` is at most `DEPTH` levels deep."""
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character"
        if any("\ud800" <= character <= "\udfff" for character in value):
            return "holds half a surrogate pair (such as \\ud800): write the whole character"
    elif isinstance(value, dict):
        return next((fault for pair in value.items() for part in pair if (fault := _fault(part))), None)
    elif isinstance(value, list):
        return next((fault for part in value if (fault := _fault(part))), None)
    return None


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case list():
            return "a list"
    return "a number"
