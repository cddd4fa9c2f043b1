"""Events on their way to endpoints: claimed for a while, tried again, delivered or dead."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, tuple_, update

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.many_rows import ManyRows
from podion.storage.rows import many, newest_by_id, one, values
from podion.storage.tables import deliveries, tenants, webhooks

State = Literal["pending", "delivered", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One event for one endpoint. While it is tried, `due_at` is when somebody else may, should this one not return."""

    tenant: str
    webhook: str
    event: int
    id: str = field(default_factory=lambda: new_id("dlv"))
    state: State = "pending"
    attempts: int = 0
    due_at: datetime = field(default_factory=now)
    created_at: datetime = field(default_factory=now)
    last_at: datetime | None = None
    last_status: int | None = None
    last_answer: str | None = None


_ROWS = ManyRows(deliveries)


def add_many(connection: Connection, rows: Sequence[DeliveryRow]) -> None:
    """Add deliveries."""
    _ROWS.add(connection, [values(row) for row in rows])


def get(connection: Connection, tenant: str, delivery: str) -> DeliveryRow | None:
    """Return a delivery of the tenant."""
    return one(DeliveryRow, connection.execute(select(deliveries).where(*_is(tenant, delivery))))


def next_due(connection: Connection) -> datetime | None:
    """Return when the next delivery is due, None where none waits."""
    waits = select(func.min(deliveries.c.due_at)).where(deliveries.c.state == "pending")
    due: datetime | None = connection.execute(waits).scalar_one()
    return due


def claim(
    connection: Connection,
    *,
    lease_seconds: float,
    limit: int,
    busy: Collection[tuple[str, str]] = (),
    busy_tenants: Collection[str] = (),
) -> list[DeliveryRow]:
    """Take deliveries that are due, one of an endpoint; each attempt is counted when it begins.

    `busy` are endpoints (tenant, id) and `busy_tenants` tenants that have enough under way. Disabled tenants wait. What
    this costs grows with the number of endpoints, not with what waits for them.
    """
    time = now()
    of = (deliveries.c.tenant == webhooks.c.tenant, deliveries.c.webhook == webhooks.c.id)
    due = (deliveries.c.state == "pending", deliveries.c.due_at <= time)
    first = select(deliveries.c.id).where(*of, *due).order_by(deliveries.c.due_at).limit(1).scalar_subquery()
    open_ones = [webhooks.c.disabled_at.is_(None), tenants.c.disabled_at.is_(None)]
    if busy:
        open_ones.append(tuple_(webhooks.c.tenant, webhooks.c.id).not_in(busy))
    if busy_tenants:
        open_ones.append(webhooks.c.tenant.not_in(busy_tenants))
    joined = webhooks.join(tenants, tenants.c.id == webhooks.c.tenant)
    firsts = select(first.label("id")).select_from(joined).where(*open_ones).subquery()
    chosen = select(firsts.c.id).where(firsts.c.id.is_not(None)).limit(limit)
    ids = list(connection.execute(chosen).scalars())
    if not ids:
        return []
    until = time + timedelta(seconds=lease_seconds)
    taken = update(deliveries).where(deliveries.c.id.in_(ids), *due)
    begun = taken.values(attempts=deliveries.c.attempts + 1, due_at=until).returning(deliveries)
    return many(DeliveryRow, connection.execute(begun))


def settle(
    connection: Connection,
    row: DeliveryRow,
    state: State,
    status: int | None,
    answer: str,
    due_at: datetime | None = None,
) -> bool:
    """Keep what came of an attempt; return False, changing nothing, where another has begun since."""
    told: dict[str, Any] = {"state": state, "last_at": now(), "last_status": status, "last_answer": answer}
    if due_at is not None:
        told["due_at"] = due_at
    return connection.execute(_attempt(row).values(told)).rowcount == 1


def give_back(connection: Connection, rows: Sequence[DeliveryRow]) -> None:
    """Let others try at once what was claimed and not tried; the attempt does not count."""
    for row in rows:
        connection.execute(_attempt(row).values(attempts=row.attempts - 1, due_at=now()))


def redeliver(connection: Connection, tenant: str, delivery: str) -> DeliveryRow | None:
    """Begin anew with a delivery that is dead or was delivered, and return it."""
    again = update(deliveries).where(*_is(tenant, delivery)).values(state="pending", attempts=0, due_at=now())
    connection.execute(again)
    return get(connection, tenant, delivery)


def page(
    connection: Connection,
    tenant: str,
    webhook: str | None = None,
    state: State | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[DeliveryRow]:
    """Return a tenant's deliveries (to one endpoint, in one state), newest first."""
    mine = [deliveries.c.tenant == tenant]
    if webhook is not None:
        mine.append(deliveries.c.webhook == webhook)
    if state is not None:
        mine.append(deliveries.c.state == state)
    return newest_by_id(DeliveryRow, connection, deliveries, mine, after, limit)


def counts(connection: Connection) -> dict[str, int]:
    """Return how many deliveries wait and how many are dead, of every tenant."""
    query = select(deliveries.c.state, func.count()).where(deliveries.c.state.in_(("pending", "dead")))
    rows = connection.execute(query.group_by(deliveries.c.state))
    return {str(state): int(number) for state, number in rows}


def forget(connection: Connection, delivered_before: datetime, dead_before: datetime) -> int:
    """Remove every tenant's deliveries that ended before then; return how many."""
    ended = 0
    for state, before in (("delivered", delivered_before), ("dead", dead_before)):
        over = (deliveries.c.state == state, deliveries.c.created_at < before)
        ended += connection.execute(delete(deliveries).where(*over)).rowcount
    return ended


def _is(tenant: str, delivery: str) -> tuple[ColumnElement[bool], ...]:
    return deliveries.c.tenant == tenant, deliveries.c.id == delivery


def _attempt(row: DeliveryRow) -> Any:
    same = and_(deliveries.c.attempts == row.attempts, deliveries.c.state == "pending")
    return update(deliveries).where(*_is(row.tenant, row.id), same)
