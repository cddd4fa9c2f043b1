"""The durable queue: jobs are claimed under a lease, and every claim has a higher fence than the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update
from sqlalchemy import insert as insert_into

from podion.storage.clock import now
from podion.storage.rows import many, newest_by_creation, one, starts_with, values
from podion.storage.tables import job_events, jobs, tenants

MOST_CLAIMS = 50
"""Claims of a job after which the death of its worker counts as an attempt of its own."""

EndState = Literal["succeeded", "failed", "cancelled"]
JobState = Literal["queued", "running"] | EndState


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A unit of work. Only the holder of the current `fence` may end it; `progress` is the last event's data.

    `not_before` and `digest` (of the payload) are set for jobs that verticals leave for later.
    """

    id: str
    tenant: str
    kind: str
    subject: str
    state: JobState = "queued"
    payload: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    attempts: int = 0
    max_attempts: int = 5
    fence: int = 0
    worker: str | None = None
    lease_until: datetime | None = None
    cancel_requested: bool = False
    created_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    not_before: datetime | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """What a job said of itself; sequences of a job are 1, 2, 3 …"""

    sequence: int
    data: dict[str, Any]
    at: datetime


def insert(connection: Connection, row: JobRow) -> None:
    """Add a job."""
    connection.execute(insert_into(jobs).values(values(row)))


def get(connection: Connection, tenant: str, job: str) -> JobRow | None:
    """Return a job of the tenant."""
    return one(JobRow, connection.execute(select(jobs).where(jobs.c.tenant == tenant, jobs.c.id == job)))


def page(
    connection: Connection,
    tenant: str,
    kind: str | None = None,
    subject_prefix: str = "",
    after: str | None = None,
    limit: int = 100,
) -> list[JobRow]:
    """Return the tenant's jobs (of one kind, about subjects that start with `subject_prefix`), newest first."""
    mine = [jobs.c.tenant == tenant, starts_with(jobs.c.subject, subject_prefix)]
    if kind is not None:
        mine.append(jobs.c.kind == kind)
    return newest_by_creation(JobRow, connection, jobs, mine, after, limit)


def held(connection: Connection, job: str) -> JobRow | None:
    """Return a job whoever owns it. For workers, who know what they claimed."""
    return one(JobRow, connection.execute(select(jobs).where(jobs.c.id == job)))


