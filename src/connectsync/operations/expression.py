"""The words of an expression over districts: what it may ask, and what it may not."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from connectsync.domain.district import LIST
from connectsync.domain.wording import did_you_mean, many
from connectsync.errors import UsageError
from connectsync.values import dataclass

LIVE = "live."
STATE = "state."
FOUND = frozenset(["findings", "errors", "warnings"])
"""Names that rest on the rules."""

_DAY_FACTS = ("rollover", "clever_paused")

_RAW = r"""[bB]?[rR](?:"[^"\n]*"|'[^'\n]*')|"""
_QUOTED = _RAW + r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'"
_TOKEN = re.compile(
    rf"""(?P<odd>//|"{{3}}|'{{3}})|(?P<text>{_QUOTED})"""
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign>==|!=|&&|\|\||<=|>=|\S)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a text or a sign, and where it begins."""

    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """What a quoted text says; nothing where it is spelled in an odd way."""
        try:
            return str(ast.literal_eval(self.text))
        except (ValueError, SyntaxError):
            return ""


def tokens_of(text: str) -> list[Token]:
    """Take an expression apart, as its library does."""
    found = _TOKEN.finditer(text)
    return [Token(str(one.lastgroup), one[0], one.start()) for one in found]


def lists_in(tokens: Sequence[Token]) -> Iterator[tuple[int, list[Token], int]]:
    """Find lists of nothing but quoted words: where each begins, its words, its end."""
    for first, token in enumerate(tokens):
        if token.text != "[":
            continue
        at, words = first + 1, list[Token]()
        while at < len(tokens) and (
            tokens[at].kind == "text" or tokens[at].text == ","
        ):
            words += [tokens[at]] if tokens[at].kind == "text" else []
            at += 1
        if words and at < len(tokens) and tokens[at].text == "]":
            yield first, words, at


def compared_with_null(tokens: Sequence[Token]) -> Iterator[str]:
    """Find the names that are held against null."""
    for at, token in enumerate(tokens):
        if token.text in {"==", "!="} and 0 < at < len(tokens) - 1:
            sides = tokens[at - 1], tokens[at + 1]
            if any(one.text == "null" for one in sides):
                yield from (one.text for one in sides if one.kind == "name")


_ODD = {
    "//": ("there are no comments here", "leave it out"),
    '"""': ("a text stands between two quotes, not six", "write it on one line"),
}
_ODD["'''"] = _ODD['"""']
_NOT_OFFERED = {
    "has": "write NAME != null: true where a file states it",
    "map": "ask with exists(), all() or filter(): each map() can double what it holds",
}
_LOOPS = frozenset(["exists", "exists_one", "all", "filter"])
MOST_IN_A_LOOP = 200
"""Commas in an expression that loops: a list in a loop is made 10,000 times."""


def insist_offered(text: str, tokens: Sequence[Token]) -> None:
    """Refuse what takes memory without end, and `has`, which means something else."""
    loops = False
    for token in tokens:
        if token.kind == "odd":
            # what follows it would not be looked at
            raise marked(text, token.start, *_ODD[token.text])
    for token, then in pairwise(tokens):
        last = token.text.rpartition(".")[2] if then.text == "(" else ""
        loops = loops or last in _LOOPS
        if last in _NOT_OFFERED:
            start = token.start + len(token.text) - len(last)
            raise marked(text, start, f"there is no {last}() here", _NOT_OFFERED[last])
    commas = [token for token in tokens if token.text == ","]
    if loops and len(commas) > MOST_IN_A_LOOP:
        raise marked(
            text,
            commas[MOST_IN_A_LOOP].start,
            f"beside exists(), all() or filter() there are {MOST_IN_A_LOOP} commas at"
            " most",
            'write NAME in ["A", "B"] where the list is long',
        )
    if loops:
        _insist_short_patterns(text, tokens)


MOST_IN_PATTERNS = 100
"""Characters of all patterns in an expression that loops: each is read 10,000 times."""

_LONG_INSIDE = re.compile(r"\{|\\[pP]")
"""What makes much of a short pattern: counts, and letters of every alphabet."""


def _insist_short_patterns(text: str, tokens: Sequence[Token]) -> None:
    """Refuse patterns that take a minute to be read in a loop, and made ones."""
    left = MOST_IN_PATTERNS
    for at, token in enumerate(tokens[:-1]):
        if token.text.rpartition(".")[2] != "matches" or tokens[at + 1].text != "(":
            continue
        end, depth = at + 1, 1
        while depth and end < len(tokens) - 1:
            end += 1
            depth += {"(": 1, ")": -1}.get(tokens[end].text, 0)
        pattern = tokens[end - 1]
        left -= len(pattern.text)
        is_alone = tokens[end - 2].text in {"(", ","}
        if pattern.kind != "text" or not is_alone or _LONG_INSIDE.search(pattern.text):
            raise marked(
                text,
                pattern.start,
                "beside exists(), all() or filter() a pattern is one quoted text"
                " without { and \\p",
                'write it out, such as matches("^[0-9][0-9]-")',
            )
        if left < 0:
            raise marked(
                text,
                pattern.start,
                "beside exists(), all() or filter() patterns have"
                f" {MOST_IN_PATTERNS} characters at most",
                "ask with startsWith(), endsWith() or contains()",
            )


