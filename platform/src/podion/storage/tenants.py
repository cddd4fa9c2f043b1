"""Tenants: organisations that own everything else."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, String, cast, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into

from podion.storage.clock import now
from podion.storage.rows import newest_by_id, one, values
from podion.storage.tables import idempotency, metadata, tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRow:
    """An organisation. While `disabled_at` is set, its keys open nothing and its jobs wait."""

    id: str
    name: str
    created_at: datetime = field(default_factory=now)
    disabled_at: datetime | None = None


def insert(connection: Connection, row: TenantRow) -> None:
    """Add a tenant; raises SQLAlchemy's `IntegrityError` when the name is taken."""
    connection.execute(insert_into(tenants).values(values(row)))


def get(connection: Connection, tenant: str) -> TenantRow | None:
    """Return the tenant of that id."""
    return one(TenantRow, connection.execute(select(tenants).where(tenants.c.id == tenant)))


def by_name(connection: Connection, name: str) -> TenantRow | None:
    """Return the tenant of that name."""
    return one(TenantRow, connection.execute(select(tenants).where(tenants.c.name == name)))


def page(connection: Connection, after: str | None = None, limit: int = 100) -> list[TenantRow]:
    """Return tenants, newest first. For the operator."""
    return newest_by_id(TenantRow, connection, tenants, [], after, limit)


def disable(connection: Connection, tenant: str) -> TenantRow | None:
    """Shut a tenant out and return it; the time of an earlier shut-out stays."""
    open_one = update(tenants).where(tenants.c.id == tenant, tenants.c.disabled_at.is_(None))
    connection.execute(open_one.values(disabled_at=now()))
    return get(connection, tenant)


def enable(connection: Connection, tenant: str) -> TenantRow | None:
    """Let a tenant in again and return it."""
    connection.execute(update(tenants).where(tenants.c.id == tenant).values(disabled_at=None))
    return get(connection, tenant)


def delete(connection: Connection, tenant: str) -> bool:
    """Delete a tenant and every row of it in every table; return whether there was one. Its files are `Files`' part."""
    for table in reversed(metadata.sorted_tables):
        if table is not tenants:
            connection.execute(delete_from(table).where(table.c.tenant == tenant))
    # The operator's own requests are kept under no tenant's name, and what they answered may be about this one.
    told = cast(idempotency.c.response, String).contains(tenant, autoescape=True)
    connection.execute(delete_from(idempotency).where(told))
    return connection.execute(delete_from(tenants).where(tenants.c.id == tenant)).rowcount == 1
