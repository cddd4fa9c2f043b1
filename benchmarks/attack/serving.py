"""A server of a benchmark's own, as a process of its own over a state folder of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

OPERATOR_KEY = "operator-key-of-the-benchmark"
_START_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A server that is ready."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What all its processes have logged."""
        return (self.home / "server.log").read_text("utf-8", "replace")

    @property
    def api(self) -> psutil.Process:
        """The API's process."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if "podion.api.server" in child.cmdline())

    def operator(self) -> httpx.Client:
        """Return a client with the operator's key."""
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False)


@contextmanager
def serving(home: Path, *prefix: str, **environment: str) -> Iterator[Serving]:
    """Run `podion serve`, behind the command `prefix` where one is given, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {
        "PODION_HOME": str(home),
        "PODION_PORT": str(port),
        "PODION_BASE": os.environ.get("PODION_BASE", "minilm-l6"),
        "PODION_THREADS": "1",
        "PODION_OPERATOR_KEY": OPERATOR_KEY,
        **environment,
    }
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "podion", "serve"],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        served = Serving(url=f"http://127.0.0.1:{port}", home=home, process=process)
        _wait(served)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(served: Serving) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert served.process.poll() is None, served.log
        try:
            if httpx.get(f"{served.url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready within {_START_SECONDS} s: {served.log}")


def residue(home: Path, word: str) -> list[str]:
    """Return the files of a state folder that hold a word."""
    files = (path for path in home.rglob("*") if path.is_file())
    return [str(path.relative_to(home)) for path in files if word.encode() in path.read_bytes()]
