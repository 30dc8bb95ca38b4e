"""
A run as a file of metrics, for a collector of text files such as node_exporter's.

The text is OpenMetrics, and at the same time what older collectors read: it has no
type they do not know (so the run's description is a gauge) and no moments of creation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from connectsync.domain.event import DistrictEnded, Event, RunBegan, RunEnded
from connectsync.domain.outcome import Ending
from connectsync.telemetry.tally import SETTLED, Tally
from connectsync.telemetry.texts import decodable

EVERY = timedelta(seconds=15)
"""How old the file may grow while districts end: as often as collectors look."""

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper ends for the time of a save, in seconds."""


class Metrics:
    """
    Counts a run's events; hands on the whole text whenever a collector should see it.

    That is when the run begins, every ``EVERY`` while districts end, and at its end: a
    file that says of a run that it has not ended, hours later, tells of a runner that
    died.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._tally = Tally()
        self._due: datetime | None = None

    def __call__(self, event: Event) -> None:
        """Count an event."""
        self._tally.add(event)
        match event:
            case RunBegan() | RunEnded():
                self._hand_on(event.at)
            case DistrictEnded() if self._due is not None and event.at >= self._due:
                self._hand_on(event.at)
            case _:
                pass

    def close(self) -> None:
        """Write what is known of a run that was left before its end."""
        if self._tally.began is not None and self._tally.ended is None:
            self._write(exposition(self._tally))

    def _hand_on(self, at: datetime) -> None:
        self._due = at + EVERY
        self._write(exposition(self._tally))


def exposition(tally: Tally) -> str:
    """Give the metrics of a run as OpenMetrics text. The same tally, the same bytes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(tally))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


class _Families(Collector):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterable[Metric]:
        """Give every family in a fixed order."""
        yield from _of_the_run(self._tally)
        yield from _of_its_districts(self._tally)


def _of_the_run(tally: Tally) -> Iterator[Metric]:
    began, ended, last = tally.began, tally.ended, tally.last
    if began is None or last is None:
        return
    yield _info(began)
    yield _gauge("began_timestamp_seconds", "When the run began.", _time(began))
    yield _gauge("ended", "Whether the run has ended.", int(ended is not None))
    if ended is not None:
        yield _gauge("ended_timestamp_seconds", "When the run ended.", _time(ended))
    seconds = (last - began.at).total_seconds()
    yield _gauge("duration_seconds", "How long the run took, so far.", seconds)
    yield _gauge(
        "stopped",
        "Whether the run was stopped before its end.",
        int(ended is not None and bool(ended.stopped)),
    )
    yield CounterMetricFamily(
        "connectsync_run_waves", "Waves that were begun.", value=tally.waves
    )


def _of_its_districts(tally: Tally) -> Iterator[Metric]:
    planned = tally.began.districts if tally.began else 0
    yield _gauge("planned_districts", "Districts that the run is to save.", planned)
    districts = GaugeMetricFamily(
        "connectsync_run_districts", "Districts by how they ended.", labels=["ending"]
    )
    for ending in Ending:
        districts.add_metric([ending.value], tally.districts[ending])
    yield districts
    saves = CounterMetricFamily(
        "connectsync_run_saves", "Saves by how they were settled.", labels=["settled"]
    )
    for settled in dict.fromkeys((*SETTLED, *sorted(tally.settled))):
        saves.add_metric([settled], tally.settled[settled])
    yield saves
    yield CounterMetricFamily(
        "connectsync_run_changes", "Changes that were confirmed.", value=tally.changes
    )
    yield HistogramMetricFamily(
        "connectsync_save_seconds",
        "From a save's row in the journal until it was settled.",
        buckets=_buckets(tally.seconds),
        sum_value=sum(tally.seconds),
    )


def _info(began: RunBegan) -> Metric:
    info = GaugeMetricFamily(
        "connectsync_run_info",
        "Which run this is.",
        labels=["run", "plan", "backend", "joined"],
    )
    joined = "true" if began.joined else "false"
    info.add_metric([str(began.run), began.plan, decodable(began.backend), joined], 1)
    return info


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"connectsync_run_{name}", meaning, value=value)


def _time(event: RunBegan | RunEnded) -> float:
    return event.at.timestamp()


def _buckets(seconds: Iterable[float]) -> list[tuple[str, float]]:
    held = [0] * (len(BUCKETS) + 1)
    for one in seconds:
        held[bisect_left(BUCKETS, one)] += 1
    ends = [*map(str, BUCKETS), "+Inf"]
    return list(zip(ends, map(float, accumulate(held)), strict=True))
