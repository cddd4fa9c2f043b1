"""What waits for the compute thread, and how a pass is taken from it: fair between owners, interactive before bulk."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from podion.hosting.fair_order import FairOrder, Waiting
from podion.hosting.protocol import Urgency

BULK_SHARE = 0.1
"""Share of the computed tokens that bulk work gets while interactive work waits: it is slow then, never still."""

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Taken(Generic[W]):
    """Rows `start` up to `stop` of what waited."""

    waiting: Waiting[W]
    start: int
    stop: int


class FairQueue(Generic[W]):
    """The two orders, and how a pass is taken from them."""

    def __init__(self, bulk_share: float = BULK_SHARE) -> None:
        self._orders: dict[Urgency, FairOrder[W]] = {"interactive": FairOrder(), "bulk": FairOrder()}
        self._bulk_share = bulk_share
        self._owed = 0.0

    def __len__(self) -> int:
        return sum(order.rows for order in self._orders.values())

    @property
    def expired(self) -> int:
        """Works that left because their deadline had passed."""
        return sum(order.expired for order in self._orders.values())

    def order(self, urgency: Urgency) -> FairOrder[W]:
        """Return the order of one class."""
        return self._orders[urgency]

    def put(self, waiting: Waiting[W]) -> None:
        """Add work; whether there is room for it is the caller's question."""
        self._orders[waiting.urgency].put(waiting)

    def discard(self, waiting: Waiting[W]) -> bool:
        """Take out what is left of some work; return whether anything was."""
        return self._orders[waiting.urgency].discard(waiting)

    def everything(self) -> list[Waiting[W]]:
        """Return all that waits."""
        return [waiting for order in self._orders.values() for waiting in order.everything()]

    def take(self, tokens: float, rows: int, now: float) -> list[Taken[W]]:
        """Take the rows of a pass: up to `tokens` and `rows`, at least one where any waits, in the order of turns.

        Rows of one work are contiguous. A row that does not fit ends the pass, so that no longer one waits for ever.
        """
        bounds: dict[int, list[int]] = {}
        works: list[Waiting[W]] = []
        left = tokens
        for _ in range(rows):
            urgency = self._next_class(now)
            found = self._orders[urgency].next_row(now)
            if found is None:
                break
            waiting, cost = found
            if works and cost > left:
                break
            place = waiting.taken
            left -= cost
            self._take_row(urgency, cost)
            if id(waiting) in bounds:
                bounds[id(waiting)][1] = place + 1
            else:
                bounds[id(waiting)] = [place, place + 1]
                works.append(waiting)
        return [Taken(waiting, *bounds[id(waiting)]) for waiting in works]

    def _next_class(self, now: float) -> Urgency:
        bulk = self._orders["bulk"].next_row(now)
        if bulk is None:
            self._owed = 0.0
            return "interactive"
        if self._orders["interactive"].next_row(now) is None:
            return "bulk"
        return "bulk" if self._owed >= bulk[1] else "interactive"

    def _take_row(self, urgency: Urgency, cost: int) -> None:
        """Take a row; what bulk is owed grows with what goes before it, and shrinks with what it is given."""
        contended = all(order.rows for order in self._orders.values())
        self._orders[urgency].take_row()
        if contended:
            self._owed += cost * self._bulk_share if urgency == "interactive" else cost * (self._bulk_share - 1)
