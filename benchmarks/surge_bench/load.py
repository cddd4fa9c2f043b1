"""A thousand articles a minute at a live server on this machine, with bursts in between, and an ear for its alerts."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from podion_sentiment_monitor.made_up import article, history, piece, sentiment_rows, topic_rows

API = "/v1/sentiment-monitor"
RATE = 1_000 / 60
BATCH = 10
TIPS = 8
_KEY = "operator-key-of-the-benchmark"


@dataclass
class Ear:
    """Alerts as they come over server-sent events: subject → when they were heard."""

    heard: dict[str, float] = field(default_factory=dict)

    def listen(self, client: httpx.Client, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with client.stream("GET", f"{API}/events", timeout=httpx.Timeout(30, read=5)) as response:
                    for line in response.iter_lines():
                        self._take(line)
                        if stop.is_set():
                            return
            except httpx.HTTPError:
                continue

    def _take(self, line: str) -> None:
        if line.startswith("data:") and '"alerts"' in line:
            told = json.loads(line[5:])
            for alert in told.get("data", told)["alerts"]:
                if alert["open"]:
                    self.heard.setdefault(alert["subject"], time.monotonic())


@contextmanager
def server(base: str) -> Iterator[str]:
    """Run a server on loopback over a fresh folder; yields its URL."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ, "PODION_HOME": home, "PODION_PORT": str(port), "PODION_BASE": base, "PODION_THREADS": "1",
            "PODION_OPERATOR_KEY": _KEY, "PODION_LOG_LEVEL": "warning",
        }  # fmt: skip
        log = Path(home) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "podion", "serve"], env=environment, stdout=file, stderr=file
            )
        try:
            _ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server was not ready within 240 s")


def measure(seconds: float, base: str) -> dict[str, Any]:
    """Return what a steady stream costs and how late alerts are: from the tipping article's request to the event."""
    with server(base) as url:
        key = httpx.post(
            f"{url}/v1/admin/tenants",
            json={"name": "press", "enable": ["sentiment_monitor"]},
            headers={"Authorization": f"Bearer {_KEY}"},
            timeout=60,
        ).json()["key"]
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120)
        _prepare(client)
        ear, stop = Ear(), threading.Event()
        listener = threading.Thread(target=ear.listen, args=(client, stop), daemon=True)
        listener.start()
        time.sleep(1)
        told = _drive(client, ear, seconds)
        stop.set()
        listener.join(10)
        client.close()
        return told


def _prepare(client: httpx.Client) -> None:
    """Learn two heads, keep a week of history, and a rule."""
    for task, rows in (("sentiment", sentiment_rows(120)), ("topic", topic_rows(120))):
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        dataset = _ok(client.post(f"{API}/datasets?task={task}", content=body))
        run = _ok(client.post(f"{API}/runs", json={"task": task, "dataset": dataset["id"], "method": "head"}))
        while run["state"] not in ("succeeded", "failed", "cancelled"):
            time.sleep(0.5)
            run = _ok(client.get(f"{API}/runs/{run['id']}"))
        if run["state"] != "succeeded":
            raise RuntimeError(f"the run for {task} {run['state']}: {run.get('error')}")
        _ok(client.post(f"{API}/deployments", json={"task": task, "adapter": run["adapter"]}))
    week = history(datetime.now(UTC), 7, a_day=20)
    for start in range(0, len(week), 100):
        _ok(client.post(f"{API}/articles", json={"articles": week[start : start + 100]}))
    _ok(client.post(f"{API}/rules", json={"name": "bursts", "over": "topic", "sentiment": None, "min_stories": TIPS}))
    time.sleep(3)


def _drive(client: httpx.Client, ear: Ear, seconds: float) -> dict[str, Any]:
    import random

    rng = random.Random(7)
    begin = time.monotonic()
    sent, number, tipped, waits = 0, 0, {}, []
    while (now := time.monotonic()) - begin < seconds:
        due = begin + number * BATCH / RATE
        if due > now:
            time.sleep(due - now)
        at = datetime.now(UTC)
        batch = [article(piece(rng), f"live-{number}-{n}", at, rng) for n in range(BATCH)]
        if number % 12 == 6:
            topic = f"burst {number}"
            batch = [_labelled(each, topic, at, n) for n, each in enumerate(batch)]
            tipped[topic] = time.monotonic()
        asked = time.monotonic()
        _ok(client.post(f"{API}/articles", json={"articles": batch}))
        waits.append(time.monotonic() - asked)
        sent, number = sent + BATCH, number + 1
    elapsed = time.monotonic() - begin
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and len(ear.heard.keys() & tipped.keys()) < len(tipped):
        time.sleep(0.1)
    lags = sorted(ear.heard[topic] - at for topic, at in tipped.items() if topic in ear.heard)
    return {
        "articles_a_minute": round(sent / elapsed * 60, 1),
        "seconds": round(elapsed, 1),
        "bursts": len(tipped),
        "alerts_heard": len(lags),
        "alert_seconds_median": round(lags[len(lags) // 2], 2) if lags else None,
        "alert_seconds_p95": round(lags[min(len(lags) - 1, int(len(lags) * 0.95))], 2) if lags else None,
        "alert_seconds_worst": round(lags[-1], 2) if lags else None,
        "request_seconds_median": round(sorted(waits)[len(waits) // 2], 3),
        "request_seconds_worst": round(max(waits), 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _labelled(row: dict[str, Any], topic: str, at: datetime, number: int) -> dict[str, Any]:
    told = (at - timedelta(seconds=60 + number)).isoformat()
    return {**row, "published_at": told, "labels": {"topics": [topic]}}


def _ok(response: httpx.Response) -> Any:
    if response.status_code >= 300:
        raise RuntimeError(f"{response.request.method} {response.request.url.path}: {response.text[:400]}")
    return response.json()
