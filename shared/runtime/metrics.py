"""Counts what this process does: cheap from the first request on, exposed once it has started.

OpenTelemetry costs a fifth of a second to import, so measurements made before it is there wait in a
bounded queue and are replayed: a process that lives for three requests loses none of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

MOST_WAITING: Final = 20_000
SECONDS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)

REQUEST_SECONDS: Final = "request_duration_seconds"
EXCHANGE_SECONDS: Final = "operator_exchange_duration_seconds"
PUBLISHED: Final = "messages_published"
PUBLISH_DROPPED: Final = "messages_publish_dropped"
PUSHES: Final = "pushes_received"
LIMITED: Final = "requests_limited"
NOTIFICATIONS: Final = "notifications_handled"
CUSTOMERS: Final = "customer_steps"
BREAKERS: Final = "breaker_changes"
REQUEST_LINES: Final = "request_log_lines"
STREAMS: Final = "streams_changed"
STREAM_LAG_SECONDS: Final = "stream_lag_seconds"
DESCRIPTIONS: Final[Mapping[str, str]] = {
    REQUEST_SECONDS: "Time from the first byte of a request to its answer, by operation and status",
    EXCHANGE_SECONDS: "Time of one exchange with an operator, by operation, status and outcome",
    PUBLISHED: "Messages that Pub/Sub took, by topic",
    PUBLISH_DROPPED: "Messages left to relay_outbox, by reason",
    PUSHES: "Messages pushed to us, by outcome",
    LIMITED: "Requests refused because a quota was used up, by its name",
    NOTIFICATIONS: "Notifications to people, by kind and what became of them",
    CUSTOMERS: "Payers who prove a number, by step and what became of it",
    BREAKERS: "Breakers that this process opened or closed, by operator and operation",
    REQUEST_LINES: "Lines for the request logs of accounts, by whether they were kept",
    STREAMS: "Streams of events that began, and that ended, by the reason",
    STREAM_LAG_SECONDS: "Time from an event to the moment it is handed to its streams",
}
_HISTOGRAMS: Final = frozenset({REQUEST_SECONDS, EXCHANGE_SECONDS, STREAM_LAG_SECONDS})

Labels = Mapping[str, str]
Record = Callable[[str, float, Labels], None]


Family = tuple[str, str, Sequence[str], Sequence[tuple[Sequence[str], float]]]
"""Name, meaning, names of labels, and each value behind the words of its labels."""
_collected: Final[list[Callable[[], Iterable[Family]]]] = []


class _Measurements:
    """Where measurements go: a queue at first, OpenTelemetry once started, nowhere if unwanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, float, Labels]] = deque(maxlen=MOST_WAITING)
        self._record: Record | None = None
        self._is_wanted = True

    def add(self, name: str, value: float, labels: Labels) -> None:
        record = self._record
        if record is not None:
            record(name, value, labels)
        elif self._is_wanted:
            with self._lock:
                if self._record is None:
                    self._waiting.append((name, value, labels))
                    return
            self._record(name, value, labels)

    def discard(self) -> None:
        with self._lock:
            self._is_wanted = False
            self._waiting.clear()

    def hand_over(self, record: Record) -> None:
        with self._lock:
            while self._waiting:
                record(*self._waiting.popleft())
            self._record = record


_measurements: Final = _Measurements()


def observe_request(operation: str, status: int, seconds: float) -> None:
    """Record a request that we answered."""
    _measurements.add(REQUEST_SECONDS, seconds, {"operation": operation, "status": str(status)})


def observe_exchange(operation: str, status: int, duration_ms: int, outcome: str, /) -> None:
    """Record an exchange with an operator; `status` is HTTP's, 0 where nothing came."""
    labels = {"operation": operation, "status": str(status), "outcome": outcome}
    _measurements.add(EXCHANGE_SECONDS, duration_ms / 1000, labels)


def count_published(topic: str, count: int) -> None:
    """Count messages that Pub/Sub took."""
    _measurements.add(PUBLISHED, count, {"topic": topic})


