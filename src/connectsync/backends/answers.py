"""Parse the gateway's answers strictly; anything else is refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from connectsync.backends.names import Unfit, from_json, setting_of, text_of
from connectsync.backends.seam import Visit
from connectsync.domain.foreign_text import foreign_text, mask_secrets
from connectsync.domain.live import CLOCKS_DIFFER, ListedDistrict, Live
from connectsync.domain.plan_shape import kind_of
from connectsync.domain.sync import NO_SYNC, SchoolOutcome, SyncOutcome
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    FormRefused,
    NotOffered,
    Unreachable,
    VersionMoved,
)
from connectsync.values import dataclass
from connectsync.web.http import TOO_MANY, too_many_requests, when_to_try

DISTRICT_NOT_FOUND = "urn:connectsync:problem:district-not-found"
FORM_REFUSED = "urn:connectsync:problem:form-refused"


_FIELDS = 20
"""So many refused fields are told; a form has fewer."""


def without_secrets(error: ConnectError) -> ConnectError:
    """Give an error as it is, or with every quotation of a secret masked."""
    said = [error.sentence, *error.below, error.remedy]
    shown = [mask_secrets(one) for one in said]
    if shown == said:
        return error
    sentence, *below, remedy = shown
    return type(error)(sentence, below=below, remedy=remedy)


def refusal(  # noqa: PLR0913 - each is named
    status: int,
    problem: Mapping[str, object],
    *,
    about: str,
    address: str,
    secrets: tuple[str, ...] = (),
    wait: float = 0.0,
) -> ConnectError:
    """
    Give the error for an answer with this status; ``about`` says what was asked.

    ``problem`` is empty where the answer had none; ``address`` is where it came from;
    ``secrets`` are what was sent, which is not quoted; ``wait`` is how many seconds the
    answer asks to wait, 0 if it does not. A status that any proxy sends is
    believed only with the contract's own problem type: a 404 from a wrong address
    does not mean that a district is gone.
    """
    said = f"{_reason(problem, secrets) or 'no reason given'} (status {status})"
    why = f"{about}: {said}"
    match status, problem.get("type"):
        case ((401 | 403), _):
            return CredentialsRefused(why)
        case 404, kind if kind == DISTRICT_NOT_FOUND:
            return DistrictNotFound(why)
        case 412, _:
            return VersionMoved(why)
        case 422, kind if kind == FORM_REFUSED:
            return FormRefused(f"{about}: {_fields(problem, secrets) or said}")
        case status, _ if status == TOO_MANY:
            return too_many_requests(
                f"{about}: {address}", _reason(problem, secrets), wait
            )
        case _:
            return Unreachable(why, remedy=when_to_try(wait) if wait else None)


def _reason(problem: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    detail = problem.get("detail") or problem.get("title")
    return foreign_text(detail, secrets) if isinstance(detail, str) else ""


def _fields(problem: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    errors = problem.get("errors")
    members = errors[:_FIELDS] if isinstance(errors, list) else []
    named = (_field(error, secrets) for error in members if isinstance(error, dict))
    return "; ".join(named)


def _field(error: Mapping[str, object], secrets: tuple[str, ...]) -> str:
    name = setting_of(str(error.get("field", "a setting")))
    why = str(error.get("detail", "is refused"))
    return f"{foreign_text(name, secrets)} {foreign_text(why, secrets)}"


Members = Mapping[str, object]
"""A JSON object."""

VERSION = re.compile("[!#-~]{1,200}")
"""What the version of a form looks like: it fits between the quotes of an ETag."""

_TAG = re.compile(r'(?:W/)?"(?P<opaque>[!#-~\x80-\xff]*)"')

_LET_TAGS_THROUGH = (
    "a proxy before the gateway may drop the ETag of an answer that it compresses"
    " (nginx), or add -gzip to it (Apache): switch compression off for this address"
    " there, or set DeflateAlterETag NoChange"
)


class TagUnusable(Unreachable):
    """The tag of a form does not say its version, so no save could be proven."""


@dataclass(frozen=True, slots=True)
class DistrictPage:
    """Some of the districts, and the cursor of the next page if there is one."""

    districts: tuple[ListedDistrict, ...]
    following: str | None


def page(body: Members) -> DistrictPage:
    """Read one page of the list."""
    items = [_object(item, "a district of the list") for item in _list(body, "items")]
    following = None if _member(body, "next") is None else _text(body, "next")
    if following == "":
        raise not_understood("next is an empty cursor")
    if following is not None and not items:
        raise not_understood("a page of the list is empty although more should follow")
    listed = (
        ListedDistrict(_text(item, "district"), _text(item, "name")) for item in items
    )
    return DistrictPage(tuple(listed), following)


def live(body: Members, *, key: str, read_at: datetime) -> Live:
    """Read the form of the district ``key``."""
    if (other := _text(body, "district")) != key:
        raise not_understood(
            f"district {key!r} was asked for, {foreign_text(other)!r} came"
        )
    settings = _object(_member(body, "settings"), "settings")
    try:
        form = from_json(settings)
    except Unfit as error:
        raise not_understood(f"the form of district {key!r}: {error}") from error
    return Live(key, version(body), form, read_at)


def version(body: Members) -> str:
    """Read the version of a form; it must fit into an ETag."""
    spelled = _text(body, "version")
    if not VERSION.fullmatch(spelled):
        raise not_understood("version has characters that no ETag can hold")
    return spelled


def read_tagged_version(body: Members, etag: str | None) -> str:
    """
    Read the version of one form, which the ETag must repeat.

    A weak tag is as good as a strong one here (RFC 9110, weak comparison): what a
    proxy packed is the same form. Raises ``TagUnusable``.
    """
    spelled = version(body)
    if not etag:
        raise TagUnusable("the form came without an ETag", remedy=_LET_TAGS_THROUGH)
    tag = _TAG.fullmatch(etag)
    if tag is None or tag["opaque"] != spelled:
        raise TagUnusable(
            f"the ETag {foreign_text(etag)} is not the version of the form, {spelled}",
            remedy=_LET_TAGS_THROUGH,
        )
    return spelled


T = TypeVar("T", Live, SyncOutcome)
Read = Callable[[Members, str], T]
"""Reads what an item of a bulk answer says of the district of a key."""


def forms(
    body: Members, *, keys: Sequence[str], read_at: datetime, address: str
) -> dict[str, Live | ConnectError]:
    """
    Read a bulk answer from an address: for each of ``keys`` a form or its error.

    Raises ``Unreachable`` where the answer cannot be told apart by district.
    """

    def read(item: Members, key: str) -> Live:
        return live(item, key=key, read_at=read_at)

    return _each(body, keys, address, read)


def outcomes(
    body: Members, *, keys: Sequence[str], read_at: datetime, address: str
) -> dict[str, SyncOutcome | ConnectError]:
    """Read the last nightly syncs from a bulk answer; see ``forms``."""

    def read(item: Members, key: str) -> SyncOutcome:
        return outcome(item, key=key, read_at=read_at)

    return _each(body, keys, address, read)


def visits(
    body: Members, *, keys: Sequence[str], read_at: datetime, address: str
) -> dict[str, Visit | ConnectError]:
    """Read forms and last nightly syncs from one bulk answer; see ``forms``."""
    found = forms(body, keys=keys, read_at=read_at, address=address)
    seen = outcomes(body, keys=keys, read_at=read_at, address=address)
    return {key: (found[key], seen[key]) for key in keys}


def outcome(body: Members, *, key: str, read_at: datetime) -> SyncOutcome:
    """
    Read the last nightly sync of the district ``key``.

    Raises ``NotOffered`` where it is not named: the gateway keeps an older contract.
    """
    if "lastSync" not in body:
        raise NotOffered("this gateway does not tell how the last sync ended")
    if body["lastSync"] is None:
        return NO_SYNC
    try:
        found = _object(body["lastSync"], "lastSync")
        schools = _schools(found.get("schools"))
        shown, at, tried = map(found.get, ("status", "at", "triedToArchive"))
        return sync_of(shown, at, tried, read_at, schools)
    except Unfit as error:
        raise not_understood(f"the last sync of district {key!r}: {error}") from error


def _schools(raw: object) -> list[tuple[object, object, object]]:
    """Take the schools of a sync apart; none where they are left out or null."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Unfit(f"its schools are {kind_of(raw)}, not a list")
    members = [_object(one, "a school of lastSync") for one in raw]
    return [
        (one.get("school"), one.get("status"), one.get("triedToArchive"))
        for one in members
    ]


