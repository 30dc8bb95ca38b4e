"""Two spellings of one reference are one token; two districts never share one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectsync.config.decode import Ground
from connectsync.config.discovery import names_below
from connectsync.config.fleet import load_fleet, rivals
from connectsync.domain.district import District, token_identity
from connectsync.operations.checking import ValidationOptions as Validation
from connectsync.operations.files import NewDistrict, new_district
from connectsync.operations.validate import validate_fleet

DISTRICT = """\
schema: 1
district: {key}
name: {key}
provider: clever
credentials: {{district_id: {id}, oauth_token: '{token}'}}
"""
SPELLINGS = [
    ("file:tokens/a", "file:./tokens/a"),
    ("file:tokens/a", "file:tokens/x/../a"),
    ("file:tokens/a", "file:{root}/tokens/a"),
    ("command:pass show a", 'command:pass  show "a"'),
    ("env:A", "env:A"),
]


def laid(root: Path, *tokens: str) -> list[Path]:
    folder = root / "districts"
    folder.mkdir(exist_ok=True)
    paths = []
    for number, token in enumerate(tokens):
        path = folder / f"d{number}.yaml"
        text = DISTRICT.format(
            key=path.stem, id=f"58da8a43cc70ab00017a1a{number:02}", token=token
        )
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_two_spellings_of_a_reference_are_the_same_token(
    tmp_path: Path, one: str, other: str
) -> None:
    paths = laid(tmp_path, one, other.format(root=tmp_path))
    fleet = load_fleet(tmp_path, paths, districts_dir=Path("districts"))
    found = validate_fleet(fleet, Validation(date(2027, 1, 15), whole_fleet=True))
    rules = [one.rule for one in found.findings]
    assert rules.count("token-in-two-files") == 2


def rivals_of(
    districts: list[District], scope: list[Path], project: Path
) -> tuple[Path, ...]:
    names = names_below(project / "districts")
    return rivals(districts, scope, names, Ground.of(project))


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_a_rival_is_found_outside_the_scope_however_it_spells_the_token(
    tmp_path: Path, one: str, other: str
) -> None:
    first, second = laid(tmp_path, one, other.format(root=tmp_path))
    fleet = load_fleet(tmp_path, [first], districts_dir=Path("districts"))
    districts = [loaded.district for loaded in fleet.districts]
    assert rivals_of(districts, [first], tmp_path) == (second,)


def test_a_rival_is_found_though_its_id_is_in_capitals(tmp_path: Path) -> None:
    first, second = laid(tmp_path, "env:A", "env:B")
    text = second.read_text("utf-8")
    second.write_text(
        text.replace("58da8a43cc70ab00017a1a01", "58DA8A43CC70AB00017A1A00"), "utf-8"
    )
    fleet = load_fleet(tmp_path, [first], districts_dir=Path("districts"))
    districts = [loaded.district for loaded in fleet.districts]
    assert rivals_of(districts, [first], tmp_path) == (second,)


def test_other_references_are_other_tokens() -> None:
    references = ["env:A", "env:a", "file:a", "file:b/a", "command:a", "command:'a b'"]
    assert len({token_identity(one) for one in references}) == len(references)


def test_two_districts_are_never_given_one_variable(tmp_path: Path) -> None:
    folder = tmp_path / "districts"
    folder.mkdir()
    for key in ("elm-grove", "elm.grove", "elm_grove"):
        new_district(tmp_path, folder, NewDistrict(key, key))
    named = sorted(
        line.strip()
        for path in folder.iterdir()
        for line in path.read_text("utf-8").splitlines()
        if "oauth_token" in line
    )
    assert named == [
        "oauth_token: env:CONNECTSYNC_DISTRICT_ELM_GROVE_TOKEN",
        "oauth_token: env:CONNECTSYNC_DISTRICT_ELM_GROVE_TOKEN_2",
        "oauth_token: env:CONNECTSYNC_DISTRICT_ELM_GROVE_TOKEN_3",
    ]
