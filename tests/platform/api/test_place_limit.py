"""In simulated time: one thread that computes batches behind a door, and clients that do not care whether it can."""

import heapq
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from podion.api.door import Places, Refusal, Visit
from podion.api.place_limit import BURST, LEAST, LONG_SECONDS, PlaceLimit

FIXED, EACH, AROUND, BATCH = 0.0015, 0.001, 0.003, 8
"""Seconds of a pass, of each request in it, and of a request before and after; requests of a pass at most."""

CAPACITY = BATCH / (FIXED + EACH * BATCH)


class Told(NamedTuple):
    """Of the second half of a run: answers a second, their p99 in seconds, the part that was refused, by tenant too."""

    rate: float
    p99: float
    refused: float
    answered_of: Callable[[str], float]


class Server:
    """The simulation; its time goes on from run to run."""

    def __init__(self) -> None:
        self.places = Places(512)
        self._now = 0.0
        self._dice = random.Random(0)

    def run(self, rate: float, seconds: float, tenants: dict[str, float] | None = None) -> Told:
        """Let so many requests a second come, of tenants with such weights, for so long."""
        names = list(tenants or map(str, range(64)))
        weights = list(tenants.values()) if tenants else None
        events: list[tuple[float, int, Callable[..., None], Any]] = []
        waiting: list[Visit] = []
        busy, number, half = False, 0, self._now + seconds / 2
        last = self._now + seconds
        seen: list[tuple[str, float]] = []

        def at(when: float, what: Callable[..., None], whom: Any = None) -> None:
            nonlocal number
            number += 1
            heapq.heappush(events, (when, number, what, whom))

        def come(now: float, _: None) -> None:
            if now < last:
                at(now + self._dice.expovariate(rate), come)
            tenant = self._dice.choices(names, weights)[0]
            found = self.places.enter(tenant, now)
            if not isinstance(found, Refusal):
                at(now + AROUND / 2, wait, found)
            elif now > half:
                seen.append((tenant, 0.0))

        def wait(now: float, visit: Visit) -> None:
            waiting.append(visit)
            compute(now)

        def compute(now: float) -> None:
            nonlocal busy
            if not busy and waiting:
                busy, batch = True, waiting[:BATCH]
                del waiting[:BATCH]
                at(now + FIXED + EACH * len(batch), computed, batch)

        def computed(now: float, batch: list[Visit]) -> None:
            nonlocal busy
            busy = False
            for visit in batch:
                at(now + AROUND / 2, leave, visit)
            compute(now)

        def leave(now: float, visit: Visit) -> None:
            self.places.leave(visit, now, answered=True)
            if visit.began > half:
                seen.append((visit.owner, now - visit.began))

        at(self._now, come)
        while events:
            now, _, what, whom = heapq.heappop(events)
            what(now, whom)
        self._now = now + 1
        took = sorted(seconds for _, seconds in seen if seconds)

        def answered_of(tenant: str) -> float:
            of = [seconds > 0 for name, seconds in seen if name == tenant]
            return sum(of) / len(of)

        return Told(
            len(took) / (seconds / 2), took[int(len(took) * 0.99)], 1 - len(took) / max(1, len(seen)), answered_of
        )


@pytest.fixture(scope="module")
def unloaded() -> float:
    return Server().run(CAPACITY / 10, 10).p99


def test_nobody_is_refused_below_capacity() -> None:
    server = Server()
    for share in (0.1, 0.5, 0.75):
        assert server.run(share * CAPACITY, 6).refused == 0


@pytest.mark.parametrize("times", [2, 10])
def test_too_much_work_costs_neither_rate_nor_time(times: int, unloaded: float) -> None:
    server = Server()
    server.run(CAPACITY / 10, 2)
    told = server.run(times * CAPACITY, 4)
    assert told.rate >= 0.9 * CAPACITY
    assert told.p99 <= 3 * unloaded
    assert LEAST <= server.places.limit.most < BURST


