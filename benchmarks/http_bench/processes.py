"""Servers as trees of processes: started on a free port, waited for, their CPU seconds read, stopped by their ids."""

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

START_SECONDS = 180.0


@dataclass
class Served:
    """A server that runs: its port, and the process above all its others."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, path: str) -> None:
        """Wait until a page answers 200; raises `RuntimeError` with the end of the log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), _page(self.port, path) as page:
                if page.status == 200:
                    return
            time.sleep(0.1)
        end = self.log.read_text("utf-8", "replace")[-2_000:]
        raise RuntimeError(f"{self.name} is not ready: {end}")

    def tree(self) -> list[psutil.Process]:
        """Return its living processes."""
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self, part: str = "") -> float:
        """Return user and system seconds used so far by its processes, or by those with `part` in their command."""
        total = 0.0
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if not part or part in " ".join(process.cmdline()):
                    used = process.cpu_times()
                    total += used.user + used.system
        return total

    def memory(self) -> int:
        """Return the resident bytes of its processes, shared pages counted in each."""
        total = 0
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def stop(self) -> None:
        """Ask it to end; end what does not."""
        below = self.tree()
        self.process.terminate()
        _, alive = psutil.wait_procs(below, timeout=20)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()


def _page(port: int, path: str) -> Any:
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5)


def start(
    name: str, command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str], cwd: Path | None = None
) -> Served:
    """Start a server; returns at once."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd or folder,
        )
    return Served(name, port, process, log)


def threads_environment(threads: int) -> dict[str, str]:
    """Return what limits every library of a server to so many compute threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    return {**dict.fromkeys(names, str(threads)), "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
