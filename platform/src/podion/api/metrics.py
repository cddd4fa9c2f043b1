"""Counters in Prometheus' words. A tenant's name is never a label."""

from collections.abc import Mapping

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
        self.jobs = Counter(
            "podion_jobs_total",
            "Attempts of verticals' jobs: done, retried, failed for good, stopped with the server, lost to another",
            ["vertical", "job", "outcome"],
            registry=self.registry,
        )
        self.job_seconds = Histogram(
            "podion_job_seconds",
            "Time of an attempt",
            ["vertical", "job"],
            registry=self.registry,
            buckets=(0.01, 0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
        )
        self.deliveries = Counter(
            "podion_deliveries_total",
            "Attempts to tell an endpoint of an event: delivered, retried, dead",
            ["outcome"],
            registry=self.registry,
        )
        self.jobs_open = Gauge(
            "podion_jobs_open",
            "Jobs that are queued, running, or failed for good",
            ["job", "state"],
            registry=self.registry,
        )
        self.deliveries_open = Gauge(
            "podion_deliveries_open", "Deliveries that are pending, or dead", ["state"], registry=self.registry
        )
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

    def job_ended(self, vertical: str, job: str, outcome: str, seconds: float) -> None:
        """Count an attempt of a job, and the time it took."""
        self.jobs.labels(vertical, job, outcome).inc()
        self.job_seconds.labels(vertical, job).observe(seconds)

    def in_background(self, jobs: Mapping[tuple[str, str], int], deliveries: Mapping[str, int]) -> None:
        """Note what is in the database: jobs by subject and state, deliveries by state."""
        self.jobs_open.clear()
        for (subject, state), number in jobs.items():
            self.jobs_open.labels(subject, state).set(number)
        for state in ("pending", "dead"):
            self.deliveries_open.labels(state).set(deliveries.get(state, 0))

    def text(self, engine: Status | None = None) -> bytes:
        """Return the exposition that `/metrics` serves; `engine` is the engine's status, None while it is away."""
        self.engine_up.set(engine is not None)
        self._engine.status = engine or {}
        return bytes(generate_latest(self.registry))
