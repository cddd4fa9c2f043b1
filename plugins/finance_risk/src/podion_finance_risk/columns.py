"""A table's column as a scorecard sees it, and its value out of a record, wherever that lies.

`Column` is what these modules use of `podion.nn.Feature`, which only `heads` may import.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel


class ColumnCell(Protocol):
    """One of the sets of values that a column tells apart."""

    @property
    def kind(self) -> str:
        """`interval`, `value`, `code`, `missing` or `other`."""

    @property
    def value(self) -> str | None:
        """The category or the code, as training data spelled it."""

    @property
    def words(self) -> str:
        """What the cell says, in plain English."""


class Column(Protocol):
    """How one column is read: the cells of numbers come first, then those of codes, missing values and categories."""

    @property
    def name(self) -> str:
        """Its name in records."""

    @property
    def kind(self) -> str:
        """`number` or `category`."""

    @property
    def intervals(self) -> int:
        """How many intervals its numbers have; 0 for a category."""

    @property
    def discrete(self) -> bool:
        """True for a number that took few values: each has an interval, which begins with it."""

    @property
    def size(self) -> int:
        """How many cells there are."""

    @property
    def missing(self) -> int:
        """The number of the cell for a value that is not there."""

    @property
    def cells(self) -> Sequence[ColumnCell]:
        """The cells in the order of their numbers."""

    def read(self, value: Any) -> tuple[int, float, float]:
        """Return the cell of a value, and its place among the cells."""


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
