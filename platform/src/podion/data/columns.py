"""Which column of a file becomes which field of a record."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from podion.errors import DataError

_SHOWN = 50


class Columns:
    """A choice of columns: some renamed, some dropped, the others as they are.

    `rename` says from which column a field is read; a column that had the field's own name is then out of the way.
    A dropped column that is also read under another name is read. Columns that never came are an error.
    """

    def __init__(self, rename: Mapping[str, str], drop: Collection[str]) -> None:
        self._fields: dict[str, list[str]] = {}
        for field, column in rename.items():
            self._fields.setdefault(column, []).append(field)
        self._hidden = frozenset(drop) | frozenset(rename)
        self._awaited = set(self._fields) | set(drop)
        self._seen: dict[str, None] = {}
        self.untouched = not self._awaited

    def targets(self, column: str) -> list[str]:
        """Return the fields that a column fills: none for one that is dropped."""
        return self._fields.get(column) or ([] if column in self._hidden else [column])

    def apply(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values of a JSON object under the names of fields."""
        if self.untouched:
            return values
        if self._awaited:
            self.meet(values)
        return {field: value for column, value in values.items() for field in self.targets(column)}

    def meet(self, columns: Iterable[str]) -> None:
        """Take note of columns that are there."""
        for column in columns:
            self._awaited.discard(column)
            if len(self._seen) < _SHOWN:
                self._seen[column] = None

    def check(self) -> None:
        """Raise `DataError` for a mapped or dropped column that has not come."""
        if self._awaited:
            gone = ", ".join(repr(name) for name in sorted(self._awaited))
            seen = ", ".join(repr(name) for name in self._seen) or "none"
            raise DataError(f"no column {gone} to map or drop; the file has: {seen}", code="unknown_column")


def renames(pairs: Iterable[str]) -> dict[str, str]:
    """Return which column each field is read from, out of `field=column` texts; raises `DataError` for another form."""
    read = {}
    for pair in pairs:
        field, _, column = pair.partition("=")
        if not (field and column):
            raise DataError(f"map {pair!r}: write field=column, for example label=intent")
        read[field] = column
    return read
