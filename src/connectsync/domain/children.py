"""What a process that we start may know: an allow-list, so that it gets no secret."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

_ALLOWED = re.compile(
    # who and where, in which language and time
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TMPDIR|TEMP|TMP|TERM"
    # a window, its fonts and the keys of the desktop
    "|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS"
    "|FONTCONFIG_(PATH|FILE)"
    # where programs, libraries and certificates are
    "|LD_LIBRARY_PATH|DYLD_[A-Z_]+|NIX_SSL_CERT_FILE|SSL_CERT_(FILE|DIR)"
    "|NODE_EXTRA_CA_CERTS|NO_PROXY"
    "|PLAYWRIGHT_(BROWSERS_PATH|NODEJS_PATH|SKIP_[A-Z_]+)|PW_(LANG|CLI)_[A-Z_]+"
    # what Windows does not run without
    "|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|USERNAME|APPDATA"
    "|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES(\\(X86\\))?",
    re.IGNORECASE,
)

_PROXY = re.compile("(HTTP|HTTPS|ALL)_PROXY", re.IGNORECASE)


def program_in(folders: Iterable[str], name: str) -> str | None:
    """
    Find a program by its name in those of the folders that are spelled whole.

    An empty or relative entry would mean a program in the folder under review.
    """
    absolute = os.pathsep.join(one for one in folders if os.path.isabs(one))  # noqa: PTH117
    return shutil.which(name, path=absolute) if absolute else None


def environment_of_children(
    environment: Mapping[str, str], *, also: frozenset[str] = frozenset()
) -> dict[str, str]:
    """
    Give the environment of a process that we start, out of ours.

    ``also`` names variables that it gets on top. A proxy is handed on only if its
    address holds no password.
    """
    return {
        name: value
        for name, value in environment.items()
        if name in also or _ALLOWED.fullmatch(name) or _is_open_proxy(name, value)
    }


def _is_open_proxy(name: str, value: str) -> bool:
    if not _PROXY.fullmatch(name):
        return False
    try:
        return "@" not in urlsplit(value if "//" in value else f"//{value}").netloc
    except ValueError:
        return False
