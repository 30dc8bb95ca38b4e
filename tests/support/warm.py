"""
A ``connectsync`` for shells that starts at once: its modules are imported already.

A server imports the program once and forks for every command; what stands on the PATH
is a small script that hands over its arguments, environment, folder and streams, and
ends as the child did. Each command is a process of its own, as in a reader's shell.
"""

from __future__ import annotations

import array
import atexit
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

CLIENT = """#!{python} -IS
import array, json, os, socket, sys

asked = {{"arguments": sys.argv[1:], "folder": os.getcwd()}}
asked["environment"] = dict(os.environ)
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    data = json.dumps(asked).encode()
    streams = array.array("i", [0, 1, 2])
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
    server.sendmsg([b"%09d" % len(data)], rights)
    server.sendall(data)
    sys.exit(int(server.recv(9) or b"99"))
"""


@lru_cache(maxsize=1)
def warm_folder() -> Path:
    """Give the folder for the PATH; the server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    address = str(folder / "server")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        server = subprocess.Popen(
            [sys.executable, __file__, str(listening.fileno())],
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(server.kill)
    script = folder / "connectsync"
    script.write_text(CLIENT.format(python=sys.executable, address=address))
    script.chmod(0o755)
    return folder


def import_everything() -> None:
    """Import every module of ours that is there without further extras."""
    import connectsync

    for module in pkgutil.walk_packages(connectsync.__path__, "connectsync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def serve(listening: socket.socket) -> None:
    """Fork for every command, until this process is ended."""
    import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        client, _ = listening.accept()
        if not os.fork():
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(client)
            os._exit(0)
        client.close()


def _answer(client: socket.socket) -> None:
    size, streams = _received(client)
    data = b""
    while len(data) < size:
        data += client.recv(size - len(data))
    child = os.fork()
    if not child:
        client.close()
        _run(json.loads(data), streams)
    _, status = os.waitpid(child, 0)
    client.sendall(b"%d" % (os.waitstatus_to_exitcode(status) % 256))


def _received(client: socket.socket) -> tuple[int, list[int]]:
    streams = array.array("i")
    head, told, _, _ = client.recvmsg(9, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, rights in told:
        streams.frombytes(rights)
    return int(head), list(streams)


def _run(asked: dict[str, object], streams: list[int]) -> None:
    """Become the command that was asked for."""
    from connectsync.__main__ import run

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 64)
    # what stood for these streams knew other files
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    os.chdir(str(asked["folder"]))
    sys.argv = ["connectsync", *asked["arguments"]]  # type: ignore[misc]
    try:
        run()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - what a process would print and end with
        sys.excepthook(*sys.exc_info())
        status = 1
    else:
        status = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
