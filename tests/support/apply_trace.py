"""What a command calls: modules of ours that are entered, and the way to a save."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import connectsync

SOURCE = Path(connectsync.__file__).parent
FRONT_DOOR = "__main__"

NO_FUNCTIONS = {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<lambda>"}
"""Code that Python calls as a function, and that no one wrote as one."""


@dataclass
class CallTrace:
    """
    The calls of one command.

    ``entered`` are modules of ours in which a function was called, but for those of the
    emulator and for what decorators do while a module is imported. ``saves`` are the
    functions of ours on the way to each save, outermost first; the way goes through
    the tasks of the event loop.
    """

    entered: set[str] = field(default_factory=set)
    saves: list[tuple[str, ...]] = field(default_factory=list)
    _began: dict[FrameType, tuple[str, ...]] = field(default_factory=dict)

    def note(self, frame: FrameType, event: str, argument: object) -> None:
        """Take a call, as ``sys.setprofile`` tells it."""
        del argument
        code = frame.f_code
        if event != "call":
            return
        if code.co_name == "create_task" and "coro" in frame.f_locals:
            task = frame.f_locals["coro"]
            if inspect.iscoroutine(task) and task.cr_frame is not None:
                self._began[task.cr_frame] = self._way(frame)
            return
        module = module_of(code)
        if module is None or module.startswith("emulator."):
            return
        if code.co_flags & inspect.CO_OPTIMIZED and not is_importing(frame):
            self.entered.add(module)
            if code.co_name == "save" and module == "backends.contract":
                self.saves.append(self._way(frame))

    def _way(self, frame: FrameType | None) -> tuple[str, ...]:
        """Name the functions of ours that led to a frame."""
        steps: list[str] = []
        while frame is not None:
            module = module_of(frame.f_code)
            if module is not None and frame.f_code.co_name not in NO_FUNCTIONS:
                steps.append(f"{module}.{frame.f_code.co_qualname}")
            if frame in self._began:
                return (*self._began[frame], *reversed(steps))
            frame = frame.f_back
        return tuple(reversed(steps))


def module_of(code: CodeType) -> str | None:
    """Name the module of ours that code stands in; None where it is not ours."""
    path = Path(code.co_filename)
    if not path.is_relative_to(SOURCE):
        return None
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def is_importing(frame: FrameType | None) -> bool:
    """Say whether a module of ours is being imported around a call."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and module_of(frame.f_code) not in {
            None,
            FRONT_DOOR,
        }:
            return True
        frame = frame.f_back
    return False


@contextmanager
def traced() -> Iterator[CallTrace]:
    """Trace what is called in this thread."""
    trace = CallTrace()
    before = sys.getprofile()
    sys.setprofile(trace.note)
    try:
        yield trace
    finally:
        sys.setprofile(before)
