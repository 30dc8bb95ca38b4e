"""
The files of rosters as their formats describe them, and what their rows tell.

Of what was read only hashes are kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from connectsync.domain.wording import fold_word
from connectsync.roster.opening import (
    BadRoster,
    DeliveredFile,
    Rows,
    header_of,
    understood,
    uneven,
)
from connectsync.values import dataclass, field, replace

CLEVER, ONEROSTER, GUARDIANS = "clever", "oneroster", "guardians"
NOT_DESCRIBED = {"manifest", "admins", "categories", "classresources", "lineitems"}
NOT_DESCRIBED |= {"courseresources", "resources", "results", "userprofiles"}
"""Files that are of a roster, and of which the structure alone is checked."""


@dataclass(frozen=True, slots=True)
class Column:
    """
    What is known of a column; ``values`` are folded, ``strict``: no others.

    ``refers`` is the file whose ids it holds, ``target`` that folded.
    """

    name: str
    required: bool = False
    identifies: bool = False
    number: bool = False
    refers: str = ""
    target: str = ""
    several: bool = False
    email: bool = False
    phone: bool = False
    contact: bool = False
    needed: bool = False
    values: frozenset[str] = frozenset()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A file as its format describes it; ``stem`` is its name without ``.csv``."""

    family: str
    stem: str
    record: str
    several_rows: bool
    unique: tuple[str, ...]
    columns: Mapping[str, Column]

    @property
    def refers_to_itself(self) -> bool:
        """Say whether its ids have to be known before its rows are checked."""
        own = any(one.refers == self.stem for one in self.columns.values())
        return own or self.stem == "roles"


@cache
def layouts(family: str, version: str = "") -> Mapping[str, Layout]:
    """Give the files of a format in the order of reading, by folded stem."""
    text = Path(__file__).with_name("formats.toml").read_text("utf-8")
    data = tomllib.loads(text)
    files: dict[str, dict[str, Any]] = {k: dict(v) for k, v in data[family].items()}
    if version == "1.2":
        for stem, more in data["oneroster12"].items():
            told = files.get(stem, {})
            files[stem] = {**told, **more}
            files[stem]["columns"] = {**told.get("columns", {}), **more["columns"]}
    found = (_layout(family, stem, one, data["values"]) for stem, one in files.items())
    return {fold_word(one.stem): one for one in found}


def _layout(
    family: str, stem: str, told: Mapping[str, Any], values: Mapping[str, list[str]]
) -> Layout:
    columns = {
        fold_word(name): _column(name, words.split(), values)
        for name, words in told["columns"].items()
        if words is not False
    }
    if family == ONEROSTER:
        for name, words in (("status", ["one-of:status"]), ("dateLastModified", [])):
            columns[fold_word(name)] = _column(name, words, values)
    unique = tuple(told.get("unique", ()))
    rows = told.get("rows") == "many"
    return Layout(family, stem, told["record"], rows, unique, columns)


def _column(name: str, words: Sequence[str], values: Mapping[str, list[str]]) -> Column:
    said = {word.partition(":")[0]: word.partition(":")[2] for word in words}
    named = said.get("one-of") or said.get("listed") or ""
    return Column(
        name,
        required="required" in said,
        identifies="id" in said,
        number=not said.keys().isdisjoint({"id", "number", "ref"}),
        refers=(refers := said.get("ref", "").rstrip("?")),
        target=fold_word(refers),
        several="list" in said,
        email="email" in said,
        phone="phone" in said,
        contact="contact" in said,
        needed="needed" in said,
        values=frozenset(one.casefold() for one in values.get(named, ())),
        strict="one-of" in said,
    )


_DIGITS = re.compile("[^0-9]+")
PHONE_DIGITS, WITH_COUNTRY = 10, 11