_HIGHEST_PERCENT, MOST_SCHOOLS = 100, 5_000
"""Schools that one sync may have: more than twice as many as any district has."""


def sync_of(
    status: object,
    at: object,
    tried: object,
    now: datetime,
    schools: Sequence[Sequence[object]] = (),
) -> SyncOutcome:
    """
    Read a nightly sync from JSON; ``now`` is when it was read.

    ``schools`` are name, status and figure of each that is shown. Raises ``Unfit``,
    also for a time that is yet to come.
    """
    shown = _status(status, "its status")
    when = None if at is None else _time(at)
    if when is not None and when - now > CLOCKS_DIFFER:
        raise Unfit(f"it is of {when:%Y-%m-%d %H:%M %Z}, which is yet to come")
    if len(schools) > MOST_SCHOOLS:
        raise Unfit(f"it has more than {MOST_SCHOOLS:,} schools")
    return SyncOutcome(shown, when, _figure(tried), tuple(map(_school, schools)))


def _school(given: Sequence[object]) -> SchoolOutcome:
    name, status, tried = given
    school = _status(name, "the name of a school")
    return SchoolOutcome(school, _status(status, "a school's status"), _figure(tried))


def _status(raw: object, what: str) -> str:
    """Read words that are shown. Raises ``Unfit`` if there are none."""
    shown = text_of(raw)
    if not shown.strip():
        raise Unfit(f"{what} is empty, where words are shown")
    return shown


