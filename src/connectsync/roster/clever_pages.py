"""A page of users as Clever answers it: looked at, and where the list goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType
from typing import Any

import httpx2

from connectsync.domain.foreign_text import repeats_secret
from connectsync.domain.plan_shape import BadJson, read_json
from connectsync.errors import Unreachable
from connectsync.roster.clever import not_understood
from connectsync.roster.seam import CONTACT, STAFF, STUDENT, TEACHER
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class UserPage:
    """
    A page that was understood, as text. ``cursor`` leads on; empty on the last one.

    ``first`` is the id of its first person, by which a page is known again.
    """

    text: str
    count: int
    first: str
    cursor: str


def page_of(content: bytes, role: str, token: str, asked: httpx2.URL) -> UserPage:
    """
    Understand a page of users, or raise ``Unreachable``.

    ``asked`` is the address of the list without its query. Nobody is left out: who is
    not understood makes the page an error, and no value is quoted.
    """
    problem = ""
    text, body = "", None
    try:
        text = content.decode("utf-8-sig")
        body = read_json(content)
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except BadJson as error:
        problem = str(error)
    if problem:
        # raised here, so that the page does not come along as the context
        raise not_understood(problem)
    if not isinstance(body, dict):
        raise not_understood("the answer is not an object")
    users, words = _look_at(body, role)
    if token in text or repeats_secret("\n".join(sorted(words)), [token]):
        raise not_understood("it repeats the token")
    if "\\u" in text and _HALF_LETTER.search(text):
        text = json.dumps(body, ensure_ascii=False)
        text = text.encode("utf-8", "replace").decode("utf-8")
    first = str(users[0]["id"]) if users else ""
    return UserPage(text, len(users), first, _cursor_of(body, asked))


_ID = re.compile("[!-~]{1,64}")
_CURSOR = re.compile("[!-~]{1,200}")
_HALF_LETTER = re.compile(r"\\u[dD][89a-fA-F]")

_TEXTS: Mapping[str, tuple[str, ...]] = {
    STUDENT: ("sis_id", "student_number", "school"),
    CONTACT: ("sis_id", "phone", "phone_type"),
    TEACHER: (),
    STAFF: (),
}
"""What is read of each role, beside the lists below."""


def _look_at(
    body: Mapping[str, object], role: str
) -> tuple[list[dict[str, object]], set[str]]:
    """
    Look at the users of a page, as far as they are read later.

    Gives them, and what of them may be shown one day: words of lists, and schools.
    """
    rows = body.get("data")
    if not isinstance(rows, list):
        raise not_understood("it holds no list 'data'")
    users: list[dict[str, object]] = []
    words: set[object] = set()
    for row in rows:
        try:
            user = row["data"]
            if _is_usual(user, user["roles"][role], role, words):
                users.append(user)
                continue
        except (AttributeError, KeyError, TypeError):
            pass
        user = _insist_user(row, role)
        words.update(_shown_words(user, role))
        users.append(user)
    return users, {word for word in words if isinstance(word, str)}


_PLAIN = frozenset({str, NoneType})


def _is_usual(user: Any, told: Any, role: str, words: set[object]) -> bool:
    """
    Say that a user surely is as `_insist_user` wants it, and add its words.

    It is asked of everyone, so it is written for speed; of who is not as usual the
    other one says what is wrong, if anything is. Whatever fails here is not as usual.
    """
    name = user.get("name") or _NOTHING
    schools = told.get("schools") or _NONE
    links = told.get("student_relationships") or _NONE
    words.add(told.get("school"))
    words.add(told.get("phone_type"))
    words.update(schools)
    values = [name.get("first"), name.get("middle"), name.get("last")]
    values.append(user.get("email"))
    values += [told.get(one) for one in _TEXTS[role]]
    values += schools
    for link in links:
        kind, relationship = link.get("type"), link.get("relationship")
        words.add(kind)
        words.add(relationship)
        values += (link.get("student"), kind, relationship)
    return (
        _PLAIN.issuperset(map(type, values))
        and type(schools) is list
        and type(links) is list
        and _ID.fullmatch(user["id"]) is not None
    )


_NOTHING: Mapping[str, object] = {}
_NONE: list[Any] = []


def _insist_user(row: object, role: str) -> dict[str, object]:
    """Give the user of a row, or say what keeps it from being read."""
    user = row.get("data") if isinstance(row, dict) else None
    if not isinstance(user, dict):
        raise not_understood("one of its rows is not a user")
    identifier = user.get("id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise not_understood("a user has no id that looks like one")
    told = _role_of(user, role)
    _insist_plain(user, ("email",), "user")
    _insist_plain(told, _TEXTS[role], role)
    _insist_plain(user.get("name") or {}, ("first", "middle", "last"), "name")
    if role == STUDENT:
        _insist_plain_list(told.get("schools"), "schools")
    for link in _links_of(told):
        _insist_plain(link, ("student", "type", "relationship"), "relationship")
    return user


def _role_of(user: Mapping[str, object], role: str) -> Mapping[str, object]:
    roles = user.get("roles")
    told = roles.get(role) if isinstance(roles, dict) else None
    if not isinstance(told, dict):
        raise not_understood(f"it lists someone who is no {role}")
    return told


def _links_of(told: Mapping[str, object]) -> list[object]:
    links = told.get("student_relationships")
    if links is not None and not isinstance(links, list):
        raise not_understood("student_relationships is not a list")
    return links or []


def _insist_plain(members: object, names: Iterable[str], whose: str) -> None:
    if not isinstance(members, dict):
        raise not_understood(f"a {whose} is not an object")
    for name in names:
        if isinstance(members.get(name), dict | list):
            raise not_understood(f"{name} of a {whose} is not text")


def _insist_plain_list(value: object, name: str) -> None:
    parts = [] if value is None else value
    if not isinstance(parts, list) or any(isinstance(p, dict | list) for p in parts):
        raise not_understood(f"{name} is not a list of texts")


def _shown_words(user: Mapping[str, object], role: str) -> Iterator[str]:
    """Give what of a user may be shown one day: words of lists, and schools."""
    told = _role_of(user, role)
    schools = told.get("schools")
    words = [told.get("school"), told.get("phone_type")]
    words += schools if isinstance(schools, list) else []
    for link in _links_of(told):
        if isinstance(link, dict):
            words += [link.get("type"), link.get("relationship")]
    return (word for word in words if isinstance(word, str))


def _cursor_of(body: Mapping[str, object], asked: httpx2.URL) -> str:
    """
    Read where the list goes on: of the link only the cursor is used.

    So nothing that an answer says leads to another address, or asks for more.
    """
    links = body.get("links")
    if not isinstance(links, list) or not all(isinstance(one, dict) for one in links):
        raise not_understood("it holds no list 'links'")
    following = [one.get("uri") for one in links if one.get("rel") == "next"]
    if not following:
        return ""
    if len(following) > 1 or not isinstance(following[0], str):
        raise not_understood("it does not lead to one next page")
    problem = ""
    try:
        link = asked.join(following[0])
    except (httpx2.InvalidURL, ValueError):
        problem = "the address of its next page is none"
        link = asked
    # behind a proxy Clever does not know the folder that its address begins with
    if _origin(link) != _origin(asked) or not asked.path.endswith(link.path):
        problem = "its next page is at another address"
    cursor = link.params.get_list("starting_after")
    if not problem and (len(cursor) != 1 or not _CURSOR.fullmatch(cursor[0])):
        problem = "its next page begins at no id"
    if problem:
        raise not_understood(problem)
    return str(cursor[0])


_LINKS = rb'"links"\s*:\s*(\[[^\[\]]{0,4096}\])\s*'
_FIRST = re.compile(rb"\s*\{\s*" + _LINKS + rb",")
_LAST = re.compile(_LINKS + rb"\}\s*")


def cursor_ahead(content: bytes, asked: httpx2.URL) -> str | None:
    """
    Look where the list goes on after a page, empty if it does not: first or last in it.

    None where it cannot be told without the whole of it. It only says what to ask for
    ahead: what counts is the page itself.
    """
    last = max(0, content.rfind(b'"links"'))
    found = _FIRST.match(content) or _LAST.fullmatch(content, last)
    try:
        links = json.loads(found[1]) if found else None
        return _cursor_of({"links": links}, asked)
    except (ValueError, RecursionError, Unreachable):
        return None


def _origin(url: httpx2.URL) -> tuple[str, bytes, int | None]:
    # raw: what another xn-- spells is not asked, and may be nothing
    return url.scheme, url.raw_host, url.port
