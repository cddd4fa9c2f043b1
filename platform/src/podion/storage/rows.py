"""From table to dataclass and back, for every noun alike."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, CursorResult, Row, Table, func, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

R = TypeVar("R")


def _read(kind: type[R], names: Sequence[str], row: Row[Any]) -> R:
    found = row._mapping
    return kind(**{name: found[name] for name in names})


def _names(kind: Any) -> list[str]:
    return list(kind.__dataclass_fields__)


def one(kind: type[R], result: CursorResult[Any]) -> R | None:
    """Return the only row of a result, or None where there is none."""
    row = result.one_or_none()
    return None if row is None else _read(kind, _names(kind), row)


def many(kind: type[R], result: CursorResult[Any]) -> list[R]:
    """Return all rows of a result, in its order."""
    names = _names(kind)
    return [_read(kind, names, row) for row in result]


def values(row: Any) -> dict[str, Any]:
    """Return what a dataclass row holds, by column."""
    return {name: getattr(row, name) for name in _names(row)}


def insert_once(connection: Connection, table: Table, row: Any) -> bool:
    """Insert a row unless its primary key is taken; return whether it was inserted."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(values(row)))
    except IntegrityError:
        same = [column == getattr(row, column.name) for column in table.primary_key.columns]
        if connection.execute(select(*table.primary_key.columns).where(*same)).first() is None:
            raise
        return False
    return True


def starts_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return the condition that a column begins with `prefix`, letter case and wildcards taken literally."""
    return func.substr(column, 1, len(prefix)) == prefix


def newest_by_id(
    kind: type[R],
    connection: Connection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    after: str | None,
    limit: int,
) -> list[R]:
    """Return at most `limit` rows, newest first by id; `after` is the last id of the page before."""
    query = select(table).where(*conditions).order_by(table.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(table.c.id < after)
    return many(kind, connection.execute(query))


def newest_by_creation(
    kind: type[R],
    connection: Connection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    after: str | None,
    limit: int,
) -> list[R]:
    """Return at most `limit` rows, newest first by creation; an unknown `after` gives an empty page."""
    order = tuple_(table.c.created_at, table.c.id)
    query = select(table).where(*conditions).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    if after is not None:
        mark = select(table.c.created_at, table.c.id).where(*conditions, table.c.id == after)
        query = query.where(order < mark.scalar_subquery())
    return many(kind, connection.execute(query))
