"""One file as data that knows where each of its values stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from yaml import Node, YAMLError
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import ScalarEvent

from connectsync.config import yaml_tree
from connectsync.config.decode import text_of
from connectsync.config.source import (
    Point,
    Source,
    and_more,
    error,
    lines_of,
    quote_text,
)
from connectsync.config.yaml_tree import (
    DEPTH_LIMIT,
    NESTED_TOO_DEEP,
    MarkedText,
    TreeMistake,
    YamlRefusal,
    compose,
    data_of,
    keep_tree,
    point,
    step_of,
)
from connectsync.domain.finding import Finding, KeyPath, Place, Severity
from connectsync.errors import InvalidFiles
from connectsync.values import dataclass

_TO_ITS_END = r"[^\s\"'](?:[^\"'\n#]|\S#)*"
_REFERENCES = (
    # each begins with what it is, which is looked for at once; `profile:` has a blank
    re.compile("env:[A-Za-z_][A-Za-z0-9_]*"),
    re.compile(f"file:{_TO_ITS_END}"),
    re.compile(f"command:{_TO_ITS_END}"),
)
_KINDS = ("env:", "file:", "command:")


def references_of(raw: bytes) -> set[str]:
    """
    Find what a file names for a secret, wherever it stands: comments are looked at too.

    What YAML makes of a text counts, and what the text looks like: it may be broken.
    """
    text = raw.decode("utf-8", "replace")
    looks = (one for kind in _REFERENCES for one in kind.findall(text))
    found = {one.rstrip(" ,}]\r") for one in looks}
    files = text.count("file:") - text.count("profile:")
    if files or "command:" in text or "\\" in text:
        with suppress(YAMLError):
            # one by one: what stands before a mistake counts
            found.update(one for one in _texts_of(raw) if one.startswith(_KINDS))
    return found


def _texts_of(raw: bytes) -> Iterator[str]:
    """Give each text of a file as far as it is YAML. Raises YAMLError."""
    parser, depth = CParser(raw), 0
    while (event := parser.get_event()) is not None and depth <= DEPTH_LIMIT:
        if isinstance(event, ScalarEvent):
            yield event.value
        depth += step_of(event)


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose YAML is a mapping: its name, its text and its data."""

    source: Source
    data: Mapping[str, Any]

    @property
    def file(self) -> str:
        """The file's path, relative to the project, with forward slashes."""
        return self.source.file

    def locate(self, path: KeyPath, *, on_key: bool = False) -> Place:
        """Give the place of a value or its key, or of what is nearest above it."""
        return yaml_tree.locate(self.source, path, on_key=on_key)

    def holds(self, path: KeyPath) -> bool:
        """Say whether the file itself states a value at this path."""
        value: Any = self.data
        for part in path:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and isinstance(part, int):
                if part >= len(value):
                    return False
                value = value[part]
            else:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file: a document, findings, or both."""

    document: Document | None
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Give the findings with which nothing can be made of the document."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


def read_document(file: str, raw: bytes) -> Reading:
    """
    Read the YAML of a file strictly.

    Any bytes give findings, never an exception. A document comes with findings where
    its data can still be held against a schema.
    """
    text = text_of(file, raw)
    if not isinstance(text, str):
        return Reading(None, text)
    source = Source(file, text)
    try:
        root = compose(raw)
    except YamlRefusal as refusal:
        return Reading(None, refusal_finding(source, refusal))
    except YAMLError as failure:
        return Reading(None, (syntax_finding(source, failure),))
    return _document(source, root)


def _document(source: Source, root: Node | None) -> Reading:
    if root is None:
        return Reading(None, (_empty(source),))
    keep_tree(source.text, root)
    data, blunders = data_of(root)
    found = [_finding(source, blunder) for blunder in blunders]
    findings = and_more(found, blunders.more) if found else ()
    if data is None and not findings:
        return Reading(None, (_empty(source),))
    if any(blunder.rule == "nesting-too-deep" for blunder in blunders):
        return Reading(None, findings)
    if not isinstance(data, dict):
        return Reading(None, (*findings, _not_a_mapping(source, root)))
    return Reading(Document(source, data), findings)


def _finding(source: Source, blunder: TreeMistake) -> Finding:
    place = yaml_tree.place_of(source, blunder.node)
    return error(blunder.rule, blunder.message, place, hint=blunder.hint)


def _empty(source: Source) -> Finding:
    return error(
        "empty-file",
        "the file is empty",
        source.place((0, 0), (0, 0)),
        hint="begin with `schema: 1`; to add a district: `connectsync new KEY --name"
        " NAME`",
    )


def _not_a_mapping(source: Source, root: Node) -> Finding:
    return error(
        "not-a-mapping",
        "the file does not hold `key: value` pairs at its top level",
        yaml_tree.place_of(source, root),
        hint="begin with `schema: 1`; a space belongs after the colon",
    )


def data_of_text(text: str) -> Mapping[str, Any]:
    """Give the data of a text. Raises ``InvalidFiles`` at its first mistake."""
    reading = read_document("the file", text.encode(errors="surrogatepass"))
    if reading.document is None or reading.findings:
        first = reading.findings[0]
        at = f"line {first.place.line}, column {first.place.column}"
        raise InvalidFiles(f"{at}: {first.message}", remedy=first.hint)
    return reading.document.data


_LENGTH = len("2027-06-15")


def is_day(text: object) -> bool:
    """Say whether a text is a day of the calendar, spelled year-month-day."""
    if not isinstance(text, str):
        return True
    try:
        # `fromisoformat` also takes 20270615 and 2027-W24-2
        return len(text) == _LENGTH and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


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
        return _unreadable(
            source, (0, 0), "the file is not YAML", "see its first lines"
        )
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
            return _unreadable(source, (row, match.end() - 1), message, hint)
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
    return _unreadable(source, opened, message, hint)


def _known_finding(
    source: Source, at: Point, opened: Point | None, problem: str
) -> Finding:
    if problem == _NO_COLON and opened:
        at = opened
    if problem == "found unexpected end of stream" and opened:
        at = opened
    if problem == _SECOND_COLON and (bare := _bare_line_above(source, at)):
        return _unreadable(source, bare, *_SENTENCES[_NO_COLON])
    sentence = _SENTENCES.get(problem)
    if sentence is _INDENTATION and _before(source, at):
        sentence = _AFTER_VALUE
    default = (f"this is not YAML: {problem}", "see the signs around this place")
    return _unreadable(source, at, *(sentence or default))


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


def _unreadable(source: Source, at: Point, message: str, hint: str) -> Finding:
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
