"""What verticals do in the background: what waits, what runs, what failed for good."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from podion.api.access import DataKey, Operator
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import services_of
from podion.storage import background_jobs
from podion.storage.jobs import JobRow

router = APIRouter()

State = Annotated[Literal["queued", "running", "failed"] | None, Query(description="only those; default: all")]


class JobOut(BaseModel):
    """A job of a vertical; one that was done is not kept, one that failed for good is for 30 days."""

    id: str
    vertical: str
    job: str
    state: str
    attempts: int
    max_attempts: int
    error: dict[str, Any] | None = Field(description="what the latest attempt failed with")
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class TenantJobOut(JobOut):
    """A job, and whose it is. Its error is told by its code: its words are the tenant's."""

    tenant: str


@router.get("/v1/jobs", tags=["tenant"])
async def list_jobs(
    request: Request, identity: DataKey, state: State = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[JobOut]:
    """List what verticals do for the tenant in the background, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(
        lambda c: background_jobs.page(c, identity.tenant, state, after, limit + 1)
    )
    return page(rows, limit, _shape, lambda row: row.id)


@router.get("/v1/admin/jobs", tags=["operator"])
async def list_every_job(
    request: Request, operator: Operator, state: State = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[TenantJobOut]:
    """List the background jobs of every tenant, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(lambda c: background_jobs.page(c, None, state, after, limit + 1))
    return page(rows, limit, _shape_for_operator, lambda row: row.id)


def _shape(row: JobRow) -> JobOut:
    vertical, _, job = row.subject.partition("/")
    return JobOut(
        id=row.id,
        vertical=vertical,
        job=job,
        state=row.state,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        error=row.error,
        due_at=row.not_before if row.state == "queued" else None,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _shape_for_operator(row: JobRow) -> TenantJobOut:
    shown = _shape(row)
    error = {"code": row.error["code"]} if row.error else None
    return TenantJobOut(**{**shown.model_dump(), "error": error}, tenant=row.tenant)
