"""A tenant's endpoints: where its events go. No secret is here, only what one is derived from."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from podion.storage.clock import now
from podion.storage.rows import many, newest_by_id, one, values
from podion.storage.tables import deliveries, webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """An endpoint; without `types` it is told everything. Its secret is the `generation`-th; the one before it works
    until `old_until`."""

    tenant: str
    id: str
    url: str
    types: tuple[str, ...] = ()
    generation: int = 1
    old_until: datetime | None = None
    created_at: datetime = field(default_factory=now)
    disabled_at: datetime | None = None
    disabled_why: str | None = None

    def wants(self, type: str) -> bool:
        """Return whether the endpoint is told events of a type."""
        return not self.types or type in self.types


def add(connection: Connection, row: WebhookRow) -> None:
    """Add an endpoint."""
    connection.execute(insert(webhooks).values(values(row)))


def get(connection: Connection, tenant: str, webhook: str) -> WebhookRow | None:
    """Return an endpoint of the tenant."""
    mine = select(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == webhook)
    return one(WebhookRow, connection.execute(mine))


def open_ones(connection: Connection, tenant: str) -> list[WebhookRow]:
    """Return the tenant's endpoints that are not disabled."""
    mine = (webhooks.c.tenant == tenant, webhooks.c.disabled_at.is_(None))
    return many(WebhookRow, connection.execute(select(webhooks).where(*mine).order_by(webhooks.c.id)))


def page(connection: Connection, tenant: str, after: str | None = None, limit: int = 100) -> list[WebhookRow]:
    """Return the tenant's endpoints, newest first."""
    return newest_by_id(WebhookRow, connection, webhooks, [webhooks.c.tenant == tenant], after, limit)


def count(connection: Connection, tenant: str) -> int:
    """Return how many endpoints a tenant has."""
    return connection.execute(select(func.count()).where(webhooks.c.tenant == tenant)).scalar_one()


def remove(connection: Connection, tenant: str, webhook: str) -> bool:
    """Remove an endpoint with its deliveries; return whether it was there."""
    connection.execute(delete(deliveries).where(deliveries.c.tenant == tenant, deliveries.c.webhook == webhook))
    return connection.execute(delete(webhooks).where(*_is(tenant, webhook))).rowcount == 1


def rotate(connection: Connection, tenant: str, webhook: str, overlap_seconds: float) -> WebhookRow | None:
    """Give an endpoint its next secret and return it; the one before works for `overlap_seconds` more."""
    until = now() + timedelta(seconds=overlap_seconds)
    turned = update(webhooks).where(*_is(tenant, webhook))
    connection.execute(turned.values(generation=webhooks.c.generation + 1, old_until=until))
    return get(connection, tenant, webhook)


def disable(connection: Connection, tenant: str, webhook: str, why: str) -> None:
    """Tell an endpoint nothing more; what waits for it is dead."""
    open_one = update(webhooks).where(*_is(tenant, webhook), webhooks.c.disabled_at.is_(None))
    connection.execute(open_one.values(disabled_at=now(), disabled_why=why))
    waits = (deliveries.c.tenant == tenant, deliveries.c.webhook == webhook, deliveries.c.state == "pending")
    connection.execute(update(deliveries).where(*waits).values(state="dead"))


def _is(tenant: str, webhook: str) -> tuple[ColumnElement[bool], ...]:
    return webhooks.c.tenant == tenant, webhooks.c.id == webhook
