"""Turns go on whatever one fails with, come at once at a ring, and end when they are closed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import pytest

from podion.errors import Unavailable
from podion.lifecycle import turns as module
from podion.lifecycle.bell import Bell
from podion.lifecycle.turns import Turns

LOG = logging.getLogger("podion.jobs")


def taken(turn: Callable[[int, Bell], Awaitable[float]], most: int = 4) -> float:
    """Take turns, told which one it is, until `most` are taken; return the seconds that took."""

    async def act() -> None:
        bell, numbers = Bell(), iter(range(most))
        turns = Turns(bell, LOG, "jobs")
        enough = asyncio.Event()

        async def one() -> float:
            number = next(numbers, None)
            if number is None:
                enough.set()
                return 60.0
            return await turn(number, bell)

        work = asyncio.create_task(turns.take(one))
        await asyncio.wait_for(enough.wait(), 10)
        await turns.close()
        await work

    began = time.monotonic()
    asyncio.run(act())
    return time.monotonic() - began


def test_a_turn_that_fails_is_logged_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AFTER_A_FAILURE_SECONDS", 0.01)

    async def turn(number: int, bell: Bell) -> float:
        if number == 0:
            raise Unavailable("the database is away")
        if number == 1:
            raise ZeroDivisionError
        return 0.01

    taken(turn)
    assert "jobs wait for the database: the database is away" in caplog.text
    assert "jobs: a turn failed" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_ring_during_a_turn_is_not_missed() -> None:
    async def turn(number: int, bell: Bell) -> float:
        bell.ring()
        return 60.0

    assert taken(turn) < 5
