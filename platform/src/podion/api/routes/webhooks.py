"""A tenant's endpoints, what was sent to them, and what could not be: Standard Webhooks."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from podion.api.access import AdminKey
from podion.api.idempotency import once
from podion.api.pages import Cursor, Limit, Page, decode
from podion.api.services import services_of
from podion.errors import Conflict, DataError, NotFound
from podion.lifecycle.endpoints import known_types, reachable, register, send_test
from podion.storage import audit, deliveries, events, webhooks
from podion.storage.cursors import encode
from podion.storage.deliveries import DeliveryRow
from podion.storage.events import EventRow
from podion.storage.webhooks import WebhookRow

router = APIRouter(tags=["tenant"])

WebhookId = Annotated[str, Path(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=64)]


class NewWebhook(BaseModel):
    """Where events go, and which."""

    url: str = Field(
        min_length=1, max_length=2_000, examples=["https://hooks.invalid/podion"], description="http or https"
    )
    types: list[str] = Field(
        default_factory=list, max_length=100, description="types of events; none: all", examples=[[]]
    )


class Rotation(BaseModel):
    """How long messages are signed with the old secret too."""

    overlap_seconds: int = Field(default=86_400, ge=0, le=30 * 86_400)


class WebhookOut(BaseModel):
    """An endpoint, without its secret."""

    id: str
    url: str
    types: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None


class WebhookWithSecret(WebhookOut):
    """An endpoint with its secret, shown this once."""

    secret: str | None


class DeliveryOut(BaseModel):
    """An event on its way to an endpoint: `pending`, `delivered` or `dead`, and what the endpoint said last."""

    id: str
    webhook: str
    event: str = Field(description="the message's `webhook-id`, the same in every attempt")
    type: str
    state: str
    attempts: int
    next_at: datetime | None
    created_at: datetime
    last_at: datetime | None
    last_status: int | None
    last_answer: str | None


@router.post("/v1/webhooks", status_code=201, response_model=WebhookWithSecret)
async def create_webhook(request: Request, identity: AdminKey, body: NewWebhook) -> JSONResponse:
    """Name an endpoint that the tenant's events are sent to; its secret is shown once."""
    services = services_of(request)
    unknown = sorted(set(body.types) - known_types(services.catalogue))
    if unknown:
        known = ", ".join(sorted(known_types(services.catalogue))) or "none"
        raise DataError(f"no vertical here tells {unknown[0]!r} (known: {known})", code="unknown_type")
    url = await reachable(services.outbound, body.url)

    def effect(c: Connection) -> WebhookWithSecret:
        row = register(c, identity.tenant, url, tuple(dict.fromkeys(body.types)))
        audit.add(c, identity.tenant, identity.key, "webhook.create", row.id, {"url": url})
        return WebhookWithSecret(**_shape(row).model_dump(), secret=services.webhook_secrets.shown(row))

    return await once(request, identity.tenant, effect, secret="secret")


@router.get("/v1/webhooks")
async def list_webhooks(
    request: Request, identity: AdminKey, limit: Limit = 50, cursor: Cursor = None
) -> Page[WebhookOut]:
    """List the tenant's endpoints, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(lambda c: webhooks.page(c, identity.tenant, after, limit + 1))
    more = len(rows) > limit
    return Page(data=[_shape(row) for row in rows[:limit]], next=encode(rows[limit - 1].id) if more else None)


@router.get("/v1/webhooks/dead-letters")
async def list_dead_letters(
    request: Request, identity: AdminKey, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeliveryOut]:
    """List what could not be delivered to any of the tenant's endpoints, newest first; kept for 30 days."""
    return await _deliveries(request, identity.tenant, None, "dead", limit, cursor)


@router.post("/v1/webhooks/dead-letters/{delivery_id}:redeliver")
async def redeliver(request: Request, identity: AdminKey, delivery_id: DeliveryId) -> DeliveryOut:
    """Send a message again, as if for the first time; its `webhook-id` stays."""
    services = services_of(request)

    def write(c: Connection) -> DeliveryOut:
        row = deliveries.get(c, identity.tenant, delivery_id)
        webhook = webhooks.get(c, identity.tenant, row.webhook) if row else None
        if row is None or webhook is None:
            raise NotFound("no delivery has this id: GET /v1/webhooks/dead-letters lists those that are dead")
        if webhook.disabled_at is not None:
            raise Conflict(f"endpoint {webhook.id} is disabled ({webhook.disabled_why}): make another", code="disabled")
        again = deliveries.redeliver(c, identity.tenant, delivery_id)
        event = events.get(c, identity.tenant, row.event)
        assert again is not None and event is not None
        return _shape_delivery(again, event)

    shown = await services.database.write(write)
    services.outbox.bell.ring()
    return shown


