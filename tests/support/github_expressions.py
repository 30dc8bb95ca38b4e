"""
The expressions of GitHub Actions, as far as our workflows use them.

What it does not know it refuses, so that a workflow cannot pass here by being read
more kindly than GitHub reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<sign>==|!=|&&|\|\||[!().,])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(?:always|failure|cancelled|success)\(\)")

Functions = Mapping[str, Callable[..., Any]]


def evaluated(text: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """Evaluate one expression, without the braces around it."""
    return _Parser(_tokens(text), contexts, functions).whole()


def filled(text: str, contexts: Mapping[str, Any], functions: Functions) -> str:
    """Fill in every expression of a text."""
    return _EMBEDDED.sub(
        lambda found: spelled(evaluated(found[1], contexts, functions)), text
    )


def holds(
    condition: object,
    contexts: Mapping[str, Any],
    functions: Functions,
) -> bool:
    """Say whether an ``if`` holds: where it names no status, only after success."""
    text = "" if condition is None else str(condition).strip()
    if whole := re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL):
        text = whole[1]
    if not text:
        return bool(functions["success"]())
    if not _STATUS.search(text) and not functions["success"]():
        return False
    return bool(evaluated(text, contexts, functions))


def spelled(value: Any) -> str:
    """Spell a value as GitHub does where text is wanted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise ValueError(f"not an expression: {text!r} at {at}")
        found.append(match[0].strip())
        at = match.end()
    return found


class _Parser:
    def __init__(
        self, tokens: Sequence[str], contexts: Mapping[str, Any], functions: Functions
    ) -> None:
        self.tokens = [*tokens, ""]
        self.at = 0
        self.contexts = contexts
        self.functions = functions

    def whole(self) -> Any:
        value = self._or()
        if self.tokens[self.at]:
            raise ValueError(f"what is {self.tokens[self.at]!r} doing there?")
        return value

    def _taken(self, *signs: str) -> str:
        token = self.tokens[self.at]
        if token in signs:
            self.at += 1
            return token
        return ""

    def _or(self) -> Any:
        value = self._and()
        while self._taken("||"):
            other = self._and()
            value = value or other
        return value

    def _and(self) -> Any:
        value = self._equality()
        while self._taken("&&"):
            other = self._equality()
            value = value and other
        return value

    def _equality(self) -> Any:
        value = self._unary()
        while sign := self._taken("==", "!="):
            same = _same(value, self._unary())
            value = same if sign == "==" else not same
        return value

    def _unary(self) -> Any:
        if self._taken("!"):
            return not self._unary()
        if self._taken("("):
            value = self._or()
            assert self._taken(")")
            return value
        return self._operand()

    def _operand(self) -> Any:
        token = self.tokens[self.at]
        self.at += 1
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        if token in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[token]
        if self._taken("("):
            return self.functions[token](*self._arguments())
        return self._reached(token)

    def _arguments(self) -> list[Any]:
        given: list[Any] = []
        while not self._taken(")"):
            given.append(self._or())
            self._taken(",")
        return given

    def _reached(self, name: str) -> Any:
        if name not in self.contexts:
            raise ValueError(f"there is no context {name!r} here")
        value: Any = self.contexts[name]
        while self._taken("."):
            key = self.tokens[self.at]
            self.at += 1
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other)
