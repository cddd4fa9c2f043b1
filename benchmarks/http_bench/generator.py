"""Talks to the load generator's process."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What became of one stream: latencies in ms by status, answers inside the window by status, oddities."""

    latencies: dict[int, list[float]]
    inside: dict[int, int]
    told: dict[str, int]
    seconds: float
    lag_p99_ms: float | None

    @property
    def accepted(self) -> list[float]:
        """Latencies of what was answered with 200, in ms, sorted."""
        return sorted(self.latencies.get(200, []))

    @property
    def refused(self) -> list[float]:
        """Latencies of refusals, in ms, sorted."""
        return sorted([*self.latencies.get(429, []), *self.latencies.get(503, [])])

    @property
    def rate(self) -> float:
        """Answers with 200 a second."""
        return self.inside.get(200, 0) / self.seconds

    @property
    def seen(self) -> float:
        """Answers of any status a second."""
        return sum(self.inside.values()) / self.seconds

    @property
    def bad(self) -> dict[str, int]:
        """What should not have been: statuses other than 200, 429 and 503, and requests without an answer."""
        found = {str(status): len(some) for status, some in self.latencies.items() if status not in (200, 429, 503)}
        return {**found, **{name: count for name, count in self.told.items() if count and name != "retried"}}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What became of a job; `completed` counts every answer with 200, also before the window."""

    streams: list[Stream]
    cpu_seconds: float
    completed: int

    @property
    def only(self) -> Stream:
        """Its only stream."""
        [stream] = self.streams
        return stream


class Generator:
    """The generator's process; ends with the `with` block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("load.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._seed = 0
        self.cpu_seconds = 0.0
        self.completed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:  # closes its pipes, which ends it, and waits
            pass

    def target(self, name: str, port: int, heads: list[str], bodies: list[str]) -> None:
        """Say what requests of a server are made of."""
        self._ask({"target": name, "port": port, "heads": heads, "bodies": bodies})

    def run(self, name: str, seconds: float, *streams: dict[str, Any], settle: float = 0.3) -> Ran:
        """Send streams to a server at once and return what became of each."""
        self._seed += 1
        job = {"run": name, "seconds": seconds, "settle": settle, "streams": streams, "seed": self._seed}
        reply = self._ask(job)
        found = [_stream(each, reply["seconds"]) for each in reply["streams"]]
        completed = sum(stream["completed"] for stream in reply["streams"])
        self.cpu_seconds += reply["cpu_seconds"]
        self.completed += completed
        return Ran(streams=found, cpu_seconds=reply["cpu_seconds"], completed=completed)

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended")
        return dict(json.loads(line))


def closed(clients: int, weights: dict[str, float]) -> dict[str, Any]:
    """Return a stream of clients that each send when they were answered."""
    return {"clients": clients, "weights": weights}


def opened(rate: float, weights: dict[str, float], connections: int) -> dict[str, Any]:
    """Return a stream of so many requests a second, whatever becomes of them, over at most so many connections."""
    return {"rate": rate, "clients": connections, "weights": weights}


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of sorted values; nan of none."""
    if not values:
        return float("nan")
    return values[min(len(values) - 1, int(len(values) * share))]


def _stream(reply: dict[str, Any], seconds: float) -> Stream:
    return Stream(
        latencies={int(status): [one / 1e3 for one in some] for status, some in reply["latencies_us"].items()},
        inside={int(status): count for status, count in reply["inside"].items()},
        told=reply["told"],
        seconds=seconds,
        lag_p99_ms=reply["lag_p99_ms"],
    )
