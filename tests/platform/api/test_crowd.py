"""So many requests at once, of all and of each tenant; a place is given back however a request ends."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from podion.api.crowd import Crowd
from podion.errors import QuotaExceeded


class House:
    """An application whose requests stay until they are let go, and fail where told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if tenant := scope.get("tenant"):
            Request(scope).state.place.claim(tenant)
        await self.open.wait()
        if scope.get("fails"):
            raise RuntimeError("broken")


async def ask(crowd: Crowd, path: str = "/v1/me", **scope: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await crowd({"type": "http", "path": path, "method": "GET", "headers": [], **scope}, None, send)  # type: ignore[arg-type]
    return sent


def test_one_too_many_is_a_problem_and_health_still_answers() -> None:
    async def scene() -> None:
        house = House()
        crowd = Crowd(house, most=2, most_each=0)
        inside = [asyncio.create_task(ask(crowd, fails=n)) for n in range(2)]
        await asyncio.sleep(0)
        start, body = await ask(crowd)
        assert start["status"] == 503
        assert (b"retry-after", b"1") in start["headers"]
        assert b'"code":"too_busy"' in body["body"]
        health = asyncio.create_task(ask(crowd, "/readyz"))
        house.open.set()
        assert await health == []
        ends = await asyncio.gather(*inside, return_exceptions=True)
        assert isinstance(ends[1], RuntimeError)
        assert await ask(crowd) == [], "both places are free again"

    asyncio.run(scene())


def test_a_tenant_cannot_take_the_places_of_another() -> None:
    async def scene() -> None:
        house = House()
        crowd = Crowd(house, most=10, most_each=2)
        inside = [asyncio.create_task(ask(crowd, tenant="a")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QuotaExceeded, match="2 requests of this tenant") as refusal:
            await ask(crowd, tenant="a")
        assert refusal.value.retry_after == 1
        other = asyncio.create_task(ask(crowd, tenant="b"))
        house.open.set()
        await asyncio.gather(*inside, other)
        await ask(crowd, tenant="a")
        assert not crowd._tenants

    asyncio.run(scene())
