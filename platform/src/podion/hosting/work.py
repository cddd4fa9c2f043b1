"""What one request asks of the engine, in rows that can be computed in different passes, and what came of them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podion.hosting.fair_order import Waiting
from podion.hosting.protocol import Answered, Call, Failed, Json, TextKind, Urgency

LONGEST_ROW = 512
"""Tokens that a row is counted as at most: bases read no more of a text."""

Vectors = NDArray[np.float32]
Outcome = list[Answered | Failed] | Vectors | Exception
"""What becomes of each call, in order, or the vectors; an exception when there is neither."""


class Computer(Protocol):
    """What the scheduler drives: the engine."""

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        """Return what became of each call, in order."""

    def embed(self, base: str, texts: Sequence[str], kind: TextKind = "query") -> NDArray[np.float32]:
        """Return vectors of length 1."""


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Texts to embed; without an owner they are the platform's own."""

    base: str
    texts: tuple[str, ...]
    kind: TextKind = "query"
    owner: str = ""
    urgency: Urgency = "interactive"


@dataclass(eq=False)
class Work:
    """A request under way. `done` is called once with its outcome, on the event loop.

    A row of calls that were sent together is the records at one place of all of them: they share a pass.
    """

    asked: tuple[Call, ...] | Embedding
    done: Callable[[Outcome], None]
    settled: bool = False
    timer: asyncio.TimerHandle | None = None
    """Ends it when its time is over."""
    computed: int = 0
    """Rows whose results are there."""
    _answers: list[list[Json]] = field(init=False)
    _failed: dict[int, Failed] = field(default_factory=dict)
    _vectors: list[Vectors] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answers = [[] for _ in self.asked] if isinstance(self.asked, tuple) else []

    def settle(self, outcome: Outcome) -> None:
        """Tell the outcome to who waits for it, unless somebody did."""
        if not self.settled:
            self.forget()
            self.done(outcome)

    def forget(self) -> None:
        """Tell nobody anything any more."""
        self.settled = True
        if self.timer is not None:
            self.timer.cancel()

    def part(self, start: int, stop: int) -> "list[tuple[int, Call]]":
        """Return the calls' rows `start` up to `stop`, by the call's place: none of those that failed or are over."""
        assert isinstance(self.asked, tuple)
        return [
            (place, call if start == 0 and stop >= len(call.records) else _cut(call, start, stop))
            for place, call in enumerate(self.asked)
            if place not in self._failed and (start < len(call.records) or start == 0)
        ]

    def add_answers(self, found: Sequence[tuple[int, Answered | Failed]], rows: int) -> None:
        """Add what became of a part; a call of which one part failed has failed."""
        for place, result in found:
            if isinstance(result, Failed):
                self._failed[place] = self._named(place, result)
            else:
                self._answers[place].extend(result.answers)
        self.computed += rows

    def _named(self, place: int, failed: Failed) -> Failed:
        assert isinstance(self.asked, tuple)
        return replace(failed, adapter=self.asked[place].digest)

    def add_vectors(self, vectors: Vectors) -> None:
        """Add the vectors of the next texts."""
        self._vectors.append(vectors)
        self.computed += max(1, len(vectors))

    @property
    def hopeless(self) -> bool:
        """Whether all of its calls have failed already."""
        return bool(self._failed) and len(self._failed) == len(self._answers)

    def outcome(self) -> Outcome:
        """Return what is there, once all rows are computed."""
        if isinstance(self.asked, Embedding):
            return np.concatenate(self._vectors)
        return [
            self._failed.get(place) or Answered(answers=tuple(answers)) for place, answers in enumerate(self._answers)
        ]


def waiting(work: Work, now: float, seconds: float) -> Waiting[Work]:
    """Return how some work waits: whose it is, what its rows cost, until when it is wanted."""
    asked = work.asked
    first: Call | Embedding = asked if isinstance(asked, Embedding) else asked[0]
    costs = (
        [cost_of(text) for text in asked.texts]
        if isinstance(asked, Embedding)
        else _costs([[cost_of(record.get("text")) for record in call.records] for call in asked])
    )
    return Waiting(
        owner=first.owner, work=work, costs=costs or [1], deadline=now + seconds, arrived=now, urgency=first.urgency
    )


def cost_of(text: Any) -> int:
    """Return about how many tokens a text has: two that stand around it, and one for four bytes of UTF-8."""
    if not isinstance(text, str):
        return 2
    return min(LONGEST_ROW, 2 + (len(text) if text.isascii() else len(text.encode("utf-8", "replace"))) // 4)


def _costs(each: Sequence[Sequence[int]]) -> list[int]:
    if len(each) == 1:
        return list(each[0])
    longest = max(map(len, each))
    return [sum(costs[place] for costs in each if place < len(costs)) for place in range(longest)]


def _cut(call: Call, start: int, stop: int) -> Call:
    return replace(call, records=call.records[start:stop])
