"""Bulk jobs: a file of records in, a file of answers out. What a tenant orders, reads and has deleted.

A job's folder holds the file as it was sent, until the job ends, and its answers, for a week after.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from podion.data.reading import Limits
from podion.errors import DataError, QuotaExceeded
from podion.jobs.queue import enqueue
from podion.lifecycle.batch_rows import batch_rows
from podion.settings import Settings
from podion.storage import audit, jobs
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.jobs import JobRow
from podion.vertical import Task, Vertical

KIND = "batch"
SENT = "sent"
ANSWERS = "answers.jsonl"

KEPT = timedelta(days=7)
"""After a job has ended, its answers are there for so long."""

MOST_OPEN = 20
"""Jobs of one tenant that may wait or run."""

_SETTLING_SECONDS = 3600.0
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """A file of records that a tenant wants answered: `source` as it came in, columns to rename or leave out."""

    tenant: str
    vertical: Vertical
    task: Task
    source: Path
    rename: Mapping[str, str]
    drop: frozenset[str]
    actor: str

    @property
    def task_name(self) -> str:
        """The task's full name."""
        return f"{self.vertical.name}/{self.task.name}"


def limits_of(settings: Settings) -> Limits:
    """Return how large a file may be: as large as an upload of a dataset."""
    size = settings.upload_limit_mb << 20
    return Limits(upload_bytes=size, unpacked_bytes=size, rows=settings.upload_rows)


def count_rows(request: BatchRequest, settings: Settings) -> int:
    """Return how many rows a file has, after reading it once; raises `DataError` where none of them can be used.

    A row that cannot be used does not spoil the others: it has its reason in place of an answer.
    """
    rows = usable = 0
    seen: list[str] = []
    for row in batch_rows(request.source, request.task, limits_of(settings), request.rename, request.drop):
        rows += 1
        usable += row.record is not None
        if row.refusals and len(seen) < _SHOWN:
            seen.append(f"line {row.line}, {row.refusals[0].field or 'row'}: {row.refusals[0].reason}")
    if not usable:
        raise DataError(f"none of {rows} rows can be used: {'; '.join(seen)}", code="no_rows")
    return rows


def start(c: Connection, files: Files, request: BatchRequest, rows: int) -> JobRow:
    """Put the file into its place and queue the job; raises `QuotaExceeded` while 20 of the tenant's wait or run."""
    if jobs.count_open(c, request.tenant, KIND) >= MOST_OPEN:
        raise QuotaExceeded(
            f"{MOST_OPEN} bulk jobs of this tenant wait or run: wait until one has ended, or cancel one",
            code="too_many_batches",
            retry_after=60,
        )
    payload = {
        "task": request.task_name,
        "rows": rows,
        "rename": dict(request.rename),
        "drop": sorted(request.drop),
    }
    job = enqueue(c, request.tenant, KIND, request.task_name, payload)
    folder = request.source.with_name("folder")
    folder.mkdir(mode=0o700)
    request.source.rename(folder / SENT)
    files.publish(folder, files.batch(request.tenant, job.id))
    audit.add(c, request.tenant, request.actor, "batch.create", job.id, {"task": request.task_name, "rows": rows})
    return job


def progress_of(job: JobRow) -> dict[str, Any]:
    """Return how far a job is: rows done, answered and refused, bytes of answers, and what answers it."""
    return {"done": 0, "answered": 0, "refused": 0, "bytes": 0, "serving": None, **(job.progress or {})}


def expires_at(job: JobRow) -> datetime | None:
    """Return when a job's answers are deleted; None while it has not ended."""
    return job.ended_at + KEPT if job.ended_at else None


def answer_chunks(path: Path, size: int, chunk: int = 1 << 16) -> Iterator[bytes]:
    """Yield the first `size` bytes of a job's answers: what a killed worker wrote beyond them is none."""
    with path.open("rb") as source:
        while size > 0 and (read := source.read(min(chunk, size))):
            size -= len(read)
            yield read


def forget_sent(files: Files, job: JobRow) -> None:
    """Delete the file as it was sent, once the job has ended."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (files.batch(job.tenant, job.id) / SENT).unlink()


def sweep(database: Database, files: Files) -> int:
    """Delete what is no longer kept: answers a week after their job's end, files of jobs that are no more or ended.

    Returns how many folders went.
    """
    gone = 0
    for tenant, batch in files.batches():
        folder = files.batch(tenant, batch)
        with database.reading() as c:
            job = jobs.get(c, tenant, batch)
        end = expires_at(job) if job else None
        if job is not None and job.ended_at is not None:
            forget_sent(files, job)
        with suppress(FileNotFoundError, NotADirectoryError):
            orphan = job is None and folder.stat().st_mtime < time.time() - _SETTLING_SECONDS
            if orphan or (end is not None and end < datetime.now(UTC)):
                shutil.rmtree(folder)
                gone += 1
    return gone
