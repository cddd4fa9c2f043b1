"""Which verticals a tenant has switched on, and how it set them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as delete_from

from podion.storage.clock import now
from podion.storage.rows import many, one, values
from podion.storage.tables import enablements


@dataclass(frozen=True, slots=True, kw_only=True)
class EnablementRow:
    """A vertical that a tenant has switched on."""

    tenant: str
    vertical: str
    config: dict[str, Any]
    personal: dict[str, str]
    enabled_at: datetime


def put(
    connection: Connection,
    tenant: str,
    vertical: str,
    config: dict[str, Any],
    personal: dict[str, str] | None = None,
) -> EnablementRow:
    """Switch a vertical on, or set it anew; the time of the first switching on stays.

    `personal` holds the tenant's own masking policies by field; None leaves them as they were.
    """
    before = get(connection, tenant, vertical)
    row = EnablementRow(
        tenant=tenant,
        vertical=vertical,
        config=config,
        personal=personal if personal is not None else before.personal if before else {},
        enabled_at=before.enabled_at if before else now(),
    )
    if before is None:
        connection.execute(insert(enablements).values(values(row)))
    else:
        set_anew = {"config": row.config, "personal": row.personal}
        connection.execute(update(enablements).where(*_is(tenant, vertical)).values(set_anew))
    return row


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
