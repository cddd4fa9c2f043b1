"""The limits of plugins' routes, on a small app: who is limited, from when on, and what is left alone."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from podion import Standard, Vertical
from podion.api import problems
from podion.api.plugin_limits import MOST_STUCK, PluginLimits

SECONDS = 0.3


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def app(gate: threading.Event) -> FastAPI:
    made = FastAPI()
    problems.install(made)
    vertical = Vertical(name="two_words", title={}, tasks=())
    made.add_middleware(PluginLimits, verticals=[vertical], seconds=SECONDS)

    async def slow(request: Request) -> dict[str, int]:
        await asyncio.sleep(3 * SECONDS)
        return {"plugin": getattr(request.state, "plugin", None) is not None}

    for path in ("/v1/two-words/slow", "/v1/two-words/runs/slow", "/v1/two-words/runs:slow", "/v1/me/slow", "/slow"):
        made.get(path)(slow)

    @made.post("/v1/two-words/reads")
    async def reads(request: Request) -> int:
        return len(await request.body())

    @made.get("/v1/two-words/streams")
    async def streams() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for part in "abc":
                yield part
                await asyncio.sleep(SECONDS)

        return StreamingResponse(parts())

    @made.get("/v1/two-words/waits")
    def waits() -> str:
        gate.wait(60)
        return "done"

    @made.get("/v1/two-words/cancels")
    async def cancels() -> None:
        raise asyncio.CancelledError

    return made


def ask(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


def test_a_plugins_own_route_is_limited(app: FastAPI) -> None:
    answer = ask(app, "GET", "/v1/two-words/slow")
    assert (answer.status_code, answer.json()["plugin"]) == (504, "two_words")


@pytest.mark.parametrize("path", ["/v1/two-words/runs/slow", "/v1/two-words/runs:slow", "/v1/me/slow", "/slow"])
def test_the_platforms_routes_are_not(app: FastAPI, path: str) -> None:
    answer = ask(app, "GET", path)
    assert (answer.status_code, answer.json()) == (200, {"plugin": 0})


def test_a_client_that_is_slow_to_send_costs_the_plugin_nothing(app: FastAPI) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(SECONDS)
            yield b"x"

    answer = ask(app, "POST", "/v1/two-words/reads", content=body())
    assert (answer.status_code, answer.json()) == (200, 3)


def test_a_stream_that_has_begun_may_take_its_time(app: FastAPI) -> None:
    assert ask(app, "GET", "/v1/two-words/streams").text == "abc"


def test_a_route_that_cancels_itself_is_a_problem(app: FastAPI) -> None:
    answer = ask(app, "GET", "/v1/two-words/cancels")
    assert (answer.status_code, answer.json()["plugin"]) == (500, "two_words")


def test_what_keeps_its_thread_counts_until_it_ends(app: FastAPI, gate: threading.Event) -> None:
    async def story() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            late = await asyncio.gather(*(client.get("/v1/two-words/waits") for _ in range(MOST_STUCK)))
            assert {answer.status_code for answer in late} == {504}
            refused = await client.get("/v1/two-words/streams")
            assert (refused.status_code, refused.json()["code"]) == (503, "plugin_stuck")
            gate.set()
            while (await client.get("/v1/two-words/waits")).status_code != 200:
                await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_what_awaits_is_cancelled_and_does_not_count(app: FastAPI) -> None:
    async def story() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            await asyncio.gather(*(client.get("/v1/two-words/slow") for _ in range(MOST_STUCK + 1)))
            assert (await client.get("/v1/two-words/streams")).status_code == 200

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_standard_at_the_root_is_limited_as_its_plugins_other_routes() -> None:
    made = FastAPI()
    problems.install(made)
    standard = Standard(name="s", prefix="/root-place", router=APIRouter())
    declared = Vertical(name="two_words", title={}, tasks=(), standards=(standard,))
    made.add_middleware(PluginLimits, verticals=[declared], seconds=SECONDS)

    async def slow() -> None:
        await asyncio.sleep(3 * SECONDS)

    for path in ("/root-place", "/root-place/a/b", "/root-places"):
        made.get(path)(slow)

    async def statuses() -> list[int]:
        transport = httpx.ASGITransport(made)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [(await client.get(path)).status_code for path in ("/root-place", "/root-place/a/b", "/root-places")]

    assert asyncio.run(statuses()) == [504, 504, 200]
