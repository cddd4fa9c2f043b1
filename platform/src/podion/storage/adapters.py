"""Adapter versions: immutable, named by the digest of what they hold."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from podion.storage.clock import now
from podion.storage.rows import insert_once, newest_by_creation, one, starts_with
from podion.storage.tables import adapters

_MOST = 1_000
"""Versions of a task that are listed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterRow:
    """A tenant's fine-tuned weights and head; `id` is the digest, so equal bits of two runs are one adapter."""

    tenant: str
    id: str
    task: str
    run: str | None
    method: str
    base: str
    fingerprint: str
    metrics: dict[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=now)


def insert(connection: Connection, row: AdapterRow) -> bool:
    """Add an adapter version; return False, changing nothing, where the tenant has it already."""
    return insert_once(connection, adapters, row)


def get(connection: Connection, tenant: str, adapter: str) -> AdapterRow | None:
    """Return an adapter version of the tenant."""
    mine = select(adapters).where(adapters.c.tenant == tenant, adapters.c.id == adapter)
    return one(AdapterRow, connection.execute(mine))


def page(
    connection: Connection, tenant: str, task_prefix: str = "", after: str | None = None, limit: int = 100
) -> list[AdapterRow]:
    """Return the tenant's adapter versions whose task starts with `task_prefix`, newest first."""
    mine = [adapters.c.tenant == tenant, starts_with(adapters.c.task, task_prefix)]
    return newest_by_creation(AdapterRow, connection, adapters, mine, after, limit)


def of_task(connection: Connection, tenant: str, task: str) -> list[AdapterRow]:
    """Return every adapter version of a tenant's task, newest first."""
    mine = [adapters.c.tenant == tenant, adapters.c.task == task]
    return newest_by_creation(AdapterRow, connection, adapters, mine, None, _MOST)
