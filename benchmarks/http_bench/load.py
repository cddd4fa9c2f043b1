"""The load generator, a process of its own: cheap, because it shares the cores with what it measures.

Reads one JSON object a line and answers each with one. `{"target": NAME, "port", "heads", "bodies"}` says what requests
of a server are made of: one of `heads` (a tenant's: request line and headers) and one of `bodies`. `{"run": NAME,
"seconds", "settle", "streams", "seed"}` sends them; a stream is closed (`clients`, each sends when it was answered) or
open (`rate` a second, Poisson). Open latency counts from the moment at which a request was meant to be sent, so that a
server that stalls cannot slow its own measurement down. A closed client that is refused waits as `Retry-After` says.
"""

import asyncio
import json
import random
import re
import resource
import sys
import time
from bisect import bisect
from collections import Counter, deque
from itertools import accumulate
from typing import Any

import uvloop

_now = time.monotonic
"""Finer than the loop's own time, which counts whole milliseconds."""

LONGEST_PAUSE = 1.0
"""Seconds that a refused client waits at most."""

PATIENCE = 10.0
"""Seconds in which what is under way at the end is still awaited."""

MOST_RETRIES = 3
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PAUSE = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_DRAWS = 1 << 14


class Target:
    """A server and what is sent to it. Each tenant goes through the texts in an order of its own, none twice soon."""

    def __init__(self, port: int, heads: list[str], bodies: list[str]) -> None:
        self.port = port
        self._heads = [head.encode() for head in heads]
        contents = [body.encode() for body in bodies]
        self._tails = [b"content-length: %d\r\n\r\n%b" % (len(content), content) for content in contents]
        step = len(self._tails) // max(1, len(heads))
        self._next = [place * step for place in range(len(heads))]

    def request(self, tenant: int) -> bytes:
        """Return the tenant's next request."""
        place = self._next[tenant]
        self._next[tenant] = (place + 1) % len(self._tails)
        return self._heads[tenant] + self._tails[place]


class Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self._transport: Any = None
        self._data = b""
        self.request = b""
        self.meant = 0.0
        self.tries = 0

    def connection_made(self, transport: Any) -> None:
        """Send what waits for this connection."""
        self._transport = transport
        if self.request:
            transport.write(self.request)

    def send(self, request: bytes, meant: float, tries: int = 0) -> None:
        """Send a request that was meant to be sent at that moment."""
        self.request, self.meant, self.tries = request, meant, tries
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Hand over the answer when it is complete."""
        data = self._data + data if self._data else data
        end = data.find(b"\r\n\r\n")
        if end < 0 or not self._complete(data, end):
            self._data = data
            return
        self._data, self.request = b"", b""
        pause = 0.0
        if data[9:10] != b"2" and (found := _PAUSE.search(data, 0, end)):
            pause = min(LONGEST_PAUSE, float(found[1]))
        self._stream.answered(self, int(data[9:12]), pause)

    def _complete(self, data: bytes, end: int) -> bool:
        found = _LENGTH.search(data, 0, end + 2)
        if found:
            return len(data) >= end + 4 + int(found[1])
        return data.endswith(b"\r\n0\r\n\r\n")  # chunked: the only other way an answer ends on a connection that stays

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so: an idle connection may end at any time, also just as a request is sent."""
        self._transport = None
        self._stream.lost(self)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


