"""What the engine says of itself, in Prometheus' words: a table from the keys of its status to metrics.

A key that is not there, as while the engine is away, or in a version of it that does not count this, makes no metric.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

Status = Mapping[str, Any]
Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """One metric: the key of the status it is read from, and its label where the value holds one number a label."""

    key: str
    name: str
    kind: Kind
    help: str
    label: str | None = None


def _counter(key: str, name: str, help: str, label: str | None = None) -> Exposed:
    return Exposed(key=key, name=f"podion_engine_{name}", kind="counter", help=help, label=label)


def _gauge(key: str, name: str, help: str, label: str | None = None) -> Exposed:
    return Exposed(key=key, name=f"podion_engine_{name}", kind="gauge", help=help, label=label)


def _histogram(key: str, name: str, help: str, label: str | None = None) -> Exposed:
    return Exposed(key=key, name=f"podion_engine_{name}", kind="histogram", help=help, label=label)


TABLE = (
    _gauge("queue_rows", "queue_rows", "Rows that wait", "urgency"),
    _gauge("queue_tokens", "queue_tokens", "Estimated tokens of the rows that wait", "urgency"),
    _gauge("queue_owners", "queue_owners", "Tenants whose rows wait", "urgency"),
    _counter("refused", "refused", "Calls turned away before they cost anything", "reason"),
    _counter("dropped", "dropped", "Calls that nobody waited for any more, left uncomputed"),
    _counter("passes", "passes", "Passes over the shared base"),
    _counter("rows", "rows", "Rows asked for"),
    _counter("lower_rows", "lower_rows", "Rows that went through the shared layers"),
    _counter("upper_rows", "upper_rows", "Rows that went through the layers above them"),
    _histogram("pass_rows", "pass_rows", "Rows of one pass"),
    _counter("tokens", "tokens", "Tokens of the texts"),
    _counter("computed_tokens", "computed_tokens", "Tokens that were computed, padding among them"),
    _gauge("padding_share", "padding_share", "Share of the computed tokens that are padding, since the start"),
    _histogram("stage_seconds", "stage_seconds", "Time of a call in the queue, and of each stage of a pass", "stage"),
    _gauge("adapters", "adapters", "Adapters in memory"),
    _gauge("adapter_bytes", "adapter_bytes", "Bytes of the adapters in memory"),
    _counter("adapter_hits", "adapter_hits", "Adapters that were in memory when they were needed"),
    _counter("adapter_loads", "adapter_loads", "Adapters read from files"),
    _counter("adapter_evictions", "adapter_evictions", "Adapters that made room for others"),
    _histogram("adapter_load_seconds", "adapter_load_seconds", "Time to read an adapter"),
    _gauge("state_bytes", "state_bytes", "Bytes of cached states"),
    _counter("state_hits", "state_hits", "Texts whose states were cached"),
    _counter("state_misses", "state_misses", "Texts whose states had to be computed"),
    _counter("cpu_seconds", "cpu_seconds", "Processor time of the engine"),
    _gauge("resident_bytes", "resident_bytes", "Memory of the engine"),
    _counter("restarts", "restarts", "Times the engine was started again since the server started"),
)
"""Tenants are never among the labels: the engine counts none."""


class EngineCollector:
    """Registered with a registry, it turns the status that it was last shown into metrics."""

    def __init__(self) -> None:
        self.status: Status = {}

    def collect(self) -> Iterable[Metric]:
        """Yield a metric for each line of the table whose key is there."""
        for exposed in TABLE:
            value = self.status.get(exposed.key)
            metric = _MAKERS[exposed.kind](exposed, value)
            if metric.samples:
                yield metric


def _counters(exposed: Exposed, value: Any) -> Metric:
    return _numbers(CounterMetricFamily(exposed.name, exposed.help, labels=_labels(exposed)), exposed, value)


def _gauges(exposed: Exposed, value: Any) -> Metric:
    return _numbers(GaugeMetricFamily(exposed.name, exposed.help, labels=_labels(exposed)), exposed, value)


def _numbers(metric: Any, exposed: Exposed, value: Any) -> Metric:
    for labels, number in _parts(exposed, value):
        if isinstance(number, int | float) and math.isfinite(number):
            metric.add_metric(labels, number)
    return metric  # type: ignore[no-any-return]


def _histograms(exposed: Exposed, value: Any) -> Metric:
    """Return a histogram out of `{"buckets": [[upper bound, values up to it], …], "sum": …, "count": …}`."""
    metric = HistogramMetricFamily(exposed.name, exposed.help, labels=_labels(exposed))
    for labels, held in _parts(exposed, value):
        if isinstance(held, Mapping) and held.get("buckets"):
            # float() reads "+Inf", too.
            buckets = sorted((float(le), count) for le, count in dict(held["buckets"]).items())
            if buckets[-1][0] != math.inf:
                buckets.append((math.inf, held.get("count", buckets[-1][1])))
            shown = [("+Inf" if le == math.inf else f"{le:g}", float(n)) for le, n in buckets]
            metric.add_metric(labels, shown, held.get("sum", 0.0))
    return metric


def _parts(exposed: Exposed, value: Any) -> Iterable[tuple[list[str], Any]]:
    """Yield the labels and the number of each part of a value; one number stands where there is no label."""
    if exposed.label is None:
        yield [], value
    elif isinstance(value, Mapping):
        yield from (([str(name)], each) for name, each in sorted(value.items()))


def _labels(exposed: Exposed) -> list[str]:
    return [exposed.label] if exposed.label else []


_MAKERS: Mapping[Kind, Callable[[Exposed, Any], Metric]] = {
    "counter": _counters,
    "gauge": _gauges,
    "histogram": _histograms,
}
