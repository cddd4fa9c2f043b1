"""Jobs that verticals leave for later, in the durable queue: due at a time, one at a time, and gone once they are done.

A job's subject is `<vertical>/<job>`. What has failed for good stays, so that it can be seen.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, update

from podion.storage import jobs as queue
from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.jobs import JobRow
from podion.storage.rows import many, newest_by_id, one
from podion.storage.tables import jobs

KIND = "job"


def add_once(
    connection: Connection,
    tenant: str,
    subject: str,
    payload: Mapping[str, Any],
    *,
    due_at: datetime,
    max_attempts: int,
) -> JobRow:
    """Add a job and return it; where an equal one waits, that is returned, due at the earlier of the two times."""
    digest = hashlib.sha256(json.dumps([subject, payload], sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
    waits = (jobs.c.tenant == tenant, jobs.c.digest == digest, jobs.c.kind == KIND, jobs.c.state == "queued")
    found = one(JobRow, connection.execute(select(jobs).where(*waits).limit(1)))
    if found is None:
        row = JobRow(
            id=new_id(KIND),
            tenant=tenant,
            kind=KIND,
            subject=subject,
            payload=dict(payload),
            max_attempts=max_attempts,
            not_before=due_at,
            digest=digest,
        )
        queue.insert(connection, row)
        return row
    if found.attempts == 0 and found.not_before is not None and due_at < found.not_before:
        connection.execute(update(jobs).where(jobs.c.id == found.id).values(not_before=due_at))
    return found


def any_due(connection: Connection, subjects: Sequence[str]) -> bool:
    """Return whether a job of these subjects waits and is due, or was left by a worker that is gone."""
    time = now()
    open_ = and_(jobs.c.state.in_(("queued", "running")), jobs.c.kind == KIND, jobs.c.subject.in_(subjects))
    ready = or_(and_(jobs.c.state == "queued", jobs.c.not_before <= time), jobs.c.lease_until < time)
    return connection.execute(select(jobs.c.id).where(open_, ready).limit(1)).first() is not None


def claim(connection: Connection, subjects: Sequence[str], worker: str, lease_seconds: float) -> JobRow | None:
    """Take the next job of these subjects that is due, or return None; of a tenant and subject only one runs."""
    other = jobs.alias("running")
    same = (other.c.tenant == jobs.c.tenant, other.c.subject == jobs.c.subject, other.c.id != jobs.c.id)
    runs = exists(select(other.c.id).where(other.c.state == "running", other.c.kind == KIND, *same))
    conditions: list[ColumnElement[bool]] = [
        jobs.c.subject.in_(subjects),
        or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now()),
        ~runs,
    ]
    return queue.claim(connection, (KIND,), worker, lease_seconds, conditions)


def hold(connection: Connection, worker: str, held: Mapping[str, int], lease_seconds: float) -> set[str]:
    """Prolong the leases of jobs by id and fence, and return the ids of those that are still the worker's."""
    until = now() + timedelta(seconds=lease_seconds)
    mine = update(jobs).where(jobs.c.id.in_(held), jobs.c.state == "running", jobs.c.worker == worker)
    rows = connection.execute(mine.values(lease_until=until).returning(jobs.c.id, jobs.c.fence))
    return {id for id, fence in rows if held[id] == fence}


def done(connection: Connection, job: str, fence: int) -> bool:
    """Remove a job that was done; return False, changing nothing, when the fence is stale."""
    mine = (jobs.c.id == job, jobs.c.fence == fence, jobs.c.state == "running")
    return connection.execute(delete(jobs).where(*mine)).rowcount == 1


def page(
    connection: Connection,
    tenant: str | None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[JobRow]:
    """Return a tenant's jobs, or with None everybody's, newest first; `after` is the last id of the page before."""
    mine = [jobs.c.kind == KIND]
    if tenant is not None:
        mine.append(jobs.c.tenant == tenant)
    if state is not None:
        mine.append(jobs.c.state == state)
    return newest_by_id(JobRow, connection, jobs, mine, after, limit)


def waiting(connection: Connection, tenant: str, subject: str) -> list[JobRow]:
    """Return the jobs of a tenant's subject that have not ended, oldest first."""
    mine = (jobs.c.tenant == tenant, jobs.c.kind == KIND, jobs.c.subject == subject, jobs.c.ended_at.is_(None))
    return many(JobRow, connection.execute(select(jobs).where(*mine).order_by(jobs.c.id)))


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many jobs there are by subject and state, of every tenant."""
    query = select(jobs.c.subject, jobs.c.state, func.count()).where(
        jobs.c.state.in_(("queued", "running", "failed")), jobs.c.kind == KIND
    )
    rows = connection.execute(query.group_by(jobs.c.subject, jobs.c.state))
    return {(subject, state): number for subject, state, number in rows}


def forget_failed(connection: Connection, before: datetime) -> int:
    """Remove every tenant's jobs that failed for good before then; return how many."""
    over = (jobs.c.kind == KIND, jobs.c.state.in_(("failed", "cancelled")), jobs.c.ended_at < before)
    return connection.execute(delete(jobs).where(*over)).rowcount
