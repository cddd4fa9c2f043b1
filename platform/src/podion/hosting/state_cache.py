"""States computed before: kept by owner and content under a byte budget, the least recently used dropped first."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from torch import Tensor

_STALE = 8
"""Entries of the heap for each owner, from which on it is made anew."""


@dataclass(frozen=True)
class StateKey:
    """What states depend on, given the base and its runtime: the text, where it is cut, what changed the layers.

    Kept are each token's states at the cut or, `at_end`, the means at the end and at the cut.
    """

    text: tuple[int, ...]
    cut: int
    adapter: str | None
    at_end: bool = False


class StateCache:
    """Tensors by owner and key; an owner never meets another's, and who holds the most gives way first."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._owners: dict[Hashable, OrderedDict[StateKey, tuple[Tensor, ...]]] = {}
        self._bytes: dict[Hashable, int] = {}
        self._largest: list[tuple[int, int, Hashable]] = []
        """A heap of what owners held, negative, by the number of the change: true where it is what they hold now."""
        self._changes = count()
        self.nbytes = 0
        self.hits = 0
        self.misses = 0

    def get(self, owner: Hashable, key: StateKey) -> tuple[Tensor, ...] | None:
        """Return what was kept under `key` for `owner`, or None."""
        own = self._owners.get(owner)
        found = own.get(key) if own else None
        if own is None or found is None:
            self.misses += 1
            return None
        own.move_to_end(key)
        self.hits += 1
        return found

    def put(self, owner: Hashable, key: StateKey, *tensors: Tensor) -> None:
        """Keep copies of `tensors`, unless they alone are over the budget."""
        size = sum(tensor.nbytes for tensor in tensors)
        if size > self._budget or key in self._owners.get(owner, ()):
            return
        self._owners.setdefault(owner, OrderedDict())[key] = tuple(tensor.clone() for tensor in tensors)
        self._count(owner, size)
        while self.nbytes > self._budget:
            self._drop_oldest(self._largest_owner())

    def _largest_owner(self) -> Hashable:
        """Who holds the most, found without a look at everybody: there may be thousands, and this is asked a lot."""
        while self._bytes.get(self._largest[0][2]) != -self._largest[0][0]:
            heappop(self._largest)
        return self._largest[0][2]

    def _drop_oldest(self, owner: Hashable) -> None:
        _, tensors = self._owners[owner].popitem(last=False)
        self._count(owner, -sum(tensor.nbytes for tensor in tensors))
        if not self._owners[owner]:
            del self._owners[owner], self._bytes[owner]

    def _count(self, owner: Hashable, size: int) -> None:
        self._bytes[owner] = self._bytes.get(owner, 0) + size
        self.nbytes += size
        if len(self._largest) > _STALE * (len(self._bytes) + 1):
            self._largest = [(-held, next(self._changes), each) for each, held in self._bytes.items()]
            heapify(self._largest)
        else:
            heappush(self._largest, (-self._bytes[owner], next(self._changes), owner))
