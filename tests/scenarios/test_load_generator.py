"""What the HTTP benchmark measures with: nothing is left out while a server stalls, and refusals are counted."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from http_bench.generator import Generator, closed, opened, percentile

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ANSWERED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


class Server:
    """Stalls once, `stall[0]` seconds after its first request and for `stall[1]`; refuses requests with `refuse`."""

    def __init__(self, stall: tuple[float, float], refuse: bytes) -> None:
        self._after, self._long = stall
        self._refuse = refuse
        self._first: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self.ready = threading.Event()
        self.port = 0

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        async with server:
            await self._stop.wait()

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.rpartition(b"content-length: ")[2].strip()))
                await self._maybe_stall(asyncio.get_running_loop().time())
                writer.write(REFUSED if self._refuse and self._refuse in head else ANSWERED)
        writer.close()

    async def _maybe_stall(self, now: float) -> None:
        self._first = self._first or now
        begin = self._first + self._after
        if begin <= now < begin + self._long:
            await asyncio.sleep(begin + self._long - now)


@contextmanager
def a_server(stall: tuple[float, float] = (0, 0), *, refuse: bytes = b"") -> Iterator[int]:
    server = Server(stall, refuse)
    thread = threading.Thread(target=lambda: asyncio.run(server.run()))
    thread.start()
    assert server.ready.wait(10)
    try:
        yield server.port
    finally:
        server.stop()
        thread.join(10)


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    with Generator() as made:
        yield made


def heads(*names: str) -> list[str]:
    return [f"POST /x HTTP/1.1\r\nhost: here\r\nx-tenant: {name}\r\n" for name in names]


def test_a_stall_is_seen_by_every_request_that_was_meant_to_be_sent_in_it(generator: Generator) -> None:
    with a_server((0.2, 0.4)) as port:
        generator.target("stalls", port, heads("one"), ['{"text": "x"}'])
        # Two connections: while both wait, nothing can be sent, and it is these requests that must not be forgotten.
        stream = generator.run("stalls", 0.8, opened(200, {"0": 1.0}, 2), settle=0).only
    assert len(stream.accepted) == pytest.approx(160, abs=45)
    assert sum(latency > 100 for latency in stream.accepted) > 30
    assert percentile(stream.accepted, 0.99) > 300


def test_refusals_are_counted_apart_and_a_refused_client_waits(generator: Generator) -> None:
    with a_server(refuse=b"x-tenant: two") as port:
        generator.target("refuses", port, heads("one", "two"), ["{}"])
        both = generator.run("refuses", 0.4, closed(1, {"0": 1.0}), closed(3, {"1": 1.0}), settle=0).streams
    assert both[0].rate > 100 and not both[0].refused and not both[0].bad
    assert len(both[1].refused) == 3 and not both[1].accepted and not both[1].bad


def test_the_benchmark_of_http_does_not_hide_the_package_of_that_name() -> None:
    code = "import http.client, http; print(http.HTTPStatus.OK.value)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BENCHMARKS, check=False)
    assert done.stdout.strip() == "200", done.stderr
