"""What is measured and what it is held against, running at once with the same threads; idle ones are stopped."""

import contextlib
import json
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from http_bench import product, texts
from http_bench.generator import Generator
from http_bench.launch import ECHO, NAIVE, PEERS, PRODUCT, READY, STARTERS, Setting
from http_bench.processes import Served

BUSY_WHEN_IDLE = (NAIVE, *PEERS)


@dataclass
class Servers:
    """The servers that run, why others do not, and the generator that knows them all."""

    generator: Generator
    setting: Setting
    running: dict[str, Served] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def peers(self) -> list[str]:
        """The peers that run."""
        return [name for name in PEERS if name in self.running]

    def start(self, names: tuple[str, ...]) -> None:
        """Start servers side by side, wait for all, and tell the generator; a peer that does not run is told why."""
        for name in names:
            if name != ECHO:
                self._launch(name)
        questions = texts.questions()
        for name in names:
            if name == ECHO:  # after the product, whose answers it takes the size of
                self._launch(name)
            if name in self.running:
                with self._or_absent(name):
                    self.running[name].wait(READY[name])
                    self._aim(name, questions)
        for name in BUSY_WHEN_IDLE:
            self._signal(name, signal.SIGSTOP)

    def _launch(self, name: str) -> None:
        with self._or_absent(name):
            self.running[name] = STARTERS[name](self.setting)

    @contextmanager
    def _or_absent(self, name: str) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, OSError) as error:
            if name not in PEERS:
                raise
            self.absent[name] = str(error)
            if name in self.running:
                self.running.pop(name).stop()

    @contextmanager
    def awake(self, name: str) -> Iterator[Served]:
        """Let a server run that is otherwise stopped, so that its polling takes nothing from the others."""
        self._signal(name, signal.SIGCONT)
        try:
            yield self.running[name]
        finally:
            self._signal(name, signal.SIGSTOP)

    def _signal(self, name: str, number: int) -> None:
        if name in BUSY_WHEN_IDLE and name in self.running:
            for process in self.running[name].tree():
                with contextlib.suppress(psutil.Error):
                    process.send_signal(number)

    def _aim(self, name: str, questions: list[str]) -> None:
        port = self.running[name].port
        if name == PRODUCT:
            keys = product.furnish(self.running[name].log.parent, port, texts.label_counts())
            heads = [texts.head(product.PATH, f"authorization: Bearer {key}") for key in keys]
            self.setting.answer_bytes = _answer_bytes(port, product.PATH, keys[0])
            bodies = texts.bodies(questions)
        elif name.startswith("infinity"):
            heads = [texts.head("/embeddings")] * texts.TENANTS
            bodies = texts.bodies(questions, "input", model=product.BASE, encoding_format="base64")
        elif name == "bentoml":
            heads = [texts.head("/classify")] * texts.TENANTS
            bodies = texts.bodies(questions, listed=True)
        else:
            path = {"litserve": "/predict"}.get(name, "/classify")
            key = "pod_live_00000000_" + "0" * 38
            sent = [(f"x-tenant: {n}", f"authorization: Bearer {key}") for n in range(texts.TENANTS)]
            heads = [texts.head(path, *headers) for headers in sent]
            bodies = texts.bodies(questions)
        self.generator.target(name, port, heads, bodies)

    def stop(self) -> None:
        """End all of them."""
        for name, served in self.running.items():
            self._signal(name, signal.SIGCONT)
            served.stop()


def _answer_bytes(port: int, path: str, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
    body = json.dumps({"text": "Where is my new card?"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)) as answer:
        return len(answer.read())
