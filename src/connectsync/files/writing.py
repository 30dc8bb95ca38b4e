"""Write files whole or not at all, where no other user planted something; seal them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from errno import EACCES, EEXIST
from pathlib import Path

from connectsync.files.access import (
    Planted,
    TooLarge,
    insist_unplanted,
    is_for_all,
    is_strangers,
    not_written,
    open_own,
    private_file,
    state_folder,
)

_INTO = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


Content = str | bytes | Iterable[bytes]
"""What is written: the whole of it, or one part after the other."""


def replace_file(path: Path, text: str | bytes) -> None:
    """Write ``text`` as `write_whole` does. Raises ``UsageError`` if it cannot be."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise not_written(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder, with those above it. Raises ``UsageError`` if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(path, error, "make") from error


def write_whole(path: Path, text: Content, *, private: bool = False) -> None:
    """
    Write ``text`` to ``path`` whole or not at all.

    A link stays a link: what it points to is replaced, unless another user laid it
    into a folder for all. A file of ours that is there keeps its mode, a new one has
    what the umask leaves of 0666. What is ``private`` is this user's alone, and takes
    the place of a link itself. Raises ``OSError``.
    """
    target = path if private else insist_unplanted(path)
    beside = _stage(target, text, private=private)
    try:
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_into(path: Path, content: bytes) -> None:
    """
    Write into a device or a pipe, which stays what it is.

    A link that another user laid there since it was looked at may lead to a file of
    ours, or to a pipe of theirs: neither is written. Raises ``OSError``.
    """
    with os.fdopen(os.open(path, _INTO), "wb") as stream:
        status = os.fstat(stream.fileno())
        theirs = is_strangers(status) and is_for_all(path.parent)
        if theirs or stat.S_ISREG(status.st_mode):
            raise Planted(EACCES, "something else took its place", str(path))
        stream.write(content)


def write_together(texts: Mapping[Path, str]) -> None:
    """
    Write several files as `write_whole` does one: all of them, or none.

    Each is written beside its place first, so that a full disk leaves all as it was.
    Where one cannot take its place, those before it get back what they held. Raises
    ``OSError``.
    """
    from shutil import copy2  # noqa: PLC0415 - it imports what unpacks archives

    beside: dict[Path, Path] = {}
    before: dict[Path, Path] = {}
    fresh: list[Path] = []
    try:
        for target, text in _by_target(texts).items():
            beside[target] = _stage(target, text)
        for target in beside if len(beside) > 1 else ():
            if target.exists():
                before[target] = _name_beside(target)
                copy2(target, before[target])
        try:
            for target, new in beside.items():
                if not os.path.lexists(target):
                    fresh.append(target)
                new.replace(target)
        except BaseException:
            for target in fresh:
                target.unlink(missing_ok=True)
            for target, old in before.items():
                old.replace(target)
            raise
    finally:
        for left in (*beside.values(), *before.values()):
            left.unlink(missing_ok=True)


def write_sealed(path: Path, lines: Iterable[bytes]) -> None:
    """
    Write lines into the state folder, each below its own SHA-256.

    Where that cannot be, nothing is written.
    """
    try:
        state_folder(path.parent)
        private_file(path)
        write_whole(path, (b"%b\n%b\n" % (digest(one).encode(), one) for one in lines))
    except OSError:
        return


def read_sealed(path: Path, limit: int) -> Iterator[bytes]:
    """
    Read what `write_sealed` wrote, one line after the other.

    Raises ``ValueError`` at one that is damaged, and else as `read_regular`.
    """
    with open_own(path) as stream:
        if os.fstat(stream.fileno()).st_size > limit:
            raise TooLarge(0, f"it is larger than {limit:,} bytes", str(path))
        for seal in stream:
            line = stream.readline().rstrip(b"\n")
            if seal.rstrip(b"\n") != digest(line).encode():
                raise ValueError
            yield line


def digest(raw: bytes | memoryview) -> str:
    """Give the SHA-256 of bytes in hexadecimal digits."""
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL, and most files need no digest

    return sha256(raw).hexdigest()


def _by_target(texts: Mapping[Path, str]) -> dict[Path, str]:
    """Give texts by the file they go to: two links may lead to one."""
    found: dict[Path, str] = {}
    for path, text in texts.items():
        target = insist_unplanted(path)
        if found.setdefault(target, text) != text:
            raise FileExistsError(EEXIST, "another link leads to this file", target)
    return found


def _name_beside(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{os.urandom(4).hex()}")


def _stage(target: Path, text: Content, *, private: bool = False) -> Path:
    beside = _name_beside(target)
    # the system applies the umask: asking for it would change it for a moment
    handle = os.open(beside, _NEW, 0o600 if private else 0o666)
    try:
        _fill(handle, text)
        if not private and target.exists() and not is_strangers(target.stat()):
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _fill(handle: int, text: Content) -> None:
    whole = text.encode() if isinstance(text, str) else text
    with os.fdopen(handle, "wb") as stream:
        stream.writelines([whole] if isinstance(whole, bytes) else whole)
        stream.flush()
        os.fsync(stream.fileno())
