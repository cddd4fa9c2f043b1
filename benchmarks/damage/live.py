"""`podion serve` over a state folder of its own, started, killed whole or in part, and started again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

OPERATOR_KEY = "operator-key-of-the-benchmarks"
PATIENCE = 600.0
PARTS = {"podion.api.server": "api", "podion.hosting.server": "engine", "podion.lifecycle.child": "run"}


@dataclass
class Tenant:
    """A tenant of a live server: its id and a client with its key."""

    id: str
    http: httpx.Client

    def json(self, method: str, path: str, status: int, **arguments: Any) -> Any:
        """Call, insist on the status, and return the JSON."""
        response = self.http.request(method, path, **arguments)
        if response.status_code != status:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()


@dataclass
class Live:
    """A server as a tree of processes."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Its database file."""
        return self.home / "podion.sqlite"

    def start(self) -> None:
        """Start it; returns at once."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        environment = {
            **os.environ,
            "PODION_HOME": str(self.home),
            "PODION_PORT": str(self.port),
            "PODION_BASE": "minilm-l6",
            "PODION_THREADS": "1",
            "PODION_OPERATOR_KEY": OPERATOR_KEY,
            "PODION_PLUGIN_LOAD_SECONDS": "600",  # by the clock: on a busy machine a vertical would be quarantined
            **self.environment,
        }
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "podion", "serve"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, path: str = "/livez") -> None:
        """Wait until the page answers 200: `/livez`, or `/readyz` for the engine too."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server ended by itself: see {self.home / 'server.log'}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}{path}", timeout=5).status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{path} did not answer within {PATIENCE} s")

    def tree(self) -> dict[int, str]:
        """Return the living processes below the supervisor by what they are: api, engine, run, or other."""
        if self.process is None or self.process.poll() is not None:
            return {}
        found = {}
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    words = " ".join(child.cmdline())
                    found[child.pid] = next((name for mark, name in PARTS.items() if mark in words), "other")
        return found

    def kill(self, *, whole: bool) -> None:
        """SIGKILL to the supervisor or, with `whole`, to every process of its tree; returns when all are gone."""
        assert self.process is not None
        below = self.tree()
        self.process.kill()
        for number in below if whole else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + PATIENCE
        while self._survivors(below):
            if time.monotonic() > deadline:
                raise AssertionError(f"processes outlived their supervisor: {self._survivors(below)}")
            time.sleep(0.01)

    def kill_part(self, part: str) -> bool:
        """SIGKILL to the API, the engine or a run alone; return whether there was one."""
        for number, name in self.tree().items():
            if name == part:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
                return True
        return False

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(60)

    def tenant(self, name: str, *verticals: str) -> Tenant:
        """Make a tenant with these verticals enabled."""
        with httpx.Client(base_url=self.url, headers=_bearer(OPERATOR_KEY), timeout=60) as operator:
            made = operator.post("/v1/admin/tenants", json={"name": name, "enable": list(verticals)})
        made.raise_for_status()
        return Tenant(made.json()["id"], self.client(made.json()["key"]))

    def client(self, key: str = OPERATOR_KEY) -> httpx.Client:
        """Return a client with a key."""
        return httpx.Client(base_url=self.url, headers=_bearer(key), timeout=60)

    def _survivors(self, below: Mapping[int, str]) -> list[str]:
        """Those of `below` that still run, and a listener on the port."""
        found = []
        for number, name in below.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(number)
                mine = process.status() != psutil.STATUS_ZOMBIE and str(self.home) in str(process.environ())
                found += [name] if mine else []
        with socket.socket() as probe:
            found += ["listener"] if probe.connect_ex(("127.0.0.1", self.port)) == 0 else []
        return found


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
