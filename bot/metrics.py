"""What Prometheus can read at /metrics. Labels hold accounts, kinds and reasons, never a customer."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """One registry a service, so that several services live in one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.inbound = Counter(
            "tapfive_inbound_events",
            "What platforms told us, by what became of it",
            ["account", "outcome"],
            registry=self.registry,
        )
        self.hooks = Counter("tapfive_hooks", "Hook requests answered", ["account", "status"], registry=self.registry)
        # `labels` checks and locks for microseconds; these two stand on the way of every tap.
        self.inbound_of = cache(self.inbound.labels)
        self.hooks_of = cache(self.hooks.labels)
        self.hook_seconds = Histogram(
            "tapfive_hook_seconds", "From a hook request to its answer", buckets=_LATENCY, registry=self.registry
        )
        self.decisions = Counter(
            "tapfive_decisions",
            "Decisions about closings; reason is empty for an ask",
            ["decision", "reason"],
            registry=self.registry,
        )
        self.sends = Counter(
            "tapfive_sends", "Attempts of jobs by kind and result", ["account", "job", "result"], registry=self.registry
        )
        self.send_seconds = Histogram(
            "tapfive_send_seconds", "How long an attempt takes", ["account"], buckets=_LATENCY, registry=self.registry
        )
        self.commit_size = Histogram(
            "tapfive_commit_operations",
            "Operations in one transaction",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "tapfive_commit_seconds", "How long a transaction takes", buckets=_LATENCY, registry=self.registry
        )
        self.outbox_depth = Gauge(
            "tapfive_outbox_depth", "Jobs by account and state", ["account", "state"], registry=self.registry
        )
        self.outbox_age = Gauge(
            "tapfive_outbox_age_seconds",
            "How long the oldest due job has been waiting",
            ["account"],
            registry=self.registry,
        )
        self.writer_waiting = Gauge(
            "tapfive_writer_waiting", "Operations that wait for the writer", registry=self.registry
        )

    def committed(self, size: int, seconds: float) -> None:
        """Note one transaction of the writer."""
        self.commit_size.observe(size)
        self.commit_seconds.observe(seconds)

    def render(self) -> bytes:
        """Return the text format of Prometheus."""
        return generate_latest(self.registry)
