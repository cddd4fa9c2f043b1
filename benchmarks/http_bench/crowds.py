"""What happens when too much is asked: a neighbour that floods, and more than the server can do."""

from statistics import median
from typing import Any

from http_bench import texts
from http_bench.generator import Stream, closed, opened, percentile
from http_bench.launch import PRODUCT
from http_bench.servers import Servers

QUIET, LOUD = "40", "0"
FLOOD = 50
CONNECTIONS = 700
"""Of the open loops: below the 800 that the product takes."""

UNLOADED_SHARE = 0.1
REFUSED = 999.0
"""Stands for a latency that never ended, in a p99 that counts refusals of the quiet tenant."""


def capacity(servers: Servers, seconds: float) -> float:
    """Return the highest rate of answers that closed-loop clients get, whatever their latency."""
    weights = texts.zipf()
    runs = [servers.generator.run(PRODUCT, seconds, closed(clients, weights)).only for clients in (16, 64)]
    return max(run.rate for run in runs)


def noisy_neighbour(servers: Servers, rounds: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return tenant B's p99 while tenant A sends 50 times as much (twice the capacity) over B's p99 alone."""
    able = capacity(servers, seconds / 2)
    rate = max(5.0, 2 * able / FLOOD)
    quiet = opened(rate, {QUIET: 1.0}, 64)
    loud = opened(FLOOD * rate, {LOUD: 1.0}, CONNECTIONS - 64)
    alone: list[float] = []
    beside: list[float] = []
    ratios: list[float] = []
    kept: list[float] = []
    for _ in range(rounds):
        before = _all_of(servers.generator.run(PRODUCT, seconds, quiet).only)
        streams = servers.generator.run(PRODUCT, seconds, quiet, loud).streams
        during = _all_of(streams[0])
        ratios.append(percentile(during, 0.99) / percentile(before, 0.99))
        kept.append(len(streams[0].accepted) / max(1, len(during)))
        alone += before
        beside += during
    return {"noisy_neighbour": round(median(ratios), 2)}, {
        "quiet_rate": round(rate, 1),
        "alone_p99_ms": round(percentile(sorted(alone), 0.99), 1),
        "beside_p99_ms": round(percentile(sorted(beside), 0.99), 1),
        "alone_p50_ms": round(percentile(sorted(alone), 0.5), 1),
        "beside_p50_ms": round(percentile(sorted(beside), 0.5), 1),
        "quiet_answered": round(median(kept), 4),
    }


def overload(servers: Servers, rounds: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return goodput over capacity at 2 and 10 times it, p99 of what was accepted over unloaded, p99 of refusals."""
    weights = texts.zipf()
    found: dict[str, list[float]] = {}
    told: dict[str, list[float]] = {}
    bad: dict[str, int] = {}
    for _ in range(rounds):
        able = capacity(servers, seconds / 2)
        alone = servers.generator.run(PRODUCT, seconds, opened(UNLOADED_SHARE * able, weights, CONNECTIONS)).only
        twice = servers.generator.run(PRODUCT, seconds, opened(2 * able, weights, CONNECTIONS), settle=1).only
        tenfold = servers.generator.run(PRODUCT, seconds, opened(10 * able, weights, CONNECTIONS), settle=1).only
        unloaded = percentile(alone.accepted, 0.99)
        _add(
            found,
            overload_2x_goodput=twice.rate / able,
            overload_10x_goodput=tenfold.rate / able,
            overload_10x_p99_over_unloaded=percentile(tenfold.accepted, 0.99) / unloaded,
            overload_refusal_ms=percentile(tenfold.refused, 0.99),
        )
        _add(
            told,
            capacity=able,
            unloaded_p50_ms=percentile(alone.accepted, 0.5),
            unloaded_p99_ms=unloaded,
            p99_2x_ms=percentile(twice.accepted, 0.99),
            p99_10x_ms=percentile(tenfold.accepted, 0.99),
            refusal_p50_ms=percentile(tenfold.refused, 0.5),
            offered_10x=tenfold.seen,
            generator_lag_p99_ms=tenfold.lag_p99_ms or 0.0,
        )
        for what, count in [*twice.bad.items(), *tenfold.bad.items()]:
            bad[what] = bad.get(what, 0) + count
    return _medians(found, 2), {**_medians(told, 2), "bad": bad}


def _all_of(stream: Stream) -> list[float]:
    """Every request's latency, sorted; a refused or lost one never ended."""
    missing = len(stream.refused) + sum(stream.bad.values())
    return [*stream.accepted, *[REFUSED * 1e3] * missing]


def _add(into: dict[str, list[float]], **values: float) -> None:
    for name, value in values.items():
        into.setdefault(name, []).append(value)


def _medians(values: dict[str, list[float]], digits: int) -> dict[str, Any]:
    return {name: round(median(some), digits) for name, some in values.items()}
