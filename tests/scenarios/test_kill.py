"""`kill -9`, again and again: what was acknowledged is there, nothing happened twice, every run ends."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

API = "/v1/customer-service"
SEED = 20261122
TARGETS = ("upload", "run", "deploy", "feedback", "training")
"""What the client has just begun when each of the five kills strikes."""

MOST_RUNS = 4
ROWS = 6
LOST_ANSWERS = 0.25
"""Share of answers that the client throws away once, as if the line had broken after the effect."""

PATIENCE = 150.0

pytestmark = pytest.mark.timeout(900)


@dataclass
class Client:
    """A client that does what a careful one does: one key an operation, the same request until it is acknowledged."""

    tenant: Any
    draw: random.Random
    begun: dict[str, threading.Event] = field(default_factory=lambda: {kind: threading.Event() for kind in TARGETS})
    done: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    given_up: threading.Event = field(default_factory=threading.Event)

    def do(self, kind: str, path: str, sent: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """Do one operation exactly once, whatever happens to the server meanwhile; return the acknowledgement."""
        headers = {"Idempotency-Key": f"{kind}-{self.draw.getrandbits(64):x}"}
        unlucky = self.draw.random() < LOST_ANSWERS
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self.given_up.is_set():
            self.tried[kind] += 1
            self.begun[kind].set()
            try:
                response = self.tenant.http.post(f"{API}/{path}", headers=headers, **arguments)
            except httpx.HTTPError:
                time.sleep(0.1)
                continue
            if response.status_code in (409, 503) and "retry-after" in response.headers:
                time.sleep(0.1)
                continue
            assert response.status_code == 201, (kind, response.status_code, response.text)
            if unlucky:
                unlucky = False
                continue
            self.replayed += response.headers.get("idempotent-replayed") == "true"
            self.done.setdefault(kind, []).append((sent, response.json()))
            return dict(response.json())
        raise AssertionError(f"{kind} was not acknowledged within {PATIENCE} s")

    def upload(self) -> str:
        number = len(self.done.get("upload", ()))
        rows = [
            {"text": f"order {number}, line {line}: where is it", "label": f"label_{line % 2}"} for line in range(ROWS)
        ]
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return str(self.do("upload", "datasets", {"rows": rows}, content=body, params={"task": "intent"})["id"])

    def live(self, stop: threading.Event, dataset: str, adapter: str, predictions: list[str]) -> None:
        """Upload, start runs, deploy and give feedback in turn until told to stop."""
        turn = 0
        while not stop.is_set():
            turn += 1
            self.upload()
            sent: dict[str, Any] = {"task": "intent", "adapter": adapter}
            self.do("deploy", "deployments", sent, json=sent)
            sent = {"prediction_id": predictions[turn % len(predictions)], "label": "label_1", "value": float(turn)}
            self.do("feedback", "feedback", sent, json=sent)
            if turn % 5 == 1 and len(self.done.get("run", ())) < MOST_RUNS:
                sent = {"task": "intent", "dataset": dataset, "method": "head", "seed": turn}
                self.do("run", "runs", sent, json=sent)
            time.sleep(0.02)


@pytest.fixture
def tenant(make_server: Callable[..., Any]) -> Iterator[tuple[Any, Any]]:
    server = make_server()
    tenant = server.tenant()
    yield server, tenant
    tenant.http.close()
    if server.process.poll() is None:
        assert server.stop() == 0


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    tenant: tuple[Any, Any], utterances: list[dict[str, Any]]
) -> None:
    server, shop = tenant
    dataset = shop.upload(utterances)
    first = shop.run(dataset["id"])
    assert first["state"] == "succeeded", first
    asked = shop.json("POST", f"{API}/parse", 200, json={"texts": [f"where is parcel {n}" for n in range(20)]})
    predictions = [answer["prediction_id"] for answer in asked["answers"]]
    client = Client(shop, random.Random(SEED))
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            client.live(stop, dataset["id"], first["adapter"], predictions)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        strike(server, client, random.Random(SEED + 1), lambda: not failures)
        time.sleep(0.5)
    except BaseException:
        client.given_up.set()
        raise
    finally:
        stop.set()
        thread.join(PATIENCE + 10)
    assert not failures, failures
    for _, run in client.done["run"]:
        assert shop.wait(run["id"], seconds=PATIENCE)["state"] == "succeeded"

    insist_on_what_was_acknowledged(shop, client)
    insist_on_the_bill(shop, client, rows=dataset["rows"], predictions=len(predictions))
    print(
        {"tried": dict(client.tried), "done": {k: len(v) for k, v in client.done.items()}, "replays": client.replayed}
    )
    assert client.replayed >= 5, "answers that were lost on their way are given again"
    with closing(sqlite3.connect(server.home / "podion.sqlite")) as raw:
        insist_on_the_rows(raw, shop.id, client, predictions)
    for sent, made in client.done["upload"]:
        (file,) = server.home.glob(f"files/**/{shop.id}/**/{made['id']}*")
        kept = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        assert [(row["text"], row["label"]) for row in kept] == [(row["text"], row["label"]) for row in sent["rows"]]


def strike(server: Any, client: Client, draw: random.Random, going: Callable[[], bool]) -> None:
    """Kill the supervisor five times: a random moment after the client has begun what is to be hit."""
    for target in TARGETS:
        if target == "training":
            waited = time.monotonic() + PATIENCE
            while not run_children(server) and going() and time.monotonic() < waited:
                time.sleep(0.02)
            time.sleep(draw.uniform(0.5, 3.0))
        else:
            time.sleep(draw.uniform(0.0, 0.5))
            client.begun[target].clear()
            if target != "run" or len(client.done.get("run", ())) < MOST_RUNS:
                assert client.begun[target].wait(PATIENCE) or not going()
            time.sleep(draw.uniform(0.0, 0.03))
        server.kill()
        insist_on_no_orphans(server)
        if not going():
            return
        server.start()


def insist_on_no_orphans(server: Any) -> None:
    """A run does not outlive its supervisor, but for the moment that a process takes to start."""
    deadline = time.monotonic() + 20
    while run_children(server):
        assert time.monotonic() < deadline, "a run outlived its supervisor"
        time.sleep(0.05)


def run_children(server: Any) -> list[psutil.Process]:
    """Return the processes of runs under a server, those that outlived their parent included."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if "podion.lifecycle.child" not in words or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if process.environ().get("PODION_HOME") == str(server.home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def insist_on_what_was_acknowledged(shop: Any, client: Client) -> None:
    for _, made in client.done["upload"]:
        assert shop.json("GET", f"{API}/datasets/{made['id']}", 200) == made
    for sent, made in client.done["run"]:
        found = shop.json("GET", f"{API}/runs/{made['id']}", 200)
        assert (found["dataset"], found["seed"]) == (sent["dataset"], sent["seed"])
        assert shop.json("GET", f"{API}/adapters/{found['adapter']}", 200)["task"] == "customer_service/intent"
    ledger = everything(shop, "deployments")
    assert [row["id"] for row in ledger] == [made["id"] for _, made in reversed(client.done["deploy"])]
    assert [row["state"] for row in ledger] == ["live"] + ["ended"] * (len(ledger) - 1)
    for newer, older in pairwise(ledger):
        assert older["to_at"] == newer["from_at"], "there is no time at which two served, or none"


