"""Runs what was asked for, and prints it beside its bounds."""

import argparse
import json
import math
import operator
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from http_bench import cost, crowds, goodput, limits
from http_bench.generator import Generator
from http_bench.launch import ECHO, NAIVE, PEERS, PRODUCT, Setting
from http_bench.servers import Servers
from podion.settings import Settings

BOUNDS: dict[str, tuple[str, float]] = {
    "goodput_vs_naive": (">=", 6.0),
    "goodput_vs_best_peer": (">=", 1.5),
    "idle_overhead_ms": ("<=", 1.5),
    "http_cost_us": ("<=", 300.0),
    "noisy_neighbour": ("<=", 2.0),
    "overload_2x_goodput": (">=", 0.9),
    "overload_10x_goodput": (">=", 0.9),
    "overload_10x_p99_over_unloaded": ("<=", 3.0),
    "overload_refusal_ms": ("<", 50.0),
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le, "<": operator.lt}
QUICK_PEERS = tuple(peer for peer in PEERS if peer != "infinity")
"""With --quick infinity runs in its faster mode alone."""

_VENVS = Path(__file__).parents[2] / ".bench"
Measured = tuple[dict[str, Any], dict[str, Any]]


def main(usage: str) -> int:
    """Measure, print, write; return 1 when a figure misses its bound."""
    options = _options(usage)
    rounds, seconds = (1, 0.5) if options.quick else (options.rounds, options.seconds)
    counts = {2, 8} if options.quick else None
    began, load = time.monotonic(), os.getloadavg()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by an exception, so that no server is left behind
    report: dict[str, Any] = {"fields": {}, "details": {}, "absent": {}}
    with Generator() as generator, tempfile.TemporaryDirectory(prefix="podion-http-") as folder:
        venvs: Path = options.venvs
        build = options.build or not options.quick
        servers = Servers(generator, Setting(options.threads, Path(folder), venvs.absolute(), build))
        try:
            servers.start(_needed(options.only, QUICK_PEERS if options.quick else PEERS))
            for name, fields, measure in _measures(servers, rounds, seconds, counts):
                if not options.only or set(fields) & set(options.only):
                    print(f"  {name}, {time.monotonic() - began:.0f} s", file=sys.stderr)
                    found, report["details"][name] = measure()
                    report["fields"] |= {field: found[field] for field in fields}
            report["absent"] = servers.absent
            memory = {name: served.memory() >> 20 for name, served in servers.running.items()}
        finally:
            servers.stop()
        report["limits"] = {
            "matmul_gflops": limits.matmul_gflops(options.threads),
            **limits.machine(),
            "threads": options.threads,
            "runtime": Settings().runtime,
            "rounds": rounds,
            "seconds_a_round": seconds,
            "load_before": [round(one, 2) for one in load],
            "load_after": [round(one, 2) for one in os.getloadavg()],
            "generator_us_an_answer": round(1e6 * generator.cpu_seconds / max(1, generator.completed), 1),
            "rss_mib": memory,
            "seconds": round(time.monotonic() - began, 1),
        }
    report = _without_nan(report)
    _print(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return int(not all(_ok(name, value) for name, value in report["fields"].items()))


def _measures(
    servers: Servers, rounds: int, seconds: float, counts: set[int] | None
) -> list[tuple[str, tuple[str, ...], Callable[[], Measured]]]:
    names = tuple(BOUNDS)
    return [
        ("http_cost", names[3:4], lambda: cost.http_cost(servers, rounds, seconds)),
        ("idle_overhead", names[2:3], lambda: cost.idle_overhead(servers, rounds, seconds / 2)),
        ("goodput", names[:2], lambda: goodput.measure(servers, rounds, seconds, counts)),
        ("noisy_neighbour", names[4:5], lambda: crowds.noisy_neighbour(servers, rounds, 2 * seconds)),
        ("overload", names[5:], lambda: crowds.overload(servers, rounds, seconds)),
    ]


def _needed(only: list[str], peers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the servers that the fields need."""
    wanted = set(only or BOUNDS)
    found = [PRODUCT]
    found += [NAIVE, *peers] if wanted & {"goodput_vs_naive", "goodput_vs_best_peer"} else []
    return (*found, ECHO) if "http_cost_us" in wanted else tuple(found)


def _ok(name: str, value: float | None) -> bool:
    word, bound = BOUNDS[name]
    return value is not None and _COMPARE[word](value, bound)


def _without_nan(value: Any) -> Any:
    """Return JSON with null for what could not be measured."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(report: dict[str, Any]) -> None:
    print(f"{'field':32} {'measured':>10} {'bound':>9}  ok")
    for name, value in report["fields"].items():
        word, bound = BOUNDS[name]
        shown = "null" if value is None else f"{value:g}"
        print(f"{name:32} {shown:>10} {word:>3} {bound:5g}  {'yes' if _ok(name, value) else 'NO'}")
    for name, reason in report["absent"].items():
        print(f"{name}: null, {reason}")
    for name, details in report["details"].items():
        print(f"{name}:")
        for key, value in details.items():
            print(f"  {key:24} {json.dumps(value)}")
    print("limits:", json.dumps(report["limits"]))


def _options(usage: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of half seconds: does it run, under a minute")
    parser.add_argument("--only", nargs="+", choices=list(BOUNDS), default=[], metavar="FIELD")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0, help="of one server's turn at 64 clients")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="compute threads of every server")
    parser.add_argument("--venvs", type=Path, default=_VENVS, help="where the peers are installed")
    parser.add_argument("--build", action="store_true", help="install peers that are missing, also with --quick")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()
