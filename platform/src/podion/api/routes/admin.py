"""The operator's routes: tenants and plugins."""

import asyncio
import logging
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from podion.api.access import Operator
from podion.api.idempotency import once
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.routes.keys import KeyWithSecret, NewKey, with_secret
from podion.api.services import services_of
from podion.errors import NotFound, Unavailable
from podion.storage import audit, tenants
from podion.storage.enablements import put
from podion.storage.tenants import TenantRow
from podion.tenancy.keys import issue
from podion.tenancy.tenants import create
from podion.vertical import config_defaults

log = logging.getLogger("podion.api")

router = APIRouter(prefix="/v1/admin", tags=["operator"])

TenantId = Annotated[str, Path(max_length=64)]
OPERATOR_SPACE = "operator"
"""The owner of the operator's idempotency keys, which belong to no tenant."""


class NewTenant(BaseModel):
    """A tenant's name, and the verticals it starts with."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["acme-bank"])
    enable: list[str] = Field(default_factory=list, max_length=64, examples=[["customer_service"]])


class TenantOut(BaseModel):
    """A tenant."""

    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None


class TenantWithKey(TenantOut):
    """A new tenant with its first key, shown this once."""

    key_id: str
    key: str | None


class PluginOut(BaseModel):
    """An installed plugin: ready, or quarantined and why."""

    name: str
    distribution: str
    version: str
    state: str
    phase: str
    error: str | None
    hint: str | None


class PluginList(BaseModel):
    """Every plugin that was found."""

    data: list[PluginOut]
    next: None = None


@router.post("/tenants", status_code=201, response_model=TenantWithKey)
async def create_tenant(request: Request, operator: Operator, body: NewTenant) -> JSONResponse:
    """Make a tenant with a first key that may do everything for it."""
    catalogue = services_of(request).catalogue
    verticals = [catalogue.vertical(name) for name in body.enable]

    def effect(c: Any) -> TenantWithKey:
        row, key, secret = create(c, body.name)
        for vertical in verticals:
            put(c, row.id, vertical.name, config_defaults(vertical))
        audit.add(c, row.id, operator, "tenant.create", row.id, {"name": row.name})
        return TenantWithKey(**_shape(row).model_dump(), key_id=key.id, key=secret)

    return await once(request, OPERATOR_SPACE, effect, secret="key")


@router.get("/tenants")
async def list_tenants(
    request: Request, operator: Operator, limit: Limit = 50, cursor: Cursor = None
) -> Page[TenantOut]:
    """List tenants, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(lambda c: tenants.page(c, after, limit + 1))
    return page(rows, limit, _shape, lambda row: row.id)


@router.post("/tenants/{tenant_id}:disable")
async def disable_tenant(request: Request, operator: Operator, tenant_id: TenantId) -> TenantOut:
    """Refuse every key of a tenant from now on; its data stays."""
    return await _change(request, operator, tenant_id, "tenant.disable")


@router.post("/tenants/{tenant_id}:enable")
async def enable_tenant(request: Request, operator: Operator, tenant_id: TenantId) -> TenantOut:
    """Let a disabled tenant in again."""
    return await _change(request, operator, tenant_id, "tenant.enable")


@router.delete("/tenants/{tenant_id}", status_code=204)
async def delete_tenant(request: Request, operator: Operator, tenant_id: TenantId) -> Response:
    """Remove a tenant: every row, every file."""
    services = services_of(request)

    def write(c: Any) -> None:
        if tenants.get(c, tenant_id) is None:
            raise NotFound("no tenant has this id: GET /v1/admin/tenants lists those there are")
        tenants.delete(c, tenant_id)

    await services.database.write(write)
    request.app.state.gatekeeper.forget(tenant_id)
    services.files.delete_tenant(tenant_id)
    try:
        await asyncio.to_thread(services.database.wipe)
    except Unavailable as error:
        log.warning("%s is deleted; its rows stay in the write-ahead log until the server ends: %s", tenant_id, error)
    return Response(status_code=204)


@router.post("/tenants/{tenant_id}/keys", status_code=201, response_model=KeyWithSecret)
async def create_tenant_key(request: Request, operator: Operator, tenant_id: TenantId, body: NewKey) -> JSONResponse:
    """Make a key for a tenant that has lost its own."""

    def effect(c: Any) -> KeyWithSecret:
        if tenants.get(c, tenant_id) is None:
            raise NotFound("no tenant has this id: GET /v1/admin/tenants lists those there are")
        row, secret = issue(c, tenant_id, tuple(body.scopes), body.label, body.expires_at)
        audit.add(c, tenant_id, operator, "key.create", row.id)
        return with_secret(row, secret)

    return await once(request, OPERATOR_SPACE, effect, secret="key")


@router.get("/plugins")
async def list_plugins(request: Request, operator: Operator) -> PluginList:
    """List the plugins that were found at start, with what went wrong in those that are quarantined."""
    wanted = PluginOut.model_fields
    records = (asdict(record) for record in services_of(request).catalogue.plugins)
    return PluginList(data=[PluginOut(**{k: v for k, v in r.items() if k in wanted}) for r in records])


async def _change(request: Request, operator: str, tenant_id: str, action: str) -> TenantOut:
    change = tenants.disable if action == "tenant.disable" else tenants.enable

    def write(c: Any) -> TenantRow:
        if tenants.get(c, tenant_id) is None:
            raise NotFound("no tenant has this id: GET /v1/admin/tenants lists those there are")
        change(c, tenant_id)
        audit.add(c, tenant_id, operator, action, tenant_id)
        row = tenants.get(c, tenant_id)
        assert row is not None
        return row

    row = await services_of(request).database.write(write)
    request.app.state.gatekeeper.forget(tenant_id)
    return _shape(row)


def _shape(row: TenantRow) -> TenantOut:
    return TenantOut(id=row.id, name=row.name, created_at=row.created_at, disabled_at=row.disabled_at)
