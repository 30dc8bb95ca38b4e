from __future__ import annotations

from itertools import product

import pytest

from connectsync.config.profiles import check_bytes
from connectsync.config.source import MASK, mask_line, mask_source, quote_text

LITERAL = "Zq7wXr93Kd"
FRAMES = (
    "credentials:\n  oauth_token: {}\n",
    "credentials: {{oauth_token: {}}}\n",
    "credentials: {{district_id: x, oauth_token: {}}}\n",
    "credentials:\n  oauth_token:\n    {}\n",
    "credentials:\n  oauth_token: >\n    {}\n\n    more\n",
    "credentials:\n  oauth_token: [{}]\n",
    "credentials:\n  token: {}\n",
    "credentials:\n  Oauth_Token: {}\n",
    "credentials:\n  api-key: {}\n",
    "oauth_token: {}\n",
    "credentials:\n  - oauth_token: {}\n",
    "credentials:\n  oauth_token {}\n",
    "credentials:\n  oauth_token:{}\n",
    "credentials:\n  'oauth_token': {}\n",
    '{{"credentials": {{"oauth_token": "{}"}}}}\n',
    "credentials:\n  oauth_token: &t {}\n",
    "credentials:\n  oauth_token: !t {}\n",
    "credentials: {}\n",
    "credentials:\n  {}\n",
)
DRESSES = ("{}", '"{}"', "'{}'", "{} more", "{}: x", "{},", "env: {}", "'{}", "{}]")
TAILS = ("", "foo: 1\n", "bad: [\n", "  x: y: z\n", "\tx: 1\n", "a: 1\na: 2\n")


@pytest.mark.parametrize("frame", FRAMES)
def test_no_literal_token_leaves_a_file_however_it_is_written(frame: str) -> None:
    for dress, tail in product(DRESSES, TAILS):
        body = frame.format(dress.format(LITERAL))
        text = f"schema: 1\ndistrict: x\nname: X\n{body}{tail}"
        findings = check_bytes("f.yaml", text.encode(), "district").findings
        assert findings, text
        shown = [
            (found.message, found.hint, found.place.text, found.place.line_text)
            for found in findings
        ]
        assert LITERAL not in repr(shown), text


@pytest.mark.parametrize(
    "line",
    [
        "  oauth_token: env:LAKEVIEW_TOKEN   # a reference",
        "  oauth_token: 'file:/run/secrets/lakeview'",
        "credentials: {district_id: 58da8a43cc70ab00017a1a87, oauth_token: env:T}",
        "  district_id: 58da8a43cc70ab00017a1a87",
        "name: Lakeview Unified School District",
        "profile: los-angeles-county-office-of-education-2027",
        "  oauth_token: command:pass show clever/lakeview",
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    assert mask_source(line) == line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  oauth_token: abc", "  oauth_token: ***"),
        ("  oauth_token: env:A b", "  oauth_token: ***"),
        ("district_id: 8f14e45fceea167a5a36dedd4bea2543", "district_id: ***"),
        ("credentials: abc", "credentials: ***"),
        ("# password = abc", "# password = ***"),
    ],
)
def test_what_may_be_a_secret_is_masked(line: str, shown: str) -> None:
    assert mask_source(line) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("# abc", "# ***"),
        ("name: Elm # abc", "name: Elm # ***"),
        ("name: it's Elm # it's abc", "name: it's Elm # ***"),
        ("name: 'Elm # 7' # abc", "name: 'Elm # 7' # ***"),
        ('name: "Elm \\" # 7"\t# abc "x"', 'name: "Elm \\" # 7"\t# ***'),
        ("phone_types: [Cell, 'a # b'] # abc", "phone_types: [Cell, 'a # b'] # ***"),
        ("name: Elm#7", "name: Elm#7"),
        ("name: 'never closed # abc", "name: 'never closed # ***"),
    ],
)
def test_a_comment_is_shown_nowhere(line: str, shown: str) -> None:
    assert mask_line([line], 0) == shown


def test_a_line_is_masked_for_what_stands_above_it() -> None:
    lines = ["oauth_token:", "  # a remark", "", "  abc", "x: 1"]
    assert mask_line(lines, 3) == f"  {MASK}"
    assert mask_line(lines, 4) == "x: 1"
    lines = [
        "credentials:",
        "  # a remark",
        "  abc",
        "  key: abc",
        "  district_id: abc",
    ]
    assert [mask_line(lines, row) for row in range(1, 5)] == [
        "  # ***",
        f"  {MASK}",
        f"  key: {MASK}",
        "  district_id: abc",
    ]


def test_quoted_text_is_short_on_one_line_and_shows_what_only_looks_like_a_space() -> (
    None
):
    assert quote_text("a\n  b") == "'a b'"
    assert quote_text("a\u00a0b") == "'a\\xa0b'"
    assert len(quote_text("x" * 10_000)) == 62
