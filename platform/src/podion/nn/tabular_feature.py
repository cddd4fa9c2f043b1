"""One column as a head reads it: the cells that its values fall into, and the place of a number among them."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from podion.nn.tabular_values import category_of, number_of, shown

FARTHEST = 5.0
"""Standard deviations from the mean to which a magnitude is cut."""

CellKind = Literal["interval", "value", "code", "missing", "other"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One of the sets of values that a feature tells apart, and how many training rows fell into it.

    An `interval` holds numbers from `low` (included) to `high` (not), None where it is open; a `value` is a category;
    a `code` is a number or a word that stands apart among numbers, such as -1 or 999; `other` is a category that
    training did not see, or saw too seldom. `value` is the category or the code as training data spelled it, or the
    only whole number that an interval holds.
    """

    feature: str
    kind: CellKind
    rows: int
    low: float | None = None
    high: float | None = None
    value: str | None = None

    @property
    def words(self) -> str:
        """What the cell says, in plain English: `limit_bal between 50,000 and 80,000`, `pay_0 is missing`."""
        match self.kind:
            case "missing":
                return f"{self.feature} is missing"
            case "other":
                return f"{self.feature} is something else"
            case "interval" if self.value is None:
                return f"{self.feature} {_between(self.low, self.high)}"
            case _:
                return f"{self.feature} is {self.value}"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """How one column is read; made by `TabularFeatures.fit`.

    A `number` has `edges`, ascending, of its intervals, and `values` that stand apart from them (codes); a `category`
    has `values` only. Cells are numbered: the intervals, the values, missing and, for a category, other. `rows` counts
    training rows by cell. `discrete` numbers took few values in training: each has an interval, which begins with it.
    `middle` is the place of the median; `scale`, `centre` and `spread` make a number's magnitude.
    """

    name: str
    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    discrete: bool = False
    middle: float = 0.0
    scale: float = 1.0
    centre: float = 0.0
    spread: float = 1.0

    @property
    def intervals(self) -> int:
        """How many intervals a number has: at least 1; 0 for a category."""
        return max(1, len(self.edges) - 1) if self.kind == "number" else 0

    @property
    def missing(self) -> int:
        """The number of the cell for a value that is not there."""
        return self.intervals + len(self.values)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return self.missing + (1 if self.kind == "number" else 2)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells in the order of their numbers."""
        return tuple(self._cell(number) for number in range(self.size))

    def read(self, value: Any) -> tuple[int, float, float]:
        """Return the cell of a value, its place and its magnitude. Never fails.

        The place of a number is the intervals passed plus the share of its own, from 0 to `intervals`; numbers beyond
        the edges lie on them. The magnitude is its size on a scale that is a logarithm's for large numbers and straight
        about 0, in standard deviations of the training rows from their mean. What is no number (missing, a code) has
        the place of the median and the magnitude 0, so that only its cell tells it; a category has 0 and 0.
        """
        if self.kind == "category":
            word = category_of(value)
            return (self.missing if word is None else self._words.get(word, self.missing + 1)), 0.0, 0.0
        number = number_of(value)
        code = self._codes.get(number)
        if code is None and number is None and self._words:
            code = self._words.get(category_of(value) or "")
        if code is not None:
            return code, self.middle, 0.0
        if number is None:
            return self.missing, self.middle, 0.0
        return *self._placed(number), self._magnitude(number)

    @cached_property
    def _words(self) -> dict[str, int]:
        words = ((category_of(value), self.intervals + place) for place, value in enumerate(self.values))
        return {word: place for word, place in words if word is not None}

    @cached_property
    def _codes(self) -> dict[float | None, int]:
        numbers = ((number_of(value), self.intervals + place) for place, value in enumerate(self.values))
        return {number: place for number, place in numbers if number is not None}

    def _placed(self, number: float) -> tuple[int, float]:
        edges, last = self.edges, self.intervals
        if not edges or number <= edges[0]:
            return 0, 0.0
        if number >= edges[-1]:
            return last - 1, float(last)
        interval = bisect_right(edges, number) - 1
        low, high = edges[interval], edges[interval + 1]
        # A float32 must not round a place up into the next interval.
        return interval, interval + min((number - low) / (high - low), 0.9999)

    def _magnitude(self, number: float) -> float:
        size = (math.asinh(number / self.scale) - self.centre) / self.spread
        return min(FARTHEST, max(-FARTHEST, size))

    def _cell(self, number: int) -> Cell:
        rows = self.rows[number] if number < len(self.rows) else 0
        if number < self.intervals:
            return Cell(feature=self.name, kind="interval", rows=rows, **self._bounds(number))
        if number < self.missing:
            kind: CellKind = "code" if self.kind == "number" else "value"
            return Cell(feature=self.name, kind=kind, rows=rows, value=self.values[number - self.intervals])
        return Cell(feature=self.name, kind="missing" if number == self.missing else "other", rows=rows)

    def _bounds(self, number: int) -> dict[str, Any]:
        ends = self.edges[number : number + 2]
        only = self.discrete and len(ends) == 2 and ends[1] - ends[0] == 1
        return {
            "low": ends[0] if number else None,
            "high": ends[1] if number + 1 < self.intervals else None,
            "value": shown(ends[0]) if only else None,
        }


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return "is a number" if high is None else f"below {_grouped(high)}"
    return f"{_grouped(low)} or more" if high is None else f"between {_grouped(low)} and {_grouped(high)}"


def _grouped(number: float) -> str:
    return f"{number:,.6g}" if abs(number) < 1e6 else f"{number:,.0f}"
