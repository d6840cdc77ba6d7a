"""What is counted, in one registry for each process, and how it is told to Prometheus.

Every process serves its own numbers: `web` at `/metrics`, the others on `METRICS_PORT` where that is set.
Queue depths are read from the queue when asked, by whichever process is asked, and so are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plugin.adapters.job_queue import JobQueue, QueueUnreachable

REGISTRY = CollectorRegistry()

WEBHOOKS = Counter(
    "holdfast_webhooks",
    "Webhooks received. outcome: accepted, replayed, bad_signature, unknown_shop, malformed, too_large, not_written",
    ["topic", "outcome"],
    registry=REGISTRY,
)
SWITCH_LATENCY_S = Histogram(
    "holdfast_switch_latency_seconds",
    "From the moment Shopify triggered a webhook until the variant's policy is what it must be",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 300),
    registry=REGISTRY,
)
EFFECTS = Counter(
    "holdfast_effects",
    "Effects carried out on Shopify. outcome: done, retry, failed, obsolete",
    ["kind", "outcome"],
    registry=REGISTRY,
)
MAILS = Counter(
    "holdfast_mails",
    "Mails handed to the server. outcome: sent, refused, unreachable, unknown",
    ["outcome"],
    registry=REGISTRY,
)
SHOPIFY_CALLS = Counter(
    "holdfast_shopify_calls",
    "Calls of Shopify's Admin API. outcome: ok, or the error: Throttled, Unreachable, Unauthorized, ...",
    ["operation", "outcome"],
    registry=REGISTRY,
)
THROTTLED_S = Counter(
    "holdfast_shopify_throttled_seconds",
    "Seconds spent waiting for Shopify's cost bucket to fill",
    registry=REGISTRY,
)
JOBS = Counter(
    "holdfast_jobs",
    "Drains run by the worker. outcome: done, failed",
    ["lane", "outcome"],
    registry=REGISTRY,
)

# Topics come from a header anybody can send; only known ones may become a label, or memory would grow without bound.
OTHER_TOPIC = "other"


def count_webhook(topic: str, outcome: str, known_topics: Iterable[str]) -> None:
    """Count a webhook under its topic, or under `other` when the topic is not one we know."""
    WEBHOOKS.labels(topic if topic in known_topics else OTHER_TOPIC, outcome).inc()


class QueueDepths(Collector):
    """Reads queue depths at the moment Prometheus asks."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterable[Metric]:
        """Say whether the queue answers, and if so how much waits in each lane."""
        up = GaugeMetricFamily("holdfast_queue_up", "1 when the job queue answers, else 0")
        waiting = GaugeMetricFamily("holdfast_queue_waiting", "Wake-ups waiting for a worker", labels=["lane"])
        try:
            for lane, count in self._queue.depths().items():
                waiting.add_metric([lane], count)
            up.add_metric([], 1)
        except QueueUnreachable:
            up.add_metric([], 0)
        yield up
        yield waiting


def exposition(queue: JobQueue) -> bytes:
    """Everything counted in this process and what waits in the queue, in Prometheus' text format 0.0.4."""
    depths = CollectorRegistry()
    depths.register(QueueDepths(queue))
    return generate_latest(REGISTRY) + generate_latest(depths)


def serve_metrics(port: int) -> None:
    """Tell this process's numbers on a port of its own; 0 means nobody asked for that."""
    if port:
        start_http_server(port, registry=REGISTRY)
