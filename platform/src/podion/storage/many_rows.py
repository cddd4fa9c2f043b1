"""Many rows of one table in one statement, for the writes that every request waits for.

SQLite's driver lets go of Python's lock around each statement, and gets it back when the busy event loop pauses: a
statement a row would cost a write of 30 rows as many pauses. SQLAlchemy renders many `VALUES` anew for each number.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

_MOST_VALUES = 16_000
"""Parameters of one statement; SQLite takes 32,766."""


class ManyRows:
    """The insertion of rows, given as dictionaries by column, into one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._insert = insert(table)
        self._processors: dict[Dialect, list[tuple[str, Any]]] = {}

    def add(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows; raises SQLAlchemy's `IntegrityError` and then keeps none of them."""
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            connection.execute(self._insert, rows)  # its driver sends them all at once
            return
        columns = self._columns(connection.dialect)
        most = _MOST_VALUES // len(columns)
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            values = tuple(as_kept(row[name]) for row in part for name, as_kept in columns)
            connection.exec_driver_sql(self._statement(len(part)), values)

    def _columns(self, dialect: Dialect) -> list[tuple[str, Any]]:
        """Return each column's name, and what turns its values into the driver's."""
        if dialect not in self._processors:
            self._processors[dialect] = [
                (column.name, column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is)
                for column in self._table.columns
            ]
        return self._processors[dialect]

    def _statement(self, rows: int) -> str:
        names = ", ".join(f'"{column.name}"' for column in self._table.columns)
        row = f"({', '.join('?' * len(self._table.columns))})"
        return f'INSERT INTO "{self._table.name}" ({names}) VALUES {", ".join([row] * rows)}'


def _as_it_is(value: Any) -> Any:
    return value
