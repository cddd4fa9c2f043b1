"""A vertical's runs: started, watched, cancelled."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from podion.api.access import HostCaller
from podion.api.idempotency import once
from podion.api.inputs import task_of
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import Services, services_of
from podion.caller import requires
from podion.errors import NotFound
from podion.lifecycle.runs import KIND, RunRequest, check_method, start
from podion.storage import audit, jobs
from podion.storage.jobs import EventRow, JobRow
from podion.vertical import Method, Vertical

RunId = Annotated[str, Path(max_length=64)]
ENDED = ("succeeded", "failed", "cancelled")
_EVENT = {
    "type": "object",
    "description": "one event: `progress` with its data while the run goes on, `end` with the run when it is over",
    "properties": {"id": {"type": "string"}, "event": {"enum": ["progress", "end"]}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
_POLL_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 10.0


class NewRun(BaseModel):
    """What to fine-tune, on what, how."""

    task: str = Field(max_length=64, examples=["intent"])
    dataset: str = Field(max_length=100, examples=["dst_2f6c0d9e8b7a41f3a5c4d2e1b0"])
    method: str = Field(
        default=Method.AUTO,
        max_length=20,
        json_schema_extra={"enum": list(Method)},
        description="one that the task takes",
    )
    base: str | None = Field(default=None, max_length=200, description="default: the server's base")
    seed: int = Field(default=0, ge=0, lt=2**31)


class RunOut(BaseModel):
    """A run: its state, its progress and, at the end, its adapter and report."""

    id: str
    task: str
    dataset: str
    method: str
    base: str
    seed: int
    state: str
    progress: dict[str, Any] | None
    adapter: str | None
    report: dict[str, Any] | None
    error: dict[str, Any] | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def runs_router(vertical: Vertical) -> APIRouter:
    """Return the run routes of one vertical."""
    router = APIRouter(dependencies=[requires("train")])

    @router.post("/runs", status_code=201, response_model=RunOut)
    async def create_run(request: Request, caller: HostCaller, body: NewRun) -> JSONResponse:
        """Queue a fine-tune; watch it under `/runs/{id}/events`."""
        services = services_of(request)
        task = task_of(vertical, body.task)
        wanted = RunRequest(
            tenant=caller.tenant,
            vertical=vertical,
            task=task,
            dataset=body.dataset,
            method=check_method(f"{vertical.name}/{task.name}", task, body.method),
            base=body.base or services.settings.base,
            seed=body.seed,
            actor=caller.actor,
        )
        return await once(request, caller.tenant, lambda c: shape(start(c, wanted, services.settings)))

    @router.get("/runs")
    async def list_runs(request: Request, caller: HostCaller, limit: Limit = 50, cursor: Cursor = None) -> Page[RunOut]:
        """List the tenant's runs, newest first."""
        after = decode(cursor)
        rows = await services_of(request).database.read(
            lambda c: jobs.page(c, caller.tenant, KIND, f"{vertical.name}/", after, limit + 1)
        )
        return page(rows, limit, shape, lambda row: row.id)

    @router.get("/runs/{run_id}")
    async def get_run(request: Request, caller: HostCaller, run_id: RunId) -> RunOut:
        """Return a run."""
        return shape(await _run(services_of(request), caller.tenant, vertical, run_id))

    @router.get(
        "/runs/{run_id}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
    )
    async def stream_run_events(
        request: Request,
        caller: HostCaller,
        run_id: RunId,
        last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    ) -> StreamingResponse:
        """Stream the run's progress as server-sent events until it ends; `Last-Event-ID` goes on from there."""
        services = services_of(request)
        await _run(services, caller.tenant, vertical, run_id)
        after = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else 0
        stream = _events(request, services, caller.tenant, run_id, after)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @router.post("/runs/{run_id}:cancel")
    async def cancel_run(request: Request, caller: HostCaller, run_id: RunId) -> RunOut:
        """Ask a run to stop; one that has ended stays as it is."""
        services = services_of(request)
        await _run(services, caller.tenant, vertical, run_id)

        def write(c: Any) -> JobRow:
            jobs.request_cancel(c, caller.tenant, run_id)
            audit.add(c, caller.tenant, caller.actor, "run.cancel", run_id)
            row = jobs.get(c, caller.tenant, run_id)
            assert row is not None
            return row

        return shape(await services.database.write(write))

    return router


def shape(row: JobRow) -> RunOut:
    """Return what clients see of a run."""
    payload, result = row.payload, row.result or {}
    return RunOut(
        id=row.id,
        task=payload["task"],
        dataset=payload["dataset"],
        method=payload["method"],
        base=payload["base"],
        seed=payload["seed"],
        state=row.state,
        progress=row.progress,
        adapter=result.get("adapter"),
        report=result or None,
        error=row.error,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


async def _run(services: Services, tenant: str, vertical: Vertical, run_id: str) -> JobRow:
    row = await services.database.read(lambda c: jobs.get(c, tenant, run_id))
    if row is None or row.kind != KIND or row.subject.partition("/")[0] != vertical.name:
        raise NotFound("no run has this id: GET …/runs lists those there are")
    return row


async def _events(request: Request, services: Services, tenant: str, run_id: str, after: int) -> AsyncIterator[str]:
    quiet = 0.0
    while not await request.is_disconnected():
        rows, job = await services.database.read(partial(_look, tenant=tenant, run_id=run_id, after=after))
        for row in rows:
            after = row.sequence
            yield f"id: {row.sequence}\nevent: progress\ndata: {json.dumps(row.data)}\n\n"
        if job is None or (job.state in ENDED and not rows):
            if job is not None:
                yield f"event: end\ndata: {shape(job).model_dump_json()}\n\n"
            return
        quiet = 0.0 if rows else quiet + _POLL_SECONDS
        if quiet >= _KEEP_ALIVE_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(_POLL_SECONDS)


def _look(c: Connection, *, tenant: str, run_id: str, after: int) -> tuple[list[EventRow], JobRow | None]:
    return jobs.events_after(c, tenant, run_id, after, 200), jobs.get(c, tenant, run_id)
