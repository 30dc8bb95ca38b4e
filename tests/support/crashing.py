"""
Run the command line in this process, and send a signal to it at a numbered point.

    python tests/support/crashing.py POINT[,POINT] [--signal NAME] -- ARGUMENTS
    python tests/support/crashing.py --serve

The second form imports everything once, and forks for each line of JSON it is given: a
process of its own each time, without the half second of its start.

A point is a number, counted from 1, or ``COUNT:NAME``, such as ``2:answered PATCH``.
The signal is KILL unless said otherwise. A run that comes to its end says how many
points there were. Nothing of connectsync knows of this: the points lie before and after
each statement that writes to the state store, on both sides of each COMMIT, before the
transaction of what districts change together, before each request, and between its
answer and whoever waits for it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from connectsync.apply.state import audit
from connectsync.apply.state.ledger import Ledger

COUNTED = re.compile(r"^points: (\d+)$", re.MULTILINE)
STRUCK = re.compile(r"^struck at (\d+): (.+)$", re.MULTILINE)

_WRITES = re.compile(
    r"\s*(INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE INDEX)\s+"
    # on PostgreSQL a table is named with its schema
    r'(?:"?\w+"?\.)?(\w+)'
)

_FACTS = frozenset(
    value
    for name, value in vars(audit).items()
    if name.isupper() and name not in {"FACT", "NOTHING", "SHAPES", "TOLD_TIME"}
)


@dataclass
class Points:
    """Counts the points of this process, and strikes at those that are due."""

    due: frozenset[str]
    number: int = signal.SIGKILL
    passed: int = 0
    names: Counter[str] = field(default_factory=Counter)

    def point(self, name: str) -> None:
        """Pass a point, unless this is where it ends."""
        self.passed += 1
        self.names[name] += 1
        if not self.due.isdisjoint({str(self.passed), f"{self.names[name]}:{name}"}):
            _say(f"struck at {self.passed}: {name}")
            # to this very thread: it goes no further, whatever the others do
            signal.pthread_kill(threading.get_ident(), self.number)

    def statement(self, side: str, statement: str, values: Any) -> None:
        """Pass a statement's side, if it writes; once for each fact of the log."""
        if written := _WRITES.match(statement):
            rows = values if isinstance(values, list) else [values]
            facts = [fact for row in rows for fact in _facts(row)]
            for what in facts or [f"{written[1].split()[0]} {written[2]}"]:
                self.point(f"{side} {what}")


def _facts(row: Any) -> Iterator[str]:
    given = row.values() if isinstance(row, Mapping) else row
    yield from (one for one in given if isinstance(one, str) and one in _FACTS)


def _say(line: str) -> None:
    # past every buffer: whoever is killed flushes nothing
    os.write(sys.stderr.fileno(), f"{line}\n".encode())


def watch_store(points: Points) -> None:
    """Put points around what the state store writes."""

    @event.listens_for(Engine, "before_cursor_execute")
    def before(*told: Any) -> None:
        points.statement("before", told[2], told[3])

    @event.listens_for(Engine, "after_cursor_execute")
    def after(*told: Any) -> None:
        points.statement("after", told[2], told[3])

    commit: Any = DefaultDialect.do_commit

    def committed(dialect: DefaultDialect, connection: Any) -> None:
        points.point("before COMMIT")
        commit(dialect, connection)
        points.point("after COMMIT")

    DefaultDialect.do_commit = committed  # type: ignore[method-assign]
    together: Any = Ledger.together

    def changed(ledger: Ledger, changes: Any) -> Any:
        points.point("before changes")
        return together(ledger, changes)

    Ledger.together = changed  # type: ignore[method-assign, assignment]


def watch_requests(points: Points) -> None:
    """Put points around what is sent over real sockets."""
    transport = httpx2.AsyncHTTPTransport
    send = transport.handle_async_request

    async def sent(
        self: httpx2.AsyncHTTPTransport, request: httpx2.Request
    ) -> httpx2.Response:
        points.point(f"before {request.method}")
        response = await send(self, request)
        # the other side has answered, and so has done it; nobody here has seen that
        points.point(f"answered {request.method}")
        return response

    transport.handle_async_request = sent  # type: ignore[method-assign]


def main(words: Sequence[str]) -> None:
    """Run the command line up to the point that the words name."""
    options, arguments = words[: words.index("--")], words[words.index("--") + 1 :]
    name = options[2] if len(options) > 1 else "KILL"
    points = Points(frozenset(options[0].split(",")), signal.Signals[f"SIG{name}"])
    watch_store(points)
    watch_requests(points)
    from connectsync.__main__ import run

    sys.argv = ["connectsync", *arguments]
    try:
        run()
    finally:
        _say(f"points: {points.passed}")


def serve(orders: Iterable[str]) -> None:
    """Run what each order says in a fork; say its status."""
    import connectsync.cli.apply
    import connectsync.cli.resume  # noqa: F401 - what every fork would import

    for order in orders:
        told = json.loads(order)
        if (child := os.fork()) == 0:
            os._exit(_forked(told))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _forked(told: Mapping[str, Any]) -> int:
    for number, name in ((0, os.devnull), (1, told["out"]), (2, told["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.environ.clear()
    os.environ.update(told["environment"])
    try:
        main(told["words"])
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve(sys.stdin)
    else:
        main(sys.argv[1:])
