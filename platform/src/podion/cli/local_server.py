"""A `podion serve` of one's own on a free port, for as long as a block runs."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from podion.cli.output import Bar, say
from podion.errors import Unavailable
from podion.settings import Settings

_START_SECONDS = 90


@contextmanager
def local_server(settings: Settings) -> Iterator[tuple[str, str]]:
    """Run `podion serve` on a free port over a fresh state folder; yields its URL and the operator's key."""
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PODION_HOME": str(home),
        "PODION_HOST": "127.0.0.1",
        "PODION_PORT": str(port),
        "PODION_DATABASE_URL": "",
        "PODION_FILES_URL": "",
        "PODION_OPERATOR_KEY": "",
    }
    environment.pop("PODION_OPERATOR_KEY")
    say(f"  server on {url}, its log in {home / 'server.log'}")
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "podion", "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait(url, process)
            yield url, (home / "operator.key").read_text("utf-8").strip()
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    bar = Bar()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"the server ended with status {process.returncode}: see its log")
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                bar.close()
                return
        except httpx.HTTPError:
            pass
        bar.update("waiting for the server")
        time.sleep(0.2)
    raise Unavailable(f"the server was not ready within {_START_SECONDS} s: see its log")
