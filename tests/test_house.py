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
from house_figures import Figures, measure, trees

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "connectsync"
MODULES = sorted(SOURCE.rglob("*.py"))

BANNED = {"utils", "util", "helpers", "helper", "manager", "base", "core", "common"}


def tree(module: Path) -> ast.Module:
    return trees()[module]


def names(modules: list[Path]) -> list[str]:
    return [path.relative_to(SOURCE).as_posix() for path in modules]


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its signature and docstring."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def test_a_module_is_one_thing() -> None:
    lines = {one: len(one.read_text().splitlines()) for one in MODULES}
    assert names([one for one in MODULES if lines[one] > 450]) == []
    assert names([one for one in MODULES if one.stem in BANNED]) == []


def test_a_function_is_one_thing() -> None:
    long = {
        (name, one.name): lines
        for name, module in zip(names(MODULES), MODULES, strict=True)
        for one in functions(module)
        for lines in [lines_of_code(one)]
        if lines > 40
    }
    assert long == {}


def test_no_import_is_hidden_from_the_layers() -> None:
    hiding = [one for one in MODULES if "TYPE_CHECKING" in one.read_text()]
    assert names(hiding) == []


@pytest.fixture(scope="module")
def house() -> Figures:
    return measure()


def test_a_class_has_a_name_of_its_own(house: Figures) -> None:
    assert house.duplicate_classes == []


def test_the_house_has_a_bounded_number_of_rooms(house: Figures) -> None:
    assert house.modules <= 229


def test_few_modules_are_there_for_one_other_alone(house: Figures) -> None:
    assert len(house.single_importers) <= 44, house.single_importers


def test_little_of_the_code_is_imports(house: Figures) -> None:
    assert house.import_share <= 0.11


PURE = [
    path
    for path in MODULES
    if path.parent.name in {"domain", "rules"} or path.name == "errors.py"
]


def test_domain_and_rules_rest_on_the_standard_library_alone() -> None:
    rests_on = {
        (name, imports.partition(".")[0])
        for name, module in zip(names(PURE), PURE, strict=True)
        for node in ast.walk(tree(module))
        for imports in imported(node)
    }
    assert rests_on
    ours = sys.stdlib_module_names | {"connectsync"}
    assert {(name, root) for name, root in rests_on if root not in ours} == set()


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
STARTER = re.compile(r"Popen|subprocess|system|popen|exec[lv]|spawn")
"""A word that each of them holds, however it is broken into lines."""

SPEAKERS = {"print", "input", "exit", "quit"}
HTTP_CLIENTS = {
    f"httpx2.{name}"
    for name in ("AsyncClient", "Client", "request", "stream", "get", "post", "put")
}


def test_only_the_command_line_prints_asks_exits_and_reads_the_environment() -> None:
    called, touched = set[tuple[str, str]](), set[tuple[str, str]]()
    for name, module in zip(names(OUTSIDE_CLI), OUTSIDE_CLI, strict=True):
        for node in ast.walk(tree(module)):
            match node:
                case ast.Call(func=ast.Name(id=function)):
                    called.add((name, function))
                case ast.Attribute(value=ast.Name(id=of), attr=attribute):
                    touched.add((name, f"{of}.{attribute}"))
                case _:
                    pass
    assert called
    assert touched
    assert {one for one in called if one[1] in SPEAKERS} == set()
    ours = {"os.environ", "os.getenv", "sys.exit", "sys.stdout"}
    assert {one for one in touched if one[1] in ours} == set()


def test_http_clients_are_made_in_one_place() -> None:
    made = {
        module.relative_to(SOURCE).as_posix()
        for module in MODULES
        # spelling each call anew takes its time
        if "httpx2" in module.read_text()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in HTTP_CLIENTS
    }
    assert made == {"web/http.py"}


def test_every_program_that_is_started_is_told_where_it_stands() -> None:
    told = {
        (module.relative_to(SOURCE).as_posix(), *where)
        for module in MODULES
        if STARTER.search(module.read_text())
        for node in ast.walk(tree(module))
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
