from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from connectsync.config.decode import bytes_of
from connectsync.config.document import read_document
from connectsync.config.profiles import check_bytes, read_and_check
from connectsync.config.yaml_tree import BEYOND, plain
from connectsync.domain.finding import Finding, Severity
from connectsync.rules.catalogue import READING_PAGES

READING_RULES = {rule.name for rule in READING_PAGES}
ROOT = Path(__file__).resolve().parents[2]
NASTY = Path(__file__).parent / "nasty"
SIGNS = st.sampled_from(
    (
        *("a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "'", '"', "|", ">"),
        *("#", "&a ", "*a", "!t ", "---\n", "...\n", "? ", ": ", "\t", "\r", "%", "@"),
        *("1", "null", "true", "~", "é", "\\", "\u2028", "schema: 1\n", "<<: "),
        "oauth_token: x",
    )
)
"""The signs YAML is made of; joined at random they reach most of the parser."""


@given(st.binary(max_size=400))
@example(b"\xff")
@example(b"\x00")
@example(b"? |\n: ")
def test_any_bytes_give_findings_and_never_an_exception(raw: bytes) -> None:
    _sound(check_bytes("f.yaml", raw, "district").findings, raw)


@given(st.lists(SIGNS, max_size=40).map("".join))
def test_any_mixture_of_yaml_signs_gives_findings_with_a_place(text: str) -> None:
    raw = text.encode()
    _sound(check_bytes("f.yaml", raw, "district").findings, raw)


@given(st.lists(SIGNS, max_size=30).map("".join))
def test_what_is_read_without_findings_is_what_libyaml_composes(text: str) -> None:
    reading = read_document("f.yaml", text.encode())
    if reading.document is None or reading.findings:
        return
    node = yaml.compose(text, Loader=yaml.CBaseLoader)
    assert isinstance(node, yaml.MappingNode)
    assert [key.value for key, _ in node.value] == list(reading.document.data)


def _sound(findings: tuple[Finding, ...], raw: bytes) -> None:
    # an empty file has findings, and so has everything hypothesis will make up
    assert findings
    lines = raw.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    for finding in findings:
        place = finding.place
        assert finding.rule in READING_RULES
        assert finding.severity is Severity.ERROR
        assert finding.message
        assert finding.hint
        assert 1 <= place.line <= len(lines.split("\n"))
        assert place.column >= 1
        assert (place.end_line, place.end_column) >= (place.line, place.column)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("TRUE", True),
        ("false", False),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("+7", 7),
        ("-0", 0),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2027-06-15", "2027-06-15"),
        ("1e5", 100_000),
        ("20.0", 20),
        ("2e1", 20),
        ("1e300", 1e300),
        (".5", 0.5),
        ("5.", 5),
        (".", "."),
        ("-", "-"),
        ("+", "+"),
        ("...", "..."),
        (".inf", BEYOND),
        ("-.INF", BEYOND),
        (".nan", BEYOND),
        ("1e999", BEYOND),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, BEYOND),
        ("9" * 5000, BEYOND),
        ("0x" + "f" * 40, BEYOND),
        ("٣", "٣"),
        ("58da8a43cc70ab00017a1a87", "58da8a43cc70ab00017a1a87"),
    ],
)
def test_plain_scalars_are_read_as_yaml_1_2_says(text: str, value: object) -> None:
    got = plain(text)
    assert got == value
    assert type(got) is type(value)


def test_a_folder_and_a_pipe_are_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        (finding,) = read_and_check(path, "x", "district").findings
        assert finding.rule == "file-not-readable"
        assert "not a regular file" in finding.message


def test_a_file_that_is_gone_is_a_finding(tmp_path: Path) -> None:
    found = bytes_of(tmp_path / "gone.yaml", "gone.yaml")
    assert isinstance(found, Finding)
    assert found.message == "the file cannot be read: No such file or directory"
    odd = bytes_of(Path("a\0b"), "odd")
    assert isinstance(odd, Finding)


def test_there_is_a_page_for_everything_that_reading_finds_and_each_is_met() -> None:
    met = {
        finding.rule
        for path in NASTY.glob("*.yaml")
        for finding in read_and_check(path, path.name, "district").findings
    }
    elsewhere = {"file-too-large", "file-not-readable"}
    fleets = {
        "missing-profile",
        "profile-cycle",
        "profile-too-deep",
        "wave-names-nobody",
    }
    # and what is wrong only in a file that is read as a profile or a project
    fleets |= {"freeze-without-zone", "district-fact-in-profile"}
    fleets |= {"calendar-takes-nobody", "overlapping-windows"}
    assert met | elsewhere | fleets == READING_RULES


def test_a_clean_file_is_read_without_importing_what_is_slow() -> None:
    code = (
        "import sys\n"
        "from connectsync.config.fleet import load_text\n"
        "from pathlib import Path\n"
        "raw = b'schema: 1\\ndistrict: x\\nname: X\\n'\n"
        "fleet = load_text('-', raw, project_root=Path('/nowhere'),"
        " districts_dir=Path('d'))\n"
        "assert len(fleet.districts) == 1\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "src",
    )
    slow = {"jsonschema", "deepdiff", "rich", "typer", "sqlalchemy", "referencing"}
    assert not slow & set(done.stdout.split())


@pytest.mark.parametrize(
    ("path", "on_key", "text"),
    [
        (("settings", "phone_types", 0), False, "Cell"),
        (("settings", "phone_types"), True, "phone_types"),
        (("settings", "phone_types"), False, "[Cell, 'Home']"),
        (("settings", "phone_types", 7), False, "phone_types"),
        (("settings", "student_id"), False, "settings"),
        (("facts", "rollover"), False, "schema"),
        ((), False, "schema"),
        (
            ("settings",),
            False,
            "phone_types: [Cell, 'Home']\n  contact_types:\n    - A",
        ),
        (("settings", "contact_types"), False, "- A"),
        (("schema", "deeper"), False, "schema"),
        (("name",), False, "|\n  Two"),
    ],
)
def test_a_place_is_the_value_its_key_or_what_is_nearest_above(
    path: tuple[str | int, ...],
    on_key: bool,  # noqa: FBT001 - a case
    text: str,
) -> None:
    raw = (
        b"schema: 1\nname: |\n  Two\n\n# comment\nsettings:\n"
        b"  phone_types: [Cell, 'Home']\n  contact_types:\n    - A\n\n# end\n"
    )
    document = read_document("f.yaml", raw).document
    assert document is not None
    assert document.locate(path, on_key=on_key).text == text


def test_of_a_key_written_twice_the_last_one_is_located() -> None:
    document = read_document("f.yaml", b"a: 1\na: 2\n").document
    assert document is not None
    assert document.data == {"a": 2}
    assert document.locate(("a",)).line == 2


def test_a_document_knows_what_it_states_itself() -> None:
    document = read_document("f.yaml", b"a: {b: [1]}\nc: null\n").document
    assert document is not None
    assert document.holds(("a", "b", 0))
    assert document.holds(("c",))
    assert not document.holds(("a", "b", 1))
    assert not document.holds(("a", "x"))
    assert not document.holds(("c", "d"))


def test_long_lines_and_long_texts_are_shortened() -> None:
    raw = b"a: " + b"x " * 5000 + b"\n"
    document = read_document("f.yaml", raw).document
    assert document is not None
    place = document.locate(("a",))
    assert len(place.line_text) == 240
    assert len(place.text) <= 200
