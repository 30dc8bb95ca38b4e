"""A pass with nobody there, as a file of metrics: for alerts on what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from connectsync.domain.reconciled import Fate, Reconciled


def exposition(made: Reconciled | None, *, status: int, at: datetime) -> str:
    """
    Give the metrics of a pass as OpenMetrics text; of one that failed its status only.

    ``status`` is what the command exits with, ``at`` when it ended.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(made, status, at))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


@dataclass(frozen=True, slots=True)
class _Families(Collector):
    made: Reconciled | None
    status: int
    at: datetime

    def collect(self) -> Iterable[Metric]:
        """Give every family in a fixed order."""
        yield _gauge(
            "ended_timestamp_seconds", "When the last pass ended.", self.at.timestamp()
        )
        yield _gauge(
            "exit_status",
            "How it ended: 0 in step or done, 1 something waits for a person.",
            self.status,
        )
        if self.made is None:
            return
        districts = GaugeMetricFamily(
            "connectsync_reconcile_districts",
            "Districts by what became of them.",
            labels=["fate"],
        )
        for fate in Fate:
            districts.add_metric([fate.value], self.made.counts[fate])
        yield districts
        yield _gauge("changes", "Changes that were confirmed.", self.made.changes)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"connectsync_reconcile_{name}", meaning, value=value)