def is_phone(value: str) -> bool:
    """Say whether a number has ten digits, or eleven of which the first is 1."""
    digits = _DIGITS.sub("", value)
    return len(digits) == PHONE_DIGITS or (
        len(digits) == WITH_COUNTRY and digits[0] == "1"
    )


def has_contact(columns: Sequence[tuple[int, Column]], fields: Sequence[str]) -> bool:
    """Say whether a row of a student tells anything of a contact."""
    return any(fields[at].strip() for at, one in columns if one.contact)


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ID_WORDS = {"id", "ids", "number", "no", "identifier"}
_PHONE_WORDS = {"phone", "mobile", "cell", "cellphone", "sms", "telephone", "tel"}


def guardians_layout(header: Sequence[str], sample: Mapping[str, str]) -> Layout:
    """
    Guess what each column of a guardians file is from the words of its header.

    The names of its columns are published nowhere: but for those of a ``sample``, by
    folded name, they are told by number.
    """
    columns: dict[str, Column] = {}
    for at, name in enumerate(header):
        words = {word.lower() for word in _WORDS.findall(name)}
        is_id = not words.isdisjoint(_ID_WORDS) and words.isdisjoint(_PHONE_WORDS)
        of_student = is_id and "student" in words
        columns[fold_word(name)] = Column(
            sample.get(fold_word(name), f"column {at + 1}"),
            required="id" in words or of_student,
            number=is_id,
            refers="students" if of_student else "",
            email=not words.isdisjoint({"email", "mail"}),
            phone=not words.isdisjoint(_PHONE_WORDS) and "type" not in words,
        )
    return replace(UNREAD, columns=columns)


UNREAD = Layout(
    GUARDIANS, GUARDIANS, "guardians", several_rows=True, unique=(), columns={}
)
"""A guardians file of which no header was read yet."""


Hashes = set[int]
MASK = (1 << 64) - 1


@dataclass(slots=True)
class Records:
    """
    The records of a roster by type: a hash of each id, and of all that it says.

    ``changes`` are those of delta files: a hash of each id, and whether it is deleted.
    """

    by_type: dict[str, dict[int, int]] = field(default_factory=dict)
    changes: dict[str, dict[int, bool]] = field(default_factory=dict)
    _seen: Hashes = field(default_factory=set)

    def add(self, type_: str, identity: object, content: object) -> None:
        """Take a row of a record; rows of one record may come in any order."""
        key, said = hash(identity), hash((type_, identity, content))
        if said in self._seen:
            return
        self._seen.add(said)
        records = self.by_type.setdefault(type_, {})
        records[key] = (records.get(key, 0) + said) & MASK


@dataclass(slots=True)
class KnownIds:
    """
    What files of a roster have told so far, as hashes: ids by folded stem.

    ``numbers`` are other ids of students, by which a guardians file may name them;
    ``pupils`` and ``guardians`` are users of a role, ``agents`` those whom users name.
    ``delta`` names files that hold changes alone.
    """

    ids: dict[str, Hashes] = field(default_factory=dict)
    numbers: Hashes = field(default_factory=set)
    pupils: Hashes = field(default_factory=set)
    guardians: Hashes = field(default_factory=set)
    agents: Hashes = field(default_factory=set)
    delta: frozenset[str] = frozenset()
    records: Records | None = None

    @property
    def students(self) -> Hashes:
        """The ids of all students."""
        return self.pupils or self.ids.get("students", set())


_PARENTS = {"guardian", "parent", "relative"}


def gather_numbers(
    layout: Layout, at: Mapping[str, int], fields: Sequence[str], known: KnownIds
) -> None:
    """Remember the other id by which a guardians file may name the student of a row."""
    match layout.family, layout.stem:
        case "clever", "students":
            name = "studentnumber"
        case "oneroster", "users" if hash(fields[at["sourcedid"]]) in known.pupils:
            name = "identifier"
        case _:
            return
    if name in at and fields[at[name]]:
        known.numbers.add(hash(fields[at[name]]))


