"""Owners in turn, by work: what waits, and whose row is next.

Deficit round robin over estimated tokens (Shreedhar, Varghese 1995) with the two lists of RFC 8290: who comes back
after a pause goes before those who keep the machine busy, for one quantum, and joins them afterwards. O(1) a row.
No clock, no thread, no asyncio: callers bring the time.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from podion.hosting.protocol import Urgency

QUANTUM = 32
"""Tokens that an owner may take in one turn: two short rows. One who sends single rows waits a round at most, and the
shorter the turns of ten who flood, the shorter is a round."""

W = TypeVar("W")


@dataclass(eq=False, slots=True, kw_only=True)
class Waiting(Generic[W]):
    """Work of one owner: `costs` are the estimated tokens of its rows, `deadline` is when nobody wants it any more."""

    owner: str
    work: W
    costs: Sequence[int]
    deadline: float
    arrived: float
    urgency: Urgency = "interactive"
    taken: int = 0
    """Rows that left the queue already."""
    number: int = 0
    """Its place among its owner's works, given by the queue."""


@dataclass(eq=False, slots=True)
class _Flow(Generic[W]):
    """What one owner has waiting, and the tokens it may still take before its turn is over.

    Its works take turns, too, so that a single row does not wait for the thousand that the same owner sent before.
    """

    waiting: "OrderedDict[int, Waiting[W]]" = field(default_factory=OrderedDict)
    credit: int = 0
    served: bool = False
    """Whether a row of it was taken since its last turn."""
    rows: int = 0
    tokens: int = 0


class FairOrder(Generic[W]):
    """Owners in turn, by work. One of the queue's two classes."""

    def __init__(self, quantum: int = QUANTUM) -> None:
        self._quantum = quantum
        self._flows: dict[str, _Flow[W]] = {}
        """Owners who are in one of the lists."""
        self._new: deque[str] = deque()
        self._old: deque[str] = deque()
        self._numbers = 0
        self.rows = 0
        self.tokens = 0
        self.owners = 0
        """Owners who have something waiting."""
        self.expired = 0
        """Works that left because their deadline had passed."""

    def put(self, waiting: Waiting[W]) -> None:
        """Add work; it waits behind one turn of each of its owner's works at most."""
        flow = self._flows.get(waiting.owner)
        if flow is None:
            flow = self._flows[waiting.owner] = _Flow(credit=self._quantum)
            self._new.append(waiting.owner)
        self._numbers += 1
        waiting.number = self._numbers
        self.owners += not flow.waiting
        flow.waiting[waiting.number] = waiting
        self._count(flow, len(waiting.costs), sum(waiting.costs))

    def discard(self, waiting: Waiting[W]) -> bool:
        """Take out what is left of some work; return whether anything was."""
        flow = self._flows.get(waiting.owner)
        if flow is None or flow.waiting.pop(waiting.number, None) is None:
            return False
        self._count(flow, waiting.taken - len(waiting.costs), -sum(waiting.costs[waiting.taken :]))
        self.owners -= not flow.waiting
        return True

    def next_row(self, now: float) -> tuple[Waiting[W], int] | None:
        """Return the row whose turn it is, as its work and its cost; late work leaves on the way."""
        while turns := self._new or self._old:
            owner = turns[0]
            flow = self._flows[owner]
            waiting = self._first(flow, now)
            if waiting is not None and flow.credit > 0:
                return waiting, waiting.costs[waiting.taken]
            turns.popleft()
            if waiting is None and turns is self._old and not flow.served:
                del self._flows[owner]
                continue
            if waiting is not None and waiting.taken:
                flow.waiting.move_to_end(waiting.number)
            # One that was served and has nothing more stays for a round: it is no newcomer when it soon comes back.
            flow.credit = self._quantum if waiting is None else min(self._quantum, flow.credit + self._quantum)
            flow.served = False
            self._old.append(owner)
        return None

    def take_row(self) -> None:
        """Take the row that `next_row` returned just now."""
        flow = self._flows[(self._new or self._old)[0]]
        number, waiting = next(iter(flow.waiting.items()))
        cost = waiting.costs[waiting.taken]
        waiting.taken += 1
        if waiting.taken == len(waiting.costs):
            del flow.waiting[number]
            self.owners -= not flow.waiting
        flow.credit -= cost
        flow.served = True
        self._count(flow, -1, -cost)

    def held(self, owner: str) -> tuple[int, int, int]:
        """Return the rows, the tokens and the works that an owner has waiting."""
        flow = self._flows.get(owner)
        return (flow.rows, flow.tokens, len(flow.waiting)) if flow else (0, 0, 0)

    def everything(self) -> Iterator[Waiting[W]]:
        """Yield all that waits."""
        for flow in self._flows.values():
            yield from flow.waiting.values()

    def _first(self, flow: _Flow[W], now: float) -> Waiting[W] | None:
        while flow.waiting:
            waiting = next(iter(flow.waiting.values()))
            if waiting.deadline > now:
                return waiting
            self.expired += self.discard(waiting)
        return None

    def _count(self, flow: _Flow[W], rows: int, tokens: int) -> None:
        flow.rows += rows
        flow.tokens += tokens
        self.rows += rows
        self.tokens += tokens