@router.get("/v1/webhooks/{webhook_id}")
async def get_webhook(request: Request, identity: AdminKey, webhook_id: WebhookId) -> WebhookOut:
    """Return an endpoint."""
    return _shape(await services_of(request).database.read(lambda c: _webhook(c, identity.tenant, webhook_id)))


@router.delete("/v1/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(request: Request, identity: AdminKey, webhook_id: WebhookId) -> Response:
    """Remove an endpoint, with all that waits for it."""

    def write(c: Connection) -> None:
        _webhook(c, identity.tenant, webhook_id)
        webhooks.remove(c, identity.tenant, webhook_id)
        audit.add(c, identity.tenant, identity.key, "webhook.delete", webhook_id)

    await services_of(request).database.write(write)
    return Response(status_code=204)


@router.post("/v1/webhooks/{webhook_id}:test", status_code=201, response_model=DeliveryOut)
async def test_webhook(request: Request, identity: AdminKey, webhook_id: WebhookId) -> JSONResponse:
    """Send a message of type `podion.test` to one endpoint; `…/deliveries` tells what it answered."""
    services = services_of(request)

    def effect(c: Connection) -> DeliveryOut:
        row = _webhook(c, identity.tenant, webhook_id)
        if row.disabled_at is not None:
            raise Conflict(f"endpoint {row.id} is disabled ({row.disabled_why}): make another", code="disabled")
        return _shape_delivery(*send_test(c, row))

    answer = await once(request, identity.tenant, effect)
    services.outbox.bell.ring()
    return answer


@router.post("/v1/webhooks/{webhook_id}:rotate", status_code=201, response_model=WebhookWithSecret)
async def rotate_secret(request: Request, identity: AdminKey, webhook_id: WebhookId, body: Rotation) -> JSONResponse:
    """Give an endpoint a new secret, shown once; for the overlap messages are signed with both."""
    services = services_of(request)

    def effect(c: Connection) -> WebhookWithSecret:
        _webhook(c, identity.tenant, webhook_id)
        row = webhooks.rotate(c, identity.tenant, webhook_id, body.overlap_seconds)
        assert row is not None
        audit.add(c, identity.tenant, identity.key, "webhook.rotate", webhook_id)
        return WebhookWithSecret(**_shape(row).model_dump(), secret=services.webhook_secrets.shown(row))

    return await once(request, identity.tenant, effect, secret="secret")


@router.get("/v1/webhooks/{webhook_id}/deliveries")
async def list_deliveries(
    request: Request, identity: AdminKey, webhook_id: WebhookId, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeliveryOut]:
    """List what was and is to be sent to an endpoint, newest first; what arrived is kept for 7 days."""
    await services_of(request).database.read(lambda c: _webhook(c, identity.tenant, webhook_id))
    return await _deliveries(request, identity.tenant, webhook_id, None, limit, cursor)


async def _deliveries(
    request: Request, tenant: str, webhook: str | None, state: Any, limit: int, cursor: str | None
) -> Page[DeliveryOut]:
    after = decode(cursor)

    def read(c: Connection) -> tuple[list[DeliveryRow], dict[int, EventRow]]:
        rows = deliveries.page(c, tenant, webhook, state, after, limit + 1)
        return rows, events.of_sequences(c, tenant, [row.event for row in rows])

    rows, told = await services_of(request).database.read(read)
    more = len(rows) > limit
    shown = [_shape_delivery(row, told[row.event]) for row in rows[:limit]]
    return Page(data=shown, next=encode(rows[limit - 1].id) if more else None)


def _webhook(c: Connection, tenant: str, webhook_id: str) -> WebhookRow:
    row = webhooks.get(c, tenant, webhook_id)
    if row is None:
        raise NotFound("no endpoint has this id: GET /v1/webhooks lists those there are")
    return row


def _shape(row: WebhookRow) -> WebhookOut:
    return WebhookOut(
        id=row.id,
        url=row.url,
        types=list(row.types),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_why=row.disabled_why,
    )


def _shape_delivery(row: DeliveryRow, event: EventRow) -> DeliveryOut:
    return DeliveryOut(
        id=row.id,
        webhook=row.webhook,
        event=event.id,
        type=event.type,
        state=row.state,
        attempts=row.attempts,
        next_at=row.due_at if row.state == "pending" else None,
        created_at=row.created_at,
        last_at=row.last_at,
        last_status=row.last_status,
        last_answer=row.last_answer,
    )
