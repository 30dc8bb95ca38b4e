"""Writing a file in one stroke: a reader sees the old content or the new."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connectsync.errors import UsageError


def replace_file(path: Path, text: str) -> None:
    """
    Write ``text`` to ``path`` whole or not at all, keeping the file's mode.

    Raises ``UsageError`` if it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        beside = Path(name)
        try:
            _fill(handle, text)
            beside.chmod(path.stat().st_mode if path.exists() else 0o644)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _fill(handle: int, text: str) -> None:
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
