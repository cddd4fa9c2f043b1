"""How a tenant names where its events go."""

from contextlib import suppress

from sqlalchemy import Connection

from podion.catalogue.catalogue import Catalogue
from podion.errors import Conflict
from podion.lifecycle.outbound import Outbound, checked_url
from podion.storage import deliveries, events, webhooks
from podion.storage.deliveries import DeliveryRow
from podion.storage.events import EventRow
from podion.storage.ids import new_id
from podion.storage.webhooks import WebhookRow

MOST_ENDPOINTS = 16
TEST_TYPE = "podion.test"


def known_types(catalogue: Catalogue) -> set[str]:
    """Return the types of events that the installed verticals tell."""
    return {f"{vertical.name}.{event.name}" for vertical in catalogue.verticals.values() for event in vertical.events}


async def reachable(outbound: Outbound, url: str) -> str:
    """Return an endpoint's address as it is kept.

    Raises `DataError` (codes `bad_url`, `private_address`) for what may never be sent to. A name that cannot be
    resolved now may be later: every attempt asks again.
    """
    parsed = checked_url(url)
    with suppress(OSError, UnicodeError):
        await outbound.allowed.resolve(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80))
    return str(parsed.copy_with(fragment=None))


def register(c: Connection, tenant: str, url: str, types: tuple[str, ...]) -> WebhookRow:
    """Return a new endpoint; raises `Conflict` for more than 16."""
    if webhooks.count(c, tenant) >= MOST_ENDPOINTS:
        raise Conflict(f"the tenant has {MOST_ENDPOINTS} endpoints, the most there may be: delete one", code="too_many")
    row = WebhookRow(tenant=tenant, id=new_id("whk"), url=url, types=types)
    webhooks.add(c, row)
    return row


def send_test(c: Connection, webhook: WebhookRow) -> tuple[DeliveryRow, EventRow]:
    """Keep a message of type `podion.test` for one endpoint, whatever types it wants, and return it."""
    event = events.add(c, webhook.tenant, "", TEST_TYPE, {"webhook": webhook.id})
    row = DeliveryRow(tenant=webhook.tenant, webhook=webhook.id, event=event.sequence)
    deliveries.add_many(c, [row])
    return row, event
