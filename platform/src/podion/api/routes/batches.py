"""A vertical's bulk jobs: a file of records in, a file of answers out."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from podion.api.access import HostCaller
from podion.api.idempotency import once
from podion.api.inputs import Dropped, Renamed, TaskName, task_of
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import Services, services_of
from podion.api.uploads import UPLOAD, receive
from podion.caller import requires
from podion.data.columns import renames
from podion.errors import Conflict, NotFound
from podion.lifecycle.batches import (
    ANSWERS,
    KIND,
    BatchRequest,
    answer_chunks,
    count_rows,
    expires_at,
    forget_sent,
    progress_of,
    start,
)
from podion.storage import audit, jobs
from podion.storage.files import sync
from podion.storage.jobs import JobRow
from podion.vertical import Task, Vertical

BatchId = Annotated[str, Path(max_length=64)]
Form = Annotated[Literal["jsonl", "csv"], Query(description="one JSON object a line, or a table")]
_MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
_ROWS: dict[str, Any] = {"schema": {"type": "string"}}


class BatchRows(BaseModel):
    """How many rows the file has, and what became of them so far."""

    total: int
    done: int
    answered: int
    refused: int = Field(description="rows that have a reason in place of an answer")


class BatchOut(BaseModel):
    """A bulk job: how far it is, and how it ended."""

    id: str
    task: str
    state: str = Field(description="queued, running, succeeded, failed or cancelled")
    adapter: str | None = Field(description="what answers all of its rows: what served when it began")
    rows: BatchRows
    error: dict[str, Any] | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None = Field(description="when its answers are deleted")


def batches_router(vertical: Vertical) -> APIRouter:
    """Return the routes for bulk jobs of one vertical."""
    router = APIRouter(dependencies=[requires("predict")])

    @router.post("/predictions:batch", status_code=201, response_model=BatchOut, openapi_extra=UPLOAD)
    async def create_batch(
        request: Request,
        caller: HostCaller,
        task: TaskName,
        map: Renamed = [],  # noqa: B006
        drop: Dropped = [],  # noqa: B006
    ) -> JSONResponse:
        """Queue the records of a file, CSV or JSONL, plain or gzip, to be answered; watch it under `/batches/{id}`.

        A row that cannot be used has a reason in place of its answer; where none can, the file is refused. The file as
        sent is deleted when the job ends, its answers a week later.
        """
        services = services_of(request)
        declared = task_of(vertical, task)
        with services.files.staging() as staging:
            body = staging / "upload"
            digest = await receive(request, body, services.settings.upload_limit_mb << 20)
            wanted = BatchRequest(
                tenant=caller.tenant,
                vertical=vertical,
                task=declared,
                source=body,
                rename=renames(map),
                drop=frozenset(drop),
                actor=caller.actor,
            )
            rows = await asyncio.to_thread(count_rows, wanted, services.settings)
            # now, and not in the transaction, which every other writer waits for
            await asyncio.to_thread(sync, body)

            def effect(c: Any) -> BatchOut:
                return shape(start(c, services.files, wanted, rows))

            return await once(request, caller.tenant, effect, body_digest=f"{digest}?{request.url.query}")

    @router.get("/batches")
    async def list_batches(
        request: Request, caller: HostCaller, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[BatchOut]:
        """List the tenant's bulk jobs, newest first."""
        after = decode(cursor)
        rows = await services_of(request).database.read(
            lambda c: jobs.page(c, caller.tenant, KIND, f"{vertical.name}/", after, limit + 1)
        )
        return page(rows, limit, shape, lambda row: row.id)

    @router.get("/batches/{batch_id}")
    async def get_batch(request: Request, caller: HostCaller, batch_id: BatchId) -> BatchOut:
        """Return a bulk job with how far it is."""
        return shape(await _batch(services_of(request), caller.tenant, vertical, batch_id))

    @router.get(
        "/batches/{batch_id}/answers",
        response_class=StreamingResponse,
        responses={200: {"content": dict.fromkeys(_MEDIA.values(), _ROWS)}},
    )
    async def get_batch_answers(
        request: Request, caller: HostCaller, batch_id: BatchId, format: Form = "jsonl"
    ) -> StreamingResponse:
        """Send a line a row, in the order of the file, once the job has ended: its answer, or why it has none.

        Each line has the number of its row and the line where it begins, both from 1. Of a job that failed or was
        cancelled the rows that were answered until then are there.
        """
        services = services_of(request)
        job = await _batch(services, caller.tenant, vertical, batch_id)
        path = services.files.batch(job.tenant, job.id) / ANSWERS
        size = progress_of(job)["bytes"]
        if job.ended_at is None:
            raise Conflict(
                "the job has not ended: ask again when its state is succeeded", code="running", retry_after=2
            )
        if size and not path.is_file():
            raise NotFound("the answers of this job are not kept any more: they are for a week", code="expired")
        chunks = answer_chunks(path, size) if size else iter(())
        named = {"Content-Disposition": f'attachment; filename="{job.id}.{format}"', "Cache-Control": "no-store"}
        if format == "csv":
            chunks = _table(chunks, task_of(vertical, job.payload["task"].partition("/")[2]))
        else:
            named["Content-Length"] = str(size)
        return StreamingResponse(chunks, media_type=_MEDIA[format], headers=named)

    @router.post("/batches/{batch_id}:cancel")
    async def cancel_batch(request: Request, caller: HostCaller, batch_id: BatchId) -> BatchOut:
        """Ask a bulk job to stop; one that has ended stays as it is."""
        services = services_of(request)
        await _batch(services, caller.tenant, vertical, batch_id)

        def write(c: Any) -> JobRow:
            audit.add(c, caller.tenant, caller.actor, "batch.cancel", batch_id)
            row = jobs.request_cancel(c, caller.tenant, batch_id)
            assert row is not None
            return row

        row = await services.database.write(write)
        if row.ended_at is not None:
            forget_sent(services.files, row)
        return shape(row)

    return router


def shape(row: JobRow) -> BatchOut:
    """Return what clients see of a bulk job."""
    progress = progress_of(row)
    counts = {name: progress[name] for name in ("done", "answered", "refused")}
    return BatchOut(
        id=row.id,
        task=row.payload["task"],
        state=row.state,
        adapter=(progress["serving"] or {}).get("name"),
        rows=BatchRows(total=row.payload["rows"], **counts),
        error=row.error,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        expires_at=expires_at(row),
    )


def _table(chunks: Iterator[bytes], task: Task) -> Iterator[bytes]:
    """Yield lines of answers as a table: numbers and texts as they are, what holds several values as JSON."""
    fields = list(task.answer_schema.model_fields)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["row", "line", *fields, "error", "detail"])
    left = b""
    for chunk in chunks:
        *lines, left = (left + chunk).split(b"\n")
        for line in lines:
            held = json.loads(line)
            answer, error = held.get("answer", {}), held.get("error", {})
            cells = [_cell(answer.get(name)) for name in fields]
            writer.writerow([held["row"], held["line"], *cells, error.get("code", ""), error.get("detail", "")])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    if out.tell():
        yield out.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return json.dumps(value)
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


async def _batch(services: Services, tenant: str, vertical: Vertical, batch_id: str) -> JobRow:
    row = await services.database.read(lambda c: jobs.get(c, tenant, batch_id))
    if row is None or row.kind != KIND or row.subject.partition("/")[0] != vertical.name:
        raise NotFound("no bulk job has this id: GET …/batches lists those there are")
    return row
