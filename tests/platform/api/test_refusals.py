"""What a client sees that may not come in: a problem at once, on a connection that goes on where it can."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from podion.api import connections
from podion.api.connections import BoundedConnection
from podion.api.door import Door, Refusal
from podion.api.refusals import response

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n"
SHORT = HEAD % b"a" + b"Content-Length: 2\r\n\r\n{}"
OTHER = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class House:
    """An application that has one place for predictions, and answers them when it is told to."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str, int]] = []
        self.open = asyncio.Event()
        self.inside = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            whose = {b"Bearer a": "a", b"Bearer b": "b"}
            scope["state"]["door"] = Door([("POST", "/predict")], 1, whose.get, lambda *each: self.counted.append(each))
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        if scope["path"] == "/predict":
            self.inside += 1
            await self.open.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})


@contextlib.asynccontextmanager
async def full() -> AsyncIterator[tuple[House, Callable[[], Awaitable[Streams]]]]:
    """Serve a house whose only place is taken."""
    house = House()
    config = uvicorn.Config(house, port=0, http=BoundedConnection, ws="none", lifespan="on", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    opened = []

    async def connect() -> Streams:
        opened.append(await asyncio.open_connection("127.0.0.1", port))
        return opened[-1]

    _, holder = await connect()
    holder.write(SHORT)
    while not house.inside:
        await asyncio.sleep(0.01)
    try:
        yield house, connect
    finally:
        house.open.set()
        for _, writer in opened:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        server.should_exit = True
        await task


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Return the next response: status, headers, body."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    headers = {name.lower(): value for name, value in re.findall(r"([\w-]+): (.*)\r\n", head)}
    return int(head[9:12]), headers, await reader.readexactly(int(headers["content-length"]))


async def ended(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 5) == b""
    return True


def test_a_refusal_is_a_problem_and_the_connection_goes_on() -> None:
    async def scene() -> None:
        async with full() as (house, connect):
            reader, writer = await connect()
            for _ in range(3):
                writer.write(SHORT.replace(b"Host", b"X-Request-Id: mine-1\r\nHost"))
                status, headers, body = await answer(reader)
                assert (status, headers["retry-after"], headers["x-request-id"]) == (429, "1", "mine-1")
                assert headers["content-type"] == "application/problem+json"
                assert "date" in headers
                document = json.loads(body)
                assert document["code"] == "too_many_at_once"
                assert document["type"] == "urn:podion:problem:too_many_at_once"
                assert (document["status"], document["request_id"]) == (429, "mine-1")
                assert {"title", "detail"} < document.keys()
            for stranger in (b"y", b"z", b"z"):  # two come in beside the one who holds all
                _, another = await connect()
                another.write(SHORT.replace(b"Bearer a", b"Bearer " + stranger))
            while house.inside < 3:
                await asyncio.sleep(0.01)
            writer.write(SHORT.replace(b"Bearer a", b"Bearer z"))
            status, headers, body = await answer(reader)
            assert (status, json.loads(body)["code"]) == (503, "too_busy")
            assert headers["x-request-id"] == json.loads(body)["request_id"]
            writer.write(OTHER)
            assert (await answer(reader))[0] == 200
            house.open.set()
            await asyncio.sleep(0.05)
            writer.write(SHORT)
            assert (await answer(reader))[0] == 200, "the place was given back"
            assert house.inside == 4, "what was refused was never begun"
            assert house.counted == [("POST", "/predict", 429)] * 3 + [("POST", "/predict", 503)] * 2

    asyncio.run(scene())


def test_a_refused_body_is_dropped_wherever_it_is_cut() -> None:
    async def scene() -> None:
        async with full() as (_, connect):
            reader, writer = await connect()
            writer.write(HEAD % b"a" + b"Content-Length: 40000\r\n\r\n")
            assert (await answer(reader))[0] == 429, "before the body came"
            for _ in range(4):
                writer.write(OTHER + b"x" * (10_000 - len(OTHER)))
                await asyncio.sleep(0.01)
            writer.write(SHORT + OTHER + SHORT)
            assert [(await answer(reader))[0] for _ in range(3)] == [429, 200, 429]

    asyncio.run(scene())


@pytest.mark.parametrize(
    "more",
    [
        b"Content-Length: 9000000\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nExpect: 100-continue\r\n",
    ],
    ids=["large", "of unknown size", "asked for"],
)
def test_a_body_that_may_be_large_ends_the_connection(more: bytes) -> None:
    async def scene() -> None:
        async with full() as (_, connect):
            reader, writer = await connect()
            writer.write(HEAD % b"a" + more + b"\r\n")
            status, headers, _ = await answer(reader)
            assert (status, headers["connection"]) == (429, "close")
            assert await ended(reader)

    asyncio.run(scene())


def test_a_refused_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)

    async def scene() -> None:
        async with full() as (_, connect):
            reader, writer = await connect()
            writer.write(HEAD % b"a" + b"Content-Length: 9\r\n\r\n")
            assert (await answer(reader))[0] == 429
            writer.write(b"x")
            assert await ended(reader)

    asyncio.run(scene())


def test_the_last_request_of_a_connection_is_refused_as_such() -> None:
    async def scene() -> None:
        async with full() as (_, connect):
            for request in (SHORT.replace(b"Host", b"Connection: close\r\nHost"), SHORT.replace(b"1.1", b"1.0")):
                reader, writer = await connect()
                writer.write(request)
                status, headers, _ = await answer(reader)
                assert (status, headers["connection"]) == (429, "close")
                assert await ended(reader)

    asyncio.run(scene())


def test_requests_sent_together_are_answered_in_order() -> None:
    async def scene() -> None:
        async with full() as (house, connect):
            reader, writer = await connect()
            writer.write(OTHER + SHORT + OTHER)
            assert (await answer(reader))[0] == 200
            status, headers, _ = await answer(reader)
            assert (status, headers["connection"]) == (429, "close"), "what stands behind it is to be sent again"
            assert await ended(reader)
            reader, writer = await connect()
            writer.write(SHORT * 2000)
            assert {(await answer(reader))[0] for _ in range(2000)} == {429}
            assert house.inside == 1

    asyncio.run(scene())


def test_who_asks_and_asks_and_does_not_read_is_hung_up_on() -> None:
    async def scene() -> None:
        async with full() as (house, connect):
            _, writer = await connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            with contextlib.suppress(ConnectionError):
                for _ in range(400):
                    writer.write(SHORT * 1000)
                    await asyncio.wait_for(writer.drain(), 5)
                raise AssertionError("it was read for ever")
            assert house.inside == 1

    asyncio.run(scene())


def test_a_client_that_leaves_gives_its_place_back() -> None:
    async def scene() -> None:
        async with full() as (house, connect):
            house.open.set()
            for _ in range(3):
                reader, writer = await connect()
                writer.write(HEAD % b"b" + b"Content-Length: 2\r\n\r\n{")
                await asyncio.sleep(0.02)
                writer.transport.abort()
                await asyncio.sleep(0.02)
            reader, writer = await connect()
            writer.write(SHORT)
            assert (await answer(reader))[0] == 200

    asyncio.run(scene())


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("sent", [b"short", b"x" * 64, b"not one\xff", b""])
def test_its_length_is_right_whatever_the_request_id_is(refusal: Refusal, sent: bytes) -> None:
    whole = response(refusal, {"headers": [(b"x-request-id", sent)]}, [(b"date", b"now")], close=False)
    head, _, body = whole.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head + b"\r\n"
    assert json.loads(body)["status"] == refusal.value
