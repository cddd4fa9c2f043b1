"""Dataset versions, and the rows of an upload that were refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import insert as insert_into

from podion.storage.clock import now
from podion.storage.rows import many, newest_by_creation, one, starts_with, values
from podion.storage.tables import datasets, refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRow:
    """An immutable snapshot of a tenant's records for one task (`vertical/task`); `digest` is of its canonical file."""

    tenant: str
    id: str
    task: str
    digest: str
    parent: str | None = None
    rows: int
    labels: dict[str, int] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """Why one line of an upload was refused; `field` is None when the line as a whole could not be read."""

    line: int
    field: str | None
    reason: str


def insert(connection: Connection, row: DatasetRow) -> None:
    """Add a dataset version."""
    connection.execute(insert_into(datasets).values(values(row)))


def get(connection: Connection, tenant: str, dataset: str) -> DatasetRow | None:
    """Return a dataset version of the tenant."""
    mine = select(datasets).where(datasets.c.tenant == tenant, datasets.c.id == dataset)
    return one(DatasetRow, connection.execute(mine))


def page(
    connection: Connection, tenant: str, task_prefix: str = "", after: str | None = None, limit: int = 100
) -> list[DatasetRow]:
    """Return the tenant's dataset versions whose task starts with `task_prefix`, newest first."""
    mine = [datasets.c.tenant == tenant, starts_with(datasets.c.task, task_prefix)]
    return newest_by_creation(DatasetRow, connection, datasets, mine, after, limit)


def latest(connection: Connection, tenant: str, task: str) -> DatasetRow | None:
    """Return the newest dataset version of exactly that task."""
    mine = [datasets.c.tenant == tenant, datasets.c.task == task]
    return next(iter(newest_by_creation(DatasetRow, connection, datasets, mine, None, 1)), None)


def insert_refusals(connection: Connection, tenant: str, dataset: str, rows: Sequence[RefusalRow]) -> None:
    """Keep why lines were refused, after those already kept."""
    mine = (refusals.c.tenant == tenant, refusals.c.dataset == dataset)
    start = connection.execute(select(func.count()).select_from(refusals).where(*mine)).scalar_one()
    new = [
        {"tenant": tenant, "dataset": dataset, "position": position, **values(row)}
        for position, row in enumerate(rows, start)
    ]
    if new:
        connection.execute(insert_into(refusals), new)


def page_refusals(
    connection: Connection, tenant: str, dataset: str, after_line: int = 0, limit: int = 100
) -> list[RefusalRow]:
    """Return about `limit` refusals of lines beyond `after_line`, in order; a line's refusals are never parted."""
    mine = (refusals.c.tenant == tenant, refusals.c.dataset == dataset, refusals.c.line > after_line)
    query = select(refusals).where(*mine).order_by(refusals.c.line, refusals.c.position)
    found = many(RefusalRow, connection.execute(query.limit(limit + 1)))
    if len(found) <= limit:
        return found
    whole = [row for row in found if row.line < found[-1].line]
    return whole or many(RefusalRow, connection.execute(query.where(refusals.c.line == found[0].line)))
