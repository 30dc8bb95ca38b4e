"""A secret that a service repeats is found in whatever shape it comes back."""

from __future__ import annotations

import base64
import html
import json
import os
import shutil
from base64 import b32encode, b64encode
from hashlib import sha1
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain import foreign_text as foreign
from connectsync.domain.foreign_text import (
    MASK,
    KnownSecrets,
    foreign_text,
    one_line,
    program_in,
    repeats_secret,
)

SECRET = "Zq7w-Xr93.Kd/44+secret_T0KEN=0193&<x>"  # noqa: S105 - of no service


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SHAPES = {
    "whole": SECRET,
    "in capitals": SECRET.upper(),
    "in small letters": SECRET.lower(),
    "its beginning": SECRET[:12],
    "its end": SECRET[-14:],
    "its middle": SECRET[8:24],
    "for an address": quote(SECRET, safe=""),
    "for a form": quote_plus(SECRET),
    "for an address, twice": quote(quote(SECRET, safe=""), safe=""),
    "every sign for an address": "".join(f"%{ord(one):02x}" for one in SECRET),
    "for HTML": html.escape(SECRET),
    "for HTML, in numbers": "".join(f"&#{ord(one)};" for one in SECRET),
    "for HTML, in hex": "".join(f"&#x{ord(one):X};" for one in SECRET),
    "for HTML, in bare numbers": " ".join(f"&#{ord(one)}" for one in SECRET),
    "for JavaScript": "".join(f"\\u{{{ord(one):x}}}" for one in SECRET),
    "in octal": "".join(f"\\{ord(one):03o}" for one in SECRET),
    "in base32": base64.b32encode(SECRET.encode()).decode(),
    "in base32 behind a word": base64.b32encode(f"Bearer {SECRET}".encode()).decode(),
    "in base64, twice": packed(packed(SECRET)),
    "for JSON": json.dumps(SECRET).replace("/", "\\/"),
    "for JSON, in numbers": "".join(f"\\u{ord(one):04x}" for one in SECRET),
    "for C": "".join(f"\\x{ord(one):02x}" for one in SECRET),
    "in hex": SECRET.encode().hex(),
    "in base64": packed(SECRET),
    "in base64 behind a word": packed(f"Bearer {SECRET}"),
    "in base64 behind a name": packed(f"connectsync:{SECRET}"),
    "in base64 for addresses": base64.urlsafe_b64encode(
        f"u:{SECRET}z".encode()
    ).decode(),
    "in base64 on lines": base64.encodebytes(f"a:{SECRET}".encode() * 3).decode(),
    "on lines": "\r\n ".join([SECRET[:9], SECRET[9:18], SECRET[18:]]),
    "a sign a line": "\n".join(SECRET),
    "with unseen signs between": "\u200b".join(SECRET),
    "with escapes between": "\x1b[31m".join([SECRET[:10], SECRET[10:]]),
    "in wide letters": "".join(
        chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in SECRET
    ),
}

RESIDUE = 4
"""So many letters of base64 belong to what stands beside, or are three of a secret."""


def longest_piece(text: str) -> int:
    """Give the length of the longest piece of the secret that a text shows."""
    bare, shown = (
        "".join(filter(str.isalnum, one)).casefold() for one in (SECRET, text)
    )
    return max(
        size
        for size in range(len(bare) + 1)
        if any(bare[at : at + size] in shown for at in range(len(bare) - size + 1))
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_secret_is_masked_in_whatever_shape_it_comes_back(shape: str) -> None:
    shown = foreign_text(f"no entry: [{shape}] (try again)", [SECRET])
    assert MASK in shown
    assert shown.startswith("no entry: [")
    assert shown.endswith("] (try again)")
    assert len(shown.replace(MASK, "")) < len("no entry: [] (try again)") + 40
    assert longest_piece(shown) <= RESIDUE


@pytest.mark.parametrize(
    "name",
    # workers have to agree on the order
    sorted(
        SHAPES.keys() - {"its beginning", "its end", "its middle", "in wide letters"}
    ),
)
def test_an_accepted_answer_that_repeats_a_secret_is_noticed(name: str) -> None:
    assert repeats_secret(f'{{"items": ["{SHAPES[name]}"]}}', [SECRET])


@given(
    st.text(),
    st.text(
        min_size=30,
        max_size=60,
        alphabet=st.characters(min_codepoint=33, max_codepoint=126),
    ),
)
def test_any_secret_in_any_text_is_masked(text: str, secret: str) -> None:
    shown = foreign_text(f"{text[:50]} {secret} {text[50:100]}", [secret])
    letters = "".join(filter(str.isalnum, secret))
    assert secret not in shown or len(letters) < RESIDUE


@given(st.text(max_size=400))
def test_foreign_text_is_one_harmless_line(text: str) -> None:
    shown = foreign_text(text)
    assert shown.isprintable()
    assert len(shown) <= 301


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a \x1b]8;;http://evil.test\x07link\x1b]8;;\x07 b", "a link b"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("safe\u202e\u2066evil\u2069", "safe evil"),
        ("one\r\nerror: two", "one error: two"),
        ("\x9b31mred", "31mred"),
        ("nul\x00 bell\x07", "nul bell"),
    ],
)
def test_what_a_terminal_would_obey_is_left_out(text: str, shown: str) -> None:
    assert " ".join(foreign_text(text).split()) == shown
    assert one_line(text) == foreign_text(text)


