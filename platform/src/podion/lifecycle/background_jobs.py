"""Does what verticals left for later, as tasks of the API's event loop, each with the caller of its tenant."""

import asyncio
import logging
import os
import random
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from podion.background import JobType
from podion.caller import TenantCaller
from podion.errors import PodionError
from podion.lifecycle.job_queue import JobQueue
from podion.lifecycle.scheduling import Schedules
from podion.lifecycle.turns import Turns
from podion.storage import background_jobs, enablements, jobs
from podion.storage.clock import now
from podion.storage.database import Connection, Database
from podion.storage.enablements import EnablementRow
from podion.storage.jobs import JobRow
from podion.vertical import Vertical

log = logging.getLogger("podion.jobs")

POLL_SECONDS = 1.0
"""What other processes left, or what became due, is found within this time."""

LEASE_SECONDS = 15.0
MOST_AT_ONCE = 16
MOST_OF_A_VERTICAL = 8
"""So that one vertical whose jobs hang does not keep those of the others waiting."""

MOST_STUCK = 16
"""Jobs of a vertical that were stopped and go on all the same; with more, none of it is begun."""

KEPT = timedelta(days=30)
"""For so long a job that failed for good can be seen."""

_END_SECONDS = 2.0
_LONGEST_PAUSE = 3600.0
_ASIDE_SECONDS = 60.0
_SWEEP_SECONDS = 3600.0


class JobEnded(Exception):
    """A job tried to end the process."""


class Note(Protocol):
    """Counts what came of a job."""

    def __call__(self, vertical: str, job: str, outcome: str, seconds: float) -> None:
        """Count it."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What jobs run with: the caller of a tenant, the name of their tasks, how long they may take, what is counted."""

    caller: Callable[[JobRow, Vertical, EnablementRow], TenantCaller]
    task_name: Callable[[str], str]
    seconds: float
    retry_seconds: float
    note: Note


@dataclass(slots=True, eq=False)
class _Running:
    row: JobRow
    vertical: Vertical
    task: "asyncio.Task[None]"
    tending: "asyncio.Task[None] | None" = None
    lost: bool = False


