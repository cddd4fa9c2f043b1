"""The shop at a live server of its own: stocked, sent acts, trained, and asked."""

import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from recommending_bench import big_shop

API = "/v1/recommender"


@dataclass
class LiveShop:
    """A tenant at a server; what it may never be shown again is noted as it happens."""

    client: httpx.Client
    count: int
    users: int
    barred: dict[str, set[str]] = field(default_factory=dict)

    def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Call a route of the vertical; raises `RuntimeError` for anything but a 2xx."""
        response = self.client.request(method, f"{API}{path}", **arguments)
        if not response.is_success:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:500]}")
        return dict(response.json())

    def settle(self, seconds: float) -> float:
        """Send one more item, whose job has the index made, and wait for it; return how long that took."""
        self.call("POST", "/items", json={"items": [{"item_id": "last", "title": "the last lamp", "hidden": False}]})
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            start = time.monotonic()
            self.call("GET", "/items/last/similar", params={"n": 1})
            if time.monotonic() - start < 1:
                break
        return time.monotonic() - began

    def send(self, acts: Sequence[dict[str, Any]]) -> None:
        """Send acts, and note what they bar."""
        self.call("POST", "/interactions", json={"interactions": acts})
        for act in acts:
            if act["kind"] in ("purchase", "hide"):
                self.barred.setdefault(act["user_id"], set()).add(act["item_id"])

    def ingest(self, seconds: float, size: int = 500) -> dict[str, float]:
        """Send acts as fast as they are taken; return how many a second were durable."""
        chance = random.Random(7)
        sent, began, worst = 0, time.monotonic(), 0.0
        while time.monotonic() - began < seconds:
            acts = [big_shop.live(sent + place, self.users, self.count, chance) for place in range(size)]
            start = time.monotonic()
            self.send(acts)
            worst = max(worst, time.monotonic() - start)
            sent += size
        took = time.monotonic() - began
        return {"events_a_second": round(sent / took, 1), "batch": size, "events": sent, "worst_batch_ms": worst * 1e3}

    def ask(self, times: int, *, cold_share: float = 0.1, check_every: int = 1) -> dict[str, Any]:
        """Ask for lists one after the other; return latencies in milliseconds, and how many showed what is barred."""
        chance = random.Random(11)
        took, broken, short = [], 0, 0
        fallbacks: dict[str, int] = {}
        for turn in range(times):
            cold = chance.random() < cold_share
            user = f"new-{turn}" if cold else f"u{chance.randrange(self.users)}"
            start = time.monotonic()
            slate = self.call("GET", f"/recommendations/{user}", params={"n": 10})
            took.append((time.monotonic() - start) * 1e3)
            shown = [item["item_id"] for item in slate["items"]]
            broken += bool(self.barred.get(user, set()) & set(shown))
            short += len(shown) < 10
            fallbacks[str(slate["fallback"])] = fallbacks.get(str(slate["fallback"]), 0) + 1
            if turn % check_every == 0 and shown and not cold:
                self.send([big_shop.bought(f"c{turn}-{times}", user, shown[0])])
        took.sort()
        return {
            "requests": times,
            "p50_ms": round(statistics.median(took), 2),
            "p95_ms": round(took[int(0.95 * len(took))], 2),
            "p99_ms": round(took[int(0.99 * len(took))], 2),
            "worst_ms": round(took[-1], 2),
            "slates_with_barred": broken,
            "short_slates": short,
            "fallbacks": fallbacks,
        }

    def train(self, acts: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
        """Train `next_item` on acts and deploy it; return what the run says."""
        rows = [{"user_id": a["user_id"], "item_id": a["item_id"], "timestamp": a["at"]} for a in acts]
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        made = self.call("POST", "/datasets", content=body, params={"task": "next_item"})
        run = self.call("POST", "/runs", json={"task": "next_item", "dataset": made["id"], "method": "head"})
        deadline = time.monotonic() + seconds
        while run["state"] not in ("succeeded", "failed", "cancelled"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the run did not end within {seconds:.0f} s: {run['state']}")
            time.sleep(1)
            run = self.call("GET", f"/runs/{run['id']}")
        if run["state"] != "succeeded":
            raise RuntimeError(f"the run {run['state']}: {run.get('error')}")
        self.call("POST", "/deployments", json={"task": "next_item", "adapter": run["adapter"], "mode": "live"})
        return run
