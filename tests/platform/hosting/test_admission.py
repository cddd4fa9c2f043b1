"""Who may wait, by rows and by the clock, and when those who may not shall come again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.errors import QuotaExceeded, Unavailable
from podion.hosting.admission import LONGEST_RETRY, PATIENCE, Admission, Refusal, tokens_ahead
from podion.hosting.fair_order import QUANTUM, Waiting
from podion.hosting.fair_queue import FairQueue
from podion.hosting.pass_cost import PassCost
from podion.hosting.protocol import Urgency

ROW = 20
FIXED, EACH = 0.001, 0.0001


def measured() -> PassCost:
    cost = PassCost(FIXED, EACH)
    for tokens in range(20, 400, 20):
        cost.observe(tokens, FIXED + EACH * tokens)
    return cost


MEASURED = measured()


def work(owner: str, rows: int = 1, *, urgency: Urgency = "interactive", within: float = 60.0) -> Waiting[None]:
    return Waiting(owner=owner, work=None, costs=[ROW] * rows, deadline=within, arrived=0.0, urgency=urgency)


def queue_of(*waiting: Waiting[None]) -> FairQueue[None]:
    queue: FairQueue[None] = FairQueue()
    for one in waiting:
        queue.put(one)
    return queue


def asked(
    queue: FairQueue[None], new: Waiting[None], cost: PassCost | None = None, *, rows: int = 10**6, seconds: float = 2.0
) -> Refusal | None:
    return Admission(rows=rows, seconds=seconds).refusal(queue, new, cost or MEASURED, 0.0)


def test_nothing_is_refused_on_an_estimate_that_nobody_measured() -> None:
    queue = queue_of(work("a", 2000))
    assert asked(queue, work("b", 900, within=0.01), PassCost(), seconds=0.01) is None


def test_who_has_the_machine_alone_is_let_in_however_long_it_takes() -> None:
    assert asked(queue_of(), work("a", 5000), rows=64, seconds=0.01) is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 40)), max_size=60))
def test_there_is_room_for_one_more_owner_and_never_more_than_the_queue_holds(sent: list[tuple[str, int]]) -> None:
    queue = queue_of()
    for owner, rows in sent:
        refusal = asked(queue, work(owner, rows), seconds=1e9, rows=256)
        if refusal is None:
            queue.put(work(owner, rows))
    order = queue.order("interactive")
    assert order.rows <= 256
    singles = queue_of()
    while asked(singles, work("flood"), seconds=1e9, rows=256) is None:
        singles.put(work("flood"))
    assert singles.order("interactive").rows == 128
    assert asked(singles, work("other"), seconds=1e9, rows=256) is None


def test_a_refusal_says_when_there_will_be_room() -> None:
    one_second = int(1 / (EACH * ROW / 0.75))  # rows; a quarter of a short pass is its fixed cost
    queue = queue_of(*(work("a", one_second) for _ in range(10)))
    own = asked(queue, work("a", one_second), seconds=3.0)
    assert own is not None
    assert (own.reason, type(own.error), own.error.code) == ("tenant", QuotaExceeded, "tenant_queue_full")
    assert own.error.retry_after is not None
    assert 6 <= own.error.retry_after <= 8, "ten seconds of work, of which three may wait"
    assert asked(queue, work("a")) is None, "its own single row takes turns with what it sent before"
    many = queue_of(*(work(str(n)) for n in range(4000)))
    everybody = asked(many, work("late"), seconds=3.0)
    assert everybody is not None
    assert (everybody.reason, type(everybody.error), everybody.error.code) == ("queue", Unavailable, "overloaded")
    late = asked(queue_of(*(work(str(n), 400) for n in range(400))), work("late", within=1.0))
    assert late is not None
    assert (late.reason, late.error.code, late.error.retry_after) == ("deadline", "overloaded", 2)
    far = asked(queue_of(*(work("a", one_second) for _ in range(100))), work("a", one_second))
    assert far is not None
    assert far.error.retry_after == LONGEST_RETRY


def test_one_that_takes_long_itself_may_wait_longer_and_bulk_as_long_as_it_likes() -> None:
    queue = queue_of(*(work("a", 100) for _ in range(12)))
    wait = 12 * 100 * ROW * EACH
    assert asked(queue, work("a", 100), seconds=0.1) is not None
    assert asked(queue, work("a", int(wait / PATIENCE / ROW / EACH * 2)), seconds=0.1) is None
    bulk = queue_of(*(work("a", 100, urgency="bulk") for _ in range(12)))
    assert asked(bulk, work("a", 1, urgency="bulk"), seconds=0.001) is None


@pytest.mark.parametrize("urgency", ["interactive", "bulk"])
def test_what_is_ahead_counts_turns_and_the_other_class(urgency: Urgency) -> None:
    assert tokens_ahead(queue_of(), work("a", urgency=urgency)) == 0
    queue = queue_of(work("a", 1000), work("bulk", 1000, urgency="bulk"))
    ahead = tokens_ahead(queue, work("b", urgency=urgency))
    if urgency == "interactive":
        assert QUANTUM <= ahead <= 4 * QUANTUM, "a turn of the flood, and what bulk is owed"
    else:
        assert ahead >= 2 * QUANTUM
        assert ahead <= (1000 * ROW + 4 * QUANTUM)
