"""Why a value does not fit its field, in the words of whoever wrote the file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from podion.data.masking.redaction import shown
from podion.data.suggestions import Suggestions

_SHOWN_CHOICES = 8
_SHOWN_CHARACTERS = 40
_READ_CHARACTERS = 200

_NEEDED: Mapping[str, str] = {
    "bool": "must be true or false (or 1 or 0)",
    "date": "must be a date such as 2026-01-31",
    "datetime": "must be a date and time such as 2026-01-31T14:30:00",
    "decimal": "must be a number",
    "dict": "must be an object",
    "float": "must be a number",
    "int": "must be a whole number",
    "list": "must be a list",
    "mapping": "must be an object",
    "model": "must be an object",
    "set": "must be a list",
    "string": "must be text",
    "time": "must be a time such as 14:30:00",
    "tuple": "must be a list",
    "url": "must be a URL",
    "uuid": "must be a UUID",
}

_PLAIN: Mapping[str, str] = {
    "finite_number": "must be a finite number",
    "missing": "is missing",
    "string_unicode": "holds half a surrogate pair: write the whole character",
}

_SAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda limit: f"must be more than {limit['gt']}",
    "greater_than_equal": lambda limit: f"must be at least {limit['ge']}",
    "less_than": lambda limit: f"must be less than {limit['lt']}",
    "less_than_equal": lambda limit: f"must be at most {limit['le']}",
    "multiple_of": lambda limit: f"must be a multiple of {limit['multiple_of']}",
    "string_too_long": lambda limit: f"must have at most {limit['max_length']:,} characters",
    "string_too_short": lambda limit: f"must have at least {_count(limit['min_length'], 'character')}",
    "string_pattern_mismatch": lambda limit: f"must match the pattern {limit['pattern']}",
    "too_long": lambda limit: f"must have at most {_count(limit['max_length'], 'element')}",
    "too_short": lambda limit: f"must have at least {_count(limit['min_length'], 'element')}",
}


def reason(error: ErrorDetails, choices: Sequence[str], suggestions: Suggestions) -> str:
    """Return a short reason for one pydantic error; `choices` are the values that the field allows, if listed.

    What it quotes of a value holds nothing personal.
    """
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"][1:])
    where = f"at {place.removeprefix('.')}: " if any(isinstance(part, int) for part in error["loc"]) else ""
    if error["type"] in ("literal_error", "enum") and choices:
        return where + unlisted(error["input"], choices, suggestions)
    return where + shown(_words(error))


def _words(error: ErrorDetails) -> str:
    kind, seen, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    if kind in _SAID:
        return _SAID[kind](context) + _seen(seen, kind)
    needed = _NEEDED.get(kind.split("_")[0], error["msg"].replace("Input should", "should"))
    return needed + _seen(seen, kind)


def unlisted(seen: Any, choices: Sequence[str], suggestions: Suggestions) -> str:
    """Return the reason for a value that is not among the listed ones."""
    listed = ", ".join(repr(choice) for choice in choices[:_SHOWN_CHOICES])
    more = f" and {len(choices) - _SHOWN_CHOICES} more" if len(choices) > _SHOWN_CHOICES else ""
    question = suggestions.question(seen, choices) if isinstance(seen, str) else ""
    return f"{_short(seen)} is not one of {listed}{more}{question}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _seen(value: Any, kind: str) -> str:
    if kind in ("string_too_long", "too_long") and isinstance(value, str | list):
        return f" (it has {len(value):,})"
    return f" (it is {_short(value)})"


def _short(value: Any) -> str:
    if isinstance(value, str):
        value = shown(value[:_READ_CHARACTERS])
        cut = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
        return repr(cut) if value else "empty"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return f"the number {value!r}"[: _SHOWN_CHARACTERS + 20]
    if isinstance(value, list | tuple | dict):
        return "an object" if isinstance(value, dict) else "a list"
    return f"a {type(value).__name__}"
