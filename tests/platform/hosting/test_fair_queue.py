"""The queue by itself: nothing is lost or taken twice, everybody gets its share, nobody waits for ever."""

import itertools
import random
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.fair_order import QUANTUM, FairOrder, Waiting
from podion.hosting.fair_queue import BULK_SHARE, FairQueue, Taken
from podion.hosting.protocol import Urgency

costs = st.lists(st.integers(1, 200), min_size=1, max_size=5)


def put(
    queue: FairQueue[str], owner: str, *costs: int, urgency: Urgency = "interactive", deadline: float = 9e9
) -> Waiting[str]:
    work = Waiting(owner=owner, work=owner, costs=costs, deadline=deadline, arrived=0.0, urgency=urgency)
    queue.put(work)
    return work


def owners(taken: list[Taken[str]]) -> list[str]:
    return [one.waiting.owner for one in taken for _ in range(one.start, one.stop)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), costs, st.sampled_from(["interactive", "bulk"])),
        st.tuples(st.just("take"), st.integers(0, 300), st.integers(1, 8), st.just(0)),
        st.tuples(st.just("discard"), st.integers(0, 20), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
def test_every_row_is_taken_once_in_its_works_order_and_the_counts_agree(steps: list[tuple[Any, ...]]) -> None:
    queue: FairQueue[str] = FairQueue()
    works: list[Waiting[str]] = []
    gone: set[int] = set()
    seen: Counter[int] = Counter()

    def note(taken: list[Taken[str]]) -> None:
        for one in taken:
            assert id(one.waiting) not in gone
            assert one.start == seen[id(one.waiting)] < one.stop
            seen[id(one.waiting)] = one.stop

    for what, first, second, third in steps:
        if what == "put":
            works.append(put(queue, first, *second, urgency=third))
        elif what == "take":
            before = len(queue)
            taken = queue.take(first, second, now=0.0)
            note(taken)
            assert min(1, before) <= sum(one.stop - one.start for one in taken) <= second
        elif works:
            work = works[first % len(works)]
            assert queue.discard(work) == (id(work) not in gone and seen[id(work)] < len(work.costs))
            gone.add(id(work))
        left = [work.costs[seen[id(work)] :] for work in works if id(work) not in gone]
        assert len(queue) == sum(map(len, left))
        orders = [queue.order("interactive"), queue.order("bulk")]
        assert sum(order.tokens for order in orders) == sum(map(sum, left))
        for order in orders:
            holders = [owner for owner in "abc" if order.held(owner)[0]]
            assert order.owners == len(holders)
            assert (order.rows, order.tokens) == tuple(map(sum, zip(*map(order.held, "abc"), strict=True)))[:2]
    while len(queue):
        note(queue.take(100, 100, now=0.0))
    assert all(seen[id(work)] == len(work.costs) for work in works if id(work) not in gone)
    assert queue.take(100, 100, now=0.0) == []


@given(st.integers(0, 1000), st.lists(st.integers(1, 100), min_size=2, max_size=4))
def test_who_always_has_work_gets_the_same_tokens_whatever_its_rows(seed: int, longest: list[int]) -> None:
    queue: FairQueue[str] = FairQueue()
    rows = random.Random(seed)
    for name, most in zip("abcd", longest, strict=False):
        put(queue, name, *(rows.randint(1, most) for _ in range(200)))
    got = Counter(dict.fromkeys("abcd"[: len(longest)], 0))
    while True:
        for one in queue.take(150, 64, now=0.0):
            got[one.waiting.owner] += sum(one.waiting.costs[one.start : one.stop])
        if not all(queue.order("interactive").held(name)[0] for name in got):
            break
        # a turn is a quantum and the rest of a row, and a pass may end within a turn
        assert max(got.values()) - min(got.values()) <= 2 * (QUANTUM + max(longest))


@given(st.integers(1, 30), st.integers(1, 30))
def test_one_who_was_away_is_in_the_very_next_pass(floods: int, passes: int) -> None:
    queue: FairQueue[str] = FairQueue()
    for flood in range(floods):
        put(queue, f"flood-{flood}", *[20] * 1000)
    for _ in range(floods + passes):  # so that each has had its first turn
        queue.take(100, 256, now=0.0)
    put(queue, "newcomer", 20)
    assert owners(queue.take(100, 256, now=0.0))[0] == "newcomer"


def test_one_who_comes_at_once_again_is_no_newcomer_and_waits_one_round() -> None:
    queue: FairQueue[str] = FairQueue()
    for name in "abcdef":
        put(queue, name, 20)
    order: list[str] = []
    for _ in range(15):
        passed = owners(queue.take(40, 9, now=0.0))
        order += passed
        for name in order[-4:-2]:  # the answer is on its way while the next pass is computed
            put(queue, name, 20)
    assert "".join(order) == "abcdef" * 5


def test_one_row_at_least_is_taken_and_a_long_one_is_not_passed_by() -> None:
    queue: FairQueue[str] = FairQueue()
    put(queue, "a", 50)
    put(queue, "b", 500)
    put(queue, "c", 5)
    assert owners(queue.take(10, 9, now=0.0)) == ["a"]
    assert owners(queue.take(10, 9, now=0.0)) == ["b"]
    assert owners(queue.take(10, 9, now=0.0)) == ["c"]


def test_a_row_does_not_wait_for_the_thousand_that_its_owner_sent_before() -> None:
    queue: FairQueue[str] = FairQueue()
    put(queue, "a", *[10] * 1000)
    queue.take(100, 64, now=0.0)
    small = put(queue, "a", 10)
    assert small in [one.waiting for one in queue.take(100, 64, now=0.0)]


def test_interactive_goes_first_and_bulk_never_stands_still() -> None:
    queue: FairQueue[str] = FairQueue()
    put(queue, "bulk", *[10] * 2000, urgency="bulk")
    put(queue, "now", *[10] * 2000)
    taken = list(itertools.chain.from_iterable(owners(queue.take(100, 64, now=0.0)) for _ in range(100)))
    assert taken[:5] == ["now"] * 5
    assert abs(taken.count("bulk") / len(taken) - BULK_SHARE) < 0.02
    put(queue, "later", 10)
    assert "later" in owners(queue.take(100, 64, now=0.0)), "bulk that waited long has saved up nothing"


def test_bulk_alone_has_the_machine() -> None:
    queue: FairQueue[str] = FairQueue()
    put(queue, "bulk", *[10] * 100, urgency="bulk")
    assert len(owners(queue.take(500, 64, now=0.0))) == 50


def test_what_is_late_leaves_before_it_costs_anything() -> None:
    queue: FairQueue[str] = FairQueue()
    late = put(queue, "a", 10, 10, deadline=5.0)
    put(queue, "a", 10, deadline=50.0)
    assert owners(queue.take(10, 1, now=1.0)) == ["a"]
    (one,) = queue.take(100, 9, now=6.0)
    assert one.waiting is not late
    assert (queue.expired, len(queue), queue.discard(late)) == (1, 0, False)


def test_it_forgets_who_is_gone() -> None:
    order: FairOrder[str] = FairOrder()
    for number in range(1000):
        work = Waiting(owner=str(number), work="", costs=[10], deadline=9.0, arrived=0.0)
        order.put(work)
        assert order.next_row(0.0) == (work, 10)
        order.take_row()
    assert order.next_row(0.0) is None
    assert not order._flows
