"""What a request costs beside the model: idle latency over the engine's own time, the API's CPU over an echo's."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from http_bench import product, texts
from http_bench.generator import closed, opened, percentile
from http_bench.launch import ECHO, PRODUCT
from http_bench.servers import Servers
from podion.settings import Settings

CLIENTS = 16
API = "podion.api.server"


def http_cost(servers: Servers, rounds: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the API process's CPU time an answer over a bare ASGI echo's, 16 clients, one text each, all answered."""
    weights = texts.zipf()
    found: dict[str, list[float]] = {PRODUCT: [], ECHO: [], "echo_at_our_rate": []}
    rate = 0.0
    for _ in range(rounds):
        for name in (PRODUCT, ECHO):
            part = API if name == PRODUCT else ""
            before = servers.running[name].cpu_seconds(part)
            ran = servers.generator.run(name, seconds, closed(CLIENTS, weights), settle=0)
            found[name].append(1e6 * (servers.running[name].cpu_seconds(part) - before) / max(1, ran.completed))
            rate = ran.only.rate if name == PRODUCT else rate
        before = servers.running[ECHO].cpu_seconds()
        ran = servers.generator.run(ECHO, seconds, opened(max(10.0, rate), weights, CLIENTS), settle=0)
        used = servers.running[ECHO].cpu_seconds() - before
        found["echo_at_our_rate"].append(1e6 * used / max(1, ran.completed))
    over = [ours - echo for ours, echo in zip(found[PRODUCT], found[ECHO], strict=True)]
    details: dict[str, Any] = {f"{name}_us": round(median(values), 1) for name, values in found.items()}
    return {"http_cost_us": round(median(over), 1)}, {**details, "answer_bytes": servers.setting.answer_bytes}


def idle_overhead(servers: Servers, rounds: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the median latency of one request at a time less the engine's own for such a text, in this process."""
    from podion.hosting.engine import Engine

    settings = Settings()
    engine = Engine(settings.bases, device="cpu", threads=servers.setting.threads, runtime=settings.runtime)
    labels = texts.label_counts()[0]
    apart: list[float] = []
    told: dict[str, list[float]] = {"http_p50_ms": [], "engine_p50_ms": []}
    with tempfile.TemporaryDirectory() as folder:
        # From the far end of the questions: the server has not seen these of this tenant, nor has this engine.
        calls = iter(product.calls(Path(folder), labels, list(reversed(texts.questions()))))
        _engine_times(engine, calls, 0.3)
        for _ in range(rounds):
            ran = servers.generator.run(PRODUCT, seconds, closed(1, {"0": 1.0}))
            told["http_p50_ms"].append(percentile(ran.only.accepted, 0.5))
            told["engine_p50_ms"].append(percentile(sorted(_engine_times(engine, calls, seconds)), 0.5))
            apart.append(told["http_p50_ms"][-1] - told["engine_p50_ms"][-1])
    return {"idle_overhead_ms": round(median(apart), 2)}, {name: round(median(some), 2) for name, some in told.items()}


def _engine_times(engine: Any, calls: Any, seconds: float) -> list[float]:
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        [answer] = engine.answer([next(calls)])
        times.append((time.perf_counter() - began) * 1e3)
        if not hasattr(answer, "answers"):
            raise RuntimeError(f"the engine in this process failed: {answer}")
    return times
