"""Counters in Prometheus' words. A tenant's name is never a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from podion.api.engine_metrics import EngineCollector, Status


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
        self._of_routes: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._engine = EngineCollector()
        self.registry.register(self._engine)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request, and the time it took."""
        # `labels` checks and sorts what it is given, each time; routes are few.
        counters = self._of_routes.get((method, route, status))
        if counters is None:
            counters = self.requests.labels(method, route, status), self.seconds.labels(route)
            self._of_routes[method, route, status] = counters
        requests, times = counters
        requests.inc()
        times.observe(seconds)

    def refused(self, method: str, route: str, status: int) -> None:
        """Count a request that was turned away before anything was done for it."""
        self.requests.labels(method, route, status).inc()

    def text(self, engine: Status | None = None) -> bytes:
        """Return the exposition that `/metrics` serves; `engine` is the engine's status, None while it is away."""
        self.engine_up.set(engine is not None)
        self._engine.status = engine or {}
        return bytes(generate_latest(self.registry))