def claim(
    connection: Connection,
    kinds: Sequence[str],
    worker: str,
    lease_seconds: float,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> JobRow | None:
    """Take the next job that waits, or whose lease ran out, or return None; its fence and attempts go up by one.

    Tenants take turns: the one that was served longest ago comes first, then the oldest job. Disabled tenants wait, and
    so do jobs that do not meet the `conditions`.
    """
    time = now()
    other = jobs.alias("other")
    last_served = select(func.max(other.c.started_at)).where(other.c.tenant == jobs.c.tenant).scalar_subquery()
    enabled = select(tenants.c.id).where(tenants.c.disabled_at.is_(None))
    again = and_(_abandoned(time), jobs.c.attempts < jobs.c.max_attempts)
    # The first condition looks redundant and lets the index pass over all that has ended.
    waits = and_(jobs.c.state.in_(("queued", "running")), or_(jobs.c.state == "queued", again))
    chosen = (
        select(jobs.c.id)
        .where(jobs.c.kind.in_(kinds), waits, ~jobs.c.cancel_requested, jobs.c.tenant.in_(enabled), *conditions)
        .order_by(last_served.asc().nulls_first(), jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = update(jobs).where(jobs.c.id == chosen).values(
        state="running",
        fence=jobs.c.fence + 1,
        attempts=jobs.c.attempts + 1,
        worker=worker,
        lease_until=time + timedelta(seconds=lease_seconds),
        started_at=func.coalesce(jobs.c.started_at, time),
    )  # fmt: skip
    return one(JobRow, connection.execute(taken.returning(jobs)))


def end_abandoned(connection: Connection, kinds: Sequence[str]) -> list[JobRow]:
    """End jobs whose lease ran out and that shall not be tried again, and return them: cancelled, or failed."""
    time = now()
    given_up = and_(jobs.c.kind.in_(kinds), _abandoned(time))
    spent = or_(jobs.c.cancel_requested, jobs.c.attempts >= jobs.c.max_attempts)
    error = {"code": "worker_lost", "detail": "The process that ran this job was lost in every attempt it had."}
    cancelled = update(jobs).where(given_up, jobs.c.cancel_requested).values(state="cancelled", **_ended(time))
    failed = update(jobs).where(given_up, spent).values(state="failed", error=error, **_ended(time))
    return [row for ending in (cancelled, failed) for row in many(JobRow, connection.execute(ending.returning(jobs)))]


def expire_leases(connection: Connection, kinds: Sequence[str]) -> int:
    """Give back every job that runs; return how many. For one who knows that the workers of before are dead.

    The attempt that ended with its worker does not count: a server may be killed more often than a job may fail. But a
    job that was claimed `MOST_CLAIMS` times may itself be what brings the server down, and waits for `end_abandoned`.
    """
    running = update(jobs).where(jobs.c.kind.in_(kinds), jobs.c.state == "running")
    back = running.where(jobs.c.fence < MOST_CLAIMS).values(_given_back(jobs.c.attempts - 1))
    late = running.values(lease_until=now() - timedelta(microseconds=1))
    return sum(connection.execute(ending).rowcount for ending in (back, late))


def heartbeat(connection: Connection, job: str, fence: int, lease_seconds: float) -> JobRow | None:
    """Prolong a lease and return the job; None when it is lost: ended, or claimed by another."""
    until = now() + timedelta(seconds=lease_seconds)
    return one(JobRow, connection.execute(_holding(job, fence).values(lease_until=until).returning(jobs)))


def add_event(
    connection: Connection, tenant: str, job: str, data: Mapping[str, Any], fence: int | None = None
) -> EventRow | None:
    """Append an event, make it the job's progress, and return it; None when the tenant has no such job.

    With a `fence`, also None when the lease under it is lost.
    """
    mine = update(jobs).where(jobs.c.tenant == tenant, jobs.c.id == job)
    if fence is not None:
        mine = mine.where(jobs.c.state == "running", jobs.c.fence == fence)
    counted = mine.values(events=jobs.c.events + 1, progress=dict(data)).returning(jobs.c.events)
    sequence = connection.execute(counted).scalar_one_or_none()
    if sequence is None:
        return None
    event = EventRow(sequence=sequence, data=dict(data), at=now())
    connection.execute(insert_into(job_events).values(tenant=tenant, job=job, **values(event)))
    return event


def set_progress(connection: Connection, job: str, fence: int, data: Mapping[str, Any]) -> bool:
    """Say how far a job is, without an event; return False, changing nothing, when the lease under `fence` is lost."""
    return connection.execute(_holding(job, fence).values(progress=dict(data))).rowcount == 1


def count_open(connection: Connection, tenant: str, kind: str) -> int:
    """Return how many jobs of a kind a tenant has that wait or run."""
    mine = (jobs.c.tenant == tenant, jobs.c.kind == kind, jobs.c.state.in_(("queued", "running")))
    return connection.execute(select(func.count()).select_from(jobs).where(*mine)).scalar_one()


def events_after(connection: Connection, tenant: str, job: str, sequence: int = 0, limit: int = 100) -> list[EventRow]:
    """Return the events of a job beyond `sequence`, in order."""
    mine = (job_events.c.tenant == tenant, job_events.c.job == job, job_events.c.sequence > sequence)
    query = select(job_events).where(*mine).order_by(job_events.c.sequence).limit(limit)
    return many(EventRow, connection.execute(query))


def finish(
    connection: Connection,
    job: str,
    fence: int,
    state: EndState,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> bool:
    """End a job; return False, changing nothing, when the fence is stale."""
    outcome = {"result": result and dict(result), "error": error and dict(error)}
    ending = _holding(job, fence).values(state=state, **outcome, **_ended(now()))
    return connection.execute(ending).rowcount == 1


def release(
    connection: Connection,
    job: str,
    fence: int,
    *,
    count_attempt: bool = True,
    not_before: datetime | None = None,
    error: Mapping[str, Any] | None = None,
) -> bool:
    """Put a job back into the queue, or end it where a cancel was asked for; return False when the fence is stale.

    An attempt that ended through no fault of the job need not count. `error` says what this one failed with.
    """
    back = _given_back(jobs.c.attempts if count_attempt else jobs.c.attempts - 1)
    told = {"not_before": not_before, **({"error": dict(error)} if error else {})}
    return connection.execute(_holding(job, fence).values(**back, **told)).rowcount == 1


def request_cancel(connection: Connection, tenant: str, job: str) -> JobRow | None:
    """Cancel a job that waits, ask one that runs to stop, leave one that ended; return it as it is then."""
    time = now()
    waits = jobs.c.state == "queued"
    asked = update(jobs).where(jobs.c.tenant == tenant, jobs.c.id == job, jobs.c.state.in_(("queued", "running")))
    connection.execute(
        asked.values(
            cancel_requested=True,
            state=case((waits, "cancelled"), else_=jobs.c.state),
            ended_at=case((waits, time), else_=jobs.c.ended_at),
        )
    )
    return get(connection, tenant, job)


def _abandoned(time: datetime) -> Any:
    return and_(jobs.c.state == "running", jobs.c.lease_until < time)


def _holding(job: str, fence: int) -> Any:
    return update(jobs).where(jobs.c.id == job, jobs.c.fence == fence, jobs.c.state == "running")


def _given_back(attempts: Any) -> dict[str, Any]:
    return {
        "state": case((jobs.c.cancel_requested, "cancelled"), else_="queued"),
        "ended_at": case((jobs.c.cancel_requested, now()), else_=jobs.c.ended_at),
        "lease_until": None,
        "worker": None,
        "attempts": attempts,
    }


def _ended(time: datetime) -> dict[str, Any]:
    return {"ended_at": time, "lease_until": None, "worker": None}
