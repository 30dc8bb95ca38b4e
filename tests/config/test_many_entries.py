"""A file of endless entries is refused before anything is made of them."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectsync.config.decode import MOST_ENTRIES, entries_of
from connectsync.config.fleet import Fleet, load_text
from connectsync.config.layers import MOST_LAYERS, chains
from connectsync.config.profiles import read_and_check
from connectsync.config.source import MOST_FINDINGS
from connectsync.domain.wording import MOST_ASKED, nearest

ROOT = Path(__file__).resolve().parents[2]
HEAD = "schema: 1\ndistrict: elm\nname: Elm\n"
ENTRY = "{rule: a, reason: b, until: 2027-01-01}"
BODIES = {
    "profile names": "profile: [" + "a," * 500_000 + "a]\n",
    "profile lines": "profile:\n" + "- p\n" * 140_000,
    "allow entries": "allow:\n"
    + "- {rule: a, reason: b, until: 2027-01-01}\n" * 23_000,
    "complex keys": "? a\n" * 200_000,
    "repeated labels": "settings:\n  phone_types: [" + "Cell, " * 150_000 + "Cell]\n",
    "repeated keys": "name: a\n" * 120_000,
    "unknown keys": "".join(f"k{number}: a\n" for number in range(90_000)),
    "nested dashes": "a:\n" + "- " * 400_000 + "\n",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_file_of_endless_entries_is_refused_before_it_is_read(body: str) -> None:
    text = (HEAD + BODIES[body]).encode()
    assert entries_of(text) > MOST_ENTRIES
    fleet = load_text(
        "elm.yaml",
        text,
        project_root=Path("/nonexistent"),
        districts_dir=Path("districts"),
    )
    (finding,) = fleet.findings
    assert finding.rule == "file-too-large"
    assert f"more than {MOST_ENTRIES:,}" in finding.message


def schema_patterns(schema: object) -> Iterator[str]:
    """Give every pattern of a schema."""
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for inside in schema.values():
            yield from schema_patterns(inside)
    elif isinstance(schema, list):
        for inside in schema:
            yield from schema_patterns(inside)


PATTERNS = sorted(
    {
        pattern
        for path in (ROOT / "schema").glob("*.json")
        for pattern in schema_patterns(json.loads(path.read_text("utf-8")))
    }
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_goes_over_a_long_text_again_and_again(pattern: str) -> None:
    """A long text takes an instant, or minutes."""
    for piece in ("a", " ", "a-", "a@", ":", "/", "?a", "[1]", ":1", "\u2009", "env:"):
        for begin in ("", "https://", "file:", "postgresql://", "a"):
            for end in ("\r", "#", "@", "é"):
                text = begin + piece * (50_000 // len(piece)) + end
                re.search(pattern, text)


def test_a_wave_of_the_whole_country_is_not_too_many() -> None:
    lines = "".join(f"      - district-{number}\n" for number in range(13_318))
    assert entries_of(lines.encode()) < MOST_ENTRIES


KINDS: dict[str, Callable[[int], str]] = {
    "repeated keys": lambda number: "name: a\n" * number,
    "unknown keys": lambda number: "".join(f"k{one}: a\n" for one in range(number)),
    "near keys": lambda number: (
        "settings:\n" + "".join(f"  phone_type{one}: a\n" for one in range(number))
    ),
    "keys that are numbers": lambda number: "".join(
        f"{one}: a\n" for one in range(number)
    ),
    "complex keys": lambda number: "? a\n" * number,
    "profile names": lambda number: (
        "profile:\n" + "".join(f"- p{one}\n" for one in range(number))
    ),
    "wrong items": lambda number: "labels: [" + "{a: 1}, " * number + "b]\n",
    "nested items": lambda number: "labels: [" + "[[1]], " * number + "b]\n",
    "allow entries": lambda number: "allow:\n" + "- {}\n" * number,
    "repeated labels": lambda number: (
        "settings:\n  phone_types: [" + "Cell, " * number + "Cell]\n"
    ),
    "anchors": lambda number: "".join(f"k{one}: &a{one} b\n" for one in range(number)),
    "tabs": lambda number: "\tx: y\n" * number,
}
"""What a file may hold again and again, by how often."""


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_entries_take_twice_the_steps_at_most(kind: str) -> None:
    few, some = (steps(HEAD + KINDS[kind](number)) for number in (400, 800))
    assert some < 2.5 * few


def steps(text: str) -> int:
    """Count the lines of ours and of libraries that reading a text runs through."""
    read(text)
    count = 0

    def counted(*_: object) -> Any:
        nonlocal count
        count += 1
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        read(text + "# not seen before\n")
    finally:
        sys.settrace(before)
    return count


def read(text: str) -> Fleet:
    return load_text(
        "elm.yaml",
        text.encode(),
        project_root=Path("/nonexistent"),
        districts_dir=Path("districts"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_full_of_one_mistake_is_told_up_to_a_limit(kind: str) -> None:
    assert len(read(HEAD + KINDS[kind](5_000)).findings) <= 2 * MOST_FINDINGS + 1


MISTAKES = {
    "repeated keys": 5_000,  # the first name is in the head
    "unknown keys": 5_000,
    "near keys": 5_000,
    "keys that are numbers": 5_000,
    "complex keys": 5_000,
    "profile names": 5_000,
    "allow entries": 15_000,
    "anchors": 5_000,
    "tabs": 5_000,
    "nested items": 5_000,
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_behind_the_limit_it_says_how_many_more_there_are(kind: str) -> None:
    findings = read(HEAD + KINDS[kind](5_000)).findings
    shown = [one for one in findings if "more mistake" not in one.message]
    more = [one for one in findings if "more mistake" in one.message]
    for one in more:
        assert one.message == f"and {one.stands_for:,} more mistakes in this file"
    assert len(shown) + sum(one.stands_for for one in more) == MISTAKES[kind]
    assert findings.index(more[0]) >= MOST_FINDINGS


def test_brackets_count_as_entries() -> None:
    text = "labels:\n" + ("- " + "[" * 20 + "]" * 20 + "\n") * 19_000
    assert entries_of(text.encode()) > MOST_ENTRIES


def test_profiles_that_lie_over_each_other_without_end_are_told_once(
    tmp_path: Path,
) -> None:
    """Each would be laid under each district: time and memory of a square."""
    documents = {}
    for number in range(2 * MOST_LAYERS):
        path = tmp_path / f"p{number}.yaml"
        below = f"profile: p{number - 1}\n" if number else ""
        path.write_text(f"schema: 1\n{below}", "utf-8")
        document = read_and_check(path, path.name, "profile").document
        assert document is not None
        documents[path.stem] = document
    made = chains(documents)
    assert [one.rule for one in made.findings] == ["profile-too-deep"]
    assert max(map(len, made.by_stem.values())) == MOST_LAYERS == len(made.by_stem)


@pytest.mark.timeout(600)
def test_wrong_names_are_looked_up_among_thousands() -> None:
    names = [f"district-{number:05}-usd" for number in range(13_318)]
    for number in range(0, 3000, 15):
        wrong = f"distrct-{number:05}-usd"
        assert nearest(wrong, names) == f"district-{number:05}-usd"


def test_what_a_wrong_word_is_most_like_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    whole = difflib.get_close_matches

    def counted(word: str, *rest: Any, **more: Any) -> list[str]:
        asked.append(word)
        return whole(word, *rest, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    labels = ["Cell", "Home", "Work", "a label of this test alone"]
    for _ in range(50):
        assert nearest("Sell", labels) == "Cell"
        assert nearest("cell", reversed(labels)) == "Cell"
        assert nearest("Cell", labels) is None
    assert asked == ["sell", "cell", "cell"]
    for number in range(2 * MOST_ASKED):
        nearest(f"word {number}", labels)
    nearest("Sell", labels)
    assert len(asked) == 3 + 2 * MOST_ASKED + 1
