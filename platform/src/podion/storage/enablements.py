"""Which verticals a tenant has switched on, and how it set them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as delete_from

from podion.storage.clock import now
from podion.storage.rows import many, one
from podion.storage.tables import enablements


@dataclass(frozen=True, slots=True, kw_only=True)
class EnablementRow:
    """A vertical that a tenant has switched on."""

    tenant: str
    vertical: str
    config: dict[str, Any]
    enabled_at: datetime


def put(connection: Connection, tenant: str, vertical: str, config: dict[str, Any]) -> EnablementRow:
    """Switch a vertical on, or set it anew; the time of the first switching on stays."""
    before = get(connection, tenant, vertical)
    if before is None:
        row = {"tenant": tenant, "vertical": vertical, "config": config, "enabled_at": now()}
        connection.execute(insert(enablements).values(row))
        return EnablementRow(**row)  # type: ignore[arg-type]
    connection.execute(update(enablements).where(*_is(tenant, vertical)).values(config=config))
    return EnablementRow(tenant=tenant, vertical=vertical, config=config, enabled_at=before.enabled_at)


def get(connection: Connection, tenant: str, vertical: str) -> EnablementRow | None:
    """Return how the tenant set a vertical, None where it is off."""
    return one(EnablementRow, connection.execute(select(enablements).where(*_is(tenant, vertical))))


def delete(connection: Connection, tenant: str, vertical: str) -> bool:
    """Switch a vertical off; return whether it was on."""
    return connection.execute(delete_from(enablements).where(*_is(tenant, vertical))).rowcount == 1


def page(connection: Connection, tenant: str, after: str | None = None, limit: int = 100) -> list[EnablementRow]:
    """Return what the tenant has switched on, by name; `after` is the last name of the page before."""
    query = select(enablements).where(enablements.c.tenant == tenant, enablements.c.vertical > (after or ""))
    return many(EnablementRow, connection.execute(query.order_by(enablements.c.vertical).limit(limit)))


def _is(tenant: str, vertical: str) -> tuple[Any, Any]:
    return enablements.c.tenant == tenant, enablements.c.vertical == vertical
