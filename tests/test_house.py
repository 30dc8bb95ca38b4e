"""What the house asks of every module, beyond what the layers enforce."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from house_figures import Figures, measure

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "connectsync"
MODULES = sorted(SOURCE.rglob("*.py"))

BANNED = {"utils", "util", "helpers", "helper", "manager", "base", "core", "common"}


def names(modules: list[Path]) -> list[str]:
    return [path.relative_to(SOURCE).as_posix() for path in modules]


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its signature and docstring."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


@pytest.mark.parametrize("module", MODULES, ids=names(MODULES))
def test_a_module_is_one_thing(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 450
    assert module.stem not in BANNED


@pytest.mark.parametrize("module", MODULES, ids=names(MODULES))
def test_a_function_is_one_thing(module: Path) -> None:
    long = {one.name: lines_of_code(one) for one in functions(module)}
    assert {name: lines for name, lines in long.items() if lines > 40} == {}


@pytest.mark.parametrize("module", MODULES, ids=names(MODULES))
def test_no_import_is_hidden_from_the_layers(module: Path) -> None:
    assert "TYPE_CHECKING" not in module.read_text()


@pytest.fixture(scope="module")
def house() -> Figures:
    return measure()


def test_a_class_has_a_name_of_its_own(house: Figures) -> None:
    assert house.duplicate_classes == []


def test_the_house_has_a_bounded_number_of_rooms(house: Figures) -> None:
    assert house.modules <= 227


def test_few_modules_are_there_for_one_other_alone(house: Figures) -> None:
    assert len(house.single_importers) <= 44, house.single_importers


def test_little_of_the_code_is_imports(house: Figures) -> None:
    assert house.import_share <= 0.11


PURE = [
    path
    for path in MODULES
    if path.parent.name in {"domain", "rules"} or path.name == "errors.py"
]


@pytest.mark.parametrize("module", PURE, ids=names(PURE))
def test_domain_and_rules_rest_on_the_standard_library_alone(module: Path) -> None:
    tree = ast.parse(module.read_text())
    roots = {
        name.partition(".")[0] for node in ast.walk(tree) for name in imported(node)
    }
    assert roots <= sys.stdlib_module_names | {"connectsync"}


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []


OUTSIDE_CLI = [
    path for path in MODULES if path.parent.name != "cli" and path.stem != "__main__"
]
STARTS = re.compile(
    r"Popen|subprocess\.(run|call|check_)|create_subprocess"
    r"|os\.(system|popen|exec[lv]|spawn|posix_spawn)"
)
SPEAKERS = {"print", "input", "exit", "quit"}
HTTP_CLIENTS = {
    f"httpx2.{name}"
    for name in ("AsyncClient", "Client", "request", "stream", "get", "post", "put")
}


@pytest.mark.parametrize("module", OUTSIDE_CLI, ids=names(OUTSIDE_CLI))
def test_only_the_command_line_prints_asks_exits_and_reads_the_environment(
    module: Path,
) -> None:
    tree = ast.parse(module.read_text())
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    touched = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert not called & SPEAKERS
    assert not touched & {"os.environ", "os.getenv", "sys.exit", "sys.stdout"}


def test_http_clients_are_made_in_one_place() -> None:
    made = {
        module.relative_to(SOURCE).as_posix()
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in HTTP_CLIENTS
    }
    assert made == {"web/http.py"}


def test_every_program_that_is_started_is_told_where_it_stands() -> None:
    told = {
        (module.relative_to(SOURCE).as_posix(), *where)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and STARTS.search(ast.unparse(node.func))
        for where in [[ast.unparse(k.value) for k in node.keywords if k.arg == "cwd"]]
    }
    # the browser has tests of its own; a command of the project stands in the project
    assert told == {
        ("cli/secrets.py", "root"),
        ("cli/terminal.py", "APART"),
        ("operations/git.py", "APART"),
    }


def test_the_wheel_carries_schemas_and_templates(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "-t",
            "wheel",
            "-d",
            str(tmp_path),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    for schema in (ROOT / "schema").iterdir():
        assert f"connectsync/schema/{schema.name}" in carried
    beside_modules = (SOURCE / "operations" / "fresh", SOURCE / "report" / "assets")
    for template in (path for folder in beside_modules for path in folder.rglob("*")):
        if template.is_file():
            path = template.relative_to(SOURCE.parent).as_posix()
            assert path in carried
    assert {"connectsync/py.typed", "connectsync/rules/reading.md"} <= carried
