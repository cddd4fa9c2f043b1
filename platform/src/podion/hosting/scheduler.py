"""Turns requests that arrive one by one into passes of the engine: no delay when idle, everything waiting when busy.

All of its methods run on the event loop; the engine's run in its one compute thread.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podion.errors import Unavailable
from podion.hosting.protocol import Answered, Call, Failed, TextKind

QUEUE_ROWS = 4096
"""Rows that may wait; more are refused at once, so that nobody waits for an answer that comes too late."""

PASS_ROWS = 256
"""Rows taken into one pass."""

CHUNK_ROWS = 64
"""Rows of one request in one pass: a large request goes in pieces, and small ones come between."""


class Computer(Protocol):
    """What the scheduler drives: the engine."""

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        """Return what became of each call, in order."""

    def embed(self, base: str, texts: Sequence[str], kind: TextKind = "query") -> NDArray[np.float32]:
        """Return vectors of length 1."""


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Texts to embed."""

    base: str
    texts: tuple[str, ...]
    kind: TextKind = "query"


Work = Call | Embedding


@dataclass(eq=False)
class _Waiting:
    work: Work
    deadline: float
    future: "asyncio.Future[Any]" = field(repr=False)

    @property
    def rows(self) -> int:
        return max(1, len(self.work.records if isinstance(self.work, Call) else self.work.texts))


class Scheduler:
    """A bounded queue in front of one compute thread. Made on a running event loop; `close` ends it.

    `computer` is called once, in the compute thread, so that what it loads does not hold up the event loop.
    """

    def __init__(self, computer: Callable[[], Computer], *, queue_rows: int = QUEUE_ROWS) -> None:
        self._make = computer
        self._queue_rows = queue_rows
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compute")
        self.queued_rows = 0
        self.ready = False
        self.dropped = 0
        self.refused = 0
        self.running = asyncio.create_task(self._run(), name="scheduler")
        """Ends when the scheduler is closed, or with the exception that kept the engine from being made."""

    async def answer(self, call: Call, timeout: float) -> Answered | Failed:
        """Return what became of the call; raises `Unavailable` when the queue is full or `timeout` seconds are over."""
        answers: list[dict[str, Any]] = []
        async with _within(timeout) as deadline:
            for start in range(0, max(1, len(call.records)), CHUNK_ROWS):
                piece = replace(call, records=call.records[start : start + CHUNK_ROWS])
                result: Answered | Failed = await self._enqueue(piece, deadline)
                if isinstance(result, Failed):
                    return result
                answers.extend(result.answers)
        return Answered(answers=tuple(answers))

    async def answer_all(self, calls: Sequence[Call], timeout: float) -> list[Answered | Failed]:
        """Return what became of each call, in order; equal places of the calls are computed in one pass.

        Each is queued before the compute thread is given work again. Raises as `answer` does.
        """
        return list(await asyncio.gather(*(self.answer(call, timeout) for call in calls)))

    async def embed(self, embedding: Embedding, timeout: float) -> NDArray[np.float32]:
        """Return the vectors; raises what the engine raises, and `Unavailable` as `answer` does."""
        pieces: list[NDArray[np.float32]] = []
        async with _within(timeout) as deadline:
            for start in range(0, max(1, len(embedding.texts)), CHUNK_ROWS):
                piece = replace(embedding, texts=embedding.texts[start : start + CHUNK_ROWS])
                pieces.append(await self._enqueue(piece, deadline))
        return np.concatenate(pieces)

    async def close(self) -> None:
        """Finish the pass under way, refuse what waits, end the thread."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(self.running, return_exceptions=True)
        while self._queue:
            _settle(self._queue.popleft(), Unavailable("the engine is stopping", retry_after=2))
        await asyncio.to_thread(self._thread.shutdown)

    async def _enqueue(self, work: Work, deadline: float) -> Any:
        waiting = _Waiting(work, deadline, asyncio.get_running_loop().create_future())
        if self._closing:
            raise Unavailable("the engine is stopping", retry_after=2)
        if self._queue and self.queued_rows + waiting.rows > self._queue_rows:
            self.refused += 1
            raise Unavailable(
                f"{self.queued_rows} rows wait already, {self._queue_rows} may: try again shortly",
                code="overloaded",
                retry_after=1,
            )
        self._queue.append(waiting)
        self.queued_rows += waiting.rows
        self._arrived.set()
        return await waiting.future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        computer = await loop.run_in_executor(self._thread, self._make)
        self.ready = True
        while not self._closing:
            taken = self._take(loop.time())
            if taken:
                results = await loop.run_in_executor(self._thread, _compute, computer, [one.work for one in taken])
                for waiting, result in zip(taken, results, strict=True):
                    _settle(waiting, result)
            elif not self._queue:
                self._arrived.clear()
                await self._arrived.wait()

    def _take(self, now: float) -> list[_Waiting]:
        """Take up to a pass of rows, oldest first; what nobody waits for any more leaves before it costs anything."""
        taken: list[_Waiting] = []
        rows = 0
        while self._queue and (not taken or rows + self._queue[0].rows <= PASS_ROWS):
            waiting = self._queue.popleft()
            self.queued_rows -= waiting.rows
            if waiting.future.done() or waiting.deadline <= now:
                self.dropped += 1
                continue
            taken.append(waiting)
            rows += waiting.rows
        return taken


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[float]:
    """Give the deadline as loop time; raise `Unavailable` (code `deadline`) when the block is not done by then."""
    try:
        async with asyncio.timeout(seconds):
            yield asyncio.get_running_loop().time() + seconds
    except TimeoutError:
        raise Unavailable(f"no answer within {seconds:g} s", code="deadline", retry_after=1) from None


def _settle(waiting: _Waiting, result: Any) -> None:
    if waiting.future.done():
        return
    if isinstance(result, Exception):
        waiting.future.set_exception(result)
    else:
        waiting.future.set_result(result)


def _compute(computer: Computer, taken: Sequence[Work]) -> list[Any]:
    """Run one pass: all calls at once, then the texts to embed. An exception is the result of those it concerns."""
    calls = [work for work in taken if isinstance(work, Call)]
    try:
        answers: Iterator[Any] = iter(computer.answer(calls) if calls else ())
    except Exception as error:
        answers = repeat(error)
    return [next(answers) if isinstance(work, Call) else _embed(computer, work) for work in taken]


def _embed(computer: Computer, work: Embedding) -> Any:
    try:
        return computer.embed(work.base, work.texts, work.kind)
    except Exception as error:
        return error
