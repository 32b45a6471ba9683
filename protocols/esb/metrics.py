"""The listeners' counters for ``/metrics``; register a `EsbCollector` in the registry of protocols/metrics.py."""

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from protocols.esb.listener import EsbListener

_COUNTS = {
    "connections": "Connections taken",
    "connections_refused": "Connections over the limit",
    "frames_in": "Frames received",
    "frames_out": "Frames sent",
    "bytes_in": "Bytes received",
    "bytes_out": "Bytes sent",
    "replies_dropped": "Replies whose connection was gone",
}


class EsbCollector(Collector):
    """Reads the counters of some listeners when asked; sums over them."""

    def __init__(self, listeners: Sequence[EsbListener]) -> None:
        self._listeners = listeners

    def collect(self) -> Iterable[Metric]:
        for name, text in _COUNTS.items():
            total = sum(getattr(listener.counts, name) for listener in self._listeners)
            yield CounterMetricFamily(f"miaodai_esb_{name}", text, value=total)
        errors = CounterMetricFamily("miaodai_esb_errors", "Replies that were errors, by code", labels=["code"])
        words = {word for listener in self._listeners for word in listener.counts.errors}
        for word in sorted(words):
            errors.add_metric([word], sum(listener.counts.errors[word] for listener in self._listeners))
        yield errors
        open_now = sum(len(listener.open) for listener in self._listeners)
        yield GaugeMetricFamily("miaodai_esb_connections_open", "Connections open now", value=open_now)
        held = sum(listener.held_bytes for listener in self._listeners)
        yield GaugeMetricFamily("miaodai_esb_held_bytes", "Bytes of unfinished frames", value=held)
