"""A file of metrics that collectors read, old and new, and never half of it."""

from __future__ import annotations

import threading
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older
from run_events import BEGAN, PLAN, at, ended, story

from connectsync.domain.outcome import (
    DistrictBegan,
    Ending,
    Event,
    RunEnded,
    SaveIntended,
    SaveSettled,
)
from connectsync.files.writing import replace_file
from connectsync.telemetry.metrics import BUCKETS, Metrics, MetricsTally, exposition

ANY = st.text(st.characters())
"""Any text, halves of characters among it."""


def counted(events: tuple[Event, ...]) -> str:
    tally = MetricsTally()
    for event in events:
        tally.add(event)
    return exposition(tally)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[f"connectsync_{name}", frozenset(labels.items())]


def test_a_run_is_counted_as_it_ended() -> None:
    text = counted(story())
    assert value(text, "run_planned_districts") == 6
    assert value(text, "run_districts", ending="done") == 1
    assert value(text, "run_districts", ending="failed") == 2
    assert value(text, "run_districts", ending="conflict") == 1
    assert value(text, "run_districts", ending="skipped") == 1
    assert value(text, "run_districts", ending="not reached") == 1
    assert value(text, "run_saves_total", settled="confirmed") == 1
    assert value(text, "run_saves_total", settled="failed") == 1
    assert value(text, "run_saves_total", settled="unsettled") == 1
    assert value(text, "run_changes_total") == 2
    assert value(text, "run_waves_total") == 1
    assert value(text, "run_stopped") == 1
    assert value(text, "run_ended") == 1
    assert value(text, "run_duration_seconds") == 13
    assert value(text, "run_began_timestamp_seconds") == BEGAN.timestamp()
    assert value(text, "run_ended_timestamp_seconds") == at(13).timestamp()
    info = {"run": "7", "plan": PLAN, "backend": "embedded", "joined": "false"}
    assert value(text, "run_info", **info) == 1


def test_how_long_saves_took_falls_into_buckets() -> None:
    text = counted(story())
    assert value(text, "save_seconds_count") == 2
    assert value(text, "save_seconds_sum") == 4.75
    assert value(text, "save_seconds_bucket", le="1.0") == 0
    assert value(text, "save_seconds_bucket", le="2.5") == 1
    assert value(text, "save_seconds_bucket", le="5.0") == 2
    assert value(text, "save_seconds_bucket", le="+Inf") == 2


def test_a_save_that_took_as_long_as_a_bucket_reaches_is_within_it() -> None:
    began = story()[0]
    for seconds in BUCKETS:
        text = counted(
            (
                began,
                SaveIntended(7, "a", 1, (), at(0)),
                SaveSettled(7, "a", 1, "confirmed", at(seconds)),
            )
        )
        assert value(text, "save_seconds_bucket", le=str(seconds)) == 1


def test_a_run_under_way_is_counted_so_far() -> None:
    text = counted(story()[:9])
    assert value(text, "run_ended") == 0
    assert value(text, "run_districts", ending="done") == 1
    assert value(text, "run_districts", ending="failed") == 0
    assert "ended_timestamp" not in text


def test_no_district_is_named_and_nothing_that_was_said() -> None:
    text = counted(story())
    for event in story():
        for word in ("district", "outcome"):
            told = getattr(event, word, "")
            assert not told or str(getattr(told, "district", told)) not in text
    for said in ("refused", "phone_types", "look at it", "may not"):
        assert said not in text


def test_the_text_is_complete_and_the_same_for_the_same_run() -> None:
    text = counted(story())
    assert text.endswith("# EOF\n")
    assert text == counted(story())


def test_older_collectors_read_it_too() -> None:
    text = counted(story())
    types = {line.split()[-1] for line in text.splitlines() if "# TYPE" in line}
    assert types == {"gauge", "counter", "histogram"}, "an older one refuses others"
    assert "_created" not in text
    read = {sample.name for family in older(text) for sample in family.samples}
    assert "connectsync_run_saves_total" in read
    assert "connectsync_save_seconds_bucket" in read


@given(ANY)
@example("a\udc80")
def test_any_name_of_a_backend_is_a_label(backend: str) -> None:
    text = counted(story(backend=backend))
    assert text.endswith("# EOF\n")
    named = backend.encode("utf-8", "backslashreplace").decode()
    labels = [dict(labels) for name, labels in samples(text) if name.endswith("_info")]
    assert [each["backend"] for each in labels] == [named]


def written(events: tuple[Event, ...]) -> list[str]:
    texts: list[str] = []
    metrics = Metrics(texts.append)
    for event in events:
        metrics(event)
    metrics.close()
    return texts


def test_the_text_is_handed_on_at_the_beginning_and_at_the_end() -> None:
    assert [value(text, "run_ended") for text in written(story())] == [0, 1]


def test_in_a_long_run_it_is_handed_on_now_and_then() -> None:
    districts = tuple(ended(f"d{n}", Ending.DONE, n) for n in range(1, 61))
    texts = written((story()[0], *districts, RunEnded(7, (), at(61))))
    done = [value(text, "run_districts", ending="done") for text in texts]
    assert done == [0, 15, 30, 45, 60, 0]


def test_a_save_that_another_runner_took_over_is_not_counted_here() -> None:
    begun = DistrictBegan(7, "a", "rest", at(1))
    text = counted(
        (
            story()[0],
            begun,
            SaveIntended(7, "a", 1, (), at(2)),
            begun,
            ended("a", Ending.DONE, 3),
        )
    )
    assert value(text, "run_saves_total", settled="unsettled") == 0


def test_a_run_that_was_left_says_so_far_and_a_run_that_never_began_says_nothing() -> (
    None
):
    assert written(()) == []
    _, text = written(story()[:9])
    assert value(text, "run_ended") == 0
    assert value(text, "run_districts", ending="done") == 1


def test_whoever_reads_the_file_meanwhile_reads_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "run.prom"
    metrics = Metrics(lambda text: replace_file(path, text))
    metrics(story()[0])
    torn: list[str] = []
    done = threading.Event()

    def collect() -> None:
        while not done.is_set():
            found = [one.read_text("utf-8") for one in tmp_path.glob("*.prom")]
            torn.extend(text for text in found if not text.endswith("# EOF\n"))

    reader = threading.Thread(target=collect)
    reader.start()
    for _ in range(25):
        for event in story():
            metrics(event)
    done.set()
    reader.join()
    assert torn == []
    assert [one.name for one in tmp_path.iterdir()] == ["run.prom"]
    assert path.stat().st_mode & 0o777 == 0o644, "a collector is another user"


def test_a_late_settlement_of_an_unknown_save_is_counted_without_a_time() -> None:
    text = counted(
        (
            story()[0],
            SaveSettled(7, "a", 1, "confirmed", at(1)),
            ended("a", Ending.DONE, 2),
        )
    )
    assert value(text, "run_saves_total", settled="confirmed") == 1
    assert value(text, "save_seconds_count") == 0
