"""What every test may ask for: settings, installed bases, public data, and a live server with tenants."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

# Before torch is loaded: tests share the cores with servers, and with the other half of the suite.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PODION_THREADS", "1")

# Wall time says nothing on a shared machine; what must be quick is measured in CPU seconds.
hypothesis.settings.register_profile("podion", deadline=None)
hypothesis.settings.load_profile("podion")

START_SECONDS = 120
OPERATOR_KEY = "operator-key-of-the-tests"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data sets; skips where there is none. A folder that is named and not there is a failure."""
    folder = os.environ.get("PODION_DATA")
    if not folder:
        pytest.skip(reason="PODION_DATA is not set")
    assert Path(folder).is_dir(), f"PODION_DATA={folder} is no folder"
    return Path(folder)


@dataclass
class Tenant:
    """A tenant of a test: its id, its key, and a client that uses it."""

    id: str
    name: str
    key: str
    http: httpx.Client

    def json(self, method: str, path: str, status: int, **arguments: Any) -> dict[str, Any]:
        """Call, insist on the status, and return the JSON."""
        response = self.http.request(method, path, **arguments)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return dict(response.json())

    def upload(
        self, rows: list[dict[str, Any]], *, task: str = "intent", status: int = 201, **query: Any
    ) -> dict[str, Any]:
        """Upload rows as JSONL to customer service."""
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        return self.json("POST", "/v1/customer-service/datasets", status, content=body, params={"task": task, **query})

    def run(
        self, dataset: str, *, method: str = "head", task: str = "intent", seconds: float = 240, **more: Any
    ) -> dict[str, Any]:
        """Start a run, wait for its end, and return it."""
        body = {"task": task, "dataset": dataset, "method": method, **more}
        made = self.json("POST", "/v1/customer-service/runs", 201, json=body)
        return self.wait(made["id"], seconds=seconds)

    def wait(self, run: str, *, seconds: float = 240) -> dict[str, Any]:
        """Wait for a run's end and return it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.json("GET", f"/v1/customer-service/runs/{run}", 200)
            if found["state"] in ("succeeded", "failed", "cancelled"):
                return found
            time.sleep(0.3)
        raise AssertionError(f"run {run} did not end within {seconds} s: {found}")


@dataclass
class Server:
    """`podion serve` as a process of its own, over a state folder of its own."""

    home: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    names: int = 0
    tenants: list[Tenant] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text("utf-8", "replace")

    def start(self) -> "Server":
        """Start and wait until it is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "PODION_HOME": str(self.home),
            "PODION_PORT": str(self.port),
            "PODION_BASE": "minilm-l6",
            "PODION_THREADS": "1",
            "PODION_OPERATOR_KEY": OPERATOR_KEY,
            "PODION_FAILED_KEYS_PER_MINUTE": "0",
            **self.environment,
        }
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "podion", "serve"],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready within {START_SECONDS} s: {self.log}")

    def kill(self) -> None:
        """Kill the supervisor with SIGKILL, as a power cut would, and wait until nothing listens any more."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the API outlived its supervisor")

    def stop(self) -> int:
        """Ask the server to end, and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self) -> None:
        """End the server and its tenants' connections, whatever state it is in."""
        for tenant in self.tenants:
            tenant.http.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def operator(self) -> httpx.Client:
        """Return a client with the operator's key."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {OPERATOR_KEY}"}, timeout=60)

    def tenant(self, *verticals: str) -> Tenant:
        """Make a new tenant with these verticals enabled (default: customer service)."""
        self.names += 1
        name = f"tenant-{self.names}-{os.urandom(3).hex()}"
        enable = list(verticals or ("customer_service",))
        with self.operator() as operator:
            response = operator.post("/v1/admin/tenants", json={"name": name, "enable": enable})
        assert response.status_code == 201, response.text
        return self.tenant_of(response.json())

    def tenant_of(self, made: dict[str, Any]) -> Tenant:
        """Return the tenant that an operator's request has made; its connections end with the session."""
        client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {made['key']}"}, timeout=120)
        self.tenants.append(Tenant(made["id"], made["name"], made["key"], client))
        return self.tenants[-1]


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _servers(homes: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """A function that starts a server; all of them end with the block, for idle ones take their share of the cores."""
    made: list[Server] = []

    def make(**environment: str) -> Server:
        server = Server(home=homes.mktemp("home"), port=free_port(), environment=environment).start()
        made.append(server)
        return server

    try:
        yield make
    finally:
        for server in made:
            server.end()


@pytest.fixture(scope="module")
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """A function that starts a server of the test's own; all of them end with the module."""
    with _servers(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One live server for all tests that leave it running."""
    with _servers(tmp_path_factory) as make:
        yield make()


@pytest.fixture(scope="session")
def sample() -> list[dict[str, Any]]:
    """The rows that the customer-service plugin ships, in English only (the tests' base reads English)."""
    from importlib.resources import files

    text = files("podion_customer_service").joinpath("sample.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return [row for row in rows if row.get("lang") == "en"]
