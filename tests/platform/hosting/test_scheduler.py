import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest

from podion.errors import NotFound, Unavailable
from podion.hosting.protocol import Answered, Call, Failed
from podion.hosting.scheduler import CHUNK_ROWS, PASS_ROWS, Computer, Embedding, Scheduler


def call(name: str, rows: int = 1) -> Call:
    return Call(
        owner=name, base="b", folder="f", digest="d", records=tuple({"text": f"{name}-{i}"} for i in range(rows))
    )


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


def run(computer: Callable[[], Computer], story: Callable[[Scheduler], Awaitable[None]], **options: int) -> None:
    async def main() -> None:
        scheduler = Scheduler(computer, **options)
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
        rows = 3 * CHUNK_ROWS + 1
        slow.gate.clear()
        large = asyncio.create_task(scheduler.answer(call("large", rows), 10))
        await until_busy(slow)
        small = asyncio.create_task(scheduler.answer(call("small"), 10))
        await asyncio.sleep(0)
        slow.gate.set()
        assert labels(await small) == ["small-0"]
        assert not large.done()
        assert labels(await large) == [f"large-{i}" for i in range(rows)]
        assert max(map(len, slow.passes)) <= 2

    run(lambda: slow, story)


def test_a_pass_is_bounded() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        first = asyncio.create_task(scheduler.answer(call("first"), 10))
        await until_busy(slow)
        full = [asyncio.create_task(scheduler.answer(call(str(i), CHUNK_ROWS), 10)) for i in range(10)]
        await asyncio.sleep(0)
        slow.gate.set()
        await asyncio.gather(first, *full)
        assert max(map(len, slow.passes)) == PASS_ROWS // CHUNK_ROWS

    run(lambda: slow, story)


def test_a_full_queue_refuses_at_once() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        slow.gate.clear()
        tasks = [asyncio.create_task(scheduler.answer(call("first"), 10))]
        await until_busy(slow)
        tasks += [asyncio.create_task(scheduler.answer(call(str(i)), 10)) for i in range(3)]
        await asyncio.sleep(0)
        assert scheduler.queued_rows == 3
        with pytest.raises(Unavailable) as raised:
            await scheduler.answer(call("too many"), 10)
        assert (raised.value.code, raised.value.retry_after, scheduler.refused) == ("overloaded", 1, 1)
        slow.gate.set()
        await asyncio.gather(*tasks)
        assert scheduler.queued_rows == 0

    run(lambda: slow, story, queue_rows=3)


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
        assert scheduler.dropped == 2

    run(lambda: slow, story)


def test_embeddings_keep_their_order_and_fail_alone() -> None:
    slow = Slow()

    async def story(scheduler: Scheduler) -> None:
        texts = tuple("x" * i for i in range(CHUNK_ROWS + 3))
        good = asyncio.create_task(scheduler.embed(Embedding(base="b", texts=texts), 10))
        bad = asyncio.create_task(scheduler.embed(Embedding(base="absent", texts=("x",)), 10))
        answered = asyncio.create_task(scheduler.answer(call("a"), 10))
        assert (await good)[:, 0].tolist() == list(range(CHUNK_ROWS + 3))
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
