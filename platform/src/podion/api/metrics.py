"""Counters in Prometheus' words. A tenant's name is never a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The counters of one API process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "podion_http_requests_total",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "podion_http_request_seconds",
            "Time to the last byte",
            ["route"],
            registry=self.registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
        )
        self.predictions = Counter("podion_predictions_total", "Answers given", ["task"], registry=self.registry)
        self.engine_up = Gauge("podion_engine_up", "1 when the engine answers", registry=self.registry)

    def text(self) -> bytes:
        """Return the exposition that `/metrics` serves."""
        return bytes(generate_latest(self.registry))
