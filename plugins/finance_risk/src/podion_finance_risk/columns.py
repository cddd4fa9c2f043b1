"""A column's value out of a record, wherever it lies."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def value_of(record: BaseModel, name: str) -> Any:
    """Return the value under a name as `TabularFeatures` has them (`amount`, `windows.hour`); None for none."""
    outer, _, inner = name.partition(".")
    if inner:
        found = getattr(record, outer, None)
        if isinstance(found, Mapping):
            return found.get(inner)
        if isinstance(found, BaseModel):
            return getattr(found, inner, None)
    return getattr(record, name, None)


def number_in(value: Any) -> float:
    """Return a value as a number; not-a-number where it is none."""
    if value is None or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
