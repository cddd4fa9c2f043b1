import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.pass_cost import LONG, LONGEST_PASS_SECONDS, SHORT, SHORTEST_PASS_SECONDS, PassCost


@given(st.floats(0.0002, 0.005), st.floats(1e-5, 5e-4))
def test_it_finds_both_parts_of_the_cost(fixed: float, each: float) -> None:
    cost, rows = PassCost(), random.Random(0)
    for _ in range(400):
        tokens = rows.randint(10, 1000)
        cost.observe(tokens, fixed + each * tokens)
    assert cost.warm
    assert cost.each == pytest.approx(each, rel=0.05)
    assert cost.fixed == pytest.approx(fixed, rel=0.05, abs=2e-4)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 100)), max_size=20))
def test_it_stays_a_cost_whatever_is_measured(passes: list[tuple[int, float]]) -> None:
    cost = PassCost()
    for tokens, seconds in passes:
        cost.observe(tokens, seconds)
        assert cost.fixed >= 0
        assert cost.each >= 0
        assert SHORTEST_PASS_SECONDS <= cost.target(1) <= cost.target(50) <= max(LONGEST_PASS_SECONDS, 5 * cost.fixed)
        assert cost.budget(1) >= 0


def test_passes_of_one_size_keep_the_parts_in_proportion() -> None:
    cost = PassCost(fixed=0.002, each=0.0001)
    for _ in range(200):
        cost.observe(100, 0.024)
    assert (cost.fixed, cost.each) == (pytest.approx(0.004), pytest.approx(0.0002))


def test_a_pass_that_loaded_something_is_soon_forgotten() -> None:
    cost = PassCost(fixed=0.002, each=0.0001)
    cost.observe(20, 3.0)
    for _ in range(60):
        cost.observe(20, 0.004)
    assert cost.seconds(20) < 0.008


def test_passes_are_long_when_many_wait_and_short_when_few_do() -> None:
    cost = PassCost(fixed=0.0015, each=0.00007)
    assert cost.target(1) == pytest.approx(SHORT * 0.0015)
    assert cost.target(40) == pytest.approx(LONG * 0.0015)
    assert cost.seconds(cost.budget(1)) == pytest.approx(cost.target(1))


def test_a_slow_machine_is_not_kept_busy_with_single_rows() -> None:
    cost = PassCost(fixed=0.045, each=0.0003)
    assert cost.budget(owners=1) >= 45 / 0.3
    assert cost.budget(owners=64) >= 4 * 45 / 0.3


def test_a_full_queue_still_tells_the_parts_apart() -> None:
    cost, noise = PassCost(fixed=0.001, each=0.0002), random.Random(0)
    for _ in range(400):
        tokens = int(cost.next_budget(owners=64)) + noise.randint(-5, 5)
        cost.observe(tokens, (0.004 + 0.00005 * tokens) * noise.uniform(0.9, 1.1))
    assert cost.fixed == pytest.approx(0.004, rel=0.5)
    assert cost.each == pytest.approx(0.00005, rel=0.3)