class Stream:
    """Requests of some tenants, and what became of them."""

    def __init__(self, target: Target, plan: dict[str, Any], begin: float, end: float, dice: random.Random) -> None:
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._begin, self._end = begin, end
        self._clients: int = plan["clients"]
        self._rate: float | None = plan.get("rate")
        self._dice = dice
        tenants = [int(tenant) for tenant in plan["weights"]]
        bounds = list(accumulate(plan["weights"].values()))
        self._draws = [tenants[bisect(bounds, dice.random() * bounds[-1])] for _ in range(_DRAWS)]
        self._draw = 0
        self._due = begin
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._backlog: deque[tuple[bytes, float, int]] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.latencies: dict[int, list[int]] = {}
        self.inside: Counter[int] = Counter()
        self.told: Counter[str] = Counter()
        self.lags: list[float] = []
        self.flying = 0
        self.completed = 0

    def start(self) -> None:
        """Begin."""
        if self._rate is None:
            for _ in range(self._clients):
                self._submit(self._drawn(), _now())
        else:
            self._due = _now()
            self._tick()

    def _tick(self) -> None:
        now = _now()
        assert self._rate is not None
        while self._due <= now and self._due < self._end:
            self.lags.append(now - self._due)
            self._submit(self._drawn(), self._due)
            self._due += self._dice.expovariate(self._rate)
        if self._due < self._end:
            self._loop.call_later(max(0.001, self._due - now), self._tick)  # finer it would spin

    def _drawn(self) -> bytes:
        self._draw = (self._draw + 1) % _DRAWS
        return self._target.request(self._draws[self._draw])

    def _submit(self, request: bytes, meant: float, tries: int = 0) -> None:
        self.flying += 1
        if self._idle:
            self._idle.pop().send(request, meant, tries)
        elif len(self._open) < self._clients:
            connection = Connection(self)
            self._open.add(connection)
            connection.send(request, meant, tries)
            task = self._loop.create_task(self._connect(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._backlog.append((request, meant, tries))

    async def _connect(self, connection: Connection) -> None:
        try:
            await self._loop.create_connection(lambda: connection, "127.0.0.1", self._target.port)
        except OSError:
            self.lost(connection)

    def answered(self, connection: Connection, status: int, pause: float) -> None:
        """Count an answer and go on."""
        now = _now()
        self.flying -= 1
        self.completed += status == 200
        if connection.meant >= self._begin:
            self.latencies.setdefault(status, []).append(int((now - connection.meant) * 1e6))
        if self._begin <= now < self._end:
            self.inside[status] += 1
        if self._backlog:
            request, meant, tries = self._backlog.popleft()
            connection.send(request, meant, tries)
            return
        self._idle.append(connection)
        if self._rate is None and now + pause < self._end:
            if pause:
                # Refused together, they do not come back together.
                self._loop.call_later(pause * self._dice.uniform(0.5, 1.5), self._again)
            else:
                self._again()

    def _again(self) -> None:
        if _now() < self._end:
            self._submit(self._drawn(), _now())

    def lost(self, connection: Connection) -> None:
        """Send a request that got no answer again, on another connection."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not connection.request:
            return
        self.flying -= 1
        if connection.tries < MOST_RETRIES:
            self.told["retried"] += 1
            self._loop.call_later(0.001, self._submit, connection.request, connection.meant, connection.tries + 1)
        else:
            self.told["lost"] += 1
            self._loop.call_later(0.05, self._again)

    def close(self) -> None:
        """Hang up everywhere; what was not answered by then is told."""
        self.told["unanswered"] = self.flying
        for connection in list(self._open):
            connection.request = b""
            connection.close()

    def result(self) -> dict[str, Any]:
        """Return what became of the requests."""
        lags = sorted(self.lags)
        return {
            "latencies_us": self.latencies,
            "inside": self.inside,
            "told": self.told,
            "completed": self.completed,
            "lag_p99_ms": round(lags[int(len(lags) * 0.99)] * 1e3, 3) if lags else None,
        }


async def run(targets: dict[str, Target], job: dict[str, Any]) -> dict[str, Any]:
    """Return what became of the streams of one job, and what sending them cost."""
    before = _cpu()
    started = _now()
    begin = started + job.get("settle", 0.3)
    end = begin + job["seconds"]
    dice = random.Random(job.get("seed", 0))
    streams = [Stream(targets[plan.get("target", job["run"])], plan, begin, end, dice) for plan in job["streams"]]
    for stream in streams:
        stream.start()
    await asyncio.sleep(end - _now())
    elapsed = _now() - begin
    while any(stream.flying for stream in streams) and _now() < end + PATIENCE:
        await asyncio.sleep(0.01)
    for stream in streams:
        stream.close()
    await asyncio.sleep(0)
    return {
        "streams": [stream.result() for stream in streams],
        "seconds": elapsed,
        "whole_seconds": _now() - started,
        "cpu_seconds": _cpu() - before,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main() -> None:
    """Serve jobs until the input ends."""
    targets: dict[str, Target] = {}
    reader = asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        job = json.loads(line)
        if "target" in job:
            targets[job["target"]] = Target(job["port"], job["heads"], job["bodies"])
            reply: dict[str, Any] = {}
        else:
            reply = await run(targets, job)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
