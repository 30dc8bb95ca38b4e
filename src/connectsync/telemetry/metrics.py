"""A run as OpenMetrics text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import assert_never

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from connectsync.domain.outcome import (
    DistrictBegan,
    DistrictEnded,
    Ending,
    Event,
    ReconcileReport,
    Result,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)
from connectsync.domain.sync import (
    FINE,
    OFF,
    SCHOOL_ENDINGS,
    UNKNOWN,
    ProblemKind,
    StatusReport,
)
from connectsync.telemetry.events import decodable
from connectsync.values import dataclass, field

UNSETTLED = "unsettled"
SETTLED = ("confirmed", "failed", "conflict", "waiting", UNSETTLED)
"""How a save can end; of one that is unsettled it is not known."""


@dataclass(slots=True)
class MetricsTally:
    """
    One runner's part in one run.

    ``seconds`` holds how long each save took, from its row in the journal until it was
    settled. ``ended`` is None while the run goes on.
    """

    began: RunBegan | None = None
    ended: RunEnded | None = None
    last: datetime | None = None
    districts: Counter[Ending] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    waves: int = 0
    seconds: list[float] = field(default_factory=list)
    _intended: dict[str, datetime] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Count one more event."""
        self.last = event.at
        match event:
            case RunBegan():
                self.began = event
            case SaveIntended():
                self._intended[event.district] = event.at
            case SaveSettled():
                self._settle(event)
            case DistrictEnded(outcome=outcome):
                self.districts[outcome.ending] += 1
                if self._intended.pop(outcome.district, None):
                    self.settled[UNSETTLED] += 1
                self.changes += outcome.changes
            case WaveBegan():
                self.waves += 1
            case RunEnded():
                self.ended = event
                self.districts = Counter(dict(event.counts))
            case DistrictBegan():
                # a save from before its lease was lost is another runner's now
                self._intended.pop(event.district, None)
            case WaveEnded():
                pass
            case _:
                assert_never(event)

    def _settle(self, event: SaveSettled) -> None:
        self.settled[event.settled] += 1
        intended = self._intended.pop(event.district, None)
        if intended is not None:
            self.seconds.append(max(0.0, (event.at - intended).total_seconds()))


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
        self._tally = MetricsTally()
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


def _text_of(families: Collector) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(families)
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


def exposition(tally: MetricsTally) -> str:
    """Give the metrics of a run as OpenMetrics text. The same tally, the same bytes."""
    return _text_of(_RunFamilies(tally))


class _RunFamilies(Collector):
    def __init__(self, tally: MetricsTally) -> None:
        self._tally = tally

    def collect(self) -> Iterable[Metric]:
        """Give every family in a fixed order."""
        yield from _of_the_run(self._tally)
        yield from _of_its_districts(self._tally)


def _of_the_run(tally: MetricsTally) -> Iterator[Metric]:
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


def _of_its_districts(tally: MetricsTally) -> Iterator[Metric]:
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


def reconcile_exposition(
    made: ReconcileReport | None, *, status: int, at: datetime
) -> str:
    """
    Give the metrics of a pass as OpenMetrics text; of one that failed its status only.

    ``status`` is what the command exits with, ``at`` when it ended.
    """
    return _text_of(_ReconcileFamilies(made, status, at))


@dataclass(frozen=True, slots=True)
class _ReconcileFamilies(Collector):
    made: ReconcileReport | None
    status: int
    at: datetime

    def collect(self) -> Iterable[Metric]:
        """Give every family in a fixed order."""
        yield _reconcile_gauge(
            "ended_timestamp_seconds", "When the last pass ended.", self.at.timestamp()
        )
        yield _reconcile_gauge(
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
        for fate in Result:
            districts.add_metric([fate.value], self.made.counts[fate])
        yield districts
        yield _reconcile_gauge(
            "changes", "Changes that were confirmed.", self.made.changes
        )


def status_exposition(made: StatusReport | None, *, status: int, at: datetime) -> str:
    """Give how nights went as OpenMetrics text; where none was read, the status."""
    return _text_of(_StatusFamilies(made, status, at))


@dataclass(frozen=True, slots=True)
class _StatusFamilies(Collector):
    made: StatusReport | None
    status: int
    at: datetime

    def collect(self) -> Iterable[Metric]:
        """Give every family in a fixed order."""
        yield GaugeMetricFamily(
            "connectsync_status_ended_timestamp_seconds",
            "When nights were looked at last.",
            value=self.at.timestamp(),
        )
        yield GaugeMetricFamily(
            "connectsync_status_exit_status",
            "How it ended: 0 all is fine, 1 a night needs a look.",
            value=self.status,
        )
        if self.made is None:
            return
        districts = GaugeMetricFamily(
            "connectsync_status_districts",
            "Districts by how their last night went.",
            labels=["verdict"],
        )
        counts = Counter(one.verdict for one in self.made.districts)
        for word in (FINE, OFF, UNKNOWN, *ProblemKind):
            districts.add_metric([word], counts[word])
        yield districts
        yield from _schools(self.made)
        times = [
            one.outcome.at.timestamp()
            for one in self.made.districts
            if one.outcome is not None and one.outcome.at is not None and not one.off
        ]
        if times:
            yield GaugeMetricFamily(
                "connectsync_status_oldest_sync_timestamp_seconds",
                "When the sync of the district ran that was synced longest ago.",
                value=min(times),
            )


def _schools(made: StatusReport) -> Iterator[Metric]:
    """Count schools; nothing where Connect shows none, of which nothing is known."""
    ends = Counter(
        school.ending
        for one in made.districts
        if one.outcome is not None and not one.off
        for school in one.outcome.schools
    )
    if not ends:
        return
    schools = GaugeMetricFamily(
        "connectsync_status_schools",
        "Schools that Connect shows, by how their last sync ended.",
        labels=["ending"],
    )
    for ending in SCHOOL_ENDINGS:
        schools.add_metric([ending], ends[ending])
    yield schools


def _reconcile_gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"connectsync_reconcile_{name}", meaning, value=value)
