"""
Files and folders: read within limits, written whole or not at all, kept private.

State, evidence and sessions tell what districts have set, and who did what when: only
this user may read them, whatever the umask says.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from errno import EACCES, EDQUOT, EEXIST, EISDIR, ELOOP, ENOSPC, ENOTDIR, EPERM, EROFS
from pathlib import Path
from typing import BinaryIO

from connectsync.errors import UsageError

_OTHERS = 0o077


def private_folder(path: Path) -> None:
    """
    Make a folder, with those above it, that only this user may enter.

    One that is there keeps its mode: it may be shared on purpose, or hold other
    things. Raises ``OSError``.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        with suppress(FileExistsError):
            one.mkdir(mode=0o700)
            # a umask can take away more than others' rights
            one.chmod(0o700)
    if not path.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(path))


_STATE_FILES = (
    *("state.db", "connect.db", "session.json"),
    *("checked.json", "checked-report.json"),
)
"""What a state folder holds; SQLite puts files with longer names beside them."""

_STATE_FOLDERS = frozenset(["runners", "evidence"])

_OUTPUT_FOLDERS = frozenset(["click-lists", "demo"])
"""What commands write there for people, unless another place is named."""

STATE_NOT_WRITABLE = (
    "make the state folder writable, free space on its disk, or name another folder"
    " with --state-dir"
)
"""What to do where a database of the state folder cannot be written."""

_NO_PLACE = re.compile("readonly database|unable to open|disk is full|disk I/O")


def is_state(name: str) -> bool:
    """Say whether a name at the top of a state folder is that of state itself."""
    return name in _STATE_FOLDERS or name.startswith(_STATE_FILES)


def is_no_place(said: str) -> bool:
    """Say whether SQLite complains of the place of a file, not of what it holds."""
    return bool(_NO_PLACE.search(said))


def state_folder(path: Path) -> None:
    """
    Make the folder of the state, private, and ignored by git from the start.

    A folder that holds something else as well is not ours to ignore. Raises
    ``OSError``, and ``Planted`` where another user was first.
    """
    if (planted := planted_state(path)) is not None:
        raise Planted(EACCES, _PLANTED, str(planted))
    private_folder(path)
    # only now is it known that no one else can put theirs there
    insist_settled(path)
    ignore = path / ".gitignore"
    names = {one.name for one in path.iterdir()} - _OUTPUT_FOLDERS
    if ignore.exists() or not all(map(is_state, names)):
        return
    private_file(ignore)
    ignore.write_text("# connectsync uses no state that is kept in git\n*\n", "utf-8")


def remove_state(folder: Path) -> None:
    """
    Remove a state folder with all that is in it.

    One that is a link, or holds anything but state at its top, is left as it is.
    Raises ``UsageError``.
    """
    if not os.path.lexists(folder):
        return
    known = _OUTPUT_FOLDERS | {".gitignore"}
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise not_written(folder, error, "remove") from error
    other = [one for one in inside if not (is_state(one.name) or one.name in known)]
    if folder.is_symlink():
        other = [folder]
    if other:
        raise UsageError(
            f"{other[0]} is not ours, so {folder} is not removed to begin anew",
            remedy="move it away, or name another state folder with --state-dir",
        )
    from shutil import rmtree  # noqa: PLC0415 - it imports what unpacks archives

    rmtree(folder, ignore_errors=True)


def private_file(path: Path) -> None:
    """
    Make an empty file that only this user may read, or take others' rights away.

    Raises ``OSError`` if it can neither be made nor used.
    """
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # of a file of another user that is shared on purpose nothing is changed
        with suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if path.is_file() and mode & _OTHERS:
                path.chmod(mode & ~_OTHERS)
        return
    os.close(made)
    path.chmod(0o600)


def not_written(path: Path, error: OSError, verb: str = "write") -> UsageError:
    """Give the error of a place that cannot be written, with what to do about it."""
    reason = error.strerror or str(error)
    return UsageError(f"cannot {verb} {path}: {reason}", remedy=_elsewhere(error.errno))


def _elsewhere(number: int | None) -> str:
    if number in {EACCES, EPERM, EROFS}:
        return "name a place that you may write to, or have its rights corrected"
    if number in {EEXIST, ENOTDIR, EISDIR}:
        return "something else stands in that place: name another one"
    if number in {ENOSPC, EDQUOT}:
        return "free some space on that disk, or name a place on another one"
    return "name another place, or check that disk"


SYSTEM = 0
"""The user of the system: what root made may be used by anyone."""

_MOST_LINKS = 40
"""Links that a path may lead over, as for the system."""


