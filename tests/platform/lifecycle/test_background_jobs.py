"""Jobs of verticals on one event loop: done, tried again, given up, stopped; by one worker at a time, whatever dies."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from podion.background import JobType, Schedule
from podion.errors import DataError, TooLarge
from podion.lifecycle import background_jobs as module
from podion.lifecycle.background_jobs import BackgroundJobs, Means, pause
from podion.lifecycle.job_queue import JobQueue
from podion.lifecycle.scheduling import Schedules
from podion.storage import background_jobs, enablements, jobs
from podion.storage.database import Database
from podion.storage.jobs import JobRow
from podion.vertical import Vertical

SECONDS = 0.2


@pytest.fixture(params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """The statements are tested on both in tests/platform/storage."""
    return str(request.param)


class Note(BaseModel):
    text: str = "of itself"
    wait: float = 0


class Scene:
    """A vertical whose job does what a test says, and the workers of any number of processes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.done: list[tuple[str, str]] = []
        self.outcomes: list[str] = []
        self.act: Callable[[str, Note], Awaitable[None]] = self.nothing
        job = JobType(name="remind", payload=Note, run=self.run, attempts=3)
        self.vertical = Vertical(
            name="diary", title={}, tasks=(), jobs=(job,), schedules=(Schedule(job="remind", every_seconds=60),)
        )
        self.queue = JobQueue(database)

    async def run(self, caller: Any, note: Note) -> None:
        await self.act(caller, note)
        self.done.append((caller, note.text))

    async def nothing(self, tenant: str, note: Note) -> None:
        await asyncio.sleep(note.wait)

    def worker(self, queue: JobQueue | None = None) -> BackgroundJobs:
        means = Means(
            caller=lambda row, vertical, enabled: row.tenant,  # type: ignore[arg-type, return-value]
            task_name=lambda vertical: f"plugin {vertical}",
            seconds=SECONDS,
            retry_seconds=0.001,
            note=lambda vertical, job, outcome, seconds: self.outcomes.append(outcome),
        )
        verticals = {"diary": self.vertical}
        return BackgroundJobs(
            self.database, verticals, queue or self.queue, Schedules(self.database, verticals.values()), means
        )

    async def leave(self, tenant: str, text: str, wait: float = 0, delay: float = 0) -> JobRow:
        return await self.queue.enqueue(tenant, self.vertical, "remind", Note(text=text, wait=wait), delay)

    @asynccontextmanager
    async def working(self, *workers: BackgroundJobs) -> Any:
        some = workers or (self.worker(),)
        tasks = [asyncio.create_task(worker.run()) for worker in some]
        try:
            yield
        finally:
            await asyncio.gather(*(worker.close() for worker in some), *tasks)

    async def until(self, found: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not found():
            assert time.monotonic() < deadline, (self.done, self.outcomes)
            await asyncio.sleep(0.01)

    def rows(self, state: str | None = None) -> list[JobRow]:
        with self.database.reading() as c:
            return background_jobs.page(c, None, state)


@pytest.fixture
def scene(database: Database, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(module, "_END_SECONDS", 0.1)
    with database.writing() as c:
        for tenant in tenants:
            enablements.put(c, tenant, "diary", {})
    return Scene(database)


@pytest.fixture
def quiet(scene: Scene) -> Scene:
    """Without the schedule, whose jobs some tests do not want."""
    scene.vertical = Vertical(name="diary", title={}, tasks=(), jobs=scene.vertical.jobs)
    return scene


def test_each_job_is_done_once_by_whichever_of_two_workers(quiet: Scene, tenants: tuple[str, str]) -> None:
    async def act() -> None:
        for number in range(10):
            await quiet.leave(tenants[number % 2], f"{number}")
        async with quiet.working(quiet.worker(), quiet.worker(JobQueue(quiet.database))):
            await quiet.until(lambda: len(quiet.outcomes) == 10)

    asyncio.run(act())
    assert sorted(quiet.done) == sorted((tenants[number % 2], f"{number}") for number in range(10))
    assert quiet.outcomes == ["done"] * 10 and quiet.rows() == []


def test_of_a_tenant_one_runs_at_a_time_while_another_tenants_runs_too(quiet: Scene, tenants: tuple[str, str]) -> None:
    under_way: list[str] = []
    most: list[list[str]] = []

    async def act(tenant: str, note: Note) -> None:
        under_way.append(tenant)
        most.append(sorted(under_way))
        await asyncio.sleep(0.05)
        under_way.remove(tenant)

    async def scene() -> None:
        quiet.act = act
        for number in range(3):
            for tenant in tenants:
                await quiet.leave(tenant, f"{number}")
        async with quiet.working(quiet.worker(), quiet.worker()):
            await quiet.until(lambda: len(quiet.outcomes) == 6)

    asyncio.run(scene())
    assert all(len(set(each)) == len(each) for each in most) and sorted(tenants) in most


def test_a_job_that_fails_is_tried_again_and_at_last_kept_with_its_error(
    quiet: Scene, tenants: tuple[str, str]
) -> None:
    tries: list[str] = []

    async def act(tenant: str, note: Note) -> None:
        tries.append(note.text)
        if note.text == "exits":
            raise SystemExit
        if note.text == "cancels":
            raise asyncio.CancelledError
        if note.text == "refuses":
            raise DataError("no", code="no_way")
        if note.text == "once" and tries.count("once") == 1:
            raise ValueError("not yet")

    async def scene() -> None:
        quiet.act = act
        for text in ("once", "exits", "cancels", "refuses"):
            await quiet.leave(tenants[0], text)
        async with quiet.working():
            await quiet.until(lambda: quiet.outcomes.count("failed") == 3 and quiet.outcomes.count("done") == 1)

    asyncio.run(scene())
    assert {text: tries.count(text) for text in tries} == {"once": 2, "exits": 3, "cancels": 3, "refuses": 3}
    failed = {row.payload["text"]: row.error for row in quiet.rows()}
    assert failed == {
        "exits": {"code": "job_failed", "detail": "JobEnded: the job raised SystemExit"},
        "cancels": {"code": "job_failed", "detail": "It cancelled itself."},
        "refuses": {"code": "no_way", "detail": "no"},
    }


def test_a_job_that_hangs_is_stopped_and_one_that_goes_on_counts_against_its_vertical(
    quiet: Scene, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_STUCK", 1)
    release = asyncio.Event()

    async def act(tenant: str, note: Note) -> None:
        end = time.monotonic() + 5
        while note.text == "deaf" and not release.is_set() and time.monotonic() < end:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.02)
        if note.text == "slow":
            await asyncio.sleep(60)

    async def scene() -> None:
        quiet.act = act
        await quiet.leave(tenants[0], "slow")
        async with quiet.working():
            await quiet.until(lambda: quiet.outcomes == ["retried", "retried", "failed"])
            [row] = quiet.rows()
            assert row.error == {"code": "job_timeout", "detail": "It did not end within 0.2 seconds and was stopped."}
            quiet.outcomes.clear()
            await quiet.leave(tenants[0], "deaf")
            await quiet.until(lambda: quiet.outcomes == ["retried"])
            await quiet.leave(tenants[1], "waits")
            await asyncio.sleep(0.3)
            assert (tenants[1], "waits") not in quiet.done, "a vertical with stuck jobs gets no more of them"
            release.set()
            await quiet.until(lambda: (tenants[1], "waits") in quiet.done)

    asyncio.run(scene())


def test_what_runs_when_the_server_stops_is_given_back_and_what_was_killed_runs_again(
    quiet: Scene, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        await quiet.leave(tenants[0], "long", wait=0.2)
        async with quiet.working():
            await quiet.until(lambda: bool(quiet.rows("running")))
        [row] = quiet.rows()
        assert (row.state, row.attempts, quiet.outcomes) == ("queued", 0, ["stopped"])
        monkeypatch.setattr(module, "LEASE_SECONDS", -1.0)  # as of a process that was killed a while ago
        with quiet.database.writing() as c:
            assert background_jobs.claim(c, ["diary/remind"], "killed", -1.0) is not None
        monkeypatch.setattr(module, "LEASE_SECONDS", 15.0)
        async with quiet.working():
            await quiet.until(lambda: quiet.outcomes == ["stopped", "done"])

    asyncio.run(scene())
    assert quiet.done == [(tenants[0], "long")] and quiet.rows() == []


def test_a_job_that_another_has_claimed_is_stopped_and_settles_nothing(
    quiet: Scene, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.1)

    async def scene() -> None:
        row = await quiet.leave(tenants[0], "long", wait=30)
        async with quiet.working():
            await quiet.until(lambda: bool(quiet.rows("running")))
            with quiet.database.writing() as c:
                jobs.release(c, row.id, 1)
                assert background_jobs.claim(c, ["diary/remind"], "another", 60) is not None
            await quiet.until(lambda: quiet.outcomes == ["lost"])

    asyncio.run(scene())
    [row] = quiet.rows()
    assert (row.state, row.worker, quiet.done) == ("running", "another", [])


def test_a_schedule_runs_for_each_tenant_and_does_not_pile_up(scene: Scene, tenants: tuple[str, str]) -> None:
    async def act() -> None:
        other = Schedules(scene.database, [scene.vertical])
        turns = await asyncio.gather(*(Schedules(scene.database, [scene.vertical]).tick() for _ in range(3)))
        assert sum(turns) == 2, "of several servers one takes the turn"
        assert await other.tick() == 0
        with scene.database.writing() as c:
            assert enablements.delete(c, tenants[1], "diary")
        async with scene.working():
            await scene.until(lambda: len(scene.done) == 1)

    asyncio.run(act())
    assert scene.done == [(tenants[0], "of itself")]
    [aside] = scene.rows()
    assert (aside.tenant, aside.state, aside.attempts) == (tenants[1], "queued", 0), "who disabled it is left alone"


def test_what_cannot_be_left_is_refused(quiet: Scene, tenants: tuple[str, str]) -> None:
    async def leave(job: str, payload: BaseModel, delay: float = 0) -> None:
        await quiet.queue.enqueue(tenants[0], quiet.vertical, job, payload, delay)

    class Other(BaseModel):
        text: str = ""

    for error, call in (
        (ValueError, leave("none", Note())),
        (TypeError, leave("remind", Other())),
        (ValueError, leave("remind", Note(), -1)),
        (ValueError, leave("remind", Note(), float("nan"))),
        (TooLarge, leave("remind", Note(text="x" * 300_000))),
    ):
        with pytest.raises(error):
            asyncio.run(call)
    assert quiet.rows() == []


def test_pauses_grow_and_end_at_an_hour() -> None:
    assert [round(pause(n, 5) / (5 * 4 ** (n - 1)), 1) for n in range(1, 5)] == pytest.approx([1.0] * 4, abs=0.25)
    assert pause(40, 5) <= 1.2 * 3600
