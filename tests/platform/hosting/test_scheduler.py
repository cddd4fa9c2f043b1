import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from podion.errors import NotFound, PodionError, QuotaExceeded, Unavailable
from podion.hosting.admission import Admission
from podion.hosting.pass_cost import PASS_ROWS
from podion.hosting.protocol import Answered, Call, Failed, Urgency
from podion.hosting.scheduler import Scheduler
from podion.hosting.work import Computer, Embedding


def call(name: str, rows: int = 1, urgency: Urgency = "interactive") -> Call:
    records = tuple({"text": f"{name}-{i}"} for i in range(rows))
    return Call(owner=name, base="b", folder="f", digest="d", records=records, urgency=urgency)


class Slow:
    """Answers each record with its own text, after the test has opened the gate."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()
        self.passes: list[list[str]] = []
        self.error: Exception | None = None

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        self.passes.append([call.owner for call in calls])
        self.busy.set()
        assert self.gate.wait(10)
        if self.error:
            raise self.error
        return [Answered(answers=tuple({"label": record["text"]} for record in call.records)) for call in calls]

    def embed(self, base: str, texts: Sequence[str], kind: str = "query") -> np.ndarray:
        if base == "absent":
            raise NotFound("no such base")
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(-1, 2)


def run(
    computer: Callable[[], Computer], story: Callable[[Scheduler], Awaitable[None]], admission: Admission | None = None
) -> None:
    async def main() -> None:
        scheduler = Scheduler(computer, admission=admission)
        try:
            await asyncio.wait_for(story(scheduler), 20)
        finally:
            await scheduler.close()

    asyncio.run(main())


async def until_busy(slow: Slow) -> None:
    assert await asyncio.to_thread(slow.busy.wait, 10)


def labels(result: Answered | Failed) -> list[str]:
    assert isinstance(result, Answered)
    return [answer["label"] for answer in result.answers]


def test_what_arrives_while_the_engine_is_busy_goes_in_one_pass() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        first = asyncio.create_task(scheduler.answer(call("first"), 10))
        await until_busy(slow)
        others = [asyncio.create_task(scheduler.answer(call(f"other-{i}"), 10)) for i in range(5)]
        await asyncio.sleep(0)
        slow.gate.set()
        assert labels(await first) == ["first-0"]
        assert [labels(await other) for other in others] == [[f"other-{i}-0"] for i in range(5)]
        assert slow.passes == [["first"], [f"other-{i}" for i in range(5)]]

    run(lambda: slow, story)


def test_a_large_call_goes_in_pieces_and_small_ones_come_between() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        large = asyncio.create_task(scheduler.answer(call("large", 1000), 10))
        await until_busy(slow)
        small = asyncio.create_task(scheduler.answer(call("small"), 10))
        await asyncio.sleep(0)
        slow.gate.set()
        assert labels(await small) == ["small-0"]
        assert "small" in slow.passes[1]
        assert labels(await large) == [f"large-{i}" for i in range(1000)]
        status = scheduler.status()
        assert status["pass_rows"]["sum"] == 1001
        assert status["pass_rows"]["count"] == status["passes"] == len(slow.passes)
        assert status["stage_seconds"]["queue"]["count"] == 2
        assert max(number for _, number in status["pass_rows"]["buckets"]) == len(slow.passes), "no pass is larger"

    run(lambda: slow, story)
    assert len(slow.passes) >= 1000 / PASS_ROWS


def test_calls_together_are_cut_at_the_same_places_and_fail_alone() -> None:
    class Half(Slow):
        def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
            self.passes.append([f"{one.digest}{len(one.records)}" for one in calls])
            failed = Failed(code="bad_output", status=500, detail="NaN")
            good = [Answered(answers=tuple({"label": each["text"]} for each in one.records)) for one in calls]
            return [failed if one.digest == "bad" else each for one, each in zip(calls, good, strict=True)]

    half = Half()
    long, short, none = call("a", 600), call("a", 3), call("a", 0)

    async def story(scheduler: Scheduler) -> None:
        first, second, third = await scheduler.answer_all([long, short, none], 10)
        assert labels(first) == [f"a-{i}" for i in range(600)]
        assert labels(second) == ["a-0", "a-1", "a-2"]
        assert labels(third) == []
        assert half.passes[0][1:] == ["d3", "d0"]
        assert all(len(one) == 1 for one in half.passes[1:])
        half.passes.clear()
        bad = replace(long, digest="bad")
        good, failed = await scheduler.answer_all([long, bad], 10)
        assert len(labels(good)) == 600
        assert isinstance(failed, Failed)
        assert sum(name.startswith("bad") for one in half.passes for name in one) == 1, "it is not asked again"
        assert isinstance(await scheduler.answer(bad, 10), Failed)
        assert scheduler.status()["queued_rows"] == 0
        assert await scheduler.answer_all([], 10) == []

    run(lambda: half, story)


async def refused(scheduler: Scheduler, one: Call, kind: type[PodionError] = Unavailable, seconds: float = 10) -> str:
    with pytest.raises(kind) as raised:
        await scheduler.answer(one, seconds)
    assert raised.value.retry_after is not None
    assert raised.value.retry_after >= 1
    return raised.value.code


def test_each_may_hold_its_share_of_the_queue_and_all_together_no_more_than_it() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        tasks = [asyncio.create_task(scheduler.answer(call("first"), 10))]
        await until_busy(slow)

        async def send(one: Call) -> None:
            tasks.append(asyncio.create_task(scheduler.answer(one, 10)))
            await asyncio.sleep(0)

        for _ in range(32):
            await send(call("a"))
        assert await refused(scheduler, call("a"), QuotaExceeded) == "tenant_queue_full"
        for _ in range(16):
            await send(call("b"))
        assert await refused(scheduler, call("b"), QuotaExceeded) == "tenant_queue_full"
        await send(call("c", 16))  # one call of somebody who holds nothing: as long as there is room
        assert await refused(scheduler, call("d")) == "overloaded"
        await send(call("d", 9, urgency="bulk"))  # which waits in a queue of its own
        status = scheduler.status()
        assert status["refused"] == {"tenant": 2, "queue": 1, "deadline": 0, "stopping": 0}
        assert status["queued_rows"] == 64 + 9
        assert status["queue_rows"] == {"interactive": 64, "bulk": 9}
        slow.gate.set()
        await asyncio.gather(*tasks)
        assert scheduler.status()["queued_rows"] == 0

    run(lambda: slow, story, Admission(rows=64))


def test_what_cannot_be_in_time_is_refused_at_once() -> None:
    class Sleepy(Slow):
        def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
            time.sleep(0.001 + 0.0005 * sum(len(one.records) for one in calls))
            return super().answer(calls)

    sleepy = Sleepy()

    async def story(scheduler: Scheduler) -> None:
        for rows in range(1, 12):
            await scheduler.answer(call("a", rows), 10)
        flood = [asyncio.create_task(scheduler.answer(call("a", 150), 10)) for _ in range(12)]  # each 75 ms
        await asyncio.sleep(0.02)
        errors = [task.exception() for task in flood if task.done()]
        assert errors
        assert {error.code for error in errors if isinstance(error, PodionError)} == {"tenant_queue_full"}
        assert await refused(scheduler, call("b", 500), seconds=0.1) == "overloaded"
        assert labels(await scheduler.answer(call("b"), 1)) == ["b-0"], "others do not wait for it"
        assert labels(await scheduler.answer(call("a"), 1)) == ["a-0"], "nor does the owner's own single row"
        assert not any(task.done() and not task.exception() for task in flood)
        assert scheduler.status()["refused"]["deadline"] == 1
        for task in flood:
            task.cancel()

    run(lambda: sleepy, story, Admission(seconds=0.2))


def test_a_newcomer_goes_before_a_flood() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        flood = [asyncio.create_task(scheduler.answer(call("flood"), 10)) for _ in range(500)]
        await until_busy(slow)
        newcomer = asyncio.create_task(scheduler.answer(call("newcomer"), 10))
        await asyncio.sleep(0)
        slow.gate.set()
        await newcomer
        assert "newcomer" in slow.passes[1][:3], "the flood ends its turn, and no more"
        await asyncio.gather(*flood)

    run(lambda: slow, story)


def test_what_nobody_waits_for_is_not_computed() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        first = asyncio.create_task(scheduler.answer(call("first"), 10))
        await until_busy(slow)
        cancelled = asyncio.create_task(scheduler.answer(call("cancelled"), 10))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(Unavailable) as raised:
            await scheduler.answer(call("expired"), 0.05)
        assert raised.value.code == "deadline"
        slow.gate.set()
        await first
        await scheduler.answer(call("last"), 10)
        assert slow.passes == [["first"], ["last"]]
        assert scheduler.status()["dropped"] == 2

    run(lambda: slow, story)


def test_embeddings_keep_their_order_and_fail_alone() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        texts = tuple("x" * i for i in range(67))
        good = asyncio.create_task(scheduler.embed(Embedding(base="b", texts=texts), 10))
        bad = asyncio.create_task(scheduler.embed(Embedding(base="absent", texts=("x",)), 10))
        answered = asyncio.create_task(scheduler.answer(call("a"), 10))
        assert (await good)[:, 0].tolist() == list(range(67))
        with pytest.raises(NotFound):
            await bad
        assert labels(await answered) == ["a-0"]
        assert (await scheduler.embed(Embedding(base="b", texts=()), 10)).shape == (0, 2)

    run(lambda: slow, story)


def test_an_exception_of_the_engine_reaches_those_it_concerns_and_no_later_ones() -> None:
    slow = Slow()
    slow.error = MemoryError("no room")

    async def story(scheduler: Scheduler) -> None:
        with pytest.raises(MemoryError):
            await scheduler.answer(call("a"), 10)
        slow.error = None
        assert labels(await scheduler.answer(call("b"), 10)) == ["b-0"]

    run(lambda: slow, story)


def test_closing_finishes_the_pass_and_refuses_the_rest() -> None:
    slow = Slow()

    async def main() -> None:
        scheduler = Scheduler(lambda: slow)
        slow.gate.clear()
        first = asyncio.create_task(scheduler.answer(call("first"), 10))
        await until_busy(slow)
        waiting = asyncio.create_task(scheduler.answer(call("waiting"), 10))
        await asyncio.sleep(0)
        closing = asyncio.create_task(scheduler.close())
        await asyncio.sleep(0)
        slow.gate.set()
        await closing
        assert labels(await first) == ["first-0"]
        for late in (waiting, scheduler.answer(call("late"), 10)):
            with pytest.raises(Unavailable, match="stopping"):
                await late

    asyncio.run(main())


def test_an_engine_that_cannot_be_made_ends_the_scheduler() -> None:
    def broken() -> Computer:
        raise OSError("no torch")

    async def main() -> None:
        scheduler = Scheduler(broken)
        with pytest.raises(OSError, match="no torch"):
            await scheduler.running
        assert not scheduler.ready
        await scheduler.close()

    asyncio.run(main())


def test_a_compute_thread_that_ends_is_told_of() -> None:
    class Leaving(Slow):
        def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
            raise SystemExit(0)  # as a head may do

    async def main() -> None:
        scheduler = Scheduler(Leaving)
        waiting = asyncio.create_task(scheduler.answer(call("a"), 10))
        await asyncio.wait([scheduler.running], timeout=10)
        assert isinstance(scheduler.running.exception(), SystemExit)
        await scheduler.close()
        waiting.cancel()

    asyncio.run(main())