def strange_owner(*found: os.stat_result, sudo: str = "") -> int | None:
    """
    Give the first owner that is neither us nor the system; None where none is.

    ``sudo`` is the user who became root, by number: that one is no stranger to root.
    """
    if not hasattr(os, "geteuid"):
        return None
    ours = {SYSTEM, os.geteuid()}
    if os.geteuid() == SYSTEM and re.fullmatch("[0-9]{1,10}", sudo):
        ours.add(int(sudo))
    return next((one.st_uid for one in found if one.st_uid not in ours), None)


def is_strangers(status: os.stat_result) -> bool:
    """Say whether a file, or a link, belongs to neither us nor the system."""
    return strange_owner(status) is not None


def is_for_all(folder: Path) -> bool:
    """Say whether any user may put something into a folder. Raises ``OSError``."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


_PLAIN = frozenset([stat.S_IFREG, stat.S_IFDIR])
"""What is no way to anywhere else: a regular file or a folder."""


def insist_unplanted(path: Path) -> Path:
    """
    Refuse to write where another user laid a link or a pipe into a folder not theirs.

    Linux does not follow such a link in /tmp either, but is not asked where a link is
    read first, to replace what it leads to. Gives where the path ends with its links
    followed: a link that is laid there later is not followed. Raises ``OSError``.
    """
    end = path
    for at, status, planted in steps_on(path):
        end = at
        if status is None or stat.S_IFMT(status.st_mode) in _PLAIN:
            continue
        # in a folder of their own, which was named, it is what they say of it
        elsewhere = at.parent.stat().st_uid != status.st_uid
        if planted or (is_strangers(status) and elsewhere):
            raise Planted(EACCES, _PLANTED, str(at))
    return end


def steps_on(path: Path) -> Iterator[tuple[Path, os.stat_result | None, bool]]:
    """
    Give each step on the way to a path, and whether another user laid it there.

    That is in a folder for all, or in a folder of theirs in one. Links are followed one
    by one, each read once; the last step is no link. Raises ``OSError``.
    """
    waiting, followed = [*reversed(path.absolute().parts)], 0
    at, theirs = Path(waiting.pop()), False
    while waiting:
        at = at / part if (part := waiting.pop()) != ".." else at.parent
        try:
            status = at.lstat()
        except (FileNotFoundError, NotADirectoryError):
            yield at.joinpath(*reversed(waiting)), None, False
            return
        planted = is_strangers(status) and (theirs or is_for_all(at.parent))
        theirs = theirs or planted
        yield at, status, planted
        if stat.S_ISLNK(status.st_mode):
            if (followed := followed + 1) > _MOST_LINKS:
                raise OSError(ELOOP, os.strerror(ELOOP), str(path))
            # from the folder of the link, or from the top
            parts = (at.parent / os.readlink(at)).parts  # noqa: PTH115
            waiting += reversed(parts)
            at = Path(waiting.pop())


def planted_state(folder: Path) -> Path | None:
    """
    Give what another user made of a state folder, where any user may do so.

    A folder or a file of a colleague may be shared on purpose: not where the rights of
    the folder let anyone put a store of their own in its place.
    """
    with suppress(OSError):
        # who made a folder on the way there can exchange all that is in it
        for one, _, planted in steps_on(folder):
            if planted:
                return one
        for_all = is_for_all(folder)
        if for_all and is_strangers(folder.stat()):
            return folder
        # what is used lies there also where the folder does not list it
        names = {*_STATE_FOLDERS, *_STATE_FILES}
        with suppress(PermissionError):
            names |= {one.name for one in folder.iterdir() if is_state(one.name)}
        for one in sorted(folder / name for name in names):
            with suppress(FileNotFoundError):
                status = one.lstat()
                if is_strangers(status) and (for_all or stat.S_ISLNK(status.st_mode)):
                    return one
    return None


class Planted(PermissionError):
    """What another user put where any user may; ``strerror`` says so."""


def insist_settled(folder: Path, *, state: bool = True) -> None:
    """
    Refuse a folder that is not there, or is another user's where any user may put one.

    It was looked at before it was made. Once it is ours, no one else can move it out
    of a folder like /tmp, or put theirs in its place. Of a folder of ``state`` what is
    in it is looked at as well. Raises ``Planted``.
    """
    steps = [(at, there is None or planted) for at, there, planted in steps_on(folder)]
    found = next((at for at, wrong in steps if wrong), None)
    if found is None and state:
        found = planted_state(folder)
    if found is not None:
        raise Planted(EACCES, _PLANTED, str(found))


_PLANTED = "another user made what is there"


def _is_reached_by_all(path: Path) -> bool:
    """Say whether any user may put something on the way to a path."""
    for one in {*path.absolute().parents, *Path(os.path.realpath(path)).parents}:
        with suppress(OSError):
            if is_for_all(one):
                return True
    return False


_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)
_FLAGS = (
    os.O_RDONLY
    # a named pipe that no one writes to would be waited for
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotRegular(OSError):
    """Something that is no regular file; ``strerror`` says what it is."""


class TooLarge(OSError):
    """A file that holds more than may be read of it."""


def read_regular(path: Path, limit: int, *, own: bool = False) -> bytes:
    """
    Read a regular file of at most ``limit`` bytes.

    One of our ``own`` is not read where another user put it, and any user may. Raises
    ``Planted`` for that, ``NotRegular`` for a pipe, a device, a socket or a folder
    without opening it, ``TooLarge``, and ``OSError`` as reading does; ``strerror`` is a
    sentence part.
    """
    with open_own(path) if own else open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        raw = b"" if size > limit else file.read(size + 1)
        if len(raw) > size and size <= limit:
            # it grew; room for the limit itself would take longer than most reading
            raw += file.read(limit + 1 - len(raw))
        if size > limit or len(raw) > limit:
            raise TooLarge(0, f"it is larger than {limit:,} bytes", str(path))
    return raw


def open_own(path: Path) -> BinaryIO:
    """Open a regular file of ours. Raises ``Planted`` and others as `read_regular`."""
    file = open_regular(path)
    if is_strangers(os.fstat(file.fileno())) and _is_reached_by_all(path):
        file.close()
        raise Planted(EACCES, _PLANTED, str(path))
    return file


def glance_at(name: str) -> bytes | None:
    """
    Read a small plain file of a folder, as often as there are districts; else None.

    None says that `read_regular` has to look: at a link, what is no file, what is
    large, and what changes meanwhile.
    """
    try:
        before = os.lstat(name)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(before.st_mode) or before.st_size > _SMALL:
        return None
    content = peek_at(name, before.st_size)
    return content if content is None or len(content) == before.st_size else None


def peek_at(name: str, most: int) -> bytes | None:
    """
    Read a file of a folder that has at most so many bytes; None for a link and more.

    What is no file is not waited for, and may seem empty.
    """
    try:
        handle = os.open(name, _GLANCE)
    except (OSError, ValueError):
        return None
    try:
        content = os.read(handle, most + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return content if len(content) <= most else None


_SMALL = 1 << 16
_GLANCE = _FLAGS | getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read. Raises ``NotRegular`` and any ``OSError``."""
    _insist_regular(path.stat(), path)
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    try:
        # what was looked at may have been exchanged meanwhile
        _insist_regular(os.fstat(file.fileno()), path)
    except OSError:
        file.close()
        raise
    return file


