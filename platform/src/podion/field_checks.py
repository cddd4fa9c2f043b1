"""What records of every trade ask of their fields, to be wrapped in pydantic's validators. Pure functions."""

from datetime import UTC, datetime
from typing import Any


def not_blank(text: str) -> str:
    """Return the text; raises `ValueError` for one of white space alone. For `AfterValidator`."""
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


def no_null(text: str) -> str:
    """Return the text; raises `ValueError` for one with a null character, which databases refuse."""
    if "\0" in text:
        raise ValueError("holds a null character: remove it")
    return text


def in_utc(value: Any) -> Any:
    """Return a time without a zone as one in UTC, anything else as it is. For `BeforeValidator`."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return value
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def as_label(value: Any) -> Any:
    """Return a class that a file gives as a number or a truth as the text it is known by. For `BeforeValidator`."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    return value
