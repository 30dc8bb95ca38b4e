from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectsync.config.discovery import below, discover, file_of, is_key, relative
from connectsync.errors import InvalidFiles, NothingMatched

Write = Callable[[str, str], Path]


@pytest.fixture
def tree(tmp_path: Path, write: Write) -> Path:
    for name in (
        "districts/ca/a.yaml",
        "districts/ca/b.yml",
        "districts/c.yaml",
        "districts/_profiles/p.yaml",
        "districts/_drafts/d.yaml",
        "districts/.cache/e.yaml",
        "districts/readme.md",
        "connectsync.yaml",
    ):
        write(name, "")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (
            ["districts"],
            ["districts/c.yaml", "districts/ca/a.yaml", "districts/ca/b.yml"],
        ),
        (["."], ["districts/c.yaml", "districts/ca/a.yaml", "districts/ca/b.yml"]),
        (["districts/ca"], ["districts/ca/a.yaml", "districts/ca/b.yml"]),
        (["districts/c.yaml", "districts"], None),
        (["districts/*/a.yaml"], ["districts/ca/a.yaml"]),
        (
            ["districts/c*"],
            ["districts/c.yaml", "districts/ca/a.yaml", "districts/ca/b.yml"],
        ),
        (["districts/_profiles/p.yaml"], ["districts/_profiles/p.yaml"]),
        (["districts/_profiles"], ["districts/_profiles/p.yaml"]),
        (["districts/readme.md"], ["districts/readme.md"]),
    ],
)
def test_an_argument_is_a_file_a_folder_or_a_glob(
    tree: Path, arguments: list[str], names: list[str] | None
) -> None:
    usual = ["districts/c.yaml", "districts/ca/a.yaml", "districts/ca/b.yml"]
    found = discover(tree, arguments).files
    assert [relative(path, tree) for path in found] == (names or usual)


@pytest.mark.parametrize("named", ["**", "*", "c*"])
def test_a_folder_called_like_a_pattern_does_not_take_its_place(
    tree: Path, write: Write, named: str
) -> None:
    """A change could bring one, for the others not to be checked."""
    usual = {"districts/c.yaml", "districts/ca/a.yaml", "districts/ca/b.yml"}
    inside = f"districts/{named}/d.yaml"
    write(inside, "")
    for pattern in ("districts/**/*", "districts/**/*.y*ml", "*/**"):
        found = discover(tree, [pattern]).files
        assert {relative(path, tree) for path in found} == {*usual, inside}, pattern
    with pytest.raises(NothingMatched, match="is a pattern, and a file or folder"):
        discover(tree, [f"districts/{named}"])


def test_a_name_with_signs_of_a_pattern_is_found_where_it_means_nothing_else(
    tree: Path, write: Write
) -> None:
    """A shell hands over the names of what is there."""
    write("districts/[2026]/d.yaml", "")
    only = (tree / "districts/[2026]/d.yaml",)
    for argument in ("", "/d.yaml", "/*.yaml", "/**"):
        assert discover(tree, [f"districts/[2026]{argument}"]).files == only
    whole = f"{tree}/districts/[2026]/*.yaml"
    assert discover(Path("/nowhere"), [whole]).files == only


@pytest.mark.parametrize(
    "argument", ["nowhere", "*.txt", "", "a\0b", "districts/.cache/x"]
)
def test_an_argument_that_brings_in_nothing_is_named(tree: Path, argument: str) -> None:
    with pytest.raises(NothingMatched) as failure:
        discover(tree, ["districts", argument])
    assert repr(argument)[1:-1] in repr(failure.value.message)


def test_a_whole_path_is_taken_as_it_is(tree: Path) -> None:
    (found,) = discover(Path("/nowhere"), [str(tree / "districts/c.yaml")]).files
    assert relative(found, tree) == "districts/c.yaml"
    assert relative(found, tree / "other") == found.as_posix()
    assert relative(tree / "districts/../districts/c.yaml", tree) == "districts/c.yaml"


def test_links_between_folders_do_not_loop(tree: Path) -> None:
    (tree / "districts/loop").symlink_to("../districts")
    assert len(discover(tree, ["districts"]).files) == 3


def test_a_folder_that_lies_there_is_reached_by_no_other_name(tree: Path) -> None:
    for name in ("aa", "zz"):
        (tree / "districts" / name).symlink_to("ca")
    assert [relative(one, tree) for one in sorted(below(tree / "districts"))] == [
        "districts/c.yaml",
        "districts/ca/a.yaml",
        "districts/ca/b.yml",
    ]


@pytest.mark.parametrize("wider", [False, True])
def test_a_second_link_to_a_folder_is_refused(tree: Path, *, wider: bool) -> None:
    """Its files would go by either name, and calendars by that."""
    (tree / "store").mkdir()
    (tree / "districts/ca").rename(tree / "store/ca")
    (tree / "districts/ca").symlink_to("../store/ca")
    assert len([*below(tree / "districts")]) == 3
    (tree / "districts/aa").symlink_to("../store" if wider else "../store/ca")
    with pytest.raises(InvalidFiles, match="one folder, both reached through a link"):
        list(below(tree / "districts"))


def test_a_district_is_found_by_its_name(tree: Path) -> None:
    assert file_of(tree / "districts", "b") == tree / "districts/ca/b.yml"


def test_a_name_that_is_none_is_told_with_the_nearest_one(
    tree: Path, write: Write
) -> None:
    write("districts/tx/elm-grove-isd.yaml", "")
    with pytest.raises(NothingMatched) as failure:
        file_of(tree / "districts", "elm-grove")
    assert failure.value.message == "'elm-grove' matches no district file"
    assert failure.value.remedy == "did you mean 'elm-grove-isd'?"
    with pytest.raises(NothingMatched, match="'p' matches no") as failure:
        file_of(tree / "districts", "p")
    assert "name a file" in failure.value.remedy


@pytest.mark.parametrize(
    ("argument", "key"),
    [("elm-grove-isd", True), ("districts/ca", False), ("a.yaml", False), ("*", False)],
)
def test_what_is_spelled_like_a_path_is_no_name(argument: str, *, key: bool) -> None:
    assert is_key(argument) is key
