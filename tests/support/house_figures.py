"""The figures of the house that test_house.py holds; run this file to print them."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "connectsync"

NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Figures:
    """What is counted of all modules; lines are lines of files, without templates."""

    modules: int
    lines: int
    code_lines: int
    import_lines: int
    single_importers: list[str]
    duplicate_classes: list[str]

    @property
    def import_share(self) -> float:
        return self.import_lines / self.code_lines


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py")


@cache
def trees() -> dict[Path, ast.Module]:
    """Read every module, once."""
    files = sorted(SOURCE.rglob("*.py"))
    return {path: ast.parse(path.read_text()) for path in files}


def measure() -> Figures:
    files = sorted(SOURCE.rglob("*.py"))
    texts = {path: path.read_text() for path in files}
    importers = importers_of(trees())
    classes = Counter(
        node.name
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    return Figures(
        modules=len(modules()),
        lines=sum(len(text.splitlines()) for text in texts.values()),
        code_lines=sum(len(code_lines(texts[path], trees()[path])) for path in files),
        import_lines=sum(len(import_lines(tree)) for tree in trees().values()),
        single_importers=[
            dotted(path) for path in modules() if len(importers[dotted(path)]) == 1
        ],
        duplicate_classes=sorted(name for name, times in classes.items() if times > 1),
    )


def code_lines(text: str, tree: ast.AST) -> set[int]:
    """Tell the lines that hold code: not blank, no comment, no docstring."""
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[first, *_])
                | ast.ClassDef(body=[first, *_])
                | ast.FunctionDef(body=[first, *_])
                | ast.AsyncFunctionDef(body=[first, *_])
            ) if ast.get_docstring(node, clean=False) is not None:
                lines -= spanned(first)
            case _:
                pass
    return lines


def import_lines(tree: ast.AST) -> set[int]:
    """Tell the lines of imports, with every line of those in parentheses."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in spanned(node)
    }


def spanned(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def importers_of(trees: dict[Path, ast.Module]) -> dict[str, set[str]]:
    """
    Tell who imports each module, anywhere in a file.

    Only a statement counts: what a table names as text (a module that is loaded when
    its command is called) has no importer for this.
    """
    known = {dotted(path) for path in trees}
    importers: dict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=aliases):
                    targets = {alias.name for alias in aliases}
                case ast.ImportFrom(module=str(module), names=aliases):
                    of_module = {f"{module}.{alias.name}" for alias in aliases}
                    targets = of_module & known or {module}
                case _:
                    continue
            for target in targets & known - {dotted(path)}:
                importers[target].add(dotted(path))
    return importers


def dotted(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def page(house: Figures) -> str:
    lines = [
        f"modules           {house.modules}",
        f"lines             {house.lines}",
        f"code lines        {house.code_lines}",
        f"import lines      {house.import_lines} ({house.import_share:.1%} of code)",
        f"classes twice     {', '.join(house.duplicate_classes) or 'none'}",
        f"single importers  {len(house.single_importers)}",
        *(f"                  {module}" for module in house.single_importers),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(measure()))
