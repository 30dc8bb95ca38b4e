"""
Times `impact` on made-up rosters beside what merely carries the same bytes.

For a file that is DuckDB that scans it: it reads every field of every row as text,
which is how ids keep their zeros. For Clever's Data API it is a bare client that
fetches the same pages of a stand-in, over a line of 100 Mbit/s and as fast as this
machine goes. Run by `make bench` after the rest, or by itself. Each pair runs one right
after the other; medians are told, with the most memory that a process had.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, get_context
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
from run import OURS, install_ours  # type: ignore[import-not-found] # beside this

from connectsync.emulator.seed import MadeUpRoster

PLACE = Path(__file__).resolve().parents[2] / "build" / "bench"

SIZES = ((33_621, 52_931), (1_060_000, 1_700_000))
PAIRS = 3

DISTRICT = """\
schema: 1
district: large
name: Large
provider: clever
credentials: {district_id: 58da8a43cc70ab00017a1a10, oauth_token: env:LARGE_TOKEN}
settings:
  student_id: STUDENT NUMBER
  manage_guardians: true
  contact_types: [Parent/Guardian]
  contact_relationships: [Parent, Grandparent]
  phone_types: [Cell]
"""

# every value is a hash of its row, so that the same numbers make the same file
ROSTER = """
COPY (
    SELECT 'sch' || student % 40 AS School_id, 'st' || student AS Student_id,
        CASE WHEN hash(student, 1) % 50 > 0 THEN 100000 + student END AS Student_number,
        'Last' || hash(student, 2) % 5000 AS Last_name,
        'First' || hash(student, 3) % 3000 AS First_name,
        hash(student, 4) % 13 AS Grade, '01/02/2012' AS DOB,
        'student' || student || '@district.example.org' AS Student_email,
        ['Parent', 'Parent', 'Parent', 'Grandparent', 'Other', 'Aunt/Uncle', 'Mother',
            ''][1 + (hash(contact, student, 5) % 8)::INTEGER] AS Contact_relationship,
        ['Parent/Guardian', 'Parent/Guardian', 'Parent/Guardian', 'Primary',
            'Emergency', 'Family'][1 + (hash(contact, student, 6) % 6)::INTEGER]
            AS Contact_type,
        'Made Up ' || contact AS Contact_name,
        CASE WHEN hash(contact, 7) % 20 > 0 THEN printf('(%03d) 555-%04d',
            200 + (hash(contact, 8) % 700)::INTEGER,
            (hash(contact, 9) % 10000)::INTEGER) END AS Contact_phone,
        ['Cell', 'Cell', 'Cell', 'Home', 'Work', 'Mobile', 'Other',
            ''][1 + (hash(contact, 10) % 8)::INTEGER] AS Contact_phone_type,
        CASE WHEN hash(contact, 11) % 3 > 0 THEN 'made' || contact || '@example.org' END
            AS Contact_email,
        CASE WHEN hash(contact, 12) % 10 > 0 THEN 'c' || contact END AS Contact_sis_id
    FROM (
        SELECT contact, unnest(CASE WHEN hash(contact, 13) % 4 = 0 AND child + 1 < {0}
            THEN [child, child + 1] ELSE [child] END) AS student
        FROM (SELECT contact, contact * {0} // {1} AS child FROM range({1}) t(contact)))
) TO '{2}' (HEADER, DELIMITER ',')
"""

SCAN = """
import sys, duckdb
database = duckdb.connect(config={"threads": 2})
print(database.execute(
    "SELECT count(COLUMNS(*)) FROM read_csv(?, all_varchar = true)", sys.argv[1:]
).fetchall())
"""


FETCH = """
import re, sys, urllib.request
base, size = sys.argv[1], 0
for role in ("student", "contact", "teacher", "staff"):
    path = f"/v3.1/users?role={role}&limit=5000"
    while path:
        page = urllib.request.urlopen(base + path).read()
        size += len(page)
        there = re.search(rb'"rel":"next","uri":"([^"]*)"', page)
        path = there.group(1).decode() if there else ""
print(size)
"""


def written(students: int, contacts: int) -> Path:
    """Write a roster, once."""
    path = PLACE / f"roster-{students}.csv"
    if not path.is_file():
        PLACE.mkdir(parents=True, exist_ok=True)
        duckdb.execute(ROSTER.format(students, contacts, path))
    return path


def project() -> Path:
    """Write a project of one district, once."""
    folder = PLACE / "impact"
    (folder / "districts").mkdir(parents=True, exist_ok=True)
    (folder / "connectsync.yaml").write_text("schema: 1\n")
    (folder / "districts" / "large.yaml").write_text(DISTRICT)
    return folder


def measured(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[float, float, float]:
    """Give the seconds by the wall and of the cores, and the most MiB it had."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {said}")
    wall = time.perf_counter() - began
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compare(students: int, contacts: int) -> None:
    """Print how long each takes on a roster of this size."""
    roster, folder = written(students, contacts), project()
    ours, theirs = [], []
    for _ in range(PAIRS):
        theirs.append(measured([sys.executable, "-c", SCAN, str(roster)], folder))
        command = [str(OURS), "-C", ".", "impact", "large", "--roster", str(roster)]
        ours.append(measured([*command, "--format", "json"], folder))
    wall, cpu = (
        statistics.median(a[at] / b[at] for a, b in zip(ours, theirs, strict=True))
        for at in (0, 1)
    )
    seconds, _, memory = (statistics.median(one) for one in zip(*ours, strict=True))
    scan = statistics.median(one[0] for one in theirs)
    sys.stdout.write(
        f"impact on {students:,} students, {contacts:,} contacts"
        f" ({roster.stat().st_size / 1e6:,.0f} MB): {seconds:.2f} s, {memory:,.0f} MiB;"
        f" DuckDB scans the file in {scan:.2f} s: {wall:.1f} times that by the wall,"
        f" {cpu:.1f} times by the cores\n"
    )


DISTRICT_ID = "58da8a43cc70ab00017a1a10"
PAGE = 5_000
LINE = 12_500_000
"""Bytes a second of a line of 100 Mbit/s."""
PIECE = 1 << 18


def pages(students: int) -> dict[str, list[bytes]]:
    """Give what Clever answers, by role and page, with the links between them."""
    roster = MadeUpRoster(students, seed=1, district=DISTRICT_ID)
    found: dict[str, list[bytes]] = {}
    for role in ("student", "contact", "teacher", "staff"):
        rows = [{"data": one} for one in roster.people(role)]
        parts = [rows[at : at + PAGE] for at in range(0, len(rows), PAGE)] or [[]]
        for at, part in enumerate(parts, start=1):
            after = f"/v3.1/users?role={role}&limit={PAGE}&starting_after=page-{at}"
            links = [{"rel": "next", "uri": after}] if at < len(parts) else []
            text = json.dumps({"data": part, "links": links}, separators=(",", ":"))
            found.setdefault(role, []).append(text.encode())
    return found


@contextmanager
def answering(answers: Mapping[str, Sequence[bytes]], speed: float) -> Iterator[str]:
    """Serve the pages at so many bytes a second; give the address, as host and port."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:  # the name that the library calls
            asked = urlsplit(self.path)
            query = {name: one[0] for name, one in parse_qs(asked.query).items()}
            if asked.path.endswith("/users"):
                at = query.get("starting_after", "page-0").removeprefix("page-")
                text = answers[query["role"]][int(at)]
            else:
                there = {"data": {"id": DISTRICT_ID, "name": "Large"}}
                text = json.dumps({"data": [there], "links": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            for start in range(0, len(text), PIECE):
                part = text[start : start + PIECE]
                time.sleep(len(part) / speed)
                self.wfile.write(part)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


Taken = tuple[float, float, float]
"""Seconds that pages take: the line alone, us, a bare client."""


@contextmanager
def serving(students: int, speed: float) -> Iterator[tuple[str, list[int]]]:
    """
    Serve a roster from a process of its own; give host and port, and sizes of pages.

    A process counts as having had the memory that the one had which started it.
    """
    ours, theirs = Pipe()

    def serve() -> None:
        answers = pages(students)
        with answering(answers, speed) as host:
            theirs.send((host, [len(one) for role in answers.values() for one in role]))
            theirs.recv()

    process = get_context("fork").Process(target=serve, daemon=True)
    process.start()
    yield ours.recv()
    ours.send(None)
    process.join()


def compare_at_clever(students: int) -> Taken:
    """
    Print how long a roster takes over the wire, and a bare client beside it.

    Gives what it takes over the line.
    """
    folder = project()
    taken = []
    for line, speed in (("over 100 Mbit/s", LINE), ("without any wire", float("inf"))):
        ours, theirs = [], []
        with serving(students, speed) as (host, sizes):
            (folder / "connectsync.yaml").write_text(
                f"schema: 1\nroster: {{clever: {{url: 'http://{host}/v3.1'}}}}\n"
            )
            given = {
                "LARGE_TOKEN": "t0ken-of-large-4f1c",
                "CONNECTSYNC_CLEVER_HOST": host,
            }
            command = [str(OURS), "-C", ".", "impact", "large", "--roster", "clever"]
            for _ in range(PAIRS):
                bare = [sys.executable, "-c", FETCH, f"http://{host}"]
                theirs.append(measured(bare, folder))
                ours.append(measured([*command, "--format", "json"], folder, given))
        seconds, cores, memory = [
            statistics.median(one) for one in zip(*ours, strict=True)
        ]
        fetch = statistics.median(one[0] for one in theirs)
        if speed == LINE:
            sys.stdout.write(
                f"impact on {students:,} students at a stand-in for Clever"
                f" ({sum(sizes) / 1e6:,.0f} MB in {len(sizes)} pages):\n"
            )
        taken.append((sum(sizes) / speed, seconds, fetch))
        alone = f" (which takes {sum(sizes) / speed:.2f} s)" if speed == LINE else ""
        sys.stdout.write(
            f"  {line}{alone}: {seconds:.2f} s, of the cores {cores:.2f} s,"
            f" {memory:,.0f} MiB;"
            f" a bare client fetches them in {fetch:.2f} s: {seconds / fetch:.1f} times"
            " that by the wall\n"
        )
    (folder / "connectsync.yaml").write_text("schema: 1\n")
    return taken[0]


def compare_slopes(small: Taken, large: Taken) -> None:
    """Print what each second of the line more takes, and what does not depend on it."""
    line, ours, bare = (b - a for a, b in zip(small, large, strict=True))
    fixed = [
        one - small[0] * slope
        for one, slope in ((small[1], ours / line), (small[2], bare / line))
    ]
    sys.stdout.write(
        f"  with twice the people each second of the line more takes us"
        f" {ours / line:.2f} s, and {fixed[0]:.2f} s whatever comes; a bare client"
        f" {bare / line:.2f} s, and {fixed[1]:.2f} s\n"
    )


def main() -> None:
    """Compare on both sizes, and over the wire on the smaller one and twice that."""
    install_ours()
    for size in SIZES:
        compare(*size)
    students = SIZES[0][0]
    compare_slopes(compare_at_clever(students), compare_at_clever(2 * students))


if __name__ == "__main__":
    main()
