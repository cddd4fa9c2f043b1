"""Who claims jobs, starts one child process a job, and sees every job to its end."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from podion.errors import StorageFull, Unavailable
from podion.jobs.queue import LEASE_SECONDS
from podion.storage import jobs
from podion.storage.database import Database
from podion.storage.jobs import JobRow

_log = logging.getLogger(__name__)

CANCEL_SECONDS = 10.0
STOP_SECONDS = 10.0


class Child(Protocol):
    """A process, as `subprocess.Popen` is one."""

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, None while it lives."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it ended."""


@dataclass(slots=True)
class _Running:
    job: JobRow
    child: Child
    beat_at: float
    kill_at: float | None = None


class Worker:
    """Claims jobs of some kinds and runs at most `parallel` of them, each in a child of its own.

    `spawn(job_id, fence)` starts a child that calls `child.run_claimed`. A child that dies without ending its job gives
    it back to the queue, up to the job's `max_attempts`; then the job fails and its error names the cause. A child
    that goes on after a cancel, or after its job was lost, is killed once `cancel_seconds` have passed.
    """

    def __init__(
        self,
        database: Database,
        kinds: Sequence[str],
        spawn: Callable[[str, int], Child],
        parallel: int = 1,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = 0.3,
        cancel_seconds: float = CANCEL_SECONDS,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._database = database
        self._kinds = tuple(kinds)
        self._spawn = spawn
        self._parallel = parallel
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._cancel_seconds = cancel_seconds
        self._running: list[_Running] = []

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then end the children and give their jobs back, without counting the attempt."""
        try:
            while not stop.is_set():
                try:
                    self._turn()
                except (StorageFull, Unavailable) as error:
                    _log.warning("jobs wait for the database: %s", error)
                stop.wait(self._poll_seconds)
        finally:
            self._give_back()

    def _turn(self) -> None:
        for running in list(self._running):
            if not self._tend(running):
                self._running.remove(running)
        if len(self._running) < self._parallel:
            self._take()

    def _take(self) -> None:
        while len(self._running) < self._parallel:
            with self._database.writing() as connection:
                for row in jobs.end_abandoned(connection, self._kinds):
                    _log.error("%s %s: its lease ran out in attempt %d", row.id, row.state, row.attempts)
                job = jobs.claim(connection, self._kinds, self.name, self._lease_seconds)
            if job is None:
                return
            self._start(job)

    def _start(self, job: JobRow) -> None:
        try:
            child = self._spawn(job.id, job.fence)
        except OSError as error:
            self._settle(job, f"could not be started ({error.strerror or error})")
            return
        self._running.append(_Running(job, child, self._next_beat()))

    def _tend(self, running: _Running) -> bool:
        """Return whether the child lives on."""
        code = running.child.poll()
        if code is not None:
            self._settle(running.job, _cause(code))
            return False
        row = self._look(running)
        if row is None or row.cancel_requested:
            # It was asked to end, has ended, or lost its job: it gets a moment to see that by itself.
            running.kill_at = running.kill_at or time.monotonic() + self._cancel_seconds
            if time.monotonic() >= running.kill_at:
                running.child.kill()
        return True

    def _look(self, running: _Running) -> JobRow | None:
        """Return the job while the child holds it. The lease is kept for a child that is still starting."""
        job = running.job
        if time.monotonic() >= running.beat_at:
            running.beat_at = self._next_beat()
            with self._database.writing() as connection:
                return jobs.heartbeat(connection, job.id, job.fence, self._lease_seconds)
        with self._database.reading() as connection:
            row = jobs.held(connection, job.id)
        return row if row is not None and _is_held(row, job.fence) else None

    def _settle(self, job: JobRow, cause: str) -> None:
        """See to a job whose child is gone: nothing to do when the child ended it."""
        with self._database.writing() as connection:
            row = jobs.held(connection, job.id)
            if row is None or not _is_held(row, job.fence):
                return
            _log.error("%s: its process %s in attempt %d of %d", job.id, cause, row.attempts, row.max_attempts)
            if row.cancel_requested or row.attempts < row.max_attempts:
                jobs.release(connection, job.id, job.fence)
                return
            detail = (
                f"The process of this job {cause}, in the last of {row.max_attempts} attempts. "
                "The server's log has what it said; too little memory is a common cause."
            )
            error = {"code": "worker_died", "detail": detail}
            jobs.finish(connection, job.id, job.fence, "failed", error=error)

    def _give_back(self) -> None:
        for running in self._running:
            running.child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(running.child.poll() is None for running in self._running) and time.monotonic() < deadline:
            time.sleep(0.02)
        for running in self._running:
            running.child.kill()
            running.child.wait()
        with self._database.writing() as connection:
            for running in self._running:
                jobs.release(connection, running.job.id, running.job.fence, count_attempt=False)
        self._running.clear()

    def _next_beat(self) -> float:
        return time.monotonic() + self._lease_seconds / 3


def _is_held(row: JobRow, fence: int) -> bool:
    return row.state == "running" and row.fence == fence


def _cause(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    names = {each.value: each.name for each in signal.Signals}
    return f"was killed by {names.get(-code, f'signal {-code}')}"
