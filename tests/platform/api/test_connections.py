"""A head has to arrive in time and in bounds; a body and a connection at rest are others' to time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from podion.api import connections
from podion.api.connections import BoundedConnection


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of the body's bytes."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"%8d" % size})


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]]:
    config = uvicorn.Config(echo, port=0, http=BoundedConnection, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    opened = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        opened.append(await asyncio.open_connection("127.0.0.1", port))
        return opened[-1]

    yield connect
    for _, writer in opened:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    server.should_exit = True
    await task


async def rest(reader: asyncio.StreamReader) -> tuple[bytes, float]:
    """Return what comes until the other side closes, and after how long it did."""
    began, got = time.monotonic(), b""
    with contextlib.suppress(ConnectionError):
        got = await asyncio.wait_for(reader.read(), 20)
    return got, time.monotonic() - began


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX-A: b\r\n"], ids=["silent", "half a head"])
def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)

    async def scene() -> tuple[bytes, float]:
        async with served() as connect:
            reader, writer = await connect()
            writer.write(begun)
            return await rest(reader)

    got, seconds = asyncio.run(scene())
    assert got == b""
    assert seconds < 3


def test_the_second_head_of_a_connection_is_timed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)

    async def scene() -> tuple[bytes, float]:
        async with served() as connect:
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")
            return await rest(reader)

    got, seconds = asyncio.run(scene())
    assert got.count(b"200 OK") == 1
    assert seconds < 3


def test_a_body_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)

    async def scene() -> bytes:
        async with served() as connect:
            reader, writer = await connect()
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
            await asyncio.sleep(0.6)
            writer.write(b"def")
            return await reader.readuntil(b"       6")

    assert b"200 OK" in asyncio.run(scene())


@pytest.mark.parametrize(("size", "served_"), [(60_000, True), (connections.HEAD_BYTES + 70_000, False)])
def test_a_head_has_a_size(size: int, served_: bool) -> None:
    async def scene() -> bytes:
        async with served() as connect:
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
            for _ in range(size // 10_000):
                writer.write(b"y" * 10_000)
                await asyncio.sleep(0.005)
            writer.write(b"\r\nConnection: close\r\n\r\n")
            return (await rest(reader))[0]

    assert (b"200 OK" in asyncio.run(scene())) is served_


def test_a_body_is_no_head() -> None:
    async def scene() -> bytes:
        async with served() as connect:
            reader, writer = await connect()
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n")
            writer.write(b"z" * 1_000_000)
            return (await rest(reader))[0]

    assert asyncio.run(scene()).endswith(b" 1000000")


def test_one_connection_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)

    async def scene() -> list[bytes]:
        async with served() as connect:
            pairs = [await connect() for _ in range(3)]
            await asyncio.sleep(0.1)
            for _, writer in pairs:
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return [(await rest(reader))[0] for reader, _ in pairs]

    answers = asyncio.run(scene())
    assert [b"200 OK" in answer for answer in answers] == [True, True, False]