def _figure(tried: object) -> float | None:
    if tried is None:
        return None
    if (
        isinstance(tried, bool)
        or not isinstance(tried, int | float)
        or not 0 <= tried <= _HIGHEST_PERCENT
    ):
        raise Unfit(f"what it tried to archive is {kind_of(tried)}, not within 0-100")
    return tried


def _time(raw: object) -> datetime:
    spelled = text_of(raw)
    try:
        time = datetime.fromisoformat(spelled)
        if time.tzinfo is None:
            raise Unfit("its time has no time zone")
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise (
            error if isinstance(error, Unfit) else Unfit("its time is not a time")
        ) from error


def _each(
    body: Members, keys: Sequence[str], address: str, read: Read[T]
) -> dict[str, T | ConnectError]:
    items = _by_district(body, "items")
    errors = _by_district(body, "errors")
    if strange := (items.keys() | errors.keys()) - set(keys):
        raise not_understood(f"{foreign_text(min(strange))!r} was not asked for")
    answered: dict[str, T | ConnectError] = {}
    for key in keys:
        try:
            item = _item(key, items.get(key), errors.get(key), address)
            answered[key] = read(item, key)
        except ConnectError as error:
            answered[key] = error
    return answered


def _item(
    key: str, item: Members | None, error: Members | None, address: str
) -> Members:
    if (item is None) == (error is None):
        raise not_understood(f"district {key!r} is not answered exactly once")
    if item is not None:
        return item
    problem = _object(_member(error or {}, "problem"), "problem")
    status = problem.get("status")
    raise refusal(
        status if isinstance(status, int) else 0,
        problem,
        about=f"district {key!r}",
        address=address,
    )


def _by_district(body: Members, name: str) -> dict[str, Members]:
    found = [_object(entry, f"an entry of {name}") for entry in _list(body, name)]
    by_district = {_text(entry, "district"): entry for entry in found}
    if len(by_district) != len(found):
        raise not_understood(f"{name} holds a district twice")
    return by_district


def labels(body: Members, *, setting: str) -> tuple[str, ...]:
    """Read the labels that the setting named ``setting`` by the gateway offers."""
    if (other := _text(body, "setting")) != setting:
        raise not_understood(
            f"options of {setting} were asked for, {foreign_text(other)!r} came"
        )
    found = [_object(item, "an option") for item in _list(body, "options")]
    offered = tuple(_text(item, "label") for item in found)
    if not offered or "" in offered or len(set(offered)) != len(offered):
        raise not_understood(f"the options of {setting} are empty or not distinct")
    return offered


def not_understood(why: str) -> Unreachable:
    """Make the error that says an answer is not the contract's."""
    return Unreachable(
        f"an answer is not understood: {why}",
        remedy="compare the gateway with schema/gateway.openapi.yaml",
    )


def _member(body: Members, name: str) -> object:
    if name not in body:
        raise not_understood(f"{name} is missing")
    return body[name]


def _text(body: Members, name: str) -> str:
    try:
        return text_of(_member(body, name))
    except Unfit as error:
        raise not_understood(f"{name} {error}") from error


def _list(body: Members, name: str) -> list[object]:
    value = _member(body, name)
    if not isinstance(value, list):
        raise not_understood(f"{name} is {kind_of(value)}, not a list")
    return value


def _object(value: object, what: str) -> Members:
    if not isinstance(value, dict):
        raise not_understood(f"{what} is {kind_of(value)}, not an object")
    return value
