"""Places are counted, shared and given back; who is refused is told why, and counted."""

import asyncio
import logging
from collections import Counter
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.api.door import Door, Places, Refusal, Visit
from podion.api.place_limit import BURST, LEAST

OWNERS = ["a", "b", "c", "d", ""]


def crowded(owner: str, ceiling: int = LEAST) -> tuple[Places, list[Visit]]:
    """Return places that one owner holds all of."""
    places = Places(ceiling)
    held = []
    while not isinstance(found := places.enter(owner, 0.0), Refusal):
        held.append(found)
    return places, held


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.booleans(), st.floats(0, 0.5)), max_size=120))
def test_whatever_happens_places_are_bounded_and_given_back(steps: list[tuple[str, bool, float]]) -> None:
    places, inside, now = Places(LEAST), list[Visit](), 0.0
    for owner, comes, later in steps:
        now += later
        held = Counter(each.owner for each in inside)
        if comes:
            found = places.enter(owner, now)
            if isinstance(found, Visit):
                inside.append(found)
            else:
                assert found is Refusal.FULL or held[owner], "the share of one who holds nothing is not used up"
        elif inside:
            places.leave(inside.pop(0), now, answered=True)
        assert len(inside) <= 2 * LEAST
        if sum(held.values()) < LEAST and comes and not held[owner]:
            assert inside and inside[-1].owner == owner, "there was room, and it held nothing"
    for visit in inside:
        places.leave(visit, now, answered=False)
    assert places._inside == 0
    assert not places._owners


@given(st.integers(4, 100))
def test_one_owner_never_keeps_another_out(ceiling: int) -> None:
    places, held = crowded("loud", ceiling)
    assert len(held) == min(ceiling, BURST)
    assert isinstance(places.enter("quiet", 0.1), Visit)
    assert places.enter("loud", 0.1) is Refusal.OWN
    while places._owners["loud"] > 1:
        places.leave(held.pop(), 0.2, answered=True)
        while isinstance(found := places.enter("loud", 0.2), Visit):
            held.append(found)
        if places._inside < len(held):
            break
        if len(held) <= ceiling / 2:
            break
    assert places._owners["loud"] <= max(2, ceiling / 2), "contested, it is down to half"


def test_when_many_hold_the_places_the_next_is_told_that_all_are_taken() -> None:
    places = Places(LEAST)
    for n in range(LEAST):
        assert isinstance(places.enter(f"tenant {n}", 0.0), Visit)
    assert places.enter("one more", 0.0) is Refusal.FULL
    assert places.enter("tenant 0", 0.0) is Refusal.OWN


def test_made_up_keys_share_one_tenants_part() -> None:
    places, held = crowded("")
    assert isinstance(places.enter("known", 0.0), Visit)
    assert places.enter("", 0.0) is Refusal.FULL
    places.leave(held.pop(), 0.0, answered=False)
    assert places.enter("", 0.0) is Refusal.FULL


def test_what_was_wrong_teaches_nothing() -> None:
    places = Places(512)
    for status in (422, 401, 500, None) * 8:
        visit = places.enter("a", monotonic())
        assert isinstance(visit, Visit)
        visit.leave(status)
    assert places.limit.alone is None


def test_a_request_is_timed_from_when_it_has_come_in_full() -> None:
    places = Places(512)
    for _ in range(8):
        visit = places.enter("a", monotonic())
        assert isinstance(visit, Visit)
        visit.began -= 60
        visit.heard()
        visit.leave(200)
    assert places.limit.alone is not None
    assert places.limit.alone < 1


def scope(path: str = "/predict", method: str = "POST", key: bytes | None = b"Bearer a") -> dict[str, Any]:
    return {"method": method, "path": path, "headers": [(b"authorization", key)] if key else []}


def test_the_door_counts_whom_it_refuses_and_logs_it_once(caplog: pytest.LogCaptureFixture) -> None:
    counted: list[tuple[str, str, int]] = []

    async def scene() -> None:
        tenants = {b"Bearer a": "tenant a"}
        door = Door([("POST", "/predict")], 2, tenants.get, lambda *each: counted.append(each))
        for other in (scope("/livez"), scope(method="GET"), scope("/v1/datasets")):
            assert door.enter(other) is None
        visits = [door.enter(scope()) for _ in range(2)]
        assert [each.owner for each in visits if isinstance(each, Visit)] == ["tenant a"] * 2
        assert door.enter(scope()) is Refusal.OWN
        for _ in range(20):
            door.enter(scope())
        assert isinstance(stranger := door.enter(scope(key=b"Bearer z")), Visit)
        assert stranger.owner == ""
        assert not caplog.records
        door._tell()

    with caplog.at_level(logging.INFO, "podion.access"):
        asyncio.run(scene())
    assert counted == [("POST", "/predict", 429)] * 21
    assert [each.getMessage() for each in caplog.records] == [
        "refused within a second: 21 beyond their tenant's share, 0 because all places were taken"
    ]
