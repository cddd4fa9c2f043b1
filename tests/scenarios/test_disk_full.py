"""The disk is full: every write is refused whole, reads go on, and when there is room again the same server goes on."""

import json
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

API = "/v1/customer-service"
SIZE = 32 << 20
Filled = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server whose state folder can be filled, by one of the ways that this machine knows."""

    server: Any
    home: Path
    filled: Filled
    shop: Any
    dataset: str
    adapters: tuple[str, str]
    deployment: str
    predictions: tuple[str, ...]
    keys: tuple[str, ...]


@pytest.fixture(scope="module")
def own_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """A folder for the state, and whether it is a small disk of its own: that is for root to make."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    small = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    yield folder, small
    if small:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def small_server(own_disk: tuple[Path, bool], make_server: Callable[..., Any]) -> Iterator[Any]:
    """One server on that disk for all tests: it is never started again."""
    server = make_server(PODION_HOME=str(own_disk[0]))
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["small disk", "limit"])
def place(request: pytest.FixtureRequest, own_disk: tuple[Path, bool], small_server: Any) -> Place:
    """A tenant with one of everything, and the way to fill its disk."""
    (home, small), server = own_disk, small_server
    if request.param == "small disk" and not small:
        pytest.skip("this machine lets us mount nothing: the other way, a limit on the size of files, is tried alone")
    by_disk: Filled = lambda: full_disk(home)  # noqa: E731
    by_limit: Filled = lambda: full_for_processes(server, home)  # noqa: E731
    shop = server.tenant()
    for number in range(2):
        dataset = shop.upload(rows(number))["id"]
        answers = shop.json("POST", f"{API}/parse", 200, json={"texts": ["where is it", "money back"]})["answers"]
    adapters = [row["id"] for row in shop.json("GET", f"{API}/adapters", 200)["data"]][:2]
    for adapter in adapters:
        body = {"task": "intent", "adapter": adapter}
        deployment = shop.json("POST", f"{API}/deployments", 201, json=body)["id"]
    keys = [shop.json("POST", "/v1/keys", 201, json={"label": f"till {n}"})["id"] for n in range(2)]
    shop.json("POST", "/v1/collections", 201, json={"name": "handbook"})
    document = {"id": "hours", "text": "We are open on Sundays."}
    shop.json("POST", "/v1/collections/handbook/documents", 201, json=document)
    return Place(
        server=server,
        home=home,
        filled=by_disk if request.param == "small disk" else by_limit,
        shop=shop,
        dataset=dataset,
        adapters=(adapters[0], adapters[1]),
        deployment=deployment,
        predictions=tuple(answer["prediction_id"] for answer in answers),
        keys=tuple(keys),
    )


def rows(number: int) -> list[dict[str, Any]]:
    """Return forty rows of two intents; enough to teach a run for a while."""
    said = ("where is parcel", "refund order")
    return [{"text": f"{said[n % 2]} {number} {n}", "label": ("parcel", "refund")[n % 2]} for n in range(40)]


@contextmanager
def full_disk(home: Path) -> Iterator[None]:
    """Leave no byte on the disk of `home`."""
    shrink_log(home)
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
            yield
        finally:
            filler.unlink()


@contextmanager
def full_for_processes(server: Any, home: Path) -> Iterator[None]:
    """No process of the server may write to a file beyond its first byte; the log is such a file, too."""
    shrink_log(home)
    parent = psutil.Process(server.process.pid)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit_all(parent, (0, before[1]))
    try:
        yield
    finally:
        limit_all(parent, before)


def limit_all(parent: psutil.Process, limits: tuple[int, int]) -> None:
    for process in (parent, *parent.children(recursive=True)):
        try:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        except ProcessLookupError:
            continue


