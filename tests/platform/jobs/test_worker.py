import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from podion.errors import StorageFull
from podion.jobs.queue import enqueue, request_cancel
from podion.jobs.worker import Worker
from podion.storage import jobs
from podion.storage.database import Database
from podion.storage.jobs import JobRow

CHILD = """
import os, signal, sys, time
from podion.jobs.child import run_claimed
from podion.storage.database import Database

def handler(lease):
    what = lease.job.payload["do"]
    lease.emit({"attempt": lease.job.attempts})
    if what == "die" or (what == "die once" and lease.job.attempts == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "leave":
        os._exit(5)
    while what == "wait":
        lease.check()
        time.sleep(0.01)
    if what == "ignore":
        time.sleep(60)
    if what == "sleep":
        time.sleep(0.3)
    return {"did": what}

database = Database(sys.argv[1])
print(run_claimed(database, sys.argv[2], int(sys.argv[3]), {"run": handler}, lease_seconds=float(sys.argv[4])))
database.close()
"""


class Workshop:
    """A worker in a thread, with real children."""

    def __init__(self, database: Database, **options: Any) -> None:
        self.database = database
        self.children: list[subprocess.Popen[bytes]] = []
        self.lease_seconds = options.pop("child_lease_seconds", 15.0)
        spawn: Callable[[str, int], Any] = options.pop("spawn", self.spawn)
        self.worker = Worker(database, ["run"], spawn, poll_seconds=0.02, **options)
        self.stop = threading.Event()

    def spawn(self, job: str, fence: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CHILD, self.database.url, job, str(fence), str(self.lease_seconds)]
        self.children.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        return self.children[-1]

    def order(self, do: str, tenant: str = "ten_ours", **options: Any) -> JobRow:
        with self.database.writing() as connection:
            return enqueue(connection, tenant, "run", "praise/judge", {"do": do}, **options)

    def find(self, job: JobRow) -> JobRow:
        with self.database.reading() as connection:
            row = jobs.get(connection, job.tenant, job.id)
        assert row is not None
        return row

    def wait_for(self, job: JobRow, condition: Callable[[JobRow], bool], seconds: float = 20) -> JobRow:
        deadline = time.monotonic() + seconds
        while not condition(row := self.find(job)):
            assert time.monotonic() < deadline, row
            time.sleep(0.01)
        return row

    def end(self, job: JobRow) -> JobRow:
        return self.wait_for(job, lambda row: row.ended_at is not None)


@contextmanager
def working(database: Database, **options: Any) -> Iterator[Workshop]:
    shop = Workshop(database, **options)
    thread = threading.Thread(target=shop.worker.run, args=(shop.stop,))
    thread.start()
    try:
        yield shop
    finally:
        shop.stop.set()
        thread.join(30)
        assert not thread.is_alive()
        assert all(child.poll() is not None for child in shop.children)


def test_a_job_succeeds(database: Database) -> None:
    with working(database) as shop:
        row = shop.end(shop.order("nothing"))
    assert (row.state, row.result, row.attempts, row.progress) == ("succeeded", {"did": "nothing"}, 1, {"attempt": 1})


def test_a_child_that_is_killed_is_followed_by_another(database: Database) -> None:
    with working(database) as shop:
        job = shop.order("die once")
        row = shop.end(job)
    assert (row.state, row.attempts, row.fence) == ("succeeded", 2, 2)
    with database.reading() as connection:
        events = jobs.events_after(connection, "ten_ours", job.id)
    assert [(event.sequence, event.data) for event in events] == [(1, {"attempt": 1}), (2, {"attempt": 2})]


@pytest.mark.parametrize(("do", "cause"), [("die", "killed by SIGKILL"), ("leave", "exit code 5")])
def test_a_job_whose_children_always_die_fails_with_the_cause(database: Database, do: str, cause: str) -> None:
    with working(database) as shop:
        row = shop.end(shop.order(do, max_attempts=2))
    assert (row.state, row.attempts) == ("failed", 2)
    assert row.error is not None
    assert row.error["code"] == "worker_died"
    assert cause in row.error["detail"]
    assert len(shop.children) == 2


