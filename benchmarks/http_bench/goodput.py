"""Goodput: what 64 closed-loop clients get answered, and how many of them a server holds its latency for."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from http_bench import texts
from http_bench.generator import closed, percentile
from http_bench.launch import NAIVE, PRODUCT
from http_bench.servers import Servers

CLIENTS = 64
CANDIDATES = (2, 3, 4, 6, 8, 12, 16, 32)
"""Numbers of clients that are tried, beside 1 and 64."""

NEARLY = 0.97
PARTS = ("podion.api.server", "podion.hosting.server")
SLACK = 4.0
"""p99 may be so many times the same server's own p50 with one client."""


@dataclass
class Series:
    """One server's rounds: by number of clients, each round's latencies (ms, of answers with 200) and rate."""

    unloaded: list[float] = field(default_factory=list)
    latencies: dict[int, list[list[float]]] = field(default_factory=dict)
    rates: dict[int, list[float]] = field(default_factory=dict)
    cpu_us: list[float] = field(default_factory=list)
    parts_us: list[dict[str, float]] = field(default_factory=list)
    refused: int = 0
    bad: dict[str, int] = field(default_factory=dict)

    @property
    def limit(self) -> float:
        """The most ms that p99 may be."""
        return SLACK * median(self.unloaded)

    def p99(self, clients: int) -> float:
        """Return p99 over all rounds."""
        return percentile(sorted(one for some in self.latencies[clients] for one in some), 0.99)

    def in_time(self, clients: int) -> list[float]:
        """Return each round's rate of answers within the limit."""
        pairs = zip(self.latencies[clients], self.rates[clients], strict=True)
        return [rate * sum(one <= self.limit for one in some) / max(1, len(some)) for some, rate in pairs]

    @property
    def best(self) -> int:
        """The number of clients with the highest rate whose p99 holds; where none holds, with most answers in time."""
        held = [clients for clients in self.rates if self.p99(clients) <= self.limit]
        if held:
            return max(held, key=lambda clients: median(self.rates[clients]))
        return max(self.rates, key=lambda clients: median(self.in_time(clients)))

    @property
    def parts(self) -> list[str]:
        """The parts of the product that were seen; none of another server."""
        return [part for part in PARTS if any(each[part] for each in self.parts_us)]

    @property
    def goodput(self) -> list[float]:
        """Each round's answers a second, in time, at the best number of clients."""
        return self.in_time(self.best)

    def summary(self) -> dict[str, Any]:
        """Return what is printed of it."""
        return {
            "unloaded_p50_ms": round(median(self.unloaded), 2),
            "p99_limit_ms": round(self.limit, 2),
            "goodput": round(median(self.goodput), 1),
            "goodput_clients": self.best,
            "goodput_p99_held": self.p99(self.best) <= self.limit,
            "rate_at_64": round(median(self.rates[CLIENTS]), 1),
            "in_time_at_64": round(median(self.in_time(CLIENTS)), 1),
            "p99_at_64_ms": round(self.p99(CLIENTS), 1),
            "cpu_us_an_answer_at_64": round(median(self.cpu_us)),
            **{f"of_it_{part}": round(median(each[part] for each in self.parts_us)) for part in self.parts},
            "refused": self.refused,
            "bad": self.bad,
            "by_clients": {
                clients: {"rate": round(median(rates), 1), "p99_ms": round(self.p99(clients), 1)}
                for clients, rates in self.rates.items()
            },
        }


def measure(
    servers: Servers, rounds: int, seconds: float, counts: set[int] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two ratios, and each server's summary.

    A short search finds how many clients each server holds its limit for, unless `counts` says what to try; the rounds
    measure 1, that many, the next fewer, and 64.
    """
    series = {name: Series() for name in (PRODUCT, NAIVE, *servers.peers)}
    names = list(series)
    for name in names:
        _visit(servers, name, Series(), seconds / 4, {CLIENTS})  # the first requests warm up and count nowhere
    tried = {name: counts or _search(servers, name, seconds / 4) for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in [*names[shift:], *names[:shift]]:
            _visit(servers, name, series[name], seconds, {*tried[name], CLIENTS})
    ours = series[PRODUCT]
    details = {name: each.summary() for name, each in series.items()}
    best = max(servers.peers, key=lambda name: median(series[name].goodput), default=None)
    plain = max(servers.peers, key=lambda name: median(series[name].rates[CLIENTS]), default=None)
    fields = {
        "goodput_vs_naive": _ratio(ours.goodput, series[NAIVE].goodput),
        "goodput_vs_best_peer": _ratio(ours.goodput, series[best].goodput) if best else None,
    }
    details["best_peer"] = {"goodput": best, "plain": plain}
    details["at_64_without_the_rule"] = {
        "vs_naive": _ratio(ours.rates[CLIENTS], series[NAIVE].rates[CLIENTS]),
        "vs_best_peer": _ratio(ours.rates[CLIENTS], series[plain].rates[CLIENTS]) if plain else None,
    }
    details["cpu_an_answer_at_64"] = {
        name: _ratio(each.cpu_us, ours.cpu_us) for name, each in series.items() if name != PRODUCT
    }
    return fields, details


def _search(servers: Servers, name: str, seconds: float) -> set[int]:
    """Return the number of clients that the limit seems to be held for, and the next fewer."""
    seen = Series()
    _visit(servers, name, seen, seconds, set(CANDIDATES), settle=0.1)
    # In a short look a single slow answer is more than a hundredth.
    kept = [n for n in CANDIDATES if sum(seen.in_time(n)) >= NEARLY * sum(seen.rates[n])]
    most = CANDIDATES.index(max(kept, key=lambda n: sum(seen.rates[n]), default=CANDIDATES[0]))
    return {CANDIDATES[most], CANDIDATES[max(0, most - 1)]}


def _visit(
    servers: Servers, name: str, into: Series, seconds: float, counts: set[int], settle: float | None = None
) -> None:
    """Measure one server once: alone, then with more and more clients, each for so many seconds."""
    weights = texts.zipf()
    with servers.awake(name) as served:
        alone = servers.generator.run(name, seconds / 2, closed(1, weights)).only
        into.unloaded.append(percentile(alone.accepted, 0.5))
        into.latencies.setdefault(1, []).append(alone.accepted)
        into.rates.setdefault(1, []).append(alone.rate)
        for clients in sorted(counts):
            before = {part: served.cpu_seconds(part) for part in ("", *PARTS)}
            first = min(1.0, seconds / 4) if settle is None else settle
            ran = servers.generator.run(name, seconds, closed(clients, weights), settle=first)
            used = {part: served.cpu_seconds(part) - since for part, since in before.items()}
            into.latencies.setdefault(clients, []).append(ran.only.accepted)
            into.rates.setdefault(clients, []).append(ran.only.rate)
            into.refused += len(ran.only.refused)
            for what, count in ran.only.bad.items():
                into.bad[what] = into.bad.get(what, 0) + count
            if clients == CLIENTS:
                into.cpu_us.append(1e6 * used[""] / max(1, ran.completed))
                into.parts_us.append({part: 1e6 * used[part] / max(1, ran.completed) for part in PARTS})


def _ratio(ours: list[float], theirs: list[float]) -> float | None:
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=True) if other > 0]
    return round(median(pairs), 2) if pairs else None
