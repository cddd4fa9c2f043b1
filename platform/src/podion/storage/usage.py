"""The usage ledger: rows are added in the transaction of the effect they measure, and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.many_rows import ManyRows
from podion.storage.rows import newest_by_id, values
from podion.storage.tables import usage


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """So much of a meter; `reference` names what caused it."""

    id: str
    tenant: str
    meter: str
    quantity: float
    reference: str
    at: datetime


def add(connection: Connection, tenant: str, meter: str, quantity: float, reference: str = "") -> UsageRow:
    """Add to a meter and return the row."""
    row = UsageRow(
        id=new_id("use"), tenant=tenant, meter=meter, quantity=float(quantity), reference=reference, at=now()
    )
    connection.execute(insert(usage).values(values(row)))
    return row


_ROWS = ManyRows(usage)


def add_many(connection: Connection, meter: str, entries: Sequence[tuple[str, float, str]]) -> None:
    """Add to a meter of several tenants: (tenant, quantity, reference) each."""
    at = now()
    rows = [
        {"id": new_id("use"), "tenant": tenant, "meter": meter, "quantity": quantity, "reference": reference, "at": at}
        for tenant, quantity, reference in entries
    ]
    _ROWS.add(connection, rows)


def totals(
    connection: Connection, tenant: str, since: datetime | None = None, until: datetime | None = None
) -> dict[str, float]:
    """Return the sum of each meter, from `since` up to but without `until`."""
    query = select(usage.c.meter, func.sum(usage.c.quantity)).where(usage.c.tenant == tenant)
    if since is not None:
        query = query.where(usage.c.at >= since)
    if until is not None:
        query = query.where(usage.c.at < until)
    rows = connection.execute(query.group_by(usage.c.meter).order_by(usage.c.meter))
    return {meter: float(quantity) for meter, quantity in rows}


def page(connection: Connection, tenant: str, after: str | None = None, limit: int = 100) -> list[UsageRow]:
    """Return the rows behind the totals, newest first."""
    return newest_by_id(UsageRow, connection, usage, [usage.c.tenant == tenant], after, limit)
