"""Writing a file in one stroke: a reader sees the old content or the new."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from connectsync.errors import UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` as `write_whole` does. Raises ``UsageError`` if it cannot be."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def write_whole(path: Path, text: str) -> None:
    """
    Write ``text`` to ``path`` whole or not at all.

    A link stays a link: what it points to is replaced. A file that is there keeps its
    mode, a new one has what the umask leaves of 0666. Raises ``OSError``.
    """
    target = _target(path)
    beside = target.with_name(f".{target.name[:100]}.{os.urandom(4).hex()}")
    # the system applies the umask: asking for it would change it for a moment
    handle = os.open(beside, _NEW, 0o666)
    try:
        _fill(handle, text)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _target(path: Path) -> Path:
    """Give what a path points to. Raises ``OSError`` where links run in a circle."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        target.stat()
    return target


def _fill(handle: int, text: str) -> None:
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
