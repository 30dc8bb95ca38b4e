"""Ask the fleet: the names of a district's values, and expressions over them."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from connectsync.domain.district import LIST, stated_types
from connectsync.domain.settings import SETTINGS
from connectsync.domain.wording import did_you_mean
from connectsync.errors import UsageError, load_extra
from connectsync.operations.expression import (
    LIVE,
    Token,
    compared_with_null,
    insist_known,
    insist_numbers_added,
    insist_offered,
    lists_in,
    marked,
    tokens_of,
)
from connectsync.values import dataclass, field

Values = Mapping[str, Any]
"""A district's values by name, such as ``settings.phone_types``; unstated: missing."""

_WORDS = {"int": "a number", "bool": "true or false", "string": "text", LIST: "a list"}


@cache
def names(*, live: bool = False) -> dict[str, str]:
    """Give every name an expression may use, and its type; ``live`` with Connect's."""
    known = {**stated_types(), "file": "string"}
    known |= {"findings": LIST, "errors": "int", "warnings": "int"}
    known |= {"state.applied": "bool", "state.standing": "string"}
    known |= {"state.pending": LIST, "state.run": "int"}
    known |= {"state.at": "string", "state.ending": "string"}
    if live:
        known |= {f"{LIVE}{one.name}": known[".".join(one.path)] for one in SETTINGS}
        known |= {f"{LIVE}standing": "string", f"{LIVE}differs": LIST}
    return known


MOST_CHARACTERS = 4000
MOST_SECONDS = 20.0
"""Of one core, for all districts together."""


@dataclass(slots=True)
class Expression:
    """
    An expression that was compiled, to be worked out for each district.

    ``used`` are the names in it. ``lacking`` counts, by name, the districts for which
    it had no answer, because they do not state that name.
    """

    text: str
    program: Any
    used: frozenset[str]
    nullable: frozenset[str]
    lacking: Counter[str] = field(default_factory=Counter)
    _began: float = 0.0

    def choose(self, districts: Sequence[Values]) -> list[Values]:
        """
        Give the districts for which it is true.

        One that does not state a name on which the answer rests is not chosen. Raises
        ``UsageError`` where it cannot be worked out, or takes too long.
        """
        self.lacking.clear()
        self._began = time.process_time()
        return [one for one in districts if self._holds(one)]

    def _holds(self, values: Values) -> bool:
        if time.process_time() - self._began > MOST_SECONDS:
            raise self._too_long()
        data = {name: values[name] for name in self.used if name in values}
        for name in self.nullable:
            data.setdefault(name, None)
        try:
            answer = self.program.eval(data=data).plain_value()
        except RuntimeError as error:
            answer = str(error)
        if isinstance(answer, bool):
            return answer
        said = str(answer)
        if missing := _MISSING.search(said):
            self.lacking[missing[1]] += 1
            return False
        if "null_type" in said:
            self.lacking[next(iter(self.nullable), "")] += 1
            return False
        if "budget" in said:
            raise self._too_long()
        why = said.partition(": ")[2] or said
        remedy = "compare such a value with null first, or leave it out"
        if "regular expression" in why:
            remedy = "put a backslash before a sign that is meant, or use contains()"
        elif "zero" in why or "overflow" in why:
            remedy = "ask for the value itself, without a calculation"
        raise UsageError(
            f"--where has no answer for the district {values['district']}: {why[:200]}",
            remedy=remedy,
        )

    def _too_long(self) -> UsageError:
        return UsageError(
            "--where takes too long to work out: it loops over lists inside lists",
            remedy="ask for one thing at a time",
        )


_MISSING = re.compile(r'No value with name "([\w.]+)"')


