"""SIGKILL at random instants while clients write; after each restart all is held against what was acknowledged."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

from damage.inspection import BY_KILL, ENDED, Inspector, counts
from damage.live import PATIENCE, Live, Tenant
from damage.writers import Writer, is_for_later
from damage.writes import API, COLLECTION, REPLACED, WRITES, World, as_lines

TENANTS = 2
LABELS = 4
PARTIAL_SHARE = 0.2
"""Kills of only the API, the engine or a run, for each kill of the whole."""

WHILE_STARTING = 0.5
AT_A_RUN = 0.3
LONGEST_REST = 1.2
LONGEST_RUN = 5.0
SEARCHED = 25
BATCH = 10
EARLY = ("process starting", "loading", "no run")


@dataclass
class Tally:
    """What the kills hit."""

    kills: int = 0
    partial: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    run_stages: Counter[str] = field(default_factory=Counter)


class Killing:
    """One installation, its writers, and whoever kills it."""

    def __init__(self, home: Path, seed: int) -> None:
        self.live = Live(home)
        self.draw = Random(seed)
        self.gate = threading.Event()
        self.most = 0
        """Kills of the whole, in the end."""
        self.tally = Tally()
        self.writers: list[Writer] = []
        self.inspector = Inspector(self.live, {})

    def prepare(self) -> None:
        """Start, make the tenants, and give each a dataset, two adapters and predictions to refer to."""
        self.live.start()
        self.live.wait("/readyz")
        tenants = [self.live.tenant(f"killed-{number}", "customer_service") for number in range(TENANTS)]
        worlds = [_world(tenant) for tenant in tenants]
        self.inspector.base = counts(self.live, [tenant.id for tenant in tenants])
        for tenant, world in zip(tenants, worlds, strict=True):
            for number in sorted({write.writer for write in WRITES}):
                writes = [write for write in WRITES if write.writer == number]
                draw = Random(self.draw.getrandbits(64))
                self.writers.append(Writer(self.live, tenant, world, writes, draw, self.gate))
        for writer in self.writers:
            writer.start()

    def go_on(self, kills: int, partial: int) -> None:
        """Kill the whole so many times, once or more a start, and parts of it so many, in a random order."""
        self.most = self.tally.kills + kills
        plan = ["whole"] * kills + ["part"] * partial
        self.draw.shuffle(plan)
        for which in plan:
            if self.tally.kills >= self.most:
                return
            self.gate.set()
            if which == "whole":
                self._kill_whole()
            else:
                self._kill_part()
            self.inspect()

    def inspect(self) -> None:
        """Hold what is there against what was acknowledged, with no request on its way."""
        self.gate.clear()
        for writer in self.writers:
            writer.settle()
        for outcome, count in self.inspector.inspect(self.writers).items():
            self.tally.phases[f"writes in flight, {outcome}"] += count

    def end(self) -> None:
        """Let the writers finish and the runs end; inspect for the last time, over HTTP too."""
        self.gate.set()
        for writer in self.writers:
            writer.finish()
        self._wait_for_runs()
        self.inspect()
        for writer in self.writers:
            self.inspector.findings.lost += [f"never acknowledged: {each}" for each in writer.refused]
            self._ask_again(writer)

    def close(self) -> None:
        """Kill what still runs and hang up."""
        if self.live.process is not None and self.live.process.poll() is None:
            self.live.kill(whole=True)
        for http in {id(writer.tenant.http): writer.tenant.http for writer in self.writers}.values():
            http.close()

    def _kill_whole(self) -> None:
        if self.draw.random() < AT_A_RUN:
            self._wait_for_a_run()
            if self.draw.random() < 0.5:
                self._wait_for_progress()
        time.sleep(self.draw.uniform(0.0, LONGEST_REST))
        whole = self.draw.random() < 0.5
        self._note_phase()
        self.live.kill(whole=whole)
        self.gate.clear()
        self._count_kill("every process" if whole else "the supervisor")
        self.live.start()
        while self.tally.kills < self.most and self.draw.random() < WHILE_STARTING:
            time.sleep(self.draw.uniform(0.0, 3.5))
            self.tally.phases["starting"] += 1
            self.live.kill(whole=whole)
            self._count_kill("every process" if whole else "the supervisor")
            self.live.start()
        self.live.wait()

    def _count_kill(self, way: str) -> None:
        self.tally.kills += 1
        self.tally.ways[way] += 1

    def _kill_part(self) -> None:
        part = self.draw.choice(("api", "engine", "run"))
        if part == "run":
            self._wait_for_a_run()
        time.sleep(self.draw.uniform(0.0, LONGEST_REST))
        self._note_phase()
        if self.live.kill_part(part):
            self.tally.partial[part] += 1
        time.sleep(self.draw.uniform(0.0, 0.3))
        self.gate.clear()
        self.live.wait()

    def _note_phase(self) -> None:
        """Say what goes on at this instant; that a request is on its way may be over when the signal arrives."""
        sending = [writer.now.write.name for writer in self.writers if writer.sending and writer.now is not None]
        running = "run" in self.live.tree().values()
        self.tally.in_flight.update(sending)
        self.tally.phases["requests on their way" if sending else "no request on its way"] += 1
        self.tally.phases["a run under way" if running else "no run under way"] += 1
        if running:
            self.tally.run_stages[self._stage()] += 1

    def _stage(self) -> str:
        for tenant in {writer.tenant.id: writer.tenant for writer in self.writers}.values():
            for run in tenant.json("GET", f"{API}/runs", 200, params={"limit": 4})["data"]:
                if run["state"] == "running":
                    return str((run["progress"] or {}).get("stage", "process starting"))
        return "no run"

    def _wait_for_a_run(self) -> None:
        deadline = time.monotonic() + LONGEST_RUN
        while "run" not in self.live.tree().values() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _wait_for_progress(self) -> None:
        deadline = time.monotonic() + LONGEST_RUN
        while self._stage() in EARLY and time.monotonic() < deadline:
            time.sleep(0.02)

    def _wait_for_runs(self) -> None:
        deadline = time.monotonic() + PATIENCE
        for writer in self.writers:
            for run in dict.fromkeys(writer.world.runs):
                state, error = "", dict[str, Any]()
                while state not in ENDED and time.monotonic() < deadline:
                    shown = writer.tenant.json("GET", f"{API}/runs/{run}", 200)
                    state, error = shown["state"], shown["error"] or {}
                    time.sleep(0 if state in ENDED else 0.1)
                self.tally.run_stages[f"in the end {state}"] += writer.writes[0].writer == 0
                if state not in ENDED or (state == "failed" and error.get("code") in BY_KILL):
                    self.inspector.findings.lost.append(f"run {run} is {state} in the end: {error}")
                if state == "succeeded":
                    self._read_adapter(writer.tenant, shown["adapter"])

    def _read_adapter(self, tenant: Tenant, adapter: str) -> None:
        response = tenant.http.get(f"{API}/adapters/{adapter}/export")
        if response.status_code != 200:
            self.inspector.findings.lost.append(f"adapter {adapter}: {response.status_code} {response.text[:200]}")

    def _ask_again(self, writer: Writer) -> None:
        """The routes show what they acknowledged."""
        told = [ack for ack in writer.acks if ack.write.name == "document"]
        for ack in self.draw.sample(told, min(SEARCHED, len(told))):
            query = {"query": ack.request.arguments["json"]["text"], "k": 1}
            hits = writer.tenant.json("POST", f"/v1/collections/{COLLECTION}:search", 200, json=query)["data"]
            if [hit["document"] for hit in hits] != [ack.answer["id"]]:
                self.inspector.findings.lost.append(f"document {ack.answer['id']} is not found: {hits}")
        for ack in writer.acks:
            if ack.write.table != "datasets":
                continue
            response = writer.tenant.http.get(f"{API}/datasets/{ack.answer['id']}")
            if response.status_code != 200 or response.json() != ack.answer:
                self.inspector.findings.lost.append(f"dataset {ack.answer['id']} is shown as {response.text[:200]}")


def _world(tenant: Tenant) -> World:
    text = files("podion_customer_service").joinpath("sample.jsonl").read_text("utf-8")
    rows = [row for row in map(json.loads, text.splitlines()) if row.get("lang") == "en" and not row.get("oos")]
    chosen = sorted({row["label"] for row in rows})[:LABELS]
    rows = [row for row in rows if row["label"] in chosen]
    for part in (rows[::2], rows):
        dataset = tenant.json("POST", f"{API}/datasets", 201, content=as_lines(part), params={"task": "intent"})
        texts = {"texts": [f"where is parcel {number}" for number in range(10)]}
        while is_for_later(response := tenant.http.post(f"{API}/parse", json=texts)):
            time.sleep(0.5)
        answers = response.json()["answers"]
    tenant.json("POST", "/v1/collections", 201, json={"name": COLLECTION})
    first = {"id": REPLACED, "text": "Today's number is 0."}
    tenant.json("POST", f"/v1/collections/{COLLECTION}/documents", 201, json=first)
    adapters = [row["id"] for row in tenant.json("GET", f"{API}/adapters", 200)["data"]]
    return World(tenant.id, str(dataset["id"]), adapters, [answer["prediction_id"] for answer in answers])


def kill_many(home: Path, kills: int, seed: int, most_seconds: float) -> dict[str, Any]:
    """Kill an installation and return what came of it: counts, and everything that was found wrong in words.

    No kill is begun after `most_seconds`; how many there were is told.
    """
    started = time.monotonic()
    killing = Killing(home, seed)
    try:
        killing.prepare()
        partial = max(1, round(kills * PARTIAL_SHARE))
        while killing.tally.kills < kills and time.monotonic() - started < most_seconds:
            share = min(kills - killing.tally.kills, BATCH)
            killing.go_on(share, round(partial * share / kills))
            if os.environ.get("DURABILITY_VERBOSE"):
                print(
                    f"{killing.tally.kills} kills, {time.monotonic() - started:.0f} s",
                    killing.inspector.findings.tell(),
                )
        killing.end()
    finally:
        killing.close()
    return _result(killing, time.monotonic() - started)


def _result(killing: Killing, seconds: float) -> dict[str, Any]:
    tally, findings = killing.tally, killing.inspector.findings
    return {
        "kills": tally.kills,
        "kill_lost": len(findings.lost),
        "kill_twice": len(findings.twice),
        "kill_seconds": round(seconds, 1),
        "kill_ways": dict(tally.ways),
        "kills_of_parts": dict(tally.partial),
        "phases": dict(sorted(tally.phases.items())),
        "in_flight": dict(tally.in_flight.most_common()),
        "runs": dict(tally.run_stages.most_common()),
        "writes": _per_write(killing.writers),
        "kill_findings": findings.tell(),
    }


def _per_write(writers: Sequence[Writer]) -> dict[str, dict[str, int]]:
    table = {}
    for write in WRITES:
        acked = sum(ack.write.name == write.name for writer in writers for ack in writer.acks)
        tried = sum(writer.tried[write.name] for writer in writers)
        table[write.name] = {
            "acknowledged": acked,
            "requests": tried,
            "replayed": sum(writer.replayed[write.name] for writer in writers),
        }
    return table