def everything(shop: Any, noun: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    query = {"limit": "200"}
    while True:
        page = shop.json("GET", f"{API}/{noun}", 200, params=query)
        rows += page["data"]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


def insist_on_the_bill(shop: Any, client: Client, *, rows: int, predictions: int) -> None:
    count = {kind: len(done) for kind, done in client.done.items()}
    assert len(everything(shop, "datasets")) == 1 + count["upload"]
    assert len(everything(shop, "runs")) == 1 + count["run"]
    meters = shop.json("GET", "/v1/usage", 200)["meters"]
    training = meters.pop("training_seconds")
    assert training > 0
    assert meters == {
        "rows_uploaded": rows + ROWS * count["upload"],
        "runs": 1 + count["run"],
        "adapters_deployed": count["deploy"],
        "feedback": count["feedback"],
        "predictions": predictions,
    }


def insist_on_the_rows(raw: sqlite3.Connection, tenant: str, client: Client, predictions: list[str]) -> None:
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    stored = raw.execute("SELECT id, prediction, label, value FROM feedback WHERE tenant = ?", (tenant,)).fetchall()
    wanted = [
        (made["id"], sent["prediction_id"], sent["label"], sent["value"]) for sent, made in client.done["feedback"]
    ]
    assert sorted(stored) == sorted(wanted)
    kept = raw.execute("SELECT id FROM predictions WHERE tenant = ?", (tenant,)).fetchall()
    assert sorted(kept) == sorted((name,) for name in predictions)
    ledger = raw.execute("SELECT count(*), count(DISTINCT reference) FROM usage WHERE tenant = ?", (tenant,)).fetchone()
    done = sum(len(found) for kind, found in client.done.items() if kind != "run")
    # Each run of ours, and the one before, bills itself and its seconds under one reference.
    runs = 1 + len(client.done["run"])
    assert ledger == (done + 2 * runs + 2, done + runs + 2)


def test_a_killed_run_goes_on_from_its_checkpoint_to_the_same_bits(
    tenant: tuple[Any, Any], utterances: list[dict[str, Any]]
) -> None:
    server, shop = tenant
    other = server.tenant()
    whole = shop.run(shop.upload(utterances)["id"], method="lora", seed=3)
    assert whole["state"] == "succeeded", whole

    body = {"task": "intent", "dataset": other.upload(utterances)["id"], "method": "lora", "seed": 3}
    run = other.json("POST", f"{API}/runs", 201, json=body)["id"]
    first = wait_for_checkpoint(server.home, run, after=0)
    (child,) = run_children(server)
    os.kill(child.pid, signal.SIGKILL)
    second = wait_for_checkpoint(server.home, run, after=first)
    server.kill()
    server.start()
    killed = other.wait(run, seconds=PATIENCE)

    assert killed["state"] == "succeeded", killed
    assert killed["attempts"] == 3
    assert killed["adapter"] == whole["adapter"]
    assert killed["report"]["metrics"] == whole["report"]["metrics"]
    exported = [owner.http.get(f"{API}/adapters/{whole['adapter']}/export").content for owner in (shop, other)]
    assert exported[0] == exported[1]
    meters = other.json("GET", "/v1/usage", 200)["meters"]
    assert meters["runs"] == 1
    attempts = told_epochs(other, run)
    assert len(attempts) == 3
    assert attempts[1] and min(attempts[1]) > first, "the second attempt went on from the checkpoint of the first"
    assert min(attempts[2], default=second + 1) > second, "the third attempt went on from the checkpoint of the second"
    assert not list(server.home.glob(f"files/**/{run}")), "checkpoints are gone when the run is over"
    other.http.close()


def wait_for_checkpoint(home: Path, run: str, *, after: int) -> int:
    """Wait until a run has written a checkpoint of a later epoch than `after`; return its epoch."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        names = [path.stem for path in home.glob(f"files/**/{run}/**/epoch-*.json")]
        newest = max((int(name.rpartition("-")[2]) for name in names), default=0)
        if newest > after:
            return newest
        time.sleep(0.01)
    raise AssertionError(f"run {run} wrote no checkpoint after epoch {after} within {PATIENCE} s")


def told_epochs(tenant: Any, run: str) -> list[list[int]]:
    """Return the epochs that each attempt of a run told of, in order."""
    attempts: list[list[int]] = []
    with tenant.http.stream("GET", f"{API}/runs/{run}/events") as response:
        for line in response.iter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))
            if event.get("stage") == "loading":
                attempts.append([])
            elif event.get("stage") == "training" and event.get("epoch"):
                attempts[-1].append(event["epoch"])
    return attempts
