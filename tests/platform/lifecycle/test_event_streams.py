"""Streams of events: each from its place, of one tenant and vertical, whichever process told them."""

import asyncio
from typing import Any

import pytest

from podion.errors import QuotaExceeded, Unavailable
from podion.lifecycle import event_streams as module
from podion.lifecycle.bell import Bell
from podion.lifecycle.event_streams import EventStreams
from podion.storage import events
from podion.storage.database import Database


@pytest.fixture(params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """The statements are tested on both in tests/platform/storage."""
    return str(request.param)


def emit(database: Database, tenant: str, vertical: str = "diary") -> int:
    with database.writing() as c:
        return events.add(c, tenant, vertical, f"{vertical}.note.kept", {}).sequence


def test_a_stream_follows_from_its_place_and_hears_of_other_processes(
    database: Database, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    ours, theirs = tenants
    heard: dict[str, list[int]] = {}

    async def follow(streams: EventStreams, name: str, tenant: str, last: int | None) -> None:
        after = await streams.position(tenant, last)
        heard[name] = []
        async for rows in streams.follow(tenant, "diary", after, 60):
            assert all(row.tenant == tenant and row.vertical == "diary" for row in rows)
            heard[name] += [row.sequence for row in rows]

    async def until(wanted: dict[str, list[int]]) -> None:
        async with asyncio.timeout(10):
            while heard != wanted:
                await asyncio.sleep(0.01)

    async def scene() -> None:
        for _ in range(3):
            emit(database, ours)
        emit(database, theirs)
        streams = EventStreams(database, Bell())
        places = {"new": (ours, None), "resumed": (ours, 1), "ahead": (ours, 10**9), "theirs": (theirs, 0)}
        tasks = [asyncio.create_task(follow(streams, name, *place)) for name, place in places.items()]
        await until({"new": [], "resumed": [2, 3], "ahead": [], "theirs": [1]})
        emit(database, ours, "other")
        assert emit(database, ours) == 5, "by a process whose bell is not heard here"
        await until({"new": [5], "resumed": [2, 3, 5], "ahead": [5], "theirs": [1]})
        streams.close()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert streams._followed == {}

    asyncio.run(scene())


def test_a_quiet_stream_says_that_it_is_there(database: Database, tenants: tuple[str, str]) -> None:
    async def scene() -> None:
        streams = EventStreams(database, Bell())
        async for rows in streams.follow(tenants[0], "diary", 0, 0.05):
            assert rows == []
            break
        streams.close()

    asyncio.run(scene())


def test_a_tenant_has_so_many_streams_and_no_more(
    database: Database, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_TENANT", 2)

    async def scene() -> None:
        streams = EventStreams(database, Bell())
        opened: list[Any] = [streams.follow(tenants[0], "diary", 0, 0.01) for _ in range(2)]
        for each in opened:
            streams.check(tenants[0])
            await anext(each)
        with pytest.raises(QuotaExceeded):
            streams.check(tenants[0])
        streams.check(tenants[1])
        monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
        with pytest.raises(Unavailable):
            streams.check(tenants[1])
        monkeypatch.undo()
        monkeypatch.setattr(module, "MOST_OF_A_TENANT", 2)
        await opened[0].aclose()
        streams.check(tenants[0])
        await opened[1].aclose()
        streams.close()

    asyncio.run(scene())
