"""Who watches a run, as flags and variables ask: a log, metrics, traces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectsync.cli.run_progress import RunProgress
from connectsync.cli.session import Session
from connectsync.cli.terminal import LogFormat, insist_no_source
from connectsync.config.extras import how_to_add
from connectsync.domain.event import Event
from connectsync.errors import UsageError
from connectsync.report.style import inert
from connectsync.telemetry.destinations import destinations
from connectsync.telemetry.observing import Observer, Watch, Watching


@contextmanager
def observers(
    session: Session,
    metrics: Path | None,
    text: Callable[[Event], None] | None,
    progress: RunProgress | None = None,
) -> Iterator[Observer]:
    """
    Give one observer that tells all others, and close them when the run is left.

    ``text`` shows a run to people; where the log is JSON it is not told. ``progress``
    says how far it has come. Raises ``UsageError``, before anything else happens, if
    the file of metrics is not one that may be written.
    """

    def complain(said: str) -> None:
        session.terminal.complain(inert(said))

    watches = _watches(session, metrics, text, complain)
    shown = [Watch("the progress bar", progress, progress.close)] if progress else []
    watching = Watching([*shown, *watches], complain)
    try:
        yield watching
    finally:
        watching.close()


def _watches(
    session: Session,
    metrics: Path | None,
    text: Callable[[Event], None] | None,
    complain: Callable[[str], None],
) -> Iterator[Watch]:
    if metrics is not None:
        yield _metrics(metrics)
    if session.terminal.log_format is LogFormat.JSON:
        yield Watch("the log", session.terminal.log)
    elif text is not None:
        yield Watch("the progress", text)
    yield from _traces(session, complain)


def _metrics(path: Path) -> Watch:
    from connectsync.files.writing import replace_file
    from connectsync.telemetry.metrics import Metrics

    insist_no_source(path)
    if path == Path("-") or path.is_dir():
        raise UsageError(f"--metrics needs the name of a file, and {path} is none")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    kept = Metrics(lambda text: replace_file(path, text))
    return Watch("the metrics", kept, kept.close)


def _traces(session: Session, complain: Callable[[str], None]) -> Iterator[Watch]:
    """Open traces if the environment asks; where that fails, the run goes on."""
    try:
        asked = destinations(session.environment)
        if not asked:
            return
        from connectsync.telemetry.traces import Traces

        traces = Traces(asked, sys.stderr, complain)
    except UsageError as error:
        complain(f"{error.message}; {error.remedy}")
    except ImportError:
        complain(f"no traces: they need the extra otel; {how_to_add('otel')}")
    except Exception as error:  # noqa: BLE001 - meant for others too
        complain(f"no traces: what OTEL_* says cannot be used ({type(error).__name__})")
    else:
        yield Watch("the traces", traces, traces.close)
