"""One record as named values, and one value as a number or as a category. Nothing here ever fails."""

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

MISSING_WORDS = frozenset(("", "-", "--", "?", ".", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing"))
"""What stands for no number in a column of numbers, in lower case."""

LONGEST = 200
"""Characters of a category that tell it from others."""

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")


def values_of(record: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's fields and extras by name; what lies in a mapping or a record inside is `name.key`."""
    found: dict[str, Any] = {}
    for name, value in _fields(record).items():
        if isinstance(value, BaseModel | Mapping):
            found.update({f"{name}.{key}": inner for key, inner in _fields(value).items()})
        else:
            found[name] = value
    return found


def is_missing(value: Any) -> bool:
    """True for nothing at all: None, not-a-number, an empty or a blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, float) and math.isnan(value)


def number_of(value: Any) -> float | None:
    """Return a value as a number, possibly infinite; None where it is none, such as text, a flag or a list.

    Texts may hold thousands' separators (1,250.50) and a percent sign, which is dropped.
    """
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, str):
        return _number_in(value)
    if isinstance(value, bool | bytes) or value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, ArithmeticError):
        return None
    return None if math.isnan(number) else number


def category_of(value: Any) -> str | None:
    """Return a value as the name of a category: equal for 5, 5.0 and "5", and whatever the case; None for none."""
    if is_missing(value) or isinstance(value, Mapping | list | tuple | set | frozenset):
        return None
    if isinstance(value, Enum):
        value = value.value
    text = str(value)[: 4 * LONGEST]
    if not isinstance(value, bool):
        number = number_of(value)
        if number is not None and math.isfinite(number):
            return shown(number)
    return unicodedata.normalize("NFKC", text).strip().casefold()[:LONGEST] or None


def is_moment(value: Any) -> bool:
    """True for a date, a time or a span of it, also in ISO 8601 text."""
    if isinstance(value, date | time | timedelta):
        return True
    if not isinstance(value, str) or not 8 <= len(value) <= 40 or not value[:4].isdigit() or value.isdigit():
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def shown(number: float) -> str:
    """Return a number as its shortest text: 5 for 5.0."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _fields(record: BaseModel | Mapping[Any, Any]) -> dict[str, Any]:
    if isinstance(record, BaseModel):
        declared = {name: record.__dict__[name] for name in type(record).model_fields if name in record.__dict__}
        return {**declared, **(record.__pydantic_extra__ or {})}
    return {str(name): value for name, value in record.items()}


def _number_in(text: str) -> float | None:
    words = text.strip().removesuffix("%")
    if "," in words and _THOUSANDS.fullmatch(words):
        words = words.replace(",", "")
    if "_" in words:
        return None
    try:
        number = float(words)
    except ValueError:
        return None
    return None if math.isnan(number) else number
