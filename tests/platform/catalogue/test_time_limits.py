"""A call that hangs is left behind; until it ends, the next ones are refused at once."""

import threading
import time

import pytest

from podion.catalogue.time_limits import Limited


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_a_value_comes_back() -> None:
    assert Limited().attempt(lambda: 7, 5).value == 7


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_is_raised_comes_back(error: BaseException) -> None:
    def fail() -> None:
        raise error

    outcome = Limited().attempt(fail, 5)
    assert (outcome.error, outcome.late) == (error, False)


def test_a_call_that_hangs_is_late_and_keeps_the_next_one_out_until_it_ends(gate: threading.Event) -> None:
    limited = Limited()
    first = limited.attempt(gate.wait, 0.05)
    assert first.late and "took longer than 0.05 seconds" in str(first.error)
    started = time.monotonic()
    second = limited.attempt(lambda: 7, 60)
    assert second.late and "has not ended" in str(second.error)
    assert time.monotonic() - started < 30
    gate.set()
    deadline = time.monotonic() + 30
    while limited.attempt(lambda: 7, 60).late:
        assert time.monotonic() < deadline
    assert limited.attempt(lambda: 8, 60).value == 8
