"""This program as a later release would be: it knows one setting more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from connectsync.domain import settings
from connectsync.providers.form import Kind, Setting

NIGHT_MODE = Setting("night_mode", Kind.BOX, "Night mode", "nightMode", first=False)


@contextmanager
def one_setting_more() -> Iterator[Setting]:
    """Let every module of ours know a setting that no file of today names."""
    with pytest.MonkeyPatch.context() as patch:
        old = settings.SETTINGS
        new = (*old, NIGHT_MODE)
        for module in _ours():
            if getattr(module, "SETTINGS", None) is old:
                patch.setattr(module, "SETTINGS", new)
        patch.setitem(settings.BY_NAME, NIGHT_MODE.name, NIGHT_MODE)
        yield NIGHT_MODE


def _ours() -> list[ModuleType]:
    found = [name for name in sys.modules if name.startswith("connectsync.")]
    return [sys.modules[name] for name in sorted(found)]
