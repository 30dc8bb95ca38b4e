"""What can be looked up: rules, keys, schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from console import Console
from hypothesis import given, settings
from hypothesis import strategies as st

from connectsync.config.schemas import list_described_paths, spell_scalar
from connectsync.rules.catalogue import pages

SCHEMA = Path(__file__).parent.parent.parent / "schema"
RULES = [page.name for page in pages()]


def test_every_rule_is_listed_once_with_its_severity(valley: Console) -> None:
    lines = valley.run("rules").out.splitlines()
    listed = [
        line.split()
        for line in lines
        if line.endswith(("error", "warning", "info")) and not line.endswith(".")
    ]
    assert sorted(name for name, *_ in listed) == sorted(RULES)
    assert lines[-1].startswith(f"{len(RULES)} rules; ")


def test_every_rule_and_every_key_is_explained(valley: Console) -> None:
    for name in (*RULES, *list_described_paths()):
        said = valley.run("explain", name)
        assert (said.status, said.err) == (0, ""), name
        assert said.out.startswith(name)


@settings(max_examples=30)
@given(name=st.text(max_size=20))
def test_a_name_that_new_takes_is_a_name_that_validate_takes(
    valley: Console, name: str
) -> None:
    (valley.folder / "districts" / "elm.yaml").unlink(missing_ok=True)
    made = valley.run("new", "elm", f"--name={name}")
    assert made.status in {0, 64}, made.err
    if made.status == 0:
        said = valley.run("validate", "districts/elm.yaml")
        assert said.status == 0, said.out
        assert spell_scalar(name) in valley.run("show", "elm").out


def test_a_key_is_found_by_its_bare_name(valley: Console) -> None:
    assert valley.run("explain", "phone_types") == valley.run(
        "explain", "settings.phone_types"
    )


@pytest.mark.parametrize(
    "path", sorted(SCHEMA.glob("*.schema.json")), ids=lambda path: path.name
)
def test_a_schema_is_printed_as_it_is(valley: Console, path: Path) -> None:
    said = valley.run("schema", path.name.removesuffix(".schema.json"))
    assert said.status == 0
    assert said.out == path.read_text("utf-8")
    json.loads(said.out)
