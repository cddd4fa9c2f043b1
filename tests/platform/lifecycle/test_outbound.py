"""Requests to addresses that tenants name, against a small server on this machine."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from podion.errors import DataError
from podion.lifecycle import outbound as module
from podion.lifecycle.outbound import NoAnswer, Outbound, checked_url
from podion.lifecycle.public_addresses import AllowedAddresses, PrivateAddress

PACKED = gzip.compress(b"x" * 100_000)
ANSWERS = {
    "/feed": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "/packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED), PACKED),
    "/damaged": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "/hop": b"HTTP/1.1 302 Found\r\nLocation: /feed\r\nContent-Length: 0\r\n\r\n",
    "/circle": b"HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n",
    "/inside": b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n",
    "/file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "/none": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "/nonsense": b"nonsense\r\n\r\n",
    "/endless": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 4_000,
}


@asynccontextmanager
async def small_server(seen: list[bytes]) -> AsyncIterator[str]:
    held = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        path = head.split()[1].decode()
        if path == "/silent":
            await held.wait()
        writer.write(ANSWERS.get(path, b""))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        held.set()
        server.close()


def on_a_server(act: Callable[[Outbound, str], Any], allowed: str = "127.0.0.1") -> list[bytes]:
    seen: list[bytes] = []

    async def scene() -> None:
        outbound = Outbound(AllowedAddresses(allowed))
        async with small_server(seen) as url:
            await act(outbound, url)
            await outbound.close()

    asyncio.run(scene())
    return seen


def test_a_feed_is_fetched_unpacked_and_through_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:1")

    async def act(outbound: Outbound, url: str) -> None:
        assert await outbound.fetch(f"{url}/feed", 5) == b"hello"
        assert await outbound.fetch(f"{url}/packed", 100_000) == b"x" * 100_000
        assert await outbound.fetch(f"{url}/hop", 100) == b"hello"

    seen = on_a_server(act)
    assert b"Authorization" not in seen[0] and b"Cookie" not in seen[0] and b"host: 127.0.0.1:" in seen[0].lower()


@pytest.mark.parametrize(
    ("path", "most", "told"),
    [
        ("/feed", 4, "more than 4 bytes"),
        ("/packed", 99_999, "more than 99,999 bytes"),
        ("/endless", 1_000, "more than 1,000 bytes"),
        ("/damaged", 100, "gzip that cannot be unpacked"),
        ("/inside", 100, "10.0.0.1 is not a public address"),
        ("/file", 100, "an http or https address"),
        ("/circle", 100, "redirects more than 5 times"),
        ("/none", 100, "answered with 404"),
        ("/nonsense", 100, "did not answer (RemoteProtocolError"),
        ("/silent", 100, "no answer within 0.2 s"),
    ],
)
def test_what_cannot_be_fetched_says_why(monkeypatch: pytest.MonkeyPatch, path: str, most: int, told: str) -> None:
    monkeypatch.setattr(module, "FETCH_SECONDS", 0.2 if path == "/silent" else 10.0)

    async def act(outbound: Outbound, url: str) -> None:
        with pytest.raises(DataError) as found:
            await outbound.fetch(url + path, most)
        assert told in found.value.detail

    on_a_server(act)


def test_what_is_private_is_not_even_connected_to() -> None:
    async def act(outbound: Outbound, url: str) -> None:
        for address in (url, url.replace("127.0.0.1", "localhost")):
            with pytest.raises(PrivateAddress):
                await outbound.fetch(f"{address}/feed", 100)
            with pytest.raises(PrivateAddress):
                await outbound.send("POST", checked_url(f"{address}/feed"), content=b"x", seconds=5, most_bytes=9)

    assert on_a_server(act, allowed="") == []


def test_a_message_is_sent_once_and_a_redirect_is_its_answer() -> None:
    async def act(outbound: Outbound, url: str) -> None:
        hop = checked_url(f"{url}/hop")
        answer = await outbound.send("POST", hop, content=b"body", seconds=5, most_bytes=9)
        assert (answer.status, answer.headers["location"]) == (302, "/feed")
        endless = await outbound.send("POST", checked_url(f"{url}/endless"), seconds=5, most_bytes=9)
        assert (endless.body, endless.complete) == (b"x" * 9, False)
        with pytest.raises(NoAnswer, match=r"0\.1 s"):
            await outbound.send("POST", checked_url(f"{url}/silent"), seconds=0.1, most_bytes=9)
        with pytest.raises(NoAnswer):
            await outbound.send("POST", checked_url("http://127.0.0.1:1/"), seconds=5, most_bytes=9)

    assert len(on_a_server(act)) == 3
