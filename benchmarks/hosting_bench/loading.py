"""Adapters from disk into memory: how long it takes, with none and with thousands there, and how long PEFT takes."""

import time
from statistics import median, quantiles
from typing import Any

from .mixing import Setting
from .ours import Ours
from .peers import Peft, ms_to_load
from .report import Figure
from .world import Shape, linked, write_many

_DISTINCT = 128
"""Adapters written; more are hard links to them in folders of their own, which the engine takes for others."""

_PEER_RESIDENT = 42
"""Adapters that PEFT holds while one more is loaded: the tenants of the mixed batch. Its time grows with them."""

_PEER_LOADS = 7


def loading(setting: Setting, *, resident: int, loads: int) -> list[Figure]:
    """Return the load times in ms of this thread's CPU, and the peer's over ours."""
    ours = Ours(setting.bases, setting.base, setting.runtime)
    adapters = write_many(setting.folder / "loading", ours.base, _DISTINCT, Shape())
    links = linked(setting.folder / "loading-links", adapters, resident + 2 * loads)
    for adapter in adapters:
        ours.load(adapter)
    few = _times(ours, links[:loads])
    for adapter in links[loads : loads + resident]:
        ours.load(adapter)
    many = _times(ours, links[loads + resident :])
    theirs = {}
    for there in (1, _PEER_RESIDENT):
        theirs[there] = ms_to_load(Peft(ours.base, adapters[:there]), adapters[there : there + _PEER_LOADS])
    mine = max(few["cpu_p50_ms"], many["cpu_p50_ms"])
    at = f"cold_load_p99_ms_{resident}_resident"
    return [
        Figure("cold_load_p99_ms", few["cpu_p99_ms"], most=2.0, behind=few),
        Figure(at, many["cpu_p99_ms"], most=2.0, behind=many),
        Figure(
            "speedup_cold_load_vs_peft",
            theirs[_PEER_RESIDENT] / mine,
            least=50.0,
            behind={"peft_cpu_ms_by_resident": theirs, "ours_cpu_ms": mine, "ours_resident": resident},
        ),
        Figure("speedup_cold_load_vs_peft_1_resident", theirs[1] / few["cpu_p50_ms"]),
    ]


def _times(ours: Ours, adapters: list[Any]) -> dict[str, Any]:
    before = ours.loads
    cpu, wall = [], []
    for adapter in adapters:
        started, on_the_clock = time.thread_time(), time.perf_counter()
        ours.load(adapter)
        cpu.append((time.thread_time() - started) * 1e3)
        wall.append((time.perf_counter() - on_the_clock) * 1e3)
    if ours.loads - before != len(adapters):
        raise RuntimeError("an adapter that was to be loaded was there already")
    told = {f"{clock}_p99_ms": quantiles(times, n=100)[98] for clock, times in (("cpu", cpu), ("wall", wall))}
    return {
        **told,
        "cpu_p50_ms": median(cpu),
        "wall_p50_ms": median(wall),
        "cpu_most_ms": max(cpu),
        "wall_most_ms": max(wall),
        "loads": len(adapters),
        "resident": ours.resident()[0],
    }