def _insist_regular(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = (name for holds, name in _KINDS if holds(status.st_mode))
        kind = next(kinds, "something else")
        raise NotRegular(0, f"it is {kind}, not a regular file", str(path))


def text_of_json(raw: bytes) -> str:
    """
    Decode JSON that people may have saved with any editor.

    A byte order mark is harmless. Raises ``ValueError`` with a sentence.
    """
    if wide := wide_encoding(raw):
        raise ValueError(f"it is saved as {wide}; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the byte 0x{raw[error.start]:02X} is not UTF-8") from error


def wide_encoding(raw: bytes) -> str:
    """Name the encoding of a text whose letters have more than a byte; else empty."""
    if b"\0\0" in raw[:4]:
        return "UTF-32"
    return "UTF-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in raw[:4] else ""


_PRIVATE = """
    .pgpass pgpass.conf .pg_service.conf .my.cnf .mylogin.cnf .netrc _netrc .authinfo
    .git-credentials .vault-token .npmrc .yarnrc .pypirc .dockercfg .boto .s3cfg
    .terraformrc credentials.tfrc.json id_rsa id_ed25519 id_ecdsa
    .ssh .aws .azure .kube .docker .gnupg .cargo .gem .m2 .oci .ansible .subversion
    .password-store .terraform.d gcloud kubernetes.io eks.amazonaws.com serviceaccount
    """
"""Names of files and folders in which other programs keep secrets."""


def is_private(path: Path, root: Path) -> bool:
    """Say whether programs keep secrets under such a name."""
    # where the project itself lies says nothing of its files
    spelled = Path(os.path.normpath(path))
    shared = os.path.commonpath([spelled, root]) if root.is_absolute() else ""
    parts = [one.casefold() for one in spelled.parts[len(Path(shared).parts) :]]
    # git keeps what it knows of hosts there
    return not set(_PRIVATE.split()).isdisjoint(parts) or parts[-2:] == [
        "git",
        "credentials",
    ]