def compile_expression(
    text: str, *, live: bool, known: Mapping[str, Collection[str]]
) -> Expression:
    """
    Compile an expression, once for all districts.

    ``known`` are the words that a name can hold, where that is known: a quoted word
    that none can be is a mistake. Raises ``UsageError``, with a caret under the place.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"--where has {len(text):,} characters; {MOST_CHARACTERS:,} is the limit",
            remedy="name the districts instead, or put a label on them",
        )
    if not text.strip():
        raise UsageError("--where is empty", remedy=EXAMPLE)
    tokens, types = tokens_of(text), names(live=live)
    insist_offered(text, tokens)
    nullable = frozenset(compared_with_null(tokens)) & types.keys()
    cel = load_extra("cel_expr_python.cel", "query", "--where needs")
    program = _compiled(cel, text, tokens, types, nullable)
    insist_numbers_added(text, tokens, types, program.serialize())
    insist_known(text, tokens, known)
    used = frozenset(one.text for one in tokens if one.kind == "name") & types.keys()
    used = used or frozenset(name for name in types if name in text)
    # a method behind a name, such as `name.startsWith`
    dotted = {one.text.rpartition(".")[0] for one in tokens if one.kind == "name"}
    return Expression(text, program, used | (dotted & types.keys()), nullable)


EXAMPLE = """write for example --where 'settings.phone_types == ["Home"]'"""


def _compiled(
    cel: Any,
    text: str,
    tokens: Sequence[Token],
    types: Mapping[str, str],
    nullable: frozenset[str],
) -> Any:
    kinds = {"bool": cel.Type.BOOL, "int": cel.Type.INT, "string": cel.Type.STRING}
    kinds[LIST] = cel.Type.List(cel.Type.STRING)
    env = cel.NewEnv(
        variables={
            name: cel.Type.DYN if name in nullable else kinds[kind]
            for name, kind in types.items()
        }
    )
    try:
        program = env.compile(_in_order(text, tokens))
    except RuntimeError as error:
        raise _refusal(text, str(error), types) from error
    given = program.return_type().name()
    if given != "BOOL":
        raise UsageError(
            f"--where is no question: it gives {_spell_type(given.lower())}, not true"
            " or false",
            remedy=EXAMPLE,
        )
    return program


def _in_order(text: str, tokens: Sequence[Token]) -> str:
    """
    Sort the words of a list that something is compared with, as all lists are sorted.

    In a list of labels the order means nothing; the library compares it.
    """
    ordered = text
    for first, words, last in lists_in(tokens):
        around = {tokens[at].text for at in (first - 1, last + 1) if at < len(tokens)}
        if len(words) > 1 and around & {"==", "!="}:
            begin, end = tokens[first].start, tokens[last].start
            inside = text[begin:end]
            for word in reversed(words):
                at = word.start - begin
                inside = f"{inside[:at]}\0{inside[at + len(word.text) :]}"
            for word in sorted(words, key=lambda one: one.word):
                inside = inside.replace("\0", word.text, 1)
            ordered = ordered[:begin] + inside + ordered[end:]
    return ordered


_PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']*)' applied to '(.*?)'(?:$| )")
_SELECTED = re.compile(r"type '([^']*)' cannot be the operand of a select")
_MIXED = {
    frozenset(["a list", "text"]): 'write "WORD" in NAME, or NAME == ["WORD"]',
    frozenset(["a number", "text"]): "write a number without quotes, such as 15",
    frozenset(["true or false", "text"]): "write true and false without quotes",
}
_ALL_NAMES = "`connectsync list --columns help` lists all names"
_FUNCTIONS = ("startsWith", "endsWith", "contains", "matches", "size", "exists", "all")


def _refusal(text: str, said: str, types: Mapping[str, str]) -> UsageError:
    """Say in one sentence why an expression does not compile, and where."""
    if "recursion" in said:
        return UsageError(
            "--where is nested too deeply: 32 levels are the limit",
            remedy="ask for one thing at a time",
        )
    place = _PLACE.search(said)
    if place is None:
        return UsageError(f"--where is no expression: {said[:200]}", remedy=EXAMPLE)
    line, column, why = int(place[1]), int(place[2]), place[3]
    lines = text.splitlines(keepends=True) or [""]
    at = sum(map(len, lines[: line - 1])) + column - 1
    if unknown := _UNKNOWN.search(why):
        name = unknown[1]
        # the library points at the last dot
        begin = max(0, at - name.rfind(".")) if "." in name else at
        begin = begin if text.startswith(name, begin) else max(0, text.find(name))
        return marked(text, begin, f"there is no {name!r}", _like(name, types))
    if overload := _OVERLOAD.search(why):
        sign = overload[1].strip("_").replace("@", "")
        kinds = [_spell_type(one) for one in _split_types(overload[2])]
        about = f"{sign} does not take {' and '.join(kinds)}"
        return marked(text, at, about, _MIXED.get(frozenset(kinds), EXAMPLE))
    if selected := _SELECTED.search(why):
        about = f"{_spell_type(selected[1])} stands before the dot, and has no parts"
        word = re.match(r"\s*\.\s*(\w+)", text[at:])
        known = word is not None and word[1] in types
        remedy = f"did you mean {word[1]!r}?" if word and known else _ALL_NAMES
        return marked(text, at, about, remedy)
    return marked(text, at, *_syntax(why, text, at))


def _like(name: str, types: Mapping[str, str]) -> str:
    if name in names(live=True):
        return "names that begin with live. need --live"
    if below := next((one for one in types if one.startswith(f"{name}.")), ""):
        return f"name a value below it, such as {below!r}; {_ALL_NAMES}"
    last = name.rpartition(".")[2]
    ends = [one for one in types if one.rpartition(".")[2] == last]
    if ends:
        return f"did you mean {' or '.join(map(repr, ends))}?"
    return did_you_mean(name, [*types, *_FUNCTIONS]) or _ALL_NAMES


def _split_types(said: str) -> list[str]:
    return re.findall(r"\w+(?:\([^)]*\))?", said.strip("()") + ")" * said.count("(("))


def _spell_type(kind: str) -> str:
    return "a list" if kind.startswith("list") else _WORDS.get(kind, kind)


def _syntax(why: str, text: str, at: int) -> tuple[str, str]:
    rest = text[at:].lstrip()
    word = re.match(r"\w+|\S", rest)
    spelled = word[0] if word else ""
    if spelled == "=" and not rest.startswith("=="):
        return "a single = is no comparison", "write == for equal, != for not equal"
    if spelled in {"and", "or", "not"}:
        return f"{spelled!r} is no sign", "write && for and, || for or, ! for not"
    if not spelled or "<EOF>" in why.partition("expecting")[0]:
        return "the expression ends too early", EXAMPLE
    if why.startswith(("token recognition", "extraneous", "mismatched", "no viable")):
        return f"{spelled!r} cannot stand here", EXAMPLE
    return why[:160], EXAMPLE
