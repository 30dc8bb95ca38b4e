"""
Files and folders that only this user may read, whatever the umask says.

State, evidence and sessions tell what districts have set, and who did what when.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from errno import ENOTDIR
from pathlib import Path

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