def count_dropped(reason: str, count: int) -> None:
    """Count messages that were left to relay_outbox."""
    _measurements.add(PUBLISH_DROPPED, count, {"reason": reason})


def count_push(function: str, outcome: str) -> None:
    """Count a pushed message by what became of it."""
    _measurements.add(PUSHES, 1, {"function": function, "outcome": outcome})


def count_limited(policy: str) -> None:
    """Count a request that was refused because a quota was used up."""
    _measurements.add(LIMITED, 1, {"policy": policy})


def count_notification(kind: str, outcome: str) -> None:
    """Count a notification whose message needs not come again."""
    _measurements.add(NOTIFICATIONS, 1, {"kind": kind, "outcome": outcome})


def count_customer(step: str, outcome: str) -> None:
    """Count a step of a payer who proves a number, by what became of it."""
    _measurements.add(CUSTOMERS, 1, {"step": step, "outcome": outcome})


def count_breaker(operator: str, operation: str, change: str) -> None:
    """Count a breaker that this process opened or closed."""
    labels = {"operator": operator, "operation": operation, "change": change}
    _measurements.add(BREAKERS, 1, labels)


def count_request_lines(outcome: str, count: int) -> None:
    """Count lines for request logs that were `kept`, `dropped` before that, or `failed`."""
    _measurements.add(REQUEST_LINES, count, {"outcome": outcome})


def count_stream(change: str) -> None:
    """Count a stream that was `opened`, or that ended by a reason."""
    _measurements.add(STREAMS, 1, {"change": change})


def observe_stream_lag(seconds: float) -> None:
    """Record how long after an event its streams are handed it."""
    _measurements.add(STREAM_LAG_SECONDS, seconds, {})


def collect(families: Callable[[], Iterable[Family]]) -> None:
    """Have gauges told that are read anew whenever somebody asks; for functions as they load."""
    _collected.append(families)


def discard() -> None:
    """Keep nothing: nobody will ask this process."""
    _measurements.discard()


def start(port: int, address: str, resource: Mapping[str, str]) -> Callable[[], None]:
    """Expose the measurements for Prometheus on a port of their own; returns how to close it."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - heavy
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - heavy
    from opentelemetry.sdk.metrics.view import (  # noqa: PLC0415 - heavy
        ExplicitBucketHistogramAggregation,
        View,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - heavy
    from prometheus_client import REGISTRY, start_http_server  # noqa: PLC0415 - heavy

    buckets = ExplicitBucketHistogramAggregation(SECONDS_BUCKETS)
    provider = MeterProvider(
        metric_readers=[PrometheusMetricReader()],
        resource=Resource.create(dict(resource)),
        views=[View(instrument_name=name, aggregation=buckets) for name in sorted(_HISTOGRAMS)],
        shutdown_on_exit=False,
    )
    meter = provider.get_meter("payments")
    records: dict[str, Callable[[float, Labels], None]] = {}
    for name, description in DESCRIPTIONS.items():
        if name in _HISTOGRAMS:
            histogram = meter.create_histogram(name, unit="s", description=description)
            records[name] = histogram.record
        else:
            records[name] = meter.create_counter(name, description=description).add
    _measurements.hand_over(lambda name, value, labels: records[name](value, labels))
    if _collected:
        REGISTRY.register(collector())
    server, _thread = start_http_server(port, address)

    def close() -> None:
        server.shutdown()
        server.server_close()
        provider.shutdown()

    return close


def collector() -> Any:
    """Return what Prometheus' library asks for the gauges of `collect`. `Any`: it is heavy."""
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - heavy
    from prometheus_client.registry import Collector  # noqa: PLC0415 - heavy

    class Collected(Collector):
        def describe(self) -> Iterator[GaugeMetricFamily]:
            """Name nothing: the library would read all values to learn the names."""
            yield from ()

        def collect(self) -> Iterator[GaugeMetricFamily]:
            for families in _collected:
                for name, meaning, labels, values in families():
                    family = GaugeMetricFamily(name, meaning, labels=labels)
                    for words, value in values:
                        family.add_metric(words, value)
                    yield family

    return Collected()
