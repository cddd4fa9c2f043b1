"""What a child process does: one claimed job, from the claim to its end."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast

from podion.errors import PodionError
from podion.jobs.queue import LEASE_SECONDS, Cancelled, Lease, LostLease
from podion.storage import jobs
from podion.storage.database import Connection, Database
from podion.storage.jobs import EndState

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5

Handler = Callable[[Lease], dict[str, Any]]
Outcome = EndState | Literal["lost"]


def run_claimed(
    database: Database,
    job_id: str,
    fence: int,
    handlers: Mapping[str, Handler],
    lease_seconds: float = LEASE_SECONDS,
) -> Outcome:
    """Do the job with the handler of its kind, end it, and return how; `lost` when it is not ours (any more).

    A handler returns the result, or ends the job itself with `lease.finish` in the transaction of its effects. A
    `PodionError` fails the job with its code and detail; anything else that it raises is logged and fails the job as
    `internal`: trying again is for processes that die, not for mistakes.
    """
    with database.writing() as connection:
        job = jobs.heartbeat(connection, job_id, fence, lease_seconds)
    if job is None:
        _log.warning("%s is not held under fence %d any more: nothing was done", job_id, fence)
        return "lost"
    lease = Lease(database, job, lease_seconds)
    with _kept(lease):
        try:
            return _do(database, lease, handlers)
        except LostLease as loss:
            _log.warning("%s: nothing was published", loss)
            return "lost"


def _do(database: Database, lease: Lease, handlers: Mapping[str, Handler]) -> Outcome:
    try:
        result = _handler(lease, handlers)(lease)
    except LostLease:
        raise
    except Cancelled:
        return _end(database, lease, "cancelled", lease.cancel)
    except PodionError as error:
        code, detail = error.code, error.detail
        return _end(database, lease, "failed", lambda connection: lease.fail(connection, code, detail))
    except Exception as error:
        _log.exception("%s failed", lease.job.id)
        detail = f"The job ended in an unexpected {type(error).__name__}: the server's log has it under {lease.job.id}."
        return _end(database, lease, "failed", lambda connection: lease.fail(connection, "internal", detail))
    return _end(database, lease, "succeeded", lambda connection: lease.finish(connection, result))


def _handler(lease: Lease, handlers: Mapping[str, Handler]) -> Handler:
    lease.check()
    if lease.job.kind not in handlers:
        known = ", ".join(sorted(handlers)) or "none"
        raise PodionError(f"No handler does jobs of kind {lease.job.kind!r}; known: {known}.", code="unknown_kind")
    return handlers[lease.job.kind]


def _end(database: Database, lease: Lease, state: EndState, end: Callable[[Connection], None]) -> Outcome:
    """End the job unless its handler has done so under our fence; return the state it has then."""
    with database.writing() as connection:
        row = jobs.held(connection, lease.job.id)
        if row is not None and row.fence == lease.fence and row.ended_at is not None:
            return cast(EndState, row.state)
        end(connection)
    return state


@contextmanager
def _kept(lease: Lease) -> Iterator[None]:
    """Keep the lease, and look for a cancel, from a thread of its own for as long as the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=(lease, stop), name="podion-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _keep(lease: Lease, stop: threading.Event) -> None:
    pause = lease.lease_seconds / 3
    beat_at = time.monotonic() + pause
    while not stop.wait(min(LOOK_SECONDS, pause)):
        try:
            if time.monotonic() < beat_at:
                lease.look()
            else:
                lease.heartbeat()
                beat_at = time.monotonic() + pause
        except Exception:
            # A full disk or a held lock may pass before the lease does; if not, the fence keeps us from publishing.
            _log.exception("%s: the lease could not be prolonged", lease.job.id)
