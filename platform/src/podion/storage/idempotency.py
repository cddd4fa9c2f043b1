"""Requests that were answered once and may be repeated."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from podion.storage.clock import now
from podion.storage.rows import insert_once, one
from podion.storage.tables import idempotency


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRow:
    """The answer to a request under an `Idempotency-Key`; `status` and `response` are None while it is in flight."""

    tenant: str
    route: str
    key: str
    body_digest: str
    status: int | None = None
    response: dict[str, Any] | None = None
    created_at: datetime = field(default_factory=now)


def find(connection: Connection, tenant: str, route: str, key: str) -> IdempotencyRow | None:
    """Return what is known of the tenant's request."""
    return one(IdempotencyRow, connection.execute(select(idempotency).where(*_is(tenant, route, key))))


def insert(connection: Connection, row: IdempotencyRow) -> bool:
    """Keep a request; return False, changing nothing, where there is one under its key already."""
    return insert_once(connection, idempotency, row)


def complete(connection: Connection, tenant: str, route: str, key: str, status: int, response: dict[str, Any]) -> bool:
    """Keep the answer to a request that was in flight; return whether there was one."""
    mine = update(idempotency).where(*_is(tenant, route, key), idempotency.c.status.is_(None))
    return connection.execute(mine.values(status=status, response=response)).rowcount == 1


def remove(connection: Connection, tenant: str, route: str, key: str) -> bool:
    """Forget a request, so that it may be tried afresh; return whether there was one."""
    return connection.execute(delete(idempotency).where(*_is(tenant, route, key))).rowcount == 1


def purge(connection: Connection, before: datetime) -> int:
    """Forget every tenant's requests that began before then; return how many."""
    return connection.execute(delete(idempotency).where(idempotency.c.created_at < before)).rowcount


def _is(tenant: str, route: str, key: str) -> tuple[Any, ...]:
    return idempotency.c.tenant == tenant, idempotency.c.route == route, idempotency.c.key == key
