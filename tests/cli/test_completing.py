"""The tab key, in a real bash: what is offered, and that nothing else ever is."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from itertools import product
from pathlib import Path

import pytest
import typer
from console import Console
from processes import PATIENCE_SECONDS
from typer.core import TyperGroup
from warm import warm_folder

from connectsync.cli import completion
from connectsync.cli.app import ASKED_BY_A_SHELL, app

BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash here")

PRESSED = """
{setup}
read -r -a COMP_WORDS <<< {line}
[[ {line} == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
$(complete -p connectsync | sed 's/.*-F \\([^ ]*\\).*/\\1/') connectsync
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def path() -> str:
    """Put a `connectsync` on the path that is this one, and starts at once."""
    return f"{warm_folder()}{os.pathsep}{os.environ['PATH']}"


def bash(script: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    assert BASH is not None
    return subprocess.run(
        [BASH, "--norc", "--noprofile", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def script() -> str:
    """Give what bash sources; it is the same for every line."""
    done = subprocess.run(
        [warm_folder() / "connectsync"],
        env={**os.environ, ASKED_BY_A_SHELL: "source_bash"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def offered(line: str, folder: Path, path: str, setup: str = "") -> list[str]:
    """Press the tab key at the end of a line, and give what bash would show."""
    setup = setup or script()
    done = bash(PRESSED.format(setup=setup, line=f"'{line}'"), folder, path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


OFFERED = {
    "connectsync pla": ["plan"],
    "connectsync re": ["resume", "report", "reconcile"],
    "connectsync show ": ["dry-creek-isd", "harbor-point-usd", "lakeview-usd"],
    "connectsync show lak": ["lakeview-usd"],
    "connectsync snapshot dry": ["dry-creek-isd"],
    "connectsync plan lak": ["districts/ca/lakeview-usd.yaml"],
    "connectsync apply districts/ca/harbor-point-usd.yaml dry": [
        "districts/tx/dry-creek-isd.yaml"
    ],
    "connectsync plan --set-token lak": ["lakeview-usd"],
    "connectsync apply --confirmed dry": ["dry-creek-isd"],
    "connectsync rollback 1 lak": ["lakeview-usd"],
    "connectsync explain two-ph": ["two-phone-types"],
    "connectsync explain settings.ph": ["settings.phone_types"],
    "connectsync validate --select two-ph": ["two-phone-types"],
    "connectsync apply --accept disr": ["disruptive="],
    "connectsync apply --override in-a": ["in-a-freeze="],
    "connectsync schema fi": ["findings"],
    "connectsync --backend sn": ["snapshot:"],
    "connectsync plan --backend sn": ["snapshot:"],
    "connectsync plan --color al": ["always"],
    "connectsync plan --qui": ["--quiet"],
    "connectsync plan --format js": ["json"],
    "connectsync runs ver": ["verify"],
    "connectsync runs --district dry": ["dry-creek-isd"],
    "connectsync history lak": ["lakeview-usd"],
    "connectsync history lakeview-usd ph": ["phone_types"],
    "connectsync set deletion_t": ["deletion_threshold="],
    "connectsync set deletion_threshold=15 lak": ["lakeview-usd"],
    "connectsync unset settings.ph": ["settings.phone_types"],
}


@pytest.mark.parametrize("line", OFFERED)
def test_bash_is_offered(valley: Console, path: str, line: str) -> None:
    assert offered(line, valley.folder, path) == OFFERED[line]


def test_the_project_that_is_named_is_looked_at(valley: Console, path: str) -> None:
    line = "connectsync -C valley plan lak"
    setup = f"source <({ASKED_BY_A_SHELL}=source_bash connectsync)"
    found = offered(line, valley.folder.parent, path, setup)
    # spelled as the command takes it: from the folder that was named
    assert found == ["districts/ca/lakeview-usd.yaml"]


def test_several_districts_are_told_apart_by_their_keys(
    valley: Console, path: str
) -> None:
    other = valley.folder / "districts" / "tx" / "lake-fork-isd.yaml"
    other.write_text("not even read")
    found = offered("connectsync plan lake", valley.folder, path)
    assert found == ["lake-fork-isd", "lakeview-usd"]


@pytest.mark.parametrize(
    "line",
    ["connectsync plan districts/", "connectsync plan ", "connectsync plan connects"],
)
def test_paths_are_left_to_the_shell(valley: Console, path: str, line: str) -> None:
    assert offered(line, valley.folder, path) == []


@pytest.mark.parametrize("text", ["", "schema: 7\n", "schema: [\n", "\0"])
def test_a_broken_project_offers_nothing_and_says_nothing(
    valley: Console, path: str, text: str
) -> None:
    (valley.folder / "connectsync.yaml").write_text(text)
    assert offered("connectsync show nowh", valley.folder, path) == []
    assert offered("connectsync explain two-ph", valley.folder, path)


def test_it_can_be_installed(valley: Console, path: str) -> None:
    done = bash("connectsync --install-completion; true", valley.folder, path)
    assert "bash completion installed" in done.stdout
    found = offered(
        "connectsync show lak", valley.folder, path, setup="source ~/.bashrc"
    )
    assert found == ["lakeview-usd"]


def test_it_can_be_shown(valley: Console, path: str) -> None:
    shown = bash("connectsync --show-completion; true", valley.folder, path)
    assert "complete -o default -F _connectsync_completion connectsync" in shown.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_and_the_same_words(
    valley: Console, path: str, shell: str
) -> None:
    script = bash(f"{ASKED_BY_A_SHELL}=source_{shell} connectsync", valley.folder, path)
    assert f"complete_{shell}" in script.stdout
    asked = (
        f"{ASKED_BY_A_SHELL}=complete_{shell} _TYPER_COMPLETE_FISH_ACTION=get-args"
        " _TYPER_COMPLETE_ARGS='connectsync show lak' connectsync"
    )
    assert "lakeview-usd" in bash(asked, valley.folder, path).stdout


FISH, ZSH = shutil.which("fish"), shutil.which("zsh")
IN_OTHER_SHELLS = {
    "connectsync pla": "plan",
    "connectsync show lak": "lakeview-usd",
    "connectsync plan lak": "districts/ca/lakeview-usd.yaml",
    "connectsync apply --override in-a": "in-a-freeze=",
}


def source(shell: str, folder: Path, path: str) -> Path:
    """Write down what a shell sources."""
    script = bash(f"{ASKED_BY_A_SHELL}=source_{shell} connectsync", folder, path)
    file = folder / f"completion.{shell}"
    file.write_text(script.stdout, "utf-8")
    return file


@pytest.mark.skipif(FISH is None, reason="there is no fish here")
def test_a_real_fish_is_offered_the_same(valley: Console, path: str) -> None:
    file = source("fish", valley.folder, path)
    asked = "; ".join(f'complete -C "{line}"; echo .' for line in IN_OTHER_SHELLS)
    done = subprocess.run(
        [str(FISH), "--no-config", "-c", f"source {file}; {asked}"],
        cwd=valley.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    words = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert words == [one for word in IN_OTHER_SHELLS.values() for one in (word, ".")]


def typed_into(shell: list[str], folder: Path, path: str, steps: list[str]) -> str:
    """Type into a shell at a terminal, each line once it said what comes before it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        words = {**os.environ, "PATH": path, "TERM": "dumb", "ZDOTDIR": str(folder)}
        os.execvpe(shell[0], shell, words)  # noqa: S606 - a shell is meant
    said, ends = "", time.monotonic() + PATIENCE_SECONDS
    try:
        for typed, awaited in zip(steps[::2], steps[1::2], strict=True):
            os.write(terminal, typed.encode())
            heard = ""
            while awaited not in heard and time.monotonic() < ends:
                if select.select([terminal], [], [], 1)[0]:
                    heard += os.read(terminal, 65536).decode("utf-8", "replace")
            said += heard
            assert awaited in heard, said
    finally:
        os.close(terminal)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return said


@pytest.mark.skipif(ZSH is None, reason="there is no zsh here")
def test_a_real_zsh_completes_the_same(valley: Console, path: str) -> None:
    file = source("zsh", valley.folder, path)
    setup = "autoload -U compinit; compinit -u -D"
    steps = [f"{setup}; source {file}; print REA''DY\n", "READY"]
    # zsh keeps to what begins as it was typed: there a district's key stays its key
    for line, told in IN_OTHER_SHELLS.items():
        word = told.rpartition("/")[2].removesuffix(".yaml")
        # Control-U empties the line again
        steps += [f"\x15{line}\t", word.removeprefix(line.rpartition(" ")[2])]
    typed_into([str(ZSH), "-f", "-i"], valley.folder, path, steps)


def test_words_are_offered_for_all_that_is_named_so_and_for_nothing_else() -> None:
    named, metavars = set[tuple[str, str]](), set[str]()

    def look(group: TyperGroup) -> None:
        for name, command in group.commands.items():
            for one in command.params:
                named.add((name, one.name or ""))
                metavars.add(getattr(one, "metavar", None) or "")
            if isinstance(command, TyperGroup):
                look(command)

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    look(group)
    assert completion.BY_NAME.keys() <= named
    assert completion.BY_METAVAR.keys() | completion.PATHS <= metavars


def test_who_presses_no_tab_key_does_not_wait_for_it(valley: Console) -> None:
    probe = (
        "import sys; from connectsync.cli.app import main; main(['rules'])\n"
        "print('connectsync.cli.completion' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=valley.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("\nFalse\n")


READ_AS_MORE = (
    "lak$(touch ran)",
    r"lak\$(touch ran)",
    r"lak\`touch ran`",
    'lak"$(touch ran)"',
    "lak'));touch ran;'",
    "lak;touch ran",
    "lak\ntouch ran",
    "lak ran",
    "-lak",
)
"""Names of files that a shell, or a command, reads as something else."""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_no_name_is_offered_that_a_shell_would_read_as_more(
    valley: Console, path: str, shell: str
) -> None:
    """Whoever writes a branch names its files; zsh runs some of it at the tab key."""
    for folder, name in product(("districts", "districts/_profiles"), READ_AS_MORE):
        (valley.folder / folder / f"{name}.yaml").write_text("not even read")
    for line in ("show lak", "plan lak", "import lak", "new x --profile lak", "show -"):
        asked = (
            f"{ASKED_BY_A_SHELL}=complete_{shell} _TYPER_COMPLETE_FISH_ACTION=get-args"
            f" _TYPER_COMPLETE_ARGS='connectsync {line}'"
            f" COMP_WORDS='connectsync {line}' COMP_CWORD={len(line.split())}"
            " connectsync"
        )
        said = bash(asked, valley.folder, path).stdout
        assert "ran" not in said, line
        assert "-lak" not in said, line


@pytest.mark.parametrize("folder", ["$(touch ran)", "a b", "a;b", "`x`", "é"])
def test_a_path_that_a_shell_would_read_as_more_is_left_at_the_key(
    valley: Console, path: str, folder: str
) -> None:
    """What is offered stands on the command line as it is, and Enter runs it."""
    there = valley.folder / "districts" / folder
    there.mkdir()
    (valley.folder / "districts/ca/lakeview-usd.yaml").rename(
        there / "lakeview-usd.yaml"
    )
    assert offered("connectsync plan lakev", valley.folder, path) == ["lakeview-usd"]
