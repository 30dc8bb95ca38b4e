"""libyaml's syntax errors as sentences, each at the place that needs mending."""

from __future__ import annotations

import re
from collections.abc import Mapping

from yaml.error import MarkedYAMLError, YAMLError

from connectsync.config.source import (
    Point,
    Source,
    and_more,
    error,
    lines_of,
    quote_text,
)
from connectsync.config.yaml_tree import NESTED_TOO_DEEP, MarkedText, YamlRefusal, point
from connectsync.domain.finding import Finding

_NO_SPACE = re.compile(r"""^\s*(?:- )?["']?([A-Za-z_][\w-]*)["']?:(?=[^\s:/])""")
_OPENERS = {"sequence": "[", "mapping": "{"}

_SECOND_COLON = "mapping values are not allowed in this context"
_NO_COLON = "could not find expected ':'"
_INDENTATION = (
    "the line does not fit in where it stands",
    "compare its indentation with the lines around it",
)
_AFTER_VALUE = (
    "the value is complete before this; nothing may follow it",
    "put quotes around the whole value; write a quote inside quotes twice",
)
_SENTENCES: Mapping[str, tuple[str, str]] = {
    _SECOND_COLON: (
        "a second ': ' where one value is expected",
        "put quotes around text that contains ': ', and check the indentation",
    ),
    _NO_COLON: (
        "the line is no `key: value`; its colon is missing",
        "write a colon and a space after the key",
    ),
    "did not find expected key": _INDENTATION,
    "did not find expected '-' indicator": _INDENTATION,
    "did not find expected <document start>": _INDENTATION,
    "did not find expected node content": (
        "a value is expected here",
        "write the value, or take the sign away",
    ),
    "block sequence entries are not allowed in this context": (
        "a list cannot begin on the line of its key",
        "write `key: [a, b]`, or begin each item on a line of its own with `- `",
    ),
    "found character that cannot start any token": (
        "a value cannot begin with this character",
        "put quotes around the value",
    ),
    "found unknown escape character": (
        "this backslash sequence is unknown between double quotes",
        "use single quotes, or write the backslash twice",
    ),
    "found unexpected end of stream": (
        "the quote that opens here is never closed",
        "close it; write a quote inside quotes twice",
    ),
    "found undefined alias": (
        "YAML aliases are not used here",
        "share values through a profile in `_profiles`",
    ),
}


def syntax_finding(source: Source, failure: YAMLError) -> Finding:
    """Say what libyaml stumbled over."""
    if not isinstance(failure, MarkedYAMLError) or failure.problem_mark is None:
        return _finding(source, (0, 0), "the file is not YAML", "see its first lines")
    at = point(failure.problem_mark)
    opened = point(failure.context_mark) if failure.context_mark else None
    problem = failure.problem or ""
    return (
        _missing_space(source, at, opened)
        or _unclosed(source, opened, failure.context or "", problem)
        or _known_finding(source, at, opened, problem)
    )


def refusal_finding(source: Source, refusal: YamlRefusal) -> tuple[Finding, ...]:
    """Say what may not be in a file at all."""
    found = [
        error(
            refusal.rule,
            _REFUSALS[refusal.rule][0],
            source.place(point(marked.start), _short_end(marked)),
            hint=_REFUSALS[refusal.rule][1],
        )
        for marked in refusal.marks
    ]
    return and_more(found, refusal.more)


_REFUSALS: Mapping[str, tuple[str, str]] = {
    "yaml-alias": (
        # its name is not repeated: a pasted token can begin with & or *
        "a YAML anchor or alias is not used here",
        "share values through a profile in `_profiles`",
    ),
    "several-documents": (
        "a second YAML document begins here",
        "one file describes one district: take '---' out, or split the file",
    ),
    "nesting-too-deep": NESTED_TOO_DEEP[1:],
}


def _short_end(marked: MarkedText) -> Point:
    row, column = point(marked.start)
    return (row, column + len(marked.text)) if marked.text else point(marked.end)


def _missing_space(source: Source, at: Point, opened: Point | None) -> Finding | None:
    lines = lines_of(source.text)
    for row in dict.fromkeys(([opened[0]] if opened else []) + [at[0], at[0] - 1]):
        match = _NO_SPACE.match(lines[row]) if 0 <= row < len(lines) else None
        if match:
            message = f"a space is missing after the colon of {quote_text(match[1])}"
            hint = f"write `{match[1][:40]}: value`"
            return _finding(source, (row, match.end() - 1), message, hint)
    return None


def _unclosed(
    source: Source, opened: Point | None, context: str, problem: str
) -> Finding | None:
    kind = context.removeprefix("while parsing a flow ")
    if opened is None or kind not in _OPENERS or "or" not in problem:
        return None
    close = problem[-2]
    message = f"the bracket '{_OPENERS[kind]}' that opens here is not closed"
    hint = f"close it with '{close}', and put a comma between its items"
    return _finding(source, opened, message, hint)


def _known_finding(
    source: Source, at: Point, opened: Point | None, problem: str
) -> Finding:
    if problem == _NO_COLON and opened:
        at = opened
    if problem == "found unexpected end of stream" and opened:
        at = opened
    if problem == _SECOND_COLON and (bare := _bare_line_above(source, at)):
        return _finding(source, bare, *_SENTENCES[_NO_COLON])
    sentence = _SENTENCES.get(problem)
    if sentence is _INDENTATION and _before(source, at):
        sentence = _AFTER_VALUE
    default = (f"this is not YAML: {problem}", "see the signs around this place")
    return _finding(source, at, *(sentence or default))


def _bare_line_above(source: Source, at: Point) -> Point | None:
    """Find a line without a colon that runs into the line below it."""
    lines = lines_of(source.text)
    line, above = lines[at[0]], lines[at[0] - 1] if at[0] else ""
    indent = len(above) - len(above.lstrip())
    same = bool(above.strip()) and indent == len(line) - len(line.lstrip())
    return (at[0] - 1, indent) if same and ":" not in above else None


def _before(source: Source, at: Point) -> str:
    lines = lines_of(source.text)
    return lines[at[0]][: at[1]].strip() if at[0] < len(lines) else ""


def _finding(source: Source, at: Point, message: str, hint: str) -> Finding:
    at = _on_text(source, at)
    return error(
        "yaml-syntax", message, source.place(at, (at[0], at[1] + 1)), hint=hint
    )


def _on_text(source: Source, at: Point) -> Point:
    """Give the end of the last line with text for a place after it."""
    lines = lines_of(source.text)
    row = min(at[0], len(lines) - 1)
    if row == at[0] and lines[row].strip():
        return at
    while row and not lines[row].strip():
        row -= 1
    return row, len(lines[row])
