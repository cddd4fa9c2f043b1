"""Turns requests that arrive one by one into passes of the engine: no delay when idle, fair when busy, refusals early.

Requests come and go on the event loop; one compute thread takes passes from the queue whenever it is free, so that it
never waits for the loop. The queue is theirs both, under one lock.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, cast, get_args

from podion.errors import Unavailable
from podion.hosting.admission import Admission, Reason
from podion.hosting.fair_order import Waiting
from podion.hosting.fair_queue import FairQueue, Taken
from podion.hosting.histogram import ROWS, SECONDS, Histogram
from podion.hosting.pass_cost import PASS_ROWS, PassCost
from podion.hosting.passes import Parts, computed
from podion.hosting.protocol import Answered, Call, Failed, Urgency
from podion.hosting.work import Computer, Embedding, Outcome, Vectors, Work, waiting


class Scheduler:
    """A bounded fair queue in front of one compute thread. Made on a running event loop; `close` ends it.

    `computer` is called once, in the compute thread, so that what it loads does not hold up the event loop.
    """

    def __init__(self, computer: Callable[[], Computer], *, admission: Admission | None = None) -> None:
        self._make = computer
        self._loop = asyncio.get_running_loop()
        self._admission = admission or Admission()
        self._queue: FairQueue[Work] = FairQueue()
        self._cost = PassCost()
        self._changed = threading.Condition()
        """Guards the queue and the cost; told when an idle compute thread has something to do."""
        self._idle = False
        self._waking = False
        self._closing = False
        self._cancelled = 0
        self._refused: dict[Reason, int] = {"tenant": 0, "queue": 0, "deadline": 0, "stopping": 0}
        self._pass_rows, self._waited, self._computed = Histogram(ROWS), Histogram(SECONDS), Histogram(SECONDS)
        self.ready = False
        self.running: asyncio.Future[None] = self._loop.create_future()
        """Done when the scheduler is closed, or with the exception that ended the compute thread."""
        self._thread = threading.Thread(target=self._compute, name="compute", daemon=True)
        self._thread.start()

    def submit(
        self, asked: tuple[Call, ...] | Embedding, seconds: float, done: Callable[[Outcome], None]
    ) -> Waiting[Work]:
        """Queue a request and return it; `done` is called on the loop with what becomes of it within `seconds`.

        Whatever is queued in one turn of the loop is there before an idle compute thread is woken. Raises
        `QuotaExceeded` (code `tenant_queue_full`) when the owner has its share of the queue, and `Unavailable` (code
        `overloaded`) when the queue is full or an answer would come too late, each with the seconds to wait.
        """
        new = waiting(Work(asked, done), monotonic(), seconds)
        with self._changed:
            if self._closing:
                self._refused["stopping"] += 1
                raise Unavailable("the engine is stopping", retry_after=2)
            refusal = self._admission.refusal(self._queue, new, self._cost, new.arrived)
            if refusal is None:
                self._queue.put(new)
        if refusal is not None:
            self._refused[refusal.reason] += 1
            raise refusal.error
        new.work.timer = self._loop.call_later(seconds, self._expire, new, seconds)
        if self._idle and not self._waking:
            self._waking = True
            self._loop.call_soon(self._wake)
        return new

    def cancel(self, one: Waiting[Work]) -> None:
        """Forget a request: what waits of it leaves the queue, what is being computed is computed in vain."""
        one.work.forget()
        self._cancelled += self._remove(one)

    async def answer(self, call: Call, timeout: float) -> Answered | Failed:
        """Return what became of the call; raises what `submit` does, and `Unavailable` (code `deadline`) when late."""
        return (await self.answer_all([call], timeout))[0]

    async def answer_all(self, calls: Sequence[Call], timeout: float) -> list[Answered | Failed]:
        """Return what became of each call, in order; equal places of the calls are computed in one pass.

        Raises as `answer` does. All are of one owner.
        """
        return cast("list[Answered | Failed]", await self._outcome(tuple(calls), timeout)) if calls else []

    async def embed(self, embedding: Embedding, timeout: float) -> Vectors:
        """Return the vectors; raises what the engine raises, and what `answer` raises."""
        return cast(Vectors, await self._outcome(embedding, timeout))

    async def close(self) -> None:
        """Finish the pass under way, refuse what waits, end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        for one in self._queue.everything():
            self._queue.discard(one)
            one.work.settle(Unavailable("the engine is stopping", retry_after=2))
        if not self.running.done():
            self.running.set_result(None)

    def status(self) -> dict[str, Any]:
        """Return what waits and what was done.

        - `ready`: whether the engine is loaded.
        - `queued_rows`: rows that wait; `queue_rows`, `queue_tokens`, `queue_owners`: rows, their estimated tokens and
          those whose they are, by urgency.
        - `refused`: requests by the reason they were refused for: `tenant` (its own share is used up), `queue`
          (everybody's is), `deadline` (an answer would be too late) and `stopping`.
        - `dropped`: requests that left the queue because nobody wanted them any more, or because their time was over.
        - `passes`: their number; `pass_rows`: a histogram (see `Histogram.status`) of their rows.
        - `stage_seconds`: histograms of how long a request waited for its first row to be taken, under `queue`, and of
          what a pass took, under `pass`.
        - `pass_cost`: what a pass is estimated to take, `fixed_seconds` and `token_seconds` for each token.
        """
        orders = {urgency: self._queue.order(urgency) for urgency in get_args(Urgency)}
        return {
            "ready": self.ready,
            "queued_rows": len(self._queue),
            "queue_rows": {urgency: order.rows for urgency, order in orders.items()},
            "queue_tokens": {urgency: order.tokens for urgency, order in orders.items()},
            "queue_owners": {urgency: order.owners for urgency, order in orders.items()},
            "refused": dict(self._refused),
            "dropped": self._cancelled + self._queue.expired,
            "passes": self._computed.count,
            "pass_rows": self._pass_rows.status(),
            "stage_seconds": {"queue": self._waited.status(), "pass": self._computed.status()},
            "pass_cost": {"fixed_seconds": self._cost.fixed, "token_seconds": self._cost.each},
        }

    def _outcome(self, asked: tuple[Call, ...] | Embedding, timeout: float) -> Awaitable[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()

        def done(outcome: Outcome) -> None:
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        one = self.submit(asked, timeout, done)
        future.add_done_callback(lambda future: self.cancel(one) if future.cancelled() else None)
        return future

    def _wake(self) -> None:
        self._waking = False
        with self._changed:
            self._changed.notify()

    def _expire(self, one: Waiting[Work], seconds: float) -> None:
        self._cancelled += self._remove(one)
        one.work.settle(Unavailable(f"no answer within {seconds:g} s", code="deadline", retry_after=1))

    def _remove(self, one: Waiting[Work]) -> bool:
        with self._changed:
            return self._queue.discard(one)

    def _compute(self) -> None:
        """What the compute thread does."""
        try:
            self._compute_until_closed()
        except BaseException as error:  # whatever it is, nothing is answered any more: the process must end
            self._loop.call_soon_threadsafe(self._broken, error)

    def _compute_until_closed(self) -> None:
        computer = self._make()
        self.ready = True
        while taken := self._next_pass():
            began = monotonic()
            results = computed(computer, taken)
            seconds = monotonic() - began
            with self._changed:
                self._cost.observe(sum(sum(one.waiting.costs[one.start : one.stop]) for one in taken), seconds)
            self._count(taken, began, seconds)
            if finished := self._finished(taken, results):
                self._loop.call_soon_threadsafe(_settle, finished)

    def _next_pass(self) -> list[Taken[Work]]:
        """Return what is to be computed next, once there is something; nothing when the scheduler is closed."""
        with self._changed:
            while not self._closing:
                budget = self._cost.next_budget(self._queue.order("interactive").owners)
                if taken := self._queue.take(budget, PASS_ROWS, monotonic()):
                    return taken
                self._idle = True
                self._changed.wait()
                self._idle = False
        return []

    def _count(self, taken: Sequence[Taken[Work]], began: float, seconds: float) -> None:
        self._pass_rows.observe(sum(one.stop - one.start for one in taken))
        self._computed.observe(seconds)
        for one in taken:
            if one.start == 0:
                self._waited.observe(began - one.waiting.arrived)

    def _broken(self, error: BaseException) -> None:
        if not self.running.done():
            self.running.set_exception(error)

    def _finished(self, taken: Sequence[Taken[Work]], results: Sequence[Parts]) -> list[tuple[Work, Outcome]]:
        """Add what was computed to its requests and return those that are over, with their outcomes."""
        finished: list[tuple[Work, Outcome]] = []
        for one, parts in zip(taken, results, strict=True):
            work = one.waiting.work
            if work.settled:
                continue
            if isinstance(parts, Exception):
                self._remove(one.waiting)
                finished.append((work, parts))
                continue
            if isinstance(parts, list):
                work.add_answers(parts, one.stop - one.start)
            else:
                work.add_vectors(parts)
            if work.hopeless:
                self._remove(one.waiting)
            if work.hopeless or work.computed == len(one.waiting.costs):
                finished.append((work, work.outcome()))
        return finished


def _settle(finished: Sequence[tuple[Work, Outcome]]) -> None:
    for work, outcome in finished:
        work.settle(outcome)