def test_a_cancel_ends_a_child_that_listens(database: Database) -> None:
    with working(database) as shop:
        job = shop.order("wait")
        shop.wait_for(job, lambda row: row.progress is not None)
        started = time.monotonic()
        with database.writing() as connection:
            request_cancel(connection, "ten_ours", job.id)
        row = shop.end(job)
        assert time.monotonic() - started < 5
        assert shop.children[0].wait(5) == 0
    assert (row.state, row.attempts) == ("cancelled", 1)


def test_a_cancel_kills_a_child_that_does_not_listen(database: Database) -> None:
    with working(database, cancel_seconds=0.3) as shop:
        job = shop.order("ignore")
        shop.wait_for(job, lambda row: row.progress is not None)
        with database.writing() as connection:
            request_cancel(connection, "ten_ours", job.id)
        row = shop.end(job)
        assert shop.children[0].wait(5) == -9
    assert (row.state, len(shop.children)) == ("cancelled", 1)


def test_stopping_gives_a_job_back_without_counting_the_attempt(database: Database) -> None:
    with working(database) as shop:
        job = shop.order("ignore")
        shop.wait_for(job, lambda row: row.progress is not None)
    row = shop.find(job)
    assert (row.state, row.attempts, row.fence, row.lease_until) == ("queued", 0, 1, None)
    assert shop.children[0].returncode == -15


def test_no_more_children_than_parallel_and_tenants_take_turns(database: Database) -> None:
    most = 0
    with working(database, parallel=2) as shop:
        ordered = [shop.order("sleep") for _ in range(3)] + [shop.order("sleep", "ten_theirs")]
        while any(shop.find(job).ended_at is None for job in ordered):
            most = max(most, sum(child.poll() is None for child in shop.children))
            time.sleep(0.01)
        rows = [shop.find(job) for job in ordered]
    assert [row.state for row in rows] == ["succeeded"] * 4
    assert most == 2
    assert rows[3].started_at < rows[2].started_at  # type: ignore[operator]


def test_a_child_whose_job_was_taken_is_killed_and_touches_nothing(database: Database) -> None:
    with working(database, cancel_seconds=0.2) as shop:
        job = shop.order("ignore")
        shop.wait_for(job, lambda row: row.progress is not None)
        with database.writing() as connection:
            assert jobs.release(connection, job.id, 1)
            other = jobs.claim(connection, ["run"], "other", 60)
        assert other is not None
        assert shop.children[0].wait(10) == -9
        time.sleep(0.2)
        assert shop.find(job) == other


def test_the_lease_of_a_child_that_is_slow_to_start_is_kept(database: Database) -> None:
    def spawn(job: str, fence: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    with working(database, spawn=spawn, lease_seconds=0.3) as shop:
        job = shop.order("nothing")
        first = shop.wait_for(job, lambda row: row.state == "running")
        time.sleep(1)
        row = shop.find(job)
        assert (row.state, row.fence, row.attempts) == ("running", 1, 1)
        assert row.lease_until > first.lease_until  # type: ignore[operator]


def test_a_job_left_by_a_lost_worker_is_taken_over_or_ended(database: Database) -> None:
    shop = Workshop(database)
    again, spent = shop.order("nothing"), shop.order("nothing", max_attempts=1)
    with database.writing() as connection:
        for _ in range(2):
            jobs.claim(connection, ["run"], "lost", 0.5)
    time.sleep(0.55)
    with working(database) as shop:
        taken, ended = shop.end(again), shop.end(spent)
    assert taken.state == "succeeded"
    assert taken.fence >= 2  # more where the machine is so busy that the lease ran out once again
    assert ended.error is not None
    assert (ended.state, ended.error["code"]) == ("failed", "worker_lost")


def test_a_child_that_cannot_be_started_costs_an_attempt(database: Database) -> None:
    def spawn(job: str, fence: int) -> Any:
        raise OSError(12, "Cannot allocate memory")

    with working(database, spawn=spawn) as shop:
        row = shop.end(shop.order("nothing", max_attempts=2))
    assert row.error is not None
    assert "could not be started (Cannot allocate memory), in the last of 2 attempts" in row.error["detail"]


def test_a_full_disk_stops_no_worker(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, refused = jobs.claim, threading.Event()

    def full_once(*arguments: Any) -> JobRow | None:
        if not refused.is_set():
            refused.set()
            raise StorageFull("full")
        return claim(*arguments)

    monkeypatch.setattr(jobs, "claim", full_once)
    with working(database) as shop:
        assert shop.end(shop.order("nothing")).state == "succeeded"
    assert refused.is_set()
