"""A server of the benchmark's own on loopback, over a fresh folder."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

KEY = "operator-key-of-the-benchmark"
_PATIENCE = 240.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that runs: its address, its state folder, and its first process."""

    url: str
    home: Path
    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of all its processes so far (Linux); what a busy machine leaves as it is."""
        ticks = 0
        for pid in _family(self.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


@contextmanager
def server(base: str) -> Iterator[Running]:
    """Run a server, and end it."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ, "PODION_HOME": home, "PODION_PORT": str(port), "PODION_BASE": base, "PODION_THREADS": "1",
            "OMP_NUM_THREADS": "1", "PODION_OPERATOR_KEY": KEY, "PODION_LOG_LEVEL": "warning",
        }  # fmt: skip
        log = Path(home) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "podion", "serve"], env=environment, stdout=file, stderr=file
            )
        try:
            _ready(f"http://127.0.0.1:{port}", process, log)
            yield Running(url=f"http://127.0.0.1:{port}", home=Path(home), pid=process.pid)
        finally:
            process.terminate()
            process.wait(60)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"the server was not ready within {_PATIENCE:.0f} s")
