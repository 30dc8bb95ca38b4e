"""The tests prove that they are hermetic."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

OUTSIDE = "192.0.2.1"  # reserved for documentation: no machine has it


def test_a_test_cannot_reach_the_network() -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="may not reach"):
        sock.connect((OUTSIDE, 80))


def test_a_test_cannot_resolve_a_name() -> None:
    with pytest.raises(OSError, match="may not reach"):
        socket.getaddrinfo("connect.example", 443)


def test_a_test_cannot_send_a_datagram() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(OSError, match="may not reach"),
    ):
        sock.sendto(b"", (OUTSIDE, 53))


def test_a_process_of_a_test_cannot_reach_the_network() -> None:
    code = f"import socket; socket.create_connection(('{OUTSIDE}', 80), timeout=2)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "may not reach" in done.stderr


def test_home_is_empty() -> None:
    assert list(Path(os.environ["HOME"]).iterdir()) == []
    assert Path.home() == Path(os.environ["HOME"])
