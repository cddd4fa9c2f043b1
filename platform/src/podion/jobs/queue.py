"""Jobs as those see them who order them and those who do them."""

import threading
from collections.abc import Mapping
from typing import Any

from podion.storage import jobs
from podion.storage.database import Connection, Database
from podion.storage.ids import new_id
from podion.storage.jobs import EndState, EventRow, JobRow

MAX_ATTEMPTS = 5
LEASE_SECONDS = 15.0


class LostLease(Exception):
    """The job is not ours any more: it was ended, or claimed by another worker. Publish nothing."""


class Cancelled(Exception):
    """The tenant asked for this job to stop."""


def enqueue(
    connection: Connection,
    tenant: str,
    kind: str,
    subject: str,
    payload: Mapping[str, Any],
    *,
    max_attempts: int = MAX_ATTEMPTS,
) -> JobRow:
    """Return a new job; it starts once the transaction is committed. Its id begins with its kind, as `run_01J…`."""
    row = JobRow(
        id=new_id(kind), tenant=tenant, kind=kind, subject=subject, payload=dict(payload), max_attempts=max_attempts
    )
    jobs.insert(connection, row)
    return row


def request_cancel(connection: Connection, tenant: str, job: str) -> JobRow | None:
    """Cancel a job that waits, or ask a running one to stop, and return it; None when the tenant has no such job."""
    return jobs.request_cancel(connection, tenant, job)


class Lease:
    """A claimed job in the hands of the one who does it. Usable from several threads."""

    def __init__(self, database: Database, job: JobRow, lease_seconds: float = LEASE_SECONDS) -> None:
        self.job = job
        self.fence = job.fence
        self.lease_seconds = lease_seconds
        self._database = database
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._note(job)

    @property
    def cancelled(self) -> bool:
        """Whether the tenant asked for the job to stop, as of the last look."""
        return self._cancelled.is_set()

    @property
    def lost(self) -> bool:
        """Whether the job is someone else's by now, as of the last look."""
        return self._lost.is_set()

    def check(self) -> None:
        """Return when there is reason to go on; raises `LostLease` or `Cancelled`. Costs nothing: call it often."""
        if self.lost:
            raise self._loss()
        if self.cancelled:
            raise Cancelled(f"{self.job.id} was cancelled")

    def look(self) -> None:
        """Read whether the job is still ours and whether it shall stop."""
        with self._database.reading() as connection:
            row = jobs.get(connection, self.job.tenant, self.job.id)
        self._note(row if row is not None and row.state == "running" and row.fence == self.fence else None)

    def heartbeat(self) -> None:
        """Prolong the lease, and look."""
        with self._database.writing() as connection:
            row = jobs.heartbeat(connection, self.job.id, self.fence, self.lease_seconds)
        self._note(row)

    def emit(self, data: Mapping[str, Any]) -> EventRow:
        """Append to the job's events, durably, and return the event; raises `LostLease`."""
        with self._database.writing() as connection:
            event = jobs.add_event(connection, self.job.tenant, self.job.id, data, self.fence)
        if event is None:
            raise self._loss()
        return event

    def checkpoint(self, connection: Connection, data: Mapping[str, Any]) -> None:
        """Say how far the job is, in the transaction of what got it there; raises `LostLease`, which undoes both.

        Who claims the job after this one finds it as `job.progress`.
        """
        if not jobs.set_progress(connection, self.job.id, self.fence, data):
            raise self._loss()

    def finish(self, connection: Connection, result: Mapping[str, Any]) -> None:
        """End the job as succeeded, in the transaction of its effects; raises `LostLease`, which undoes them."""
        self._end(connection, "succeeded", result=result)

    def fail(self, connection: Connection, code: str, detail: str) -> None:
        """End the job as failed; raises `LostLease`."""
        self._end(connection, "failed", error={"code": code, "detail": detail})

    def cancel(self, connection: Connection) -> None:
        """End the job as cancelled; raises `LostLease`."""
        self._end(connection, "cancelled")

    def _end(self, connection: Connection, state: EndState, **outcome: Mapping[str, Any]) -> None:
        if not jobs.finish(connection, self.job.id, self.fence, state, **outcome):
            raise self._loss()

    def _loss(self) -> LostLease:
        self._lost.set()
        return LostLease(f"{self.job.id} is not held under fence {self.fence} any more")

    def _note(self, row: JobRow | None) -> None:
        if row is None:
            self._lost.set()
        elif row.cancel_requested:
            self._cancelled.set()
