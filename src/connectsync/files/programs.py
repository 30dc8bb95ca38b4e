"""Programs that are heard within a time and a size."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress

_COMPLAINT = 1 << 16
"""Bytes of a complaint that are kept."""


def hear_program(
    process: subprocess.Popen[bytes], given: bytes, most: int, seconds: float
) -> tuple[bytes, bytes, bool]:
    """
    Give what a program says and complains of, and whether it had to be ended.

    What it says is more than ``most`` bytes where there were more to read.
    """
    complaint, late = bytearray(), threading.Event()

    def give() -> None:
        with suppress(OSError), process.stdin as pipe:  # type: ignore[union-attr]
            pipe.write(given)

    def hear() -> None:
        while part := os.read(process.stderr.fileno(), _COMPLAINT):  # type: ignore[union-attr]
            complaint.extend(part[: _COMPLAINT - len(complaint)])

    def end() -> None:
        late.set()
        process.kill()

    helpers = [threading.Thread(target=one, daemon=True) for one in (give, hear)]
    timer = threading.Timer(seconds, end)
    said = bytearray()
    for helper in (*helpers, timer):
        helper.start()
    try:
        while part := os.read(process.stdout.fileno(), 1 << 20):  # type: ignore[union-attr]
            said += part
            if len(said) > most:
                process.kill()
                break
        process.wait()
    finally:
        process.kill()
        timer.cancel()
    for helper in helpers:
        helper.join()
    return bytes(said), bytes(complaint), late.is_set()
