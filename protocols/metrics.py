"""What the fronts count: requests by front, operation and code, their time, and how many are under way.

One per process; `render` is what ``/metrics`` shows (Prometheus text format). No label holds anything of a person.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class FrontMetrics:
    """Labels are bound once per (front, operation, code), since binding costs more than counting."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "miaodai_requests",
            "Requests by front, operation and code",
            ["front", "operation", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "miaodai_request_seconds",
            "Time from the whole message read to the reply ready",
            ["front", "operation"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge("miaodai_in_flight", "Requests under way", ["front"], registry=self.registry)
        self._bound_requests: dict[tuple[str, str, str], Counter] = {}
        self._bound_seconds: dict[tuple[str, str], Histogram] = {}
        self._flying: dict[str, int] = {}

    def begin(self, front: str) -> None:
        self._flying[front] = self._flying.get(front, 0) + 1

    def end(self, front: str, operation: str, code: str, seconds: float) -> None:
        """``code`` "" counts as ``ok``."""
        self._flying[front] -= 1
        word = code or "ok"
        counter = self._bound_requests.get((front, operation, word))
        if counter is None:
            counter = self._bound_requests[front, operation, word] = self._requests.labels(front, operation, word)
        counter.inc()
        histogram = self._bound_seconds.get((front, operation))
        if histogram is None:
            histogram = self._bound_seconds[front, operation] = self._seconds.labels(front, operation)
        histogram.observe(seconds)

    def render(self) -> bytes:
        for front, count in self._flying.items():
            self._in_flight.labels(front).set(count)
        return generate_latest(self.registry)
