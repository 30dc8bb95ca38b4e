"""A folder of nasty files: a case is a `.yaml` and an `.out` with what is found."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectsync.config.decode import SIZE_LIMIT
from connectsync.config.profiles import check_bytes, read_and_check
from connectsync.domain.finding import Finding, pointer

NASTY = Path(__file__).parent / "nasty"
CASES = sorted(NASTY.glob("*.yaml"))
SECRET_PARTS = ("7f3kd92", "hq0SECRETx", "73928374028340")
SECONDS = 10
"""Far more than any case takes, far less than a quadratic one would."""

M = SIZE_LIMIT
DENSE = M // 8
"""For files of which every few bytes become a node: they cost time, not depth."""

HUGE: dict[str, bytes] = {
    "open brackets": b"[" * M,
    "open braces": b"{" * M,
    "open brackets on lines": b"[\n" * (M // 2),
    "open brackets with items": b"[a," * (M // 3),
    "closed inside open brackets": b"[[]," * (M // 4),
    "dashes": b"- " * (M // 2),
    "question marks": b"? " * (M // 2),
    "explicit keys in brackets": b"[? " * (M // 3),
    "indentation": b"".join(b" " * depth + b"a:\n" for depth in range(1400)),
    "duplicate keys": b"a: 1\n" * (DENSE // 5),
    "empty mappings": b"a: [" + b"{}," * (DENSE // 4) + b"]",
    "flow keys": b"{" + b'"a": b,' * (DENSE // 8) + b"}",
    "brackets just below the bound": b"[" * 199 + b"\n" + b"a," * (DENSE // 2),
    "laughs": b"a: &a [x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9))
        for n in range(20)
    ),
    "aliases": b"- &a x\n" + b"- *a\n" * (M // 5 - 2),
    "anchors": b"".join(b"- &a%d x\n" % n for n in range(M // 16)),
    "documents": b"---\n" * (M // 4),
    "one word": b"a" * M,
    "one line of tokens": b"token" * (M // 5),
    "dashed words": b"token-" * (M // 6),
    "tabs": b"\ta\n" * (M // 3),
    "control characters": b"\x01" * M,
    "one digit": b"schema: " + b"9" * (M - 8),
    "open quote": b'a: "' + b"x" * (M - 4),
    "unknown keys": b"".join(b"k%d: 1\n" % n for n in range(DENSE // 12)),
    "repeated labels": b"settings:\n  phone_types: [" + b"Cell," * 20_000 + b"]",
    "unknown labels": b"settings:\n  phone_types: [" + b"Cel," * 20_000 + b"]",
    "long unknown key": b"a" * 900 + b": 1\nname: " + b"x" * 900_000,
    "broken utf-8": b"a" * (M - 1) + b"\xff",
    "carriage returns": b"\r" * M,
    "too large": b"a" * (M + 1),
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_nasty_file_gives_exactly_these_findings(path: Path) -> None:
    findings = read_and_check(path, path.name, "district").findings
    wanted = path.with_suffix(".out")
    said = "".join(f"{line}\n" for line in _told(findings))
    if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
        wanted.write_text(said, encoding="utf-8")
    assert wanted.exists(), f"write {wanted.name}:\n{said}"
    assert said == wanted.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_part_of_a_secret_leaves_a_file(path: Path) -> None:
    findings = read_and_check(path, path.name, "district").findings
    shown = "".join(repr(finding) for finding in findings)
    if "secret" in path.stem:
        assert findings
    assert not [part for part in SECRET_PARTS if part in shown]


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_file_ends_in_seconds(name: str) -> None:
    # of a processor: others may be at work on this machine
    begin = time.process_time()
    findings = check_bytes("huge.yaml", HUGE[name], "district").findings
    assert findings
    assert len(findings) <= 250
    assert time.process_time() - begin < SECONDS


def test_a_file_of_fifty_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(50 << 20)
    (finding,) = read_and_check(path, "big.yaml", "district").findings
    assert finding.rule == "file-too-large"


def test_a_file_just_small_enough_is_read(tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    head = b"schema: 1\ndistrict: x\nname: X\n#"
    path.write_bytes(head.ljust(SIZE_LIMIT, b"x"))
    assert read_and_check(path, "full.yaml", "district").findings == ()


def _told(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings:
        place = finding.place
        end = f"{place.end_line}:{place.end_column}"
        where = f"{place.line}:{place.column}-{end} {pointer(finding.path)}".strip()
        yield f"{where} [{finding.rule}] {finding.message}"
        yield f"    {finding.hint}"
        yield f"    {place.text!r} in {place.line_text!r}"
