"""What starting may cost, what may be loaded where, and where sockets may lead."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

HELP_CPU_SECONDS = 0.5
API_CPU_SECONDS = 1.2 + 6 * 0.25
"""The platform's own start, and a quarter of a second for each plugin that is installed here."""
READY_WITHIN_SECONDS = 60
API = "/v1/customer-service"

HOOK = """
import json, os, sys

PLACE = {"socket.connect": -1, "socket.sendto": -1, "socket.sendmsg": -1, "socket.getaddrinfo": 0}

def write(event, where):
    with open(os.environ["SOCKETS_SEEN"], "a") as file:
        file.write(json.dumps([" ".join(sys.orig_argv), event, where]) + "\\n")

write("started", "")
sys.addaudithook(lambda event, arguments: event in PLACE and write(event, repr(arguments[PLACE[event]])))
"""


def cpu_seconds_of(*command: str) -> float:
    """Return user and system time of a process and all that it waited for."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_help_is_quick() -> None:
    podion = str(Path(sys.executable).with_name("podion"))
    assert min(cpu_seconds_of(podion, "--help") for _ in range(3)) <= HELP_CPU_SECONDS


@pytest.mark.parametrize("words", [["--help"], ["fit", "--help"], ["tenant", "list"], ["plugins", "list"]])
def test_no_command_that_needs_no_tensor_loads_torch(words: list[str], tmp_path: Path) -> None:
    script = (
        "import sys\nfrom podion.cli.main import run\n"
        f"sys.argv = ['podion', *{words!r}]\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'torch', 'transformers', 'peft'} & sys.modules.keys()\n"
    )
    environment = {**os.environ, "PODION_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, env=environment)


def test_the_api_is_ready_at_once(tmp_path: Path, free: int) -> None:
    """Ready: it answers. Measured twice, since the first start makes the database and may find cold files."""
    assert min(api_cpu_seconds(tmp_path, free) for _ in range(2)) <= API_CPU_SECONDS


@pytest.fixture
def free() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def api_cpu_seconds(home: Path, port: int) -> float:
    environment = {**os.environ, "PODION_HOME": str(home), "PODION_PORT": str(port), "PODION_BASE": "minilm-l6"}
    command = [sys.executable, "-m", "podion.api.server"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + READY_WITHIN_SECONDS
            while time.monotonic() < deadline:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200:
                        used = psutil.Process(process.pid).cpu_times()
                        return float(used.user + used.system)
                except httpx.HTTPError:
                    time.sleep(0.02)
            raise AssertionError(f"the API did not answer within {READY_WITHIN_SECONDS} s")
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def watched(make_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """A server whose every Python process writes down where its sockets go."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "sitecustomize.py").write_text(HOOK)
    seen = folder / "seen.jsonl"
    server = make_server(PYTHONPATH=str(folder), SOCKETS_SEEN=str(seen))
    yield server, seen
    server.stop()


def test_the_api_process_holds_no_torch(watched: tuple[Any, Path]) -> None:
    server, _ = watched
    torch_in = {}
    for process in psutil.Process(server.process.pid).children(recursive=True):
        files = {Path(mapped.path).name for mapped in process.memory_maps()}
        torch_in[process.cmdline()[2]] = any(name.startswith("libtorch") for name in files)
    assert torch_in == {"podion.api.server": False, "podion.hosting.server": True}


def test_nothing_leaves_the_machine(watched: tuple[Any, Path], utterances: list[dict[str, Any]]) -> None:
    server, seen = watched
    strangers: set[str] = set()
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(server.process.pid, strangers, stop))
    watcher.start()
    try:
        tell(server.tenant(), utterances)
    finally:
        stop.set()
        watcher.join()
    assert not strangers
    noted = [json.loads(line) for line in seen.read_text("utf-8").splitlines()]
    started = " ".join(command for command, event, _ in noted if event == "started")
    for name in ("podion serve", "podion.api.server", "podion.hosting.server", "podion.lifecycle.nursery"):
        assert name in started, f"{name} ran without the hook"
    away = [(command, where) for command, event, where in noted if event != "started" and not is_near(where, server)]
    assert not away


def is_near(where: str, server: Any) -> bool:
    """Whether an address, as Python writes it, is loopback or a unix socket."""
    near = ("('127.0.0.1', ", "('::1', ", "'127.0.0.1'", "b'127.0.0.1'", "'localhost'", "None")
    return where.startswith(near) or where.strip("b'") == str(server.home / "engine.sock")


def watch(pid: int, strangers: set[str], stop: threading.Event) -> None:
    """Look at the open sockets themselves: libraries outside Python tell no hook."""
    while not stop.wait(0.05):
        try:
            parent = psutil.Process(pid)
            for process in [parent, *parent.children(recursive=True)]:
                for connection in process.net_connections(kind="inet"):
                    for address in (connection.laddr, connection.raddr):
                        if address and address.ip not in ("127.0.0.1", "::1"):
                            strangers.add(f"{process.cmdline()}: {connection}")
        except psutil.Error:
            continue


def tell(tenant: Any, rows: list[dict[str, Any]]) -> None:
    """One short story: upload, zero-shot, run, deploy, answer, feedback."""
    dataset = tenant.upload(rows)["id"]
    tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})
    run = tenant.run(dataset)
    assert run["state"] == "succeeded", run
    tenant.json("POST", f"{API}/deployments", 201, json={"task": "intent", "adapter": run["adapter"]})
    answer = tenant.json("POST", f"{API}/parse", 200, json={"text": "where is my parcel"})["answers"][0]
    body = {"prediction_id": answer["prediction_id"], "label": "order_status"}
    tenant.json("POST", f"{API}/feedback", 201, json=body)
    tenant.http.close()
