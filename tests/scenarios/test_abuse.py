"""What a server under watch does: no socket leaves it, its log at debug level holds nobody's words, limits hold.

The long versions are `python benchmarks/abuse.py` and `python benchmarks/isolation.py`.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attack
import httpx
import pytest
from attack import uploads, world
from attack.world import API, Owner

from podion.tenancy.keys import mint

GUARD = Path(attack.__file__).parent / "guard"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A server whose sockets and log are watched, with a tenant that used everything and one that was deleted."""

    server: Any
    guard: Path
    owner: Owner
    deleted: Owner

    def events(self, word: str) -> list[list[Any]]:
        found = (json.loads(line) for line in self.guard.read_text("utf-8").splitlines())
        return [event for event in found if event[0] == word]


@pytest.fixture(scope="module")
def watched(make_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    guard = tmp_path_factory.mktemp("guard") / "sockets.jsonl"
    server = make_server(
        PYTHONPATH=str(GUARD),
        PODION_GUARD=str(guard),
        PODION_LOG_LEVEL="debug",
        PODION_FAILED_KEYS_PER_MINUTE="20",
        PODION_TENANT_REQUESTS_AT_ONCE="4",
        HF_HUB_OFFLINE="0",
        TRANSFORMERS_OFFLINE="0",
    )
    with server.operator() as operator:
        owner = world.furnish(world.new_owner(operator, server.url))
        deleted = world.furnish_little(world.new_owner(operator, server.url), like=owner)
        deleted.call("POST", f"{API}/parse", 200, json={"text": f"where is it {deleted.canary}"})
        operator.delete(f"/v1/admin/tenants/{deleted.id}").raise_for_status()
    yield Watched(server=server, guard=guard, owner=owner, deleted=deleted)
    for each in (owner, deleted):
        each.http.close()
    server.stop()


# Sockets.


def test_no_process_opens_a_socket_to_anywhere_else(watched: Watched) -> None:
    started = " ".join(str(event[2]) for event in watched.events("loaded"))
    for part in ("podion.api.server", "podion.hosting.server", "podion.lifecycle.nursery", "'serve'"):
        assert part in started, "the guard stands in every process"
    assert watched.events("refused") == []


@pytest.mark.parametrize("connect", ["s.connect(('192.0.2.1', 9))", "socket.getaddrinfo('example.org', 443)"])
def test_the_guard_sees_what_leaves(connect: str, tmp_path: Path) -> None:
    log = tmp_path / "sockets.jsonl"
    code = f"import socket\ns = socket.socket()\n{connect}"
    environment = {"PYTHONPATH": str(GUARD), "PODION_GUARD": str(log)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nobody named this destination" in done.stderr
    assert json.loads(log.read_text("utf-8").splitlines()[-1])[0] == "refused"


@pytest.mark.parametrize(
    "base",
    ["/etc", "../../etc", "~", ".", "http://127.0.0.1:1/x", "file:///etc", "org/name", "sentence-transformers/x", "\0"],
)
def test_a_base_that_a_tenant_names_is_an_installed_one(base: str, watched: Watched) -> None:
    body = {"task": "intent", "dataset": watched.owner.ids["dataset"], "method": "zero-shot", "base": base}
    answer = watched.owner.http.post(f"{API}/runs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_base")
    assert "ask the operator" in answer.json()["detail"], "the same words whether the folder exists or not"


# Logs and what is left.


def test_the_log_holds_no_words_of_a_tenant_at_any_level(watched: Watched) -> None:
    log = watched.server.log
    assert '"level": "debug"' in log
    for owner in (watched.owner, watched.deleted):
        assert f"tenant={owner.id}" in log
        assert owner.canary not in log
        assert owner.key.rpartition("_")[2] not in log
    assert "request=req_" in log
    assert "bearer" not in log.lower()


def test_nothing_is_left_of_a_deleted_tenant(watched: Watched) -> None:
    assert watched.server.home.is_dir()
    held: dict[str, list[str]] = {watched.deleted.canary: [], watched.owner.canary: []}
    for path in (path for path in watched.server.home.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for canary, places in held.items():
            if canary.encode() in content:
                places.append(path.name)
    assert held[watched.owner.canary], "what is there is found"
    assert held[watched.deleted.canary] == []


# Files.


def test_no_file_hurts_whoever_reads_it(watched: Watched, processes: Any) -> None:
    """Each is refused, or read, in time and in little memory."""
    api = processes(watched.server)["api"]
    for hostile in uploads.UPLOADS:
        cost = uploads.upload(watched.owner.http, hostile, api)
        assert cost.status in hostile.statuses, cost
        assert all(word in cost.text for word in hostile.words), cost
        assert cost.peak_mib < 64, cost
        assert cost.seconds < 3 * hostile.seconds, cost


def test_what_looks_like_a_formula_comes_back_as_json_and_as_it_was(watched: Watched) -> None:
    """No route answers CSV, so that no spreadsheet opens what a stranger wrote; browsers are told not to guess."""
    answers = []
    for text in uploads.FORMULAS:
        rows = [{"text": text.strip() or text, "label": text.strip()}, {"text": "x", text: 1}]
        made = watched.owner.http.post(f"{API}/datasets", params={"task": "intent"}, content=world.lines(rows))
        assert made.status_code == 201, made.text
        assert text.strip() in made.json()["labels"]
        answers += [made, watched.owner.http.get(f"{API}/datasets/{made.json()['id']}/errors")]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


# Wrong keys.


def statuses(url: str, key: str, tries: int, path: str = "/v1/me") -> list[httpx.Response]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, verify=False) as client:
        return [client.get(path) for _ in range(tries)]


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(watched: Watched, problem: Any) -> None:
    answers = statuses(watched.server.url, str(mint()), 40)
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    document = problem(answers[-1], 429, "too_many_failed_keys")
    assert "20 tries a minute" in document["detail"]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert watched.owner.http.get("/v1/me").status_code == 200, "from the same address"
    assert "keys that open nothing within a minute" in watched.server.log
    spoofed = {"Authorization": f"Bearer {mint()}", "X-Forwarded-For": "203.0.113.9"}
    answer = httpx.get(f"{watched.server.url}/v1/me", headers=spoofed)
    assert answer.status_code == 429, "nobody is believed who names another address"


def test_the_operators_key_cannot_be_guessed_at(watched: Watched, problem: Any) -> None:
    url = watched.server.url
    answers = statuses(url, "guess-number-one", 25, "/v1/admin/plugins")
    assert [answer.status_code for answer in answers[:20]] == [401] * 20
    problem(answers[-1], 429, "too_many_failed_keys")
    with watched.server.operator() as operator:
        assert operator.get("/v1/admin/plugins").status_code == 429, "the right one is refused unseen, as is documented"


# Connections.


def test_a_head_of_any_size_is_cut_off(watched: Watched) -> None:
    """How a slow one is cut off is in tests/platform/api/test_connections.py."""
    lines = [b"GET /livez HTTP/1.1\r\n", *[b"X: " + b"y" * 60_000 + b"\r\n"] * 40]
    with socket.create_connection(("127.0.0.1", watched.server.port), timeout=20) as connection:
        with pytest.raises(ConnectionError):
            for line in lines * 10:
                connection.sendall(line)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
    assert httpx.get(f"{watched.server.url}/livez").status_code == 200


def test_a_tenant_has_so_many_requests_at_once(watched: Watched, problem: Any) -> None:
    """Bodies that do not arrive keep their places; the other tenants, health and metrics do not wait for them."""
    head = (
        f"POST {API}/datasets?task=intent HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {watched.owner.key}\r\n"
        "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\ntext"
    ).encode()
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", watched.server.port)))
            connection.sendall(head)
        time.sleep(0.5)
        answer = watched.owner.http.get("/v1/me")
        assert "4 requests" in problem(answer, 429, "too_many_at_once")["detail"]
        assert httpx.get(f"{watched.server.url}/readyz").status_code == 200
    for _ in range(50):
        time.sleep(0.1)
        if watched.owner.http.get("/v1/me").status_code == 200:
            return
    raise AssertionError("the places were not given back")
