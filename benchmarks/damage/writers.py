"""Clients that write without pause: one key an operation, the same request until it is acknowledged."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from damage.live import PATIENCE, Live, Tenant
from damage.writes import Request, World, Write

LOST_ANSWERS = 0.05
"""Share of answers that a client throws away once, as if the line had broken after the effect."""


def is_for_later(response: httpx.Response) -> bool:
    """Whether the server asks to come again: it is starting, busy, or at the same request."""
    return response.status_code == 504 or (response.status_code in (409, 503) and "retry-after" in response.headers)


@dataclass(frozen=True, kw_only=True)
class Ack:
    """An acknowledged write."""

    write: Write
    request: Request
    answer: dict[str, Any]


@dataclass
class Operation:
    """What a writer is at. `tries` counts the requests that were sent for it."""

    write: Write
    request: Request
    key: str
    tries: int = 0


@dataclass
class Writer:
    """A thread that does one operation after the other, each until it is acknowledged, while the gate is open."""

    live: Live
    tenant: Tenant
    world: World
    writes: Sequence[Write]
    draw: Random
    gate: threading.Event
    acks: list[Ack] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    replayed: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    now: Operation | None = None
    sending: bool = False
    over: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Begin nothing new; wait until what was begun is acknowledged."""
        self.over = True
        if self._thread is not None:
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                self.refused.append(f"{self.now and self.now.write.name}: not acknowledged within {PATIENCE} s")

    def settle(self) -> None:
        """Wait until no request is on its way; the gate must be closed."""
        deadline = time.monotonic() + PATIENCE
        while self.sending and time.monotonic() < deadline:
            time.sleep(0.002)

    def _work(self) -> None:
        with self.live.client() as operator:
            while not self.over:
                write = self.draw.choices(self.writes, [each.weight for each in self.writes])[0]
                request = write.make(self.world, self.draw)
                if request is not None:
                    self.now = Operation(write, request, f"{write.name}-{self.draw.getrandbits(64):x}")
                    self._do(self.now, operator if request.operator else self.tenant.http)
                    self.now = None
                if self.draw.random() < 0.2:
                    time.sleep(self.draw.uniform(0.0, 0.1))

    def _do(self, operation: Operation, http: httpx.Client) -> None:
        unlucky = operation.write.keyed and self.draw.random() < LOST_ANSWERS
        while True:
            self.gate.wait()
            self.sending = True
            if not self.gate.is_set():
                self.sending = False
                continue
            try:
                response = self._send(operation, http)
            except httpx.HTTPError:
                response = None
            if response is None or is_for_later(response):
                self.sending = False
                time.sleep(0.02 if response is None else 0.2)
                continue
            if unlucky and response.is_success:
                unlucky = self.sending = False
                continue
            self._note(operation, response)
            self.sending = False
            return

    def _send(self, operation: Operation, http: httpx.Client) -> httpx.Response:
        operation.tries += 1
        self.tried[operation.write.name] += 1
        headers = {"Idempotency-Key": operation.key} if operation.write.keyed else {}
        request = operation.request
        return http.request(request.method, request.path, headers=headers, **request.arguments)

    def _note(self, operation: Operation, response: httpx.Response) -> None:
        if not response.is_success:
            self.refused.append(f"{operation.write.name}: {response.status_code} {response.text[:500]}")
            return
        write = operation.write
        answer = write.read(response.json()) if response.content else {}
        self.replayed[write.name] += "idempotent-replayed" in response.headers
        if write.remember:
            getattr(self.world, write.remember).append(answer["id"])
        self.acks.append(Ack(write=write, request=operation.request, answer=answer))
        self.now = None
