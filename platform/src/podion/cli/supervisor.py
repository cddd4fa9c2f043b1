"""The parent of the processes: keeps API and engine alive, starts a child for each run and bulk job, dies last."""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO

from podion.errors import Conflict, Unavailable
from podion.jobs import lifeline
from podion.jobs.nursery import Nursery, Nursling
from podion.jobs.worker import Worker
from podion.lifecycle import batches, runs
from podion.settings import RESTARTS, Settings
from podion.storage import background_jobs, jobs
from podion.storage.database import Database, is_shared

log = logging.getLogger("podion.supervisor")

_LONGEST_PAUSE = 10.0
_HEALTHY_SECONDS = 20.0
_DRAIN_SECONDS = 15.0
_STILLBORN_SECONDS = 5.0
_MOST_STILLBORN = 5
"""Starts in a row that end at once, after which trying again helps nobody."""

_BATCHES = 2
"""Bulk jobs that are worked on at once; the engine is fair to the tenants among them."""


@contextmanager
def sole_server(settings: Settings) -> Iterator[None]:
    """Hold the state folder; raises `Conflict` when another server has it."""
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = (settings.home / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise Conflict(
            f"another podion serve has {settings.home}: stop it, or set PODION_HOME to another folder"
        ) from error
    try:
        yield
    finally:
        lock.close()


class Keeper:
    """Keeps one child process running: starts it again when it ends, sooner the longer it had lived."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], line: int) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._line = line
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._due = 0.0
        self._stillborn = 0
        self._restarts = 0

    def look(self) -> None:
        """Start the process when it is not running and its pause is over; raises `Unavailable` when that is no use."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:
            lived = now - self._started
            self._stillborn = self._stillborn + 1 if lived < _STILLBORN_SECONDS else 0
            if self._stillborn >= _MOST_STILLBORN:
                raise Unavailable(f"the {self.name} ended at once in {_MOST_STILLBORN} starts: its log above says why")
            self._pause = 0.1 if lived > _HEALTHY_SECONDS else min(_LONGEST_PAUSE, max(0.1, self._pause * 2))
            log.warning(
                "%s ended with %s after %.1f s: again in %.1f s",
                self.name,
                self._process.returncode,
                lived,
                self._pause,
            )
            self._process = None
            self._due = now + self._pause
        if now >= self._due:
            self._process = spawn(self._command, {**self._environment, RESTARTS: str(self._restarts)}, self._line)
            self._started = now
            self._restarts += 1

    def stop(self, deadline: float) -> None:
        """Ask the process to end, and end it when it has not by `deadline` (monotonic)."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def spawn(command: Sequence[str], environment: Mapping[str, str], line: int) -> subprocess.Popen[bytes]:
    """Start a process that holds an end of `line`, by which it knows that its parent lives.

    Its output goes where the parent's errors go.
    """
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env=dict(environment),
        pass_fds=(line,),
        stdin=subprocess.DEVNULL,
        stdout=_errors(),
    )


def _errors() -> IO[str]:
    return sys.stderr


class Supervisor:
    """All processes of one installation on one machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._lifeline = lifeline.create()
        self._line = self._lifeline.child_end
        self._environment = {
            **os.environ,
            "PODION_HOME": str(settings.home),
            "PODION_HOST": settings.host,
            "PODION_PORT": str(settings.port),
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        secrets = {"PODION_OPERATOR_KEY": settings.operator_key, "PODION_MASKING_KEY": settings.masking_key}
        for name in secrets:
            self._environment.pop(name, None)
        self._api = {**self._environment, **{name: key.get_secret_value() for name, key in secrets.items() if key}}
        self._nursery = Nursery(self._start_nursery)
        self._keepers = [
            Keeper("engine", self._engine(), self._environment, self._line),
            Keeper("api", ["podion.api.server", str(self._line)], self._api, self._line),
        ]

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        database = Database(self._settings.database)
        database.migrate()
        if not is_shared(self._settings.database):
            # We hold the state folder, so whoever held these leases is dead: its runs need not wait for them to end.
            with database.writing() as c:
                jobs.expire_leases(c, (runs.KIND, batches.KIND, background_jobs.KIND))
        workers = {
            "podion-runs": Worker(database, kinds=(runs.KIND,), spawn=self._run_child),
            "podion-batches": Worker(
                database, kinds=(batches.KIND,), spawn=self._batch_child, parallel=_BATCHES, poll_seconds=0.5
            ),
        }
        threads = [
            threading.Thread(target=worker.run, args=(self._stop,), name=name) for name, worker in workers.items()
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._stop.is_set():
                for keeper in self._keepers:
                    keeper.look()
                self._stop.wait(0.1)
        finally:
            self._stop.set()
            self._drain(threads)
            database.close()

    def _drain(self, workers: Sequence[threading.Thread]) -> None:
        log.info("draining")
        deadline = time.monotonic() + _DRAIN_SECONDS
        for keeper in reversed(self._keepers):
            keeper.stop(deadline)
        for worker in workers:
            worker.join(_DRAIN_SECONDS)
        self._nursery.close()
        self._lifeline.close()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _engine(self) -> list[str]:
        s = self._settings
        return [
            "podion.hosting.server",
            "--socket",
            str(s.socket),
            "--bases",
            str(s.bases),
            "--device",
            s.device,
            "--threads",
            str(s.threads),
            "--runtime",
            s.runtime,
            "--adapter-memory-mb",
            str(s.adapter_memory_mb),
            "--state-memory-mb",
            str(s.state_memory_mb),
            "--queue-seconds",
            str(s.queue_seconds),
            "--lifeline-fd",
            str(self._line),
            "--log-level",
            s.log_level,
            "--preload",
            s.base,
        ]

    def _run_child(self, job: str, fence: int) -> Nursling:
        return self._nursery.child(job, str(fence))

    def _start_nursery(self, connection: int) -> subprocess.Popen[bytes]:
        return spawn(["podion.lifecycle.nursery", str(connection)], self._environment, connection)

    def _batch_child(self, job: str, fence: int) -> subprocess.Popen[bytes]:
        # What it keeps of records is masked, so it needs the key of the pseudonyms.
        masking = {name: self._api[name] for name in ("PODION_MASKING_KEY",) if name in self._api}
        command = ["podion.lifecycle.batch_child", job, str(fence), str(self._line)]
        return spawn(command, {**self._environment, **masking}, self._line)
