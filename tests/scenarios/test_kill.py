"""`kill -9`, again and again: what was acknowledged is there, nothing happened twice, every run ends."""

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from damage.kills import Killing

API = "/v1/customer-service"
SEED = 20261122
PATIENCE = 150.0

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def tenant(make_server: Callable[..., Any]) -> Iterator[tuple[Any, Any]]:
    server = make_server()
    tenant = server.tenant()
    yield server, tenant
    tenant.http.close()
    if server.process.poll() is None:
        assert server.stop() == 0


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Clients of two tenants write by every route that acknowledges; `benchmarks/durability.py` kills 200 times."""
    killing = Killing(tmp_path_factory.mktemp("killed"), SEED)
    try:
        killing.prepare()
        killing.go_on(kills=4, partial=1)
        killing.end()
    finally:
        killing.close()
    findings = killing.inspector.findings
    assert findings.tell() == []
    assert killing.tally.kills == 4
    acked = Counter(ack.write.name for writer in killing.writers for ack in writer.acks)
    assert acked.keys() >= {"upload", "run", "feedback", "deploy", "key", "document", "predict"}
    assert sum(sum(writer.replayed.values()) for writer in killing.writers) >= 5, "lost answers are given again"
    # What the inspection is there to see, it sees.
    with closing(sqlite3.connect(killing.live.database)) as raw, raw:
        raw.execute("DELETE FROM feedback WHERE id = (SELECT max(id) FROM feedback)")
        raw.execute("UPDATE deployments SET adapter = 'another' WHERE to_at IS NULL")
        raw.execute("INSERT INTO keys SELECT 'key_again', tenant, 'd', scopes, label, created_at, expires_at, "
                    "revoked_at, last_used_at FROM keys LIMIT 1")  # fmt: skip
    killing.inspector.inspect(killing.writers)
    assert any("feedback" in each for each in findings.lost)
    assert any("adapter was" in each for each in findings.lost)
    assert any("keys of" in each for each in findings.twice)


def run_children(server: Any) -> list[psutil.Process]:
    """Return the processes of runs under a server, those that outlived their parent included."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if "podion.lifecycle.child" not in " ".join(words) or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if process.environ().get("PODION_HOME") == str(server.home):
                found.append(process)
        except psutil.Error:
            continue
    return found


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
    assert killed["attempts"] == 2, "the attempt that died with the server does not count"
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
    """Return the epochs that each attempt of a run finished, in order; what is told within one names those before."""
    attempts: list[list[int]] = []
    with tenant.http.stream("GET", f"{API}/runs/{run}/events") as response:
        for line in response.iter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))
            if event.get("stage") == "loading":
                attempts.append([])
            elif event.get("stage") == "training" and event.get("metric"):
                attempts[-1].append(event["epoch"])
    return attempts
