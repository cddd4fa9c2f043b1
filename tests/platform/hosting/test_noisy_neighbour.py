"""One tenant floods, another sends a row now and then: queue, bounds and passes together, in simulated time."""

import heapq
import itertools
import random
from collections import Counter, defaultdict

import pytest

from podion.hosting.admission import Admission
from podion.hosting.fair_order import Waiting
from podion.hosting.fair_queue import FairQueue
from podion.hosting.pass_cost import LONGEST_PASS_SECONDS, PASS_ROWS, PassCost

SECONDS = 5.0
PER_SECOND = 20.0


class Machine:
    """A compute thread with true costs that the scheduler's estimate has to find out."""

    def __init__(self, fixed: float, each: float) -> None:
        self.fixed, self.each = fixed, each
        self.queue: FairQueue[None] = FairQueue()
        self.cost = PassCost()
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.random = random.Random(1)

    def run(self, rates: dict[str, float]) -> None:
        """Let each owner send single rows at random, at its rate a second, whatever became of the last."""
        arrivals = heapq.merge(*(self.arrivals(owner, rate) for owner, rate in rates.items()))
        now, (next_at, owner) = 0.0, next(arrivals)
        while now < SECONDS:
            while next_at <= now:
                self.arrive(owner, next_at)
                next_at, owner = next(arrivals)
            budget = self.cost.next_budget(self.queue.order("interactive").owners)
            taken = self.queue.take(budget, PASS_ROWS, now)
            if not taken:
                now = next_at
                continue
            tokens = sum(sum(one.waiting.costs) for one in taken)
            seconds = self.fixed + self.each * tokens
            now += seconds
            self.cost.observe(tokens, seconds)
            for one in taken:
                self.took[one.waiting.owner].append(now - one.waiting.arrived)

    def arrivals(self, owner: str, rate: float) -> "itertools.accumulate[tuple[float, str]]":
        rows = random.Random(owner)
        gaps = ((rows.expovariate(rate), owner) for _ in itertools.count())
        return itertools.accumulate(gaps, lambda before, gap: (before[0] + gap[0], owner))

    def arrive(self, owner: str, now: float) -> None:
        tokens = max(4, int(self.random.gauss(15, 5)))
        new = Waiting(owner=owner, work=None, costs=[tokens], deadline=now + 30, arrived=now)
        refusal = Admission().refusal(self.queue, new, self.cost, now)
        if refusal is None:
            self.queue.put(new)
        else:
            self.refused[f"{owner} {refusal.error.status}"] += 1

    def p99(self, owner: str) -> float:
        times = sorted(self.took[owner])
        return times[int(0.99 * len(times))]


@pytest.mark.parametrize(("fixed", "each"), [(0.0015, 0.00007), (0.004, 0.0002), (0.001, 0.00004)])
def test_a_flood_costs_a_neighbour_little_more_than_the_pass_it_finds_under_way(fixed: float, each: float) -> None:
    alone, beside = Machine(fixed, each), Machine(fixed, each)
    alone.run({"neighbour": PER_SECOND})
    beside.run({"neighbour": PER_SECOND, "flood": 200 * PER_SECOND})
    assert len(beside.took["neighbour"]) >= len(alone.took["neighbour"]) - 3
    one_pass = beside.cost.target(owners=2)
    assert one_pass <= max(4 * fixed, 0.004) * 1.3, "the estimate has found the cost"
    assert beside.p99("neighbour") <= 2 * alone.p99("neighbour") + one_pass
    assert beside.refused["flood 429"] > 0
    assert beside.refused["neighbour 429"] == beside.refused["neighbour 503"] == 0


def test_ten_floods_share_what_there_is_and_the_neighbour_still_goes_first() -> None:
    machine = Machine(0.0015, 0.00007)
    machine.run({"neighbour": PER_SECOND, **{f"flood {n}": 5 * (n + 1) * PER_SECOND for n in range(10)}})
    assert machine.p99("neighbour") <= 2 * LONGEST_PASS_SECONDS
    answered = [len(machine.took[f"flood {n}"]) for n in range(10)]
    assert max(answered) < 1.1 * min(answered)
    assert not any(name.startswith("neighbour") for name in machine.refused)
