"""A vertical's adapters: listed, shown, taken home."""

import asyncio
import io
import zipfile
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from podion.api.access import HostCaller
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import Services, services_of
from podion.caller import requires
from podion.errors import NotFound
from podion.lifecycle.intact import intact_adapter
from podion.storage import adapters
from podion.storage.adapters import AdapterRow
from podion.storage.files import Files
from podion.vertical import Vertical

AdapterId = Annotated[str, Path(max_length=100)]
_EPOCH = (1980, 1, 1, 0, 0, 0)


class AdapterOut(BaseModel):
    """An adapter version: how it was made and how it measured."""

    id: str
    task: str
    run: str | None
    method: str
    base: str
    fingerprint: str
    metrics: dict[str, Any]
    created_at: datetime


def adapters_router(vertical: Vertical) -> APIRouter:
    """Return the adapter routes of one vertical."""
    router = APIRouter(dependencies=[requires("train")])

    @router.get("/adapters")
    async def list_adapters(
        request: Request, caller: HostCaller, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[AdapterOut]:
        """List the tenant's adapter versions, newest first."""
        after = decode(cursor)
        rows = await services_of(request).database.read(
            lambda c: adapters.page(c, caller.tenant, f"{vertical.name}/", after, limit + 1)
        )
        return page(rows, limit, _shape, lambda row: row.id)

    @router.get("/adapters/{adapter_id}")
    async def get_adapter(request: Request, caller: HostCaller, adapter_id: AdapterId) -> AdapterOut:
        """Return an adapter version with its metrics."""
        return _shape(await _adapter(services_of(request), caller.tenant, vertical, adapter_id))

    @router.get(
        "/adapters/{adapter_id}/export",
        response_class=Response,
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def export_adapter(request: Request, caller: HostCaller, adapter_id: AdapterId) -> Response:
        """Return the adapter as a zip: plain PEFT files where there are any, head, label space, calibration, card."""
        services = services_of(request)
        row = await _adapter(services, caller.tenant, vertical, adapter_id)
        body = await asyncio.to_thread(_zipped, services.files, caller.tenant, row.id)
        name = f"{row.task.replace('/', '-')}-{row.id[:12]}.zip"
        return Response(
            body, media_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    return router


def _zipped(files: Files, tenant: str, adapter: str) -> bytes:
    folder = intact_adapter(files, tenant, adapter)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, _EPOCH), path.read_bytes())
    return buffer.getvalue()


async def _adapter(services: Services, tenant: str, vertical: Vertical, adapter_id: str) -> AdapterRow:
    row = await services.database.read(lambda c: adapters.get(c, tenant, adapter_id))
    if row is None or row.task.partition("/")[0] != vertical.name:
        raise NotFound("no adapter has this id: GET …/adapters lists those there are")
    return row


def _shape(row: AdapterRow) -> AdapterOut:
    return AdapterOut(
        id=row.id,
        task=row.task,
        run=row.run,
        method=row.method,
        base=row.base,
        fingerprint=row.fingerprint,
        metrics=row.metrics,
        created_at=row.created_at,
    )