def shrink_log(home: Path) -> None:
    """Empty the write-ahead log, so that the room in it is no room to write in."""
    with closing(sqlite3.connect(home / "podion.sqlite", timeout=20)) as raw:
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def requests_of(place: Place) -> dict[str, dict[str, Any]]:
    """Return a request for every route that writes; all of them can succeed once, in this order."""
    body = "".join(json.dumps(row) + "\n" for row in rows(7)).encode()
    upload = {"content": body, "params": {"task": "intent"}}
    extension = {"content": body, "params": {"task": "intent", "extends": place.dataset}}
    feedback = {"prediction_id": place.predictions[0], "label": "refund", "value": 5.0}
    new = {"id": "pay", "text": "You can pay by card."}
    run = {"task": "intent", "dataset": place.dataset, "method": "head"}
    deployment = {"task": "intent", "adapter": place.adapters[0]}
    return {
        "upload": {"url": f"{API}/datasets", **upload},
        "upload as a form": {"url": f"{API}/datasets", "files": {"file": body}, "params": {"task": "intent"}},
        "extension": {"url": f"{API}/datasets", **extension},
        "feedback": {"url": f"{API}/feedback", "json": feedback},
        "grow": {"url": f"{API}/datasets/{place.dataset}:grow", "json": {"feedback": True}},
        "run": {"url": f"{API}/runs", "json": run},
        "rollback": {"url": f"{API}/deployments/{place.deployment}:rollback"},
        "deployment": {"url": f"{API}/deployments", "json": deployment},
        "prediction": {"url": f"{API}/parse", "json": {"text": "where is it"}},
        "key": {"url": "/v1/keys", "json": {"label": "new"}},
        "key rotation": {"url": f"/v1/keys/{place.keys[0]}:rotate", "json": {}},
        "key revocation": {"url": f"/v1/keys/{place.keys[1]}:revoke"},
        "enablement": {"url": "/v1/verticals/praise", "method": "PUT", "json": {}},
        "disablement": {"url": "/v1/verticals/praise", "method": "DELETE"},
        "collection": {"url": "/v1/collections", "json": {"name": "shelf"}},
        "document": {"url": "/v1/collections/handbook/documents", "json": new},
        "document removal": {"url": "/v1/collections/handbook/documents/hours", "method": "DELETE"},
        "collection removal": {"url": "/v1/collections/handbook", "method": "DELETE"},
        "tenant": {"url": "/v1/admin/tenants", "json": {"name": f"new-{os.urandom(3).hex()}"}},
        "tenant's key": {"url": f"/v1/admin/tenants/{place.shop.id}/keys", "json": {}},
        "tenant's end": {"url": f"/v1/admin/tenants/{place.shop.id}:enable"},
    }


def send(place: Place, operator: httpx.Client, name: str, request: dict[str, Any]) -> httpx.Response:
    sent = {"method": "POST", "headers": {"Idempotency-Key": f"full-{place.shop.id}-{name}"}, **request}
    client = operator if "/admin/" in sent["url"] else place.shop.http
    return client.request(**sent)


def shown(place: Place, operator: httpx.Client) -> dict[str, Any]:
    """Return all that reading shows, and what lies in the folder of files."""
    nouns = [f"{API}/datasets", f"{API}/runs", f"{API}/adapters", f"{API}/deployments", "/v1/keys", "/v1/collections"]
    found = {path: place.shop.json("GET", path, 200) for path in [*nouns, "/v1/me", "/v1/verticals"]}
    found["documents"] = place.shop.json("GET", "/v1/collections/handbook/documents", 200)
    found["document"] = place.shop.json("GET", "/v1/collections/handbook/documents/hours", 200)
    found["meters"] = place.shop.json("GET", "/v1/usage", 200)["meters"]
    found["tenants"] = operator.get("/v1/admin/tenants").json()
    found["files"] = sorted(str(path) for path in (place.home / "files").rglob("*") if path.is_file())
    return found


def test_every_write_is_refused_whole_and_accepted_once_there_is_room(
    place: Place, problem: Callable[..., dict[str, Any]]
) -> None:
    requests = requests_of(place)
    with place.server.operator() as operator:
        before = shown(place, operator)
        with place.filled():
            for name, request in requests.items():
                told = problem(send(place, operator, name, request), 507, "storage_full")
                assert "nothing" in told["detail"].lower(), (name, told)
            assert shown(place, operator) == before
        alive = {"api", "engine"} <= set(names(place.server))
        assert alive, "no process died of it"
        assert shown(place, operator) == before
        for name, request in requests.items():
            response = send(place, operator, name, request)
            assert response.status_code in (200, 201, 204), (name, response.text)
            assert "idempotent-replayed" not in response.headers, name
        with closing(sqlite3.connect(place.home / "podion.sqlite")) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (run,) = place.shop.json("GET", f"{API}/runs", 200)["data"]
    assert place.shop.wait(run["id"])["state"] == "succeeded"


@pytest.mark.parametrize("place", ["limit"], indirect=True)
def test_a_run_whose_disk_is_full_goes_on_or_says_why(place: Place, until: Callable[..., Any]) -> None:
    body = {"task": "intent", "dataset": place.dataset, "method": "head", "seed": 3}
    run = place.shop.json("POST", f"{API}/runs", 201, json=body)["id"]
    until(lambda: "run" in names(place.server))
    until(lambda: place.shop.json("GET", f"{API}/runs/{run}", 200)["progress"])
    with place.filled():
        until(lambda: "run" not in names(place.server), seconds=60)
        waiting = place.shop.json("GET", f"{API}/runs/{run}", 200)
        assert waiting["state"] == "running", "how it ended cannot be written down yet"
    ended = place.shop.wait(run)
    assert ended["state"] == "succeeded" or ended["error"]["code"] == "storage_full", ended
    assert place.server.process.poll() is None


def names(server: Any) -> list[str]:
    marks = {"podion.api.server": "api", "podion.hosting.server": "engine", "podion.lifecycle.child": "run"}
    found = []
    for child in psutil.Process(server.process.pid).children(recursive=True):
        try:
            words, zombie = " ".join(child.cmdline()), child.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            continue
        found += [] if zombie else [name for mark, name in marks.items() if mark in words]
    return found