def tally(
    layout: Layout, at: Mapping[str, int], fields: Sequence[str], known: KnownIds
) -> None:
    """Take a row into the records that two rosters are compared by."""
    records = known.records
    if records is None or layout.family == GUARDIANS:
        return
    named = {name: fields[number] for name, number in at.items()}
    columns = layout.columns
    own = {k: v for k, v in named.items() if not (k in columns and columns[k].contact)}
    identity = next(
        (v for k, v in named.items() if k in columns and columns[k].identifies),
        tuple(named.get(fold_word(one), "") for one in layout.unique),
    )
    type_ = layout.record
    if layout.stem == "users":
        key = hash(identity)
        type_ = "students" if key in known.pupils else "staff"
        type_ = "guardians" if key in known.guardians else type_
    if fold_word(layout.stem) in known.delta:
        deleted = named.get("status", "").strip().casefold() == "tobedeleted"
        records.changes.setdefault(type_, {})[hash(identity)] = deleted
        return
    records.add(type_, identity, _content(own))
    said = {k: v for k, v in named.items() if k not in own}
    if layout.stem == "students" and any(said.values()):
        # without an id of its own a contact is another one once its data change
        person = tuple(said.get(f"contact{one}") for one in ("name", "phone", "email"))
        contact = said.get("contactsisid") or person
        records.add("contacts", contact, (identity, _content(said)))


