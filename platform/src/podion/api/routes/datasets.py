"""A vertical's datasets: uploads in, a report with every refusal out."""

import asyncio
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from podion.api.access import HostCaller
from podion.api.idempotency import once
from podion.api.inputs import Dropped, Renamed, TaskName, task_of
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import Services, services_of
from podion.api.uploads import UPLOAD, receive
from podion.caller import requires
from podion.data.columns import renames
from podion.errors import DataError, NotFound
from podion.lifecycle.uploads import Upload, keep, prepare
from podion.storage import datasets
from podion.storage.cursors import encode
from podion.storage.datasets import DatasetRow
from podion.vertical import Vertical

DatasetId = Annotated[str, Path(max_length=100)]


class RefusalOut(BaseModel):
    """A row that was refused: where and why."""

    line: int
    field: str | None
    reason: str


class DatasetOut(BaseModel):
    """An immutable dataset version and what was found while reading it."""

    id: str
    task: str
    digest: str
    parent: str | None = Field(description="the version that this one extends")
    rows: int = Field(description="records in this version")
    labels: dict[str, int]
    report: dict[str, Any] = Field(description="what was read, kept, refused, doubled; conflicts and warnings")
    errors: list[RefusalOut] = Field(description="the first refusals; all of them under /errors")
    created_at: datetime


class Grow(BaseModel):
    """What to add to a dataset version."""

    feedback: bool = Field(default=True, description="add the tenant's corrected predictions")


def datasets_router(vertical: Vertical) -> APIRouter:
    """Return the dataset routes of one vertical."""
    router = APIRouter(dependencies=[requires("data")])

    @router.post("/datasets", status_code=201, response_model=DatasetOut, openapi_extra=UPLOAD)
    async def upload_dataset(
        request: Request,
        caller: HostCaller,
        task: TaskName,
        extends: Annotated[str | None, Query(max_length=100, description="a version whose rows come first")] = None,
        map: Renamed = [],  # noqa: B006
        drop: Dropped = [],  # noqa: B006
    ) -> JSONResponse:
        """Upload records as CSV or JSONL, plain or gzip, as the body or as the form field `file`."""
        services = services_of(request)
        declared = task_of(vertical, task)
        with services.files.staging() as staging:
            body = staging / "upload"
            digest = await receive(request, body, services.settings.upload_limit_mb << 20)
            upload = Upload(
                tenant=caller.tenant,
                vertical=vertical,
                task=declared,
                source=body,
                extends=extends,
                rename=renames(map),
                drop=frozenset(drop),
                actor=caller.actor,
            )
            return await _answer(request, services, upload, staging, f"{digest}?{request.url.query}")

    @router.post("/datasets/{dataset_id}:grow", status_code=201, response_model=DatasetOut)
    async def grow_dataset(request: Request, caller: HostCaller, dataset_id: DatasetId, body: Grow) -> JSONResponse:
        """Make a new version: this one's rows and the tenant's feedback, a correction in place of what it corrects."""
        services = services_of(request)
        row = await _dataset(services, caller.tenant, vertical, dataset_id)
        declared = task_of(vertical, row.task.partition("/")[2])
        with services.files.staging() as staging:
            upload = Upload(
                tenant=caller.tenant,
                vertical=vertical,
                task=declared,
                source=None,
                extends=row.id,
                rename={},
                drop=frozenset(),
                actor=caller.actor,
                feedback=body.feedback,
            )
            return await _answer(request, services, upload, staging, None)

    @router.get("/datasets")
    async def list_datasets(
        request: Request, caller: HostCaller, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[DatasetOut]:
        """List the tenant's dataset versions, newest first."""
        after = decode(cursor)
        rows = await services_of(request).database.read(
            lambda c: datasets.page(c, caller.tenant, f"{vertical.name}/", after, limit + 1)
        )
        return page(rows, limit, shape, lambda row: row.id)

    @router.get("/datasets/{dataset_id}")
    async def get_dataset(request: Request, caller: HostCaller, dataset_id: DatasetId) -> DatasetOut:
        """Return a dataset version with its report."""
        return shape(await _dataset(services_of(request), caller.tenant, vertical, dataset_id))

    @router.get("/datasets/{dataset_id}/errors")
    async def list_dataset_errors(
        request: Request, caller: HostCaller, dataset_id: DatasetId, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[RefusalOut]:
        """List the refused rows with line, field and reason (the first 1,000 of them)."""
        services = services_of(request)
        row = await _dataset(services, caller.tenant, vertical, dataset_id)
        after = _line(decode(cursor))
        refusals = await services.database.read(
            lambda c: datasets.page_refusals(c, caller.tenant, row.id, after, limit)
        )
        shown = [RefusalOut(line=r.line, field=r.field, reason=r.reason) for r in refusals]
        return Page(data=shown, next=encode(str(shown[-1].line)) if len(shown) >= limit else None)

    return router


def shape(row: DatasetRow) -> DatasetOut:
    """Return what clients see of a dataset version."""
    report = {name: value for name, value in row.report.items() if name != "first_refusals"}
    errors = [RefusalOut(**refusal) for refusal in row.report.get("first_refusals", ())]
    return DatasetOut(
        id=row.id,
        task=row.task,
        digest=row.digest,
        parent=row.parent,
        rows=row.rows,
        labels=row.labels,
        report=report,
        errors=errors,
        created_at=row.created_at,
    )


async def _answer(
    request: Request, services: Services, upload: Upload, staging: FilePath, digest: str | None
) -> JSONResponse:
    prepared = await asyncio.to_thread(prepare, upload, services.database, services.files, services.settings, staging)

    def effect(c: Any) -> DatasetOut:
        return shape(keep(c, services.files, prepared))

    response = await once(request, upload.tenant, effect, body_digest=digest)
    services.predictor.prepare(upload.tenant, upload.vertical, upload.task)
    return response


def _line(position: str | None) -> int:
    if position is None:
        return 0
    if not position.isdigit() or len(position) > 9:
        raise DataError("the cursor is not one that this server gave", code="bad_cursor")
    return int(position)


async def _dataset(services: Services, tenant: str, vertical: Vertical, dataset_id: str) -> DatasetRow:
    row = await services.database.read(lambda c: datasets.get(c, tenant, dataset_id))
    if row is None or row.task.partition("/")[0] != vertical.name:
        raise NotFound("no dataset has this id: GET …/datasets lists those there are")
    return row
