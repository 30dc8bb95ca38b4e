"""``impact`` on the command line: numbers of a roster, and nothing else of it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import slow_tally as slow
from console import Console, Said
from fitting import insist_fits
from marked_rosters import MARK, NUMBERS, SOURCES, breaks, made

from connectsync.apply.state.queries import StateReader
from connectsync.backends.contract import ContractReader
from connectsync.cli.rosters import nothing, read_beside
from connectsync.cli.terminal import ExitStatus
from connectsync.errors import Unreachable
from connectsync.roster.tables import RosterTables, open_tables

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
FORMATS = ("text", "json", "markdown", "html", "csv")


TRIED, ON_PROFILES = (
    "the settings after are those of",
    "on the profiles of this project",
)


@pytest.fixture
def counted(valley: Console) -> Console:
    """Give the valley with a roster of its lakeview, and Connect with its forms."""
    valley.run("plan")
    slow.write_students(made(), valley.folder)
    return valley


def counts(console: Console, *arguments: str) -> dict[str, Any]:
    said = console.run(
        "impact", "lakeview-usd", "--roster", "students.csv", "--format", "json",
        *arguments,
    )  # fmt: skip
    assert said.status == 0, said.err
    data: dict[str, Any] = json.loads(said.out)
    insist_fits(data, "impact")
    return data


def home(console: Console) -> None:
    with (console.folder / LAKEVIEW).open("a") as file:
        file.write("  phone_types: [Home]\n")


def test_before_is_the_form_on_connect_and_after_what_the_files_say(
    counted: Console,
) -> None:
    counted.edit("lakeview-usd", {"phone_types": frozenset(["Cell"])})
    home(counted)
    found = counts(counted)
    expected = [
        slow.slow_tally(
            made(),
            slow.Form("STUDENT ID", phones=frozenset([one])),
            "students",
        )
        for one in ("Cell", "Home")
    ]
    assert [found["before"], found["after"]] == expected
    assert found["compared_with"] == "the settings on Connect (embedded)"
    assert found["roster"] | {"read_at": ""} == {
        "source": "Clever students.csv: students.csv",
        "read_at": "",
        "students": 12,
        "contacts": 18,
        "links": 18,
        "staff_contacts": None,
    }
    (cell,) = [one for one in found["suggestions"] if one["label"] == "Cell"]
    assert cell["gain"]["by_text"] == expected[0]["by_text"]


def test_formats_say_the_same_numbers(counted: Console) -> None:
    counted.edit("lakeview-usd", {"phone_types": frozenset(["Cell"])})
    home(counted)
    found = counts(counted)
    said = {
        one: counted.run(
            "impact", "lakeview-usd", "--roster", "students.csv", "--format", one
        ).out
        for one in FORMATS
    }
    rows = {row["figure"]: row for row in csv.DictReader(io.StringIO(said["csv"]))}
    for name, after in found["after"].items():
        assert (rows[name]["before"], rows[name]["after"]) == (
            str(found["before"][name]),
            str(after),
        )
    by_text = found["before"]["by_text"]
    assert f"  reached by text {by_text:>33,}          0  -{by_text}" in said["text"]
    assert (
        f"reached by text | {by_text} | 0 | **-{by_text} (-100.0 %)**"
        in (said["markdown"])
    )
    assert (
        f"<b>0</b><span>Guardians reached by text</span><small>-{by_text}"
        in (said["html"])
    )
    assert "<script" not in said["html"]
    assert "default-src 'none'" in unescape(said["html"])


def test_without_a_form_there_is_no_before(counted: Console) -> None:
    counted.run("snapshot", "--output", "seen.json", "dry-creek-isd")
    said = counted.run(
        "--backend", "snapshot:seen.json", "impact", "lakeview-usd",
        "--roster", "students.csv", "--format", "json",
    )  # fmt: skip
    found = json.loads(said.out)
    assert found["before"] is None
    assert found["after"]["students"] == 12
    assert "were not read" in found["notes"][0]


def test_where_connect_does_not_answer_before_is_what_was_applied_last(
    counted: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.edit("lakeview-usd", {"phone_types": frozenset(["Home"])})
    applied = counted.run("apply", "--yes", LAKEVIEW, "--accept", "disruptive=2")
    assert applied.status == 0, applied.both
    home(counted)

    async def fail(*_: object) -> dict[str, object]:
        raise Unreachable("Connect does not answer")

    monkeypatch.setattr(ContractReader, "read_many", fail)
    found = counts(counted)
    assert found["compared_with"] == "the settings that were applied last"
    assert "were not read: Connect does not answer" in found["notes"][0]
    kin = frozenset({"Parent", "Grandparent", "Other"})
    assert [found["before"], found["after"]] == [
        slow.slow_tally(
            made(),
            slow.Form("STUDENT ID", relationships=kin, phones=frozenset([one])),
            "students",
        )
        for one in ("Cell", "Home")
    ]
    monkeypatch.setattr(StateReader, "baselines", lambda *_: {})
    assert counts(counted)["before"] is None


@pytest.mark.parametrize("named", ["lakeview-usd", ""])
def test_a_damaged_connect_of_ours_ends_in_a_sentence(
    counted: Console, named: str
) -> None:
    with (counted.folder / "connectsync.yaml").open("a") as project:
        project.write("roster: {districts: {lakeview-usd: students.csv}}\n")
    (counted.folder / ".connectsync/connect.db").write_bytes(b"not a database" * 99)
    said = counted.run("impact", *named.split())
    assert said.status == ExitStatus.FINDINGS, said.both
    assert "the embedded Connect" in said.err
    assert "a damaged connect.db can be moved away" in " ".join(said.err.split())


def test_settings_of_another_file_are_tried_on_this_roster(counted: Console) -> None:
    other = counts(counted, "--settings", "dry-creek-isd")
    assert other["district"] == "lakeview-usd"
    assert other["notes"][0] == f"{TRIED} dry-creek-isd, {ON_PROFILES}"


@pytest.mark.parametrize(
    "named", ["try.yaml", "drafts/try.yml", "../try.yaml", "drafts/../../try.yaml", "/"]
)
def test_a_changed_copy_of_the_file_is_tried_wherever_it_lies(
    counted: Console, named: str
) -> None:
    (counted.folder / "drafts").mkdir()
    path = counted.folder.parent / "try.yaml" if named == "/" else Path(named)
    changed = (counted.folder / LAKEVIEW).read_text() + "  phone_types: [Home]\n"
    (counted.folder / path).write_text(changed)
    found = counts(counted, "--settings", str(path))
    form = slow.Form("STUDENT ID", phones=frozenset(["Home"]))
    assert found["after"] == slow.slow_tally(made(), form, "students")
    assert found["notes"][0] == f"{TRIED} {path}, {ON_PROFILES}"


def test_a_copy_that_lies_elsewhere_builds_on_the_profiles_of_this_project(
    counted: Console,
) -> None:
    shared = "districts/_profiles/of-phones.yaml"
    for folder, phone in ((counted.folder, "Home"), (counted.folder.parent, "Cell")):
        (folder / shared).parent.mkdir(parents=True, exist_ok=True)
        said = f"schema: 1\nsettings: {{phone_types: [{phone}]}}\n"
        (folder / shared).write_text(said)
    copy = counted.folder.parent / "districts/try.yaml"
    plain = (counted.folder / LAKEVIEW).read_text()
    assert "profile: clever-standard\n" in plain
    both = "profile: [clever-standard, of-phones]\n"
    copy.write_text(plain.replace("profile: clever-standard\n", both))
    found = counts(counted, "--settings", str(copy))
    form = slow.Form("STUDENT ID", phones=frozenset(["Home"]))
    assert found["after"] == slow.slow_tally(made(), form, "students")
    assert found["notes"][0].endswith(f"try.yaml, {ON_PROFILES}")


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("pipe.yaml", "it is a named pipe, not a regular file"),
        ("../pipe.yaml", "it is a named pipe, not a regular file"),
        ("/dev/zero", "it is a device, not a regular file"),
        ("link.yaml", "is a link that leads out of the project"),
        ("broken.yaml", "the key 'sketch' is not known here"),
        ("connectsync.yaml", "the project file is checked with every command"),
    ],
)
def test_what_is_tried_is_a_file_of_a_district_and_no_link_out(
    counted: Console, named: str, why: str
) -> None:
    for folder in (counted.folder, counted.folder.parent):
        os.mkfifo(folder / "pipe.yaml")
    plain = (counted.folder / LAKEVIEW).read_text()
    (counted.folder.parent / "far.yaml").write_text(plain)
    (counted.folder / "link.yaml").symlink_to("../far.yaml")
    (counted.folder / "broken.yaml").write_text(f"{plain}sketch: 1\n")
    said = counted.run(
        "impact", "lakeview-usd", "--roster", "students.csv", "--settings", named
    )
    told = " ".join(said.err.split())
    assert why in told
    assert said.status in {1, 64}
    if why.startswith(("the key", "it is", "is a")):
        assert f"`connectsync validate {named}` says what to correct" in told


def test_each_school_is_counted_by_itself(counted: Console) -> None:
    (school,) = counts(counted, "--school")["schools"]
    assert school["school"] == "north"
    assert school["after"] == counts(counted)["after"]


def test_words_that_the_project_states_count_as_labels(counted: Console) -> None:
    file = counted.folder / "students.csv"
    file.write_text(file.read_text().replace(",Parent,", ",Mother,"))
    assert counts(counted)["after"]["guardians"] == 0
    with (counted.folder / "connectsync.yaml").open("a") as project:
        project.write("roster: {words: {relationship: {Mother: Parent}}}\n")
    assert counts(counted)["after"]["guardians"] == 12


REFUSED = {
    "one roster for all": (["districts"], "is the roster of one district, and 3", 64),
    "two files to try": (
        ["lakeview-usd", "--settings", "districts"],
        "means 3 districts, and one is taken",
        64,
    ),
    "schools of many": (
        ["--school", "--roster", "{district}.csv"],
        "counts the schools of one district",
        64,
    ),
    "no roster": (
        ["lakeview-usd", "--roster", "gone.csv"],
        "there is no file or folder gone.csv",
        1,
    ),
    "not allowed": (
        ["lakeview-usd", "--roster", "clever"],
        "does not say that Clever may be asked",
        1,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_counted_says_why(counted: Console, name: str) -> None:
    arguments, why, status = REFUSED[name]
    if "--roster" not in arguments:
        arguments = [*arguments, "--roster", "students.csv"]
    said = counted.run("impact", *arguments)
    assert why in said.err
    assert said.status == status
    assert "= help:" in said.err or "help" in said.err


def test_a_link_out_of_the_project_is_not_followed(
    counted: Console, tmp_path: Path
) -> None:
    file = counted.folder / "students.csv"
    file.rename(tmp_path / "elsewhere.csv")
    file.symlink_to(tmp_path / "elsewhere.csv")
    said = counted.run("impact", "lakeview-usd", "--roster", "students.csv")
    assert "is a link that leads out of the project" in said.err


def test_without_the_extra_it_says_how_to_add_it(
    counted: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("duckdb", "_duckdb"):
        monkeypatch.setitem(sys.modules, name, None)
    said = counted.run("impact", "lakeview-usd", "--roster", "students.csv")
    assert "reading a roster needs the extra `roster`" in said.err
    assert "duckdb>=2.0" in said.err
    assert said.status == 64


def test_a_demo_goes_its_way_where_nothing_counts(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = valley.run("demo")
    assert "counted on its roster: made up" in counted.out
    for name in ("duckdb", "_duckdb"):
        monkeypatch.setitem(sys.modules, name, None)
    said = valley.run("demo")
    assert (counted.status, said.status) == (0, 0), said.both
    assert "roster:" not in said.out
    assert "Run 1: 1 done" in said.out


# nothing of a person gets out


def insist_nothing_of_a_person(said: Said, folder: Path, besides: Path) -> None:
    # the school's id is what --school is asked for
    shown = said.both.replace(f"{MARK}north", "")
    written = [
        one.read_bytes().replace(f"{MARK}north".encode(), b"")
        for one in folder.rglob("*")
        if one.is_file() and besides not in {one, *one.parents}
    ]
    for secret in (MARK, *NUMBERS, "555-01"):
        assert secret not in shown.lower()
        assert not any(secret.encode() in text.lower() for text in written)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.sampled(3)
def test_no_value_of_a_person_is_written_or_printed(
    valley: Console, tmp_path: Path, kind: str
) -> None:
    inside = tmp_path / "rosters"
    inside.mkdir()
    path = SOURCES[kind](inside)
    asked = ["impact", "lakeview-usd", "--roster", str(path), "--school"]
    for format_ in FORMATS:
        said = valley.run(*asked, "--format", format_, "--output", f"out.{format_}")
        assert said.status == 0, said.err
        insist_nothing_of_a_person(said, tmp_path, inside)
    insist_nothing_of_a_person(valley.run(*asked), tmp_path, inside)
    for _ in breaks(path):
        said = valley.run(*asked)
        assert said.status in {0, 1}
        insist_nothing_of_a_person(said, tmp_path, inside)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_bug_while_counting_writes_no_value_into_its_log(
    valley: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(MARK, *NUMBERS)

    inside = tmp_path / "rosters"
    inside.mkdir()
    path = SOURCES[kind](inside)
    monkeypatch.setattr("connectsync.roster.tables.tally", fail)
    said = valley.run("impact", "lakeview-usd", "--roster", str(path))
    assert said.status == 70
    insist_nothing_of_a_person(said, tmp_path, inside)


KILLED = """
import os, signal, sys
from connectsync.roster import tables
tables.tally = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
from connectsync.cli.app import run
sys.argv[0] = "connectsync"
run()
"""


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.sampled(2)
def test_killed_with_all_in_memory_it_leaves_nothing_of_a_person(
    valley: Console, tmp_path: Path, kind: str
) -> None:
    inside = tmp_path / "rosters"
    inside.mkdir()
    path = SOURCES[kind](inside)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "impact", "lakeview-usd", "--roster", path],
        cwd=valley.folder,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    said = Said(done.returncode, done.stdout, done.stderr, done.stdout + done.stderr)
    insist_nothing_of_a_person(said, tmp_path, inside)


def test_without_its_token_the_roster_is_not_asked_for(
    counted: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAKEVIEW_USD_TOKEN", raising=False)
    with (counted.folder / "connectsync.yaml").open("a") as project:
        project.write("roster: {clever: {}}\n")
    said = counted.run("impact", "lakeview-usd", "--roster", "clever")
    assert said.status == 1
    assert "LAKEVIEW_USD_TOKEN" in said.err


@pytest.mark.parametrize("output", ["students.csv", "roster/students.csv"])
def test_no_output_takes_the_place_of_the_roster(counted: Console, output: str) -> None:
    (counted.folder / "roster").mkdir()
    content = (counted.folder / "students.csv").read_bytes()
    (counted.folder / "roster/students.csv").write_bytes(content)
    roster = "roster" if "/" in output else output
    said = counted.run(
        "impact", "lakeview-usd", "--roster", roster, "--format", "csv", "--output",
        output,
    )  # fmt: skip
    assert said.status == 64
    assert "the roster that is read; nothing is written" in said.err
    assert (counted.folder / output).read_bytes() == content


def test_a_roster_beside_the_project_is_no_link(counted: Console) -> None:
    content = (counted.folder / "students.csv").read_bytes()
    (counted.folder.parent / "students.csv").write_bytes(content)
    said = counted.run("impact", "lakeview-usd", "--roster", "../students.csv")
    assert said.status == 0, said.err


def test_ctrl_c_does_not_wait_for_the_statement_that_reads_a_file() -> None:
    began = threading.Event()

    @contextmanager
    def finding() -> Iterator[tuple[RosterTables, Callable[[], object]]]:
        with open_tables() as tables:

            def load() -> object:
                began.set()
                # nothing but being interrupted ends this
                return tables.run("SELECT count(*) FROM range(1000000000000)")

            yield tables, load

    async def cancelled() -> None:
        with ExitStack() as stack:
            reading = asyncio.create_task(read_beside(stack, finding(), nothing))
            await asyncio.to_thread(began.wait, 30)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

    asyncio.run(cancelled())