def _content(named: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Give what a row says, whatever the order of its columns; empty is not there."""
    return tuple(sorted((name, value) for name, value in named.items() if value))


def gather(file: DeliveredFile, encoding: str, layout: Layout, known: KnownIds) -> None:
    """
    Read the ids of a file that refers to itself, and what its people are.

    What is wrong with the file is told when it is checked.
    """
    for named in _named_rows(file, encoding):
        identity = named.get("sourcedid", "")
        match fold_word(layout.stem):
            case "roles":
                person, role = named.get("usersourcedid", ""), named.get("role", "")
                _role(known, person, role)
            case stem:
                known.ids.setdefault(stem, set()).add(hash(identity))
                _role(known, identity, named.get("role", ""))
                for agent in named.get("agentsourcedids", "").split(","):
                    known.agents.add(hash(agent.strip()))


def _role(known: KnownIds, person: str, role: str) -> None:
    if role.strip().casefold() == "student":
        known.pupils.add(hash(person))
    elif role.strip().casefold() in _PARENTS:
        known.guardians.add(hash(person))


def _named_rows(file: DeliveredFile, encoding: str) -> Iterator[dict[str, str]]:
    """Give rows by folded header; where the file is broken they end."""
    try:
        with understood():
            stream = file.opened()
        with stream:
            rows = iter(Rows(stream, lambda _: None, encoding))
            header = [fold_word(name) for name in next(rows, [])]
            for fields in rows:
                yield dict(zip(header, fields, strict=False))
    except BadRoster:
        return


Told = tuple[str, int, str, str, str]
"""What is wrong with a roster as a whole: file, line, rule, sentence, what to do."""

DELTA = "delta"
_MODES = {"bulk", DELTA, "absent"}


def users_are_delta(manifest: DeliveredFile, encoding: str) -> bool:
    """Say whether a manifest calls users.csv a file that holds changes alone."""
    lines = _manifest(manifest, encoding)
    return any(name == "file.users" and mode == DELTA for _, name, mode in lines)


def recognize(
    files: Mapping[str, DeliveredFile], encoding: str, *, whole: bool
) -> tuple[str, str, frozenset[str], list[Told]]:
    """
    Say whose format files are, of which version, and which of them are delta files.

    ``files`` are by folded stem; ``whole``: there should be all of them. The last is
    what is wrong with the manifest; a fault of no one file names none.
    """
    versions = ("", "1.1", "1.2")
    if not files.keys() & {"manifest", "users", "orgs", "academicsessions"}:
        return CLEVER, "", frozenset(), []
    version = versions[2] if "roles" in files else versions[1]
    found: list[Told] = []
    modes: dict[str, str] = {}
    if (manifest := files.get("manifest")) is not None:
        lines = _manifest(manifest, encoding)
        told = {name: (line, value) for line, name, value in lines}
        line, stated = told.get("oneroster.version", (1, ""))
        version = stated if stated in versions else version
        modes = {
            fold_word(name[5:]): value
            for name, (_, value) in told.items()
            if name.startswith("file.")
        }
        found += _manifest_faults(manifest.shown, told, files)
        if stated not in versions[1:]:
            said = "oneroster.version is neither 1.1 nor 1.2"
            hint = "state the version; Connect takes 1.1"
            found.append((manifest.shown, line, "roster-manifest-wrong", said, hint))
    elif whole:
        said = "there is no manifest.csv, so bulk and delta cannot be told apart"
        found.append(("", 1, "roster-file-missing", said, "add manifest.csv"))
    if version == versions[2] and whole and "roles" not in files:
        said = "there is no roles.csv: in 1.2 the roles of users are there"
        found.append(("", 1, "roster-file-missing", said, "add roles.csv"))
    delta = frozenset(stem for stem, mode in modes.items() if mode == DELTA)
    return ONEROSTER, version, delta, found


def _manifest_faults(
    shown: str, told: Mapping[str, tuple[int, str]], files: Mapping[str, DeliveredFile]
) -> Iterator[Told]:
    known = {"manifest", *(fold_word(name[5:]) for name in told)}
    rule = "roster-manifest-wrong"
    names = {one.stem for one in layouts(ONEROSTER, "1.2").values()}
    named = {fold_word(one): f"{one}.csv" for one in names}
    for name, (line, mode) in told.items():
        if not name.startswith("file."):
            continue
        stem = fold_word(name[5:])
        what = named.get(stem, "a file")
        if mode not in _MODES:
            said = f"the mode of {what} is none of bulk, delta and absent"
            yield shown, line, rule, said, "write one of the three"
        elif mode == "absent" and stem in files:
            said = f"{what} is said to be absent, and is there"
            yield shown, line, rule, said, "say bulk or delta, or leave it out"
        elif mode != "absent" and stem not in files:
            said = f"{what} is said to be there, and is not"
            yield shown, line, "roster-file-missing", said, "add it, or say absent"
    for stem in sorted(named.keys() & files.keys() - known):
        said = f"it says nothing of {named[stem]}, which is there"
        yield shown, 1, rule, said, "say bulk or delta of it"


def _manifest(file: DeliveredFile, encoding: str) -> Iterator[tuple[int, str, str]]:
    """Give the lines of a manifest: number, property, value in small letters."""
    for number, named in enumerate(_named_rows(file, encoding), start=2):
        name = named.get("propertyname", "").strip()
        yield number, name, named.get("value", "").strip().casefold()


def by_header(file: DeliveredFile, encoding: str) -> Layout | None:
    """
    Recognize a file of another name by the columns that it has to have.

    Raises ``BadRoster`` where its header cannot be read.
    """
    header = {fold_word(name) for name in header_of(file, encoding).names}
    fitting = [
        (len(wanted), one)
        for family in (CLEVER, ONEROSTER)
        for one in layouts(family).values()
        if (wanted := {n for n, column in one.columns.items() if column.required})
        and wanted <= header
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def insist_even(file: DeliveredFile, encoding: str) -> None:
    """Go through all rows. Raises ``BadRoster`` for the first that is not right."""

    def refuse(bad: BadRoster) -> None:
        raise bad

    with understood(), file.opened() as stream:
        rows, width = Rows(stream, refuse, encoding), 0
        for fields in rows:
            width = width or len(fields)
            if len(fields) != width:
                raise uneven(len(fields), width, rows.line)
