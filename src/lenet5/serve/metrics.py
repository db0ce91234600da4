"""Figures for Prometheus: requests, times, refusals by limit, sizes of batches, queues, workers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16_384)


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "lenet5_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "lenet5_request_seconds",
            "From the headers of a request to the end of its answer.",
            ["endpoint"],
            buckets=SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "lenet5_refused", "Requests refused, by the limit.", ["limit"], registry=registry
        )
        self.images = Counter("lenet5_images", "Images recognised.", registry=registry)
        self.pictures = Counter("lenet5_pictures", "Files read.", registry=registry)
        self.batch = Histogram(
            "lenet5_batch_images", "Images of one call of the network.", buckets=IMAGES, registry=registry
        )
        self.queued_images = Gauge("lenet5_queued_images", "Images that wait.", registry=registry)
        self.queued_pictures = Gauge("lenet5_queued_pictures", "Pictures that wait.", registry=registry)
        self.held = Gauge("lenet5_held_bytes", "Bytes of bodies in memory.", registry=registry)
        self.connections = Gauge("lenet5_connections", "Open connections.", registry=registry)
        self.workers = Gauge("lenet5_workers", "Worker processes that are ready.", registry=registry)
        self.replaced = Counter(
            "lenet5_workers_replaced", "Workers replaced, by the reason.", ["reason"], registry=registry
        )
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = self._known.get((endpoint, status))
        if known is None:
            known = self._requests.labels(endpoint, str(status)), self._seconds.labels(endpoint)
            self._known[endpoint, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def text(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self.registry)