def test_a_flood_from_the_first_request_on_settles_too(unloaded: float) -> None:
    told = Server().run(4 * CAPACITY, 8)
    assert told.rate >= 0.9 * CAPACITY
    assert told.p99 <= 3.5 * unloaded


def test_what_is_slow_because_of_a_long_crowd_does_not_pass_for_slow_by_itself(unloaded: float) -> None:
    """Without the moments in which few are let in, the time allowed would grow by itself, for ever."""
    server = Server()
    server.run(CAPACITY / 10, 2)
    told = server.run(2 * CAPACITY, 45)
    assert server.places.limit.alone == pytest.approx(FIXED + EACH + AROUND, rel=0.6)
    assert told.p99 <= 3 * unloaded


def test_a_burst_is_let_in_again_after_the_flood() -> None:
    server = Server()
    server.run(5 * CAPACITY, 3)
    assert server.run(CAPACITY / 5, 5).refused == 0
    burst = [server.places.enter(f"tenant {n}", 1e3) for n in range(BURST)]
    assert not any(isinstance(each, Refusal) for each in burst)


def test_beside_a_flood_a_quiet_tenant_is_served_as_if_alone(unloaded: float) -> None:
    server = Server()
    told = server.run(2 * CAPACITY, 8, {"loud": 50, "quiet": 1})
    assert told.answered_of("quiet") == 1
    assert told.answered_of("loud") < 0.6
    assert told.p99 <= 3 * unloaded
    assert told.rate >= 0.7 * CAPACITY, "half of the places are kept free for others"


def test_a_faster_server_gets_more_places() -> None:
    """Where twenty at once take as long as one, twenty and more come in."""
    limit = PlaceLimit(512)
    for n in range(8):
        limit.learn(0.01, 1, float(n))
    before = limit.most
    for n in range(400):
        limit.learn(0.011, int(limit.most), 10 + n / 100)
    assert limit.most > 4 * before


def test_loading_at_the_start_does_not_pass_for_a_long_route() -> None:
    limit = PlaceLimit(512)
    for n in range(8):
        limit.learn(0.01 if n == 3 else 2.0, 1, float(n))
    limit.count(100, 30.0)
    limit.count(100, 60.0)
    assert limit.places(60.0) < 100
    for n in range(8):
        limit.learn(0.01, 1, 60 + n / 100)
    assert limit.alone == 0.01


def test_few_places_stay_however_slow_it_is() -> None:
    limit = PlaceLimit(512)
    for n in range(8):
        limit.learn(0.01, 1, float(n))
    for n in range(400):
        limit.learn(3.0, 40, 10 + n / 100)
    assert limit.most == LEAST


def test_the_ceiling_is_the_operators() -> None:
    limit = PlaceLimit(4)
    assert limit.places(0.0) == 4
    for n in range(100):
        limit.learn(0.01, 1 + n % 4, float(n))
    assert limit.places(1.0) == 4


def test_long_requests_are_not_refused_for_being_long() -> None:
    limit = PlaceLimit(512)
    for _ in range(8):
        limit.learn(2 * LONG_SECONDS, 1, 0.0)
    for inside in range(400):
        limit.count(inside, inside / 20)
        assert limit.places(inside / 20) > inside


def test_where_waiting_is_fine_more_may_come_in() -> None:
    """64 requests take 100 ms together and 5 ms alone: too long for a strict limit, soon enough for a patient one."""
    found = {}
    for wait in (0.0, 0.25):
        limit, now = PlaceLimit(512, wait), 0.0
        for _ in range(20):
            limit.learn(0.005, 1, now)
        for _ in range(2_000):
            now += 0.002
            inside = min(64, limit.places(now))
            limit.count(inside, now)
            limit.learn(0.1 * inside / 64, inside, now)
        found[wait] = limit.most
    assert found[0.0] < 32
    assert found[0.25] >= 64
