"""What happened at a tenant's verticals, in the order of commits, until it is a week old and told to everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, select

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.rows import many, one, values
from podion.storage.tables import deliveries, events


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event; `sequence` counts a tenant's events from 1, without gaps and in the order of their commits."""

    tenant: str
    sequence: int
    vertical: str
    type: str
    data: dict[str, Any]
    id: str = field(default_factory=lambda: new_id("evt"))
    at: datetime = field(default_factory=now)


def add(connection: Connection, tenant: str, vertical: str, type: str, data: Mapping[str, Any]) -> EventRow:
    """Keep an event and return it."""
    # Writers take turns in the whole database, so nobody else has the same number.
    sequence = newest(connection, tenant) + 1
    row = EventRow(tenant=tenant, sequence=sequence, vertical=vertical, type=type, data=dict(data))
    connection.execute(insert(events).values(values(row)))
    return row


def newest(connection: Connection, tenant: str) -> int:
    """Return the sequence of a tenant's latest event, 0 where it has none."""
    query = select(func.max(events.c.sequence)).where(events.c.tenant == tenant)
    return connection.execute(query).scalar_one() or 0


def newest_of(connection: Connection, tenants: Sequence[str]) -> dict[str, int]:
    """Return the same for several tenants; those without an event are left out."""
    query = select(events.c.tenant, func.max(events.c.sequence)).where(events.c.tenant.in_(tenants))
    rows = connection.execute(query.group_by(events.c.tenant))
    return {str(tenant): int(sequence) for tenant, sequence in rows}


def get(connection: Connection, tenant: str, sequence: int) -> EventRow | None:
    """Return an event of the tenant."""
    mine = select(events).where(events.c.tenant == tenant, events.c.sequence == sequence)
    return one(EventRow, connection.execute(mine))


def of_sequences(connection: Connection, tenant: str, sequences: Sequence[int]) -> dict[int, EventRow]:
    """Return those of the tenant's events."""
    mine = select(events).where(events.c.tenant == tenant, events.c.sequence.in_(sequences))
    return {row.sequence: row for row in many(EventRow, connection.execute(mine))}


def after(connection: Connection, tenant: str, vertical: str, sequence: int, limit: int = 100) -> list[EventRow]:
    """Return a tenant's events of one vertical beyond `sequence`, in order."""
    mine = (events.c.tenant == tenant, events.c.vertical == vertical, events.c.sequence > sequence)
    return many(EventRow, connection.execute(select(events).where(*mine).order_by(events.c.sequence).limit(limit)))


def forget(connection: Connection, before: datetime) -> int:
    """Remove every tenant's events from before then that no delivery needs any more; return how many.

    The latest of a tenant stays, so that numbers are never used again.
    """
    told = exists().where(deliveries.c.tenant == events.c.tenant, deliveries.c.event == events.c.sequence)
    later = events.alias("later")
    followed = exists().where(and_(later.c.tenant == events.c.tenant, later.c.sequence > events.c.sequence))
    return connection.execute(delete(events).where(events.c.at < before, ~told, followed)).rowcount
