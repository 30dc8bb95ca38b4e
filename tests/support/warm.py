"""
A ``connectsync`` for shells that starts at once: its modules are imported already.

A server imports the program once and forks for every command; what stands on the PATH
is a small script that hands over its arguments, environment, folder and streams, and
ends as the child did. Each command is a process of its own, as in a reader's shell.

``WarmPopen`` starts such a process as a child of who asks: it is waited for, stopped
and killed as any other.
"""

from __future__ import annotations

import array
import ast
import atexit
import ctypes
import fcntl
import gc
import importlib
import os
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

CLIENT = """#!{python} -IS
import _socket, os, sys

asked = {{"arguments": sys.argv[1:], "folder": os.getcwd()}}
asked["environment"] = dict(os.environ)
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
data = ascii(asked).encode()
streams = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2))
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
server.sendmsg([b"%09d" % len(data)], rights)
server.sendall(data)
# nothing is left to be tidied up, which takes as long as all of this
os._exit(int(server.recv(9) or b"99"))
"""
"""What stands on the PATH: it imports no module that is not in Python itself."""


PLACE = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - a fresh folder in it
"""Where servers are found: the folder for temporary files of a test goes with it."""

NO_RIGHTS = "-dac_override,-dac_read_search"
"""What lets root read and write every file."""


def own_folder() -> Path:
    """Make a folder that goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm-", dir=PLACE))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=2)
def warm_folder(script: Path | None = None) -> Path:
    """
    Give the folder for the PATH; the server ends with this process.

    With a ``script``, it is that program of ours that stands there, by its own name.
    """
    address = serving(script=script)
    folder = own_folder()
    client = folder / (script.name if script else "connectsync")
    client.write_text(CLIENT.format(python=sys.executable, address=address))
    client.chmod(0o755)
    return folder


@lru_cache(maxsize=3)
def serving(*, like_others: bool = False, script: Path | None = None) -> str:
    """
    Start a server, once each; give its address. It ends with this process.

    One that is ``like_others`` may read and write no more than a user who is not root.
    One with a ``script`` runs that instead of connectsync.
    """
    address = str(own_folder() / "server")
    drop = ("setpriv", "--bounding-set", NO_RIGHTS, "--inh-caps", NO_RIGHTS)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        server = subprocess.Popen(
            [
                *(drop if like_others and os.geteuid() == 0 else ()),
                *(sys.executable, __file__, str(listening.fileno())),
                *([script] if script else ()),
            ],
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(server.kill)
    return address


class WarmPopen(subprocess.Popen[str]):
    """
    A process that runs our command line, with nothing left to import.

    With ``points`` it is run by ``crashing``, whose words they are. On a ``terminal``
    it leads a session of its own there, as a shell's command does.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        points: Sequence[str] = (),
        terminal: bool = False,
        like_others: bool = False,
        **how: Any,
    ) -> None:
        self._points, self._terminal = list(points), terminal
        self._like_others = like_others
        super().__init__([str(one) for one in arguments], text=True, **how)

    def _execute_child(self, args: Any, *told: Any) -> None:
        """Let the server fork in place of us; the process then becomes our child."""
        folder, environment, pipes = told[4], told[5], told[9:15]
        asked = {
            "arguments": args,
            "folder": str(folder or Path.cwd()),
            "environment": dict(os.environ if environment is None else environment),
            "points": self._points,
            "terminal": self._terminal,
            "ours": True,
        }
        given = (pipes[0], pipes[3], pipes[5])
        streams = [one if one != -1 else number for number, one in enumerate(given)]
        # who is nearest above a process without a parent becomes its parent
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(serving(like_others=self._like_others))
            send(server, asked, streams)
            self.pid = int(server.recv(20))
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run_warm(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    like_others: bool = False,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; give what it said."""
    with WarmPopen(
        arguments,
        cwd=folder,
        env=environment,
        like_others=like_others,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, err = process.communicate(stdin)
    return subprocess.CompletedProcess(
        process.args, process.returncode, stdout=out, stderr=err
    )


PR_SET_CHILD_SUBREAPER = 36


def send(server: socket.socket, asked: Mapping[str, Any], streams: list[int]) -> None:
    """Ask a server for a command."""
    data = ascii(asked).encode()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
    server.sendmsg([b"%09d" % len(data)], rights)
    server.sendall(data)


def import_everything() -> None:
    """Import every module of ours that is there without further extras."""
    import connectsync

    for module in pkgutil.walk_packages(connectsync.__path__, "connectsync."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    from connectsync.cli.app import make_program

    # so are its commands made
    made: Any = make_program()
    for name in made.commands:
        made.commands[name]


Program = Callable[[dict[str, Any]], object]
"""Becomes the command that was asked for."""


def our_program() -> Program:
    """Import all of connectsync; give how it is run."""
    import_everything()
    # what every fork would import, and would count again
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql
    import sqlalchemy.dialects.sqlite  # noqa: F401

    return _connectsync


def program_of(script: Path) -> Program:
    """Import what a script of ours imports, and compile it; give how it is run."""
    whole = ast.parse(script.read_text("utf-8"), script)
    kinds = ast.Import | ast.ImportFrom
    imports: list[ast.stmt] = [one for one in whole.body if isinstance(one, kinds)]
    exec(compile(ast.Module(imports, []), script, "exec"), {})  # noqa: S102 - our own
    code = compile(whole, script, "exec")

    def run(_: dict[str, Any]) -> None:
        sys.argv[0] = str(script)
        exec(code, {"__name__": "__main__"})  # noqa: S102 - our own

    return run


def serve(listening: socket.socket, program: Program) -> None:
    """Fork for every command, until this process is ended."""
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        client, _ = listening.accept()
        if not os.fork():
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(client, program)
            os._exit(0)
        client.close()


def _answer(client: socket.socket, program: Program) -> None:
    size, streams = _received(client)
    data = b""
    while len(data) < size:
        data += client.recv(size - len(data))
    asked = ast.literal_eval(data.decode())
    here = os.getpid()
    child = os.fork()
    if not child:
        if asked.get("ours"):
            # it can be waited for once this process has ended, and not before
            while os.getppid() == here:
                time.sleep(0.001)
            client.sendall(b"%d" % os.getpid())
        client.close()
        _run(asked, streams, program)
    if asked.get("ours"):
        return
    _, status = os.waitpid(child, 0)
    client.sendall(b"%d" % (os.waitstatus_to_exitcode(status) % 256))


def _received(client: socket.socket) -> tuple[int, list[int]]:
    streams = array.array("i")
    head, told, _, _ = client.recvmsg(9, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, rights in told:
        streams.frombytes(rights)
    return int(head), list(streams)


def _run(asked: dict[str, Any], streams: list[int], program: Program) -> None:
    """Become the command that was asked for."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 64)
    if asked.get("terminal"):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # what stood for these streams knew other files
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["connectsync", *asked["arguments"]]
    try:
        program(asked)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - what a process would print and end with
        sys.excepthook(*sys.exc_info())
        status = 1
    else:
        status = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _connectsync(asked: dict[str, Any]) -> None:
    from connectsync.__main__ import run

    if points := asked.get("points"):
        import crashing

        crashing.main([*points, "--", *asked["arguments"]])
    run()


if __name__ == "__main__":
    number, *scripts = sys.argv[1:]
    made = program_of(Path(scripts[0])) if scripts else our_program()
    serve(socket.socket(fileno=int(number)), made)