def test_words_that_look_like_none_of_it_stay() -> None:
    said = "district 'lakeview-usd' of Lakeview Unified is not accepted: phoneTypes"
    assert foreign_text(said, ["t0ken-of-lakeview-usd-4f1c9a7d2b"]) == said
    assert not repeats_secret(said, ["t0ken-of-lakeview-usd-4f1c9a7d2b"])


@pytest.mark.parametrize(
    "secret", ["0000001:::::::&#00000001000000", "ab%63d&#x65;fgh"]
)
def test_a_secret_that_looks_encoded_itself_is_masked(secret: str) -> None:
    assert foreign_text(f"no: {secret} (try again)", [secret]) == "no: *** (try again)"
    assert repeats_secret(f"no: {secret}", [secret])


def token_of(number: int) -> str:
    return sha1(str(number).encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def many_tokens(monkeypatch: pytest.MonkeyPatch) -> KnownSecrets:
    """Give what is known after the tokens of many districts."""
    known = KnownSecrets()
    known.learn("abc")
    known.learn("pa5-wd")
    for number in range(600):
        known.learn(token_of(number))
    monkeypatch.setattr("connectsync.domain.foreign_text.SECRETS", known)
    return known


@pytest.mark.parametrize("number", [0, 1, 499, 500, 599])
def test_no_token_is_forgotten_for_those_of_other_districts(
    many_tokens: KnownSecrets, number: int
) -> None:
    token = token_of(number)
    assert "abc" not in many_tokens
    assert foreign_text(f"refused: {token}!") == "refused: ***!"
    assert foreign_text("wrong: pa5-wd") == "wrong: ***"
    for spelled in (
        token.upper(),
        quote(token).replace("a", "%61"),
        b64encode(f"user:{token}".encode()).decode(),
        b32encode(f"user:{token}".encode()).decode(),
        token.encode().hex(),
        " ".join(token),
        token[:20],
        token[7:22],
    ):
        assert MASK in foreign_text(f"refused: {spelled}!"), spelled
    body = json.dumps([f"district {other}" for other in range(2_000)])
    assert not repeats_secret(body)
    assert repeats_secret(f"{body}{token}")
    assert repeats_secret(body + b64encode(token.encode()).decode())


def test_what_others_make_up_does_not_push_out_what_was_sent() -> None:
    """A page may set any number of cookies that look as if they signed in."""
    known = KnownSecrets()
    known.learn("the-token-of-a-district")
    for number in range(2_000):
        known.learn(f"cookie-{token_of(number)}", passing=True)
    assert "the-token-of-a-district" in set(known)
    assert len(list(known)) == 501


@pytest.mark.parametrize("secret", ["pa5-wd", "abc1234", "Abc-12.34!", "a#7!", "käse"])
def test_a_short_secret_is_masked_as_a_whole(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownSecrets()
    known.learn(secret)
    monkeypatch.setattr("connectsync.domain.foreign_text.SECRETS", known)
    said = f"Wrong password: {secret}, or {secret}?"
    assert foreign_text(said) == "Wrong password: ***, or ***?"


def test_secrets_of_ours_are_never_forgotten_for_those_of_districts() -> None:
    known = KnownSecrets()
    known.learn("the-token-of-the-gateway", ours=True)
    for number in range(600):
        known.learn(f"secret-number-{number:05}")
    assert "the-token-of-the-gateway" in list(known)


def test_much_text_is_searched_in_no_time_that_counts() -> None:
    body = json.dumps([f"district {number} &amp; %20" for number in range(50_000)])
    assert not repeats_secret(body, [SECRET])
    assert repeats_secret(body + quote(SECRET), [SECRET])


@pytest.mark.parametrize("system", ["win32", "linux"])
def test_no_program_of_the_folder_itself_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """On Windows the search of the library begins there, whatever it is told."""
    endings = (".exe", ".com") if system == "win32" else ("",)
    monkeypatch.setattr(foreign, "ENDINGS", endings)
    monkeypatch.setattr(shutil, "sys", SimpleNamespace(platform=system))
    monkeypatch.setenv("PATHEXT", os.pathsep.join(endings))
    away, here = tmp_path / "away", tmp_path / "here"
    for folder in (away, here, here / "bin"):
        folder.mkdir()
        for ending in ("", ".bat", *endings):
            (folder / f"tool{ending}").write_text("", "utf-8")
            (folder / f"tool{ending}").chmod(0o700)
    monkeypatch.chdir(here)
    theirs = ["", ".", "bin", "./bin"]
    assert program_in(theirs, "tool") is None
    assert program_in([*theirs, str(away)], "tool") == str(away / f"tool{endings[0]}")
    assert program_in([*theirs, str(away)], "none") is None
    named = str(away / f"tool{endings[-1]}")
    for name in (named, named.removesuffix(endings[-1])):
        assert program_in([str(here)], name) in {named, str(away / "tool.exe")}
    # the folder of the test is removed as others are
    monkeypatch.undo()