_TEXT_ADDED = (b"add_string", b"add_bytes")
_LIST_ADDED, _UNTYPED_ADDED = b"add_list", b"add_duration_duration"


def insist_numbers_added(
    text: str, tokens: Sequence[Token], types: Mapping[str, str], compiled: bytes
) -> None:
    """
    Refuse a + of texts or lists: in a loop it takes memory without end.

    ``compiled`` names, for each +, what it may add; filter() adds lists of its own.
    """
    untyped = compiled.count(_UNTYPED_ADDED)
    texts = any(compiled.count(one) > untyped for one in _TEXT_ADDED)
    calls = (one for one, then in pairwise(tokens) if then.text == "(")
    filters = sum(one.text.rpartition(".")[2] == "filter" for one in calls)
    lists = compiled.count(_LIST_ADDED) > untyped + filters
    mixed = untyped and any(
        types.get(one) in {"string", LIST} for one in compared_with_null(tokens)
    )
    pluses = [at for at, one in enumerate(tokens) if one.text == "+"]
    if not (texts or lists or mixed):
        return

    def is_number(token: Token) -> bool:
        return token.kind != "text" and types.get(token.text, "int") == "int"

    beside = (
        at
        for at in pluses
        if not all(is_number(one) for one in tokens[max(0, at - 1) : at + 2])
    )
    raise marked(
        text,
        tokens[next(beside, pluses[0] if pluses else 0)].start,
        "a + adds numbers here, no texts and no lists",
        'compare each by itself, such as district == "a" && name == "b"',
    )


def insist_known(
    text: str, tokens: Sequence[Token], known: Mapping[str, Collection[str]]
) -> None:
    """Refuse a word that nothing is called, and a day that is none."""
    for name, sign, word in _words_about(tokens):
        if name.text in DAYS and sign != "in" and not _is_day(word.word):
            # as a text it would compare with anything
            raise marked(
                text,
                word.start,
                f"{name.text} holds days, and {word.word[:80]!r} is none",
                'write a day as "2027-06-30"',
            )
        choices = known.get(name.text) if sign in _ALIKE else None
        if choices is not None and word.word not in choices:
            what = _NOUNS.get(name.text, f"value of {name.text}")
            raise marked(
                text,
                word.start,
                f"there is no {what} {word.word[:80]!r}",
                did_you_mean(word.word, choices)
                or f"{many(len(choices), 'is', 'are')} known: "
                + (", ".join(sorted(choices)[:8]) or "(none)"),
            )


DAYS = frozenset(
    ["allow.until"]
    + [f"facts.{name}.{end}" for name in _DAY_FACTS for end in ("from", "to")]
)
"""Names that hold a day, such as 2027-06-30."""


def _is_day(word: str) -> bool:
    try:
        return date.fromisoformat(word).isoformat() == word
    except ValueError:
        return False


_NOUNS = {
    "district": "district",
    "labels": "label",
    "profiles": "profile",
    "findings": "rule",
    "allow.rules": "rule",
}


_ALIKE = frozenset(["==", "!=", "in"])


def _words_about(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Token]]:
    """Find quoted words held against a name, such as ``NAME == "word"``, and how."""
    lists = {first: words for first, words, _ in lists_in(tokens)}
    ends = {last: words for _, words, last in lists_in(tokens)}
    for at, token in enumerate(tokens[1:-1], start=1):
        if token.text in _ALIKE | {"<", "<=", ">", ">="}:
            for name, other, several in (
                (at - 1, at + 1, lists),
                (at + 1, at - 1, ends),
            ):
                if tokens[name].kind != "name":
                    continue
                alone = [tokens[other]] if tokens[other].kind == "text" else []
                for word in several.get(other, alone):
                    yield tokens[name], token.text, word


ROOM = 68
"""Characters of an expression that are shown around a mistake."""


def marked(text: str, at: int, why: str, remedy: str) -> UsageError:
    """Show the place in the expression, with a caret under it."""
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[begin : end if end >= 0 else None]
    spot = at - begin
    cut = max(0, spot - ROOM // 2) if len(line) > ROOM else 0
    shown = line[cut : cut + ROOM].replace("\t", " ")
    lead = "…" if cut else ""
    tail = "…" if len(line) > cut + ROOM else ""
    length = 1
    if word := re.match(rf"{_QUOTED}|[\w.]+", line[spot:]):
        length = max(1, min(len(word[0]), ROOM - (spot - cut)))
    caret = " " * (spot - cut + len(lead)) + "^" * length
    below = (f"  {lead}{shown}{tail}", f"  {caret}")
    return UsageError(f"--where: {why}", below=below, remedy=remedy)