class BackgroundJobs:
    """One process's share of the jobs. See `podion.background.JobType` for what a job may rely on."""

    def __init__(
        self, database: Database, verticals: Mapping[str, Vertical], queue: JobQueue, schedules: Schedules, means: Means
    ) -> None:
        self._database = database
        self._queue = queue
        self._schedules = schedules
        self._means = means
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._declared: dict[str, tuple[Vertical, JobType]] = {
            f"{vertical.name}/{job.name}": (vertical, job) for vertical in verticals.values() for job in vertical.jobs
        }
        self._running: dict[str, _Running] = {}
        self._stuck: dict[str, set[asyncio.Task[None]]] = {}
        self._beat = self._swept = 0.0
        self._turns = Turns(queue.bell, log, "jobs")

    async def run(self) -> None:
        """Work until `close` is called."""
        await self._turns.take(self._turn)

    async def close(self) -> None:
        """Stop what runs, and give it back without counting the attempt."""
        await self._turns.close()
        for running in self._running.values():
            running.task.cancel()
        tending = [running.tending for running in self._running.values() if running.tending]
        if tending:
            await asyncio.wait(tending, timeout=2 * _END_SECONDS)

    async def _turn(self) -> float:
        """Begin what is due; return the seconds until the next look."""
        if not self._declared:
            return _SWEEP_SECONDS
        now_ = time.monotonic()
        if self._running and now_ - self._beat > LEASE_SECONDS / 3:
            self._beat = now_
            await self._hold()
        if now_ - self._swept > _SWEEP_SECONDS or not self._swept:
            self._swept = now_
            await self._database.write(lambda c: background_jobs.forget_failed(c, now() - KEPT))
        await self._schedules.tick()
        while await self._begin_next(self._free()):
            pass
        return POLL_SECONDS

    async def _begin_next(self, subjects: list[str]) -> bool:
        """Begin the next job of these subjects that is due; return whether there may be more."""
        if not subjects or self._turns.closing:
            return False
        if not await self._database.read(lambda c: background_jobs.any_due(c, subjects)):
            return False
        claimed = await self._database.append(lambda c: self._claim(c, subjects))
        if claimed is None:
            return False
        row, enabled = claimed
        if enabled is None:
            await self._put_aside(row)
        else:
            self._begin(row, enabled)
        return True

    def _free(self) -> list[str]:
        """Return the subjects of which another job may be begun."""
        if len(self._running) >= MOST_AT_ONCE:
            return []
        running = Counter(each.vertical.name for each in self._running.values())
        full = {name for name, number in running.items() if number >= MOST_OF_A_VERTICAL}
        full |= {name for name, tasks in self._stuck.items() if len(tasks) >= MOST_STUCK}
        return [subject for subject, (vertical, _) in self._declared.items() if vertical.name not in full]

    def _claim(self, c: Connection, subjects: list[str]) -> tuple[JobRow, EnablementRow | None] | None:
        spent = jobs.end_abandoned(c, (background_jobs.KIND,))
        for row in spent:
            log.error("%s (%s) %s: its process was lost in attempt %d", row.id, row.subject, row.state, row.attempts)
        claimed = background_jobs.claim(c, subjects, self._worker, LEASE_SECONDS)
        if claimed is None:
            return None
        return claimed, enablements.get(c, claimed.tenant, claimed.subject.partition("/")[0])

    async def _put_aside(self, row: JobRow) -> None:
        """Let a job wait whose tenant does not use the vertical now."""
        later = now() + timedelta(seconds=_ASIDE_SECONDS)
        await self._database.write(lambda c: jobs.release(c, row.id, row.fence, count_attempt=False, not_before=later))

    def _begin(self, row: JobRow, enabled: EnablementRow) -> None:
        vertical, job = self._declared[row.subject]
        name = self._means.task_name(vertical.name)
        task = asyncio.create_task(self._do(row, vertical, job, enabled), name=name)
        running = self._running[row.id] = _Running(row, vertical, task)
        running.tending = asyncio.create_task(self._tend(running, job), name=f"tends {row.id}")

    async def _do(self, row: JobRow, vertical: Vertical, job: JobType, enabled: EnablementRow) -> None:
        try:
            await job.run(self._means.caller(row, vertical, enabled), job.payload.model_validate(row.payload))
        except (SystemExit, KeyboardInterrupt) as error:
            # In a task these two would stop the event loop, and the server with it.
            raise JobEnded(f"the job raised {type(error).__name__}") from error

    async def _tend(self, running: _Running, job: JobType) -> None:
        """See a job to its end, whatever that is."""
        began = time.monotonic()
        ended, _ = await asyncio.wait({running.task}, timeout=self._means.seconds)
        if not ended:
            await self._stop(running)
        seconds = time.monotonic() - began
        try:
            error = self._error(running, bool(ended))
            outcome = await self._settle(running, error)
            self._means.note(running.vertical.name, job.name, outcome, seconds)
        except PodionError as failure:
            log.warning("%s: what came of it could not be kept, it runs again: %s", running.row.id, failure)
        finally:
            del self._running[running.row.id]
            self._queue.bell.ring()

    async def _stop(self, running: _Running) -> None:
        """Cancel a job that takes too long; one that goes on all the same counts against its vertical until it ends."""
        running.task.cancel()
        ended, _ = await asyncio.wait({running.task}, timeout=_END_SECONDS)
        if not ended:
            stuck = self._stuck.setdefault(running.vertical.name, set())
            stuck.add(running.task)
            running.task.add_done_callback(stuck.discard)

    def _error(self, running: _Running, ended: bool) -> dict[str, Any] | None:
        """Return what a job failed with, None where it was done."""
        if not ended:
            return _told("job_timeout", f"It did not end within {self._means.seconds:g} seconds and was stopped.")
        if running.task.cancelled():
            return _told("job_failed", "It cancelled itself.")
        error = running.task.exception()
        if error is None:
            return None
        log.error("%s (%s) failed", running.row.id, running.row.subject, exc_info=error)
        if isinstance(error, PodionError):
            return _told(error.code, error.detail)
        return _told("job_failed", f"{type(error).__name__}: {str(error)[:500]}")

    async def _settle(self, running: _Running, error: dict[str, Any] | None) -> str:
        """Keep what came of a job, and return it in a word."""
        row = running.row
        if running.lost:
            return "lost"
        if error is None:
            await self._database.append(lambda c: background_jobs.done(c, row.id, row.fence))
            return "done"
        if self._turns.closing:
            await self._database.write(
                lambda c: jobs.release(c, row.id, row.fence, count_attempt=False, not_before=now())
            )
            return "stopped"
        if row.attempts >= row.max_attempts:
            await self._database.write(lambda c: jobs.finish(c, row.id, row.fence, "failed", error=error))
            return "failed"
        later = now() + timedelta(seconds=pause(row.attempts, self._means.retry_seconds))
        await self._database.write(lambda c: jobs.release(c, row.id, row.fence, not_before=later, error=error))
        return "retried"

    async def _hold(self) -> None:
        """Prolong the leases of what runs; stop what is another's by now."""
        held = {id: running.row.fence for id, running in self._running.items()}
        ours = await self._database.append(lambda c: background_jobs.hold(c, self._worker, held, LEASE_SECONDS))
        for id in held.keys() - ours:
            if (running := self._running.get(id)) is not None and not running.task.done():
                running.lost = True
                running.task.cancel()


def pause(attempts: int, first: float) -> float:
    """Return the seconds until a job is tried again after so many attempts: four times as long each time, jittered."""
    return float(min(first * 4 ** (attempts - 1), _LONGEST_PAUSE) * random.uniform(0.8, 1.2))


def _told(code: str, detail: str) -> dict[str, Any]:
    return {"code": code, "detail": detail}
