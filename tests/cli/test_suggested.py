"""A suggested command works when it is pasted where the user stands."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import typer.main
from console import Console
from processes import environment
from served_gateway import ENVIRONMENT, served, use
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from warm import warm_folder

from connectsync.cli.app import app
from connectsync.cli.commands import CommandPlace, quote_word
from connectsync.cli.terminal import ExitStatus
from connectsync.config.source import quote_text
from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.domain.settings import spell
from connectsync.domain.wording import did_you_mean
from connectsync.report.markdown import plain
from connectsync.report.terminal import wrap

ROOT = Path(__file__).resolve().parents[2]
STORIES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))

SUGGESTED = re.compile(r"(?<!`)`(connectsync [a-z-][^`]*)`")

PROJECT = "our districts"
STATE = "kept state"
ELSEWHERE = ["-C", PROJECT, "--state-dir", STATE]

ANYWHERE = {"demo", "explain", "init", "rules", "schema"}
"""Commands that mean the same wherever they are called."""

NOT_PASTED = {"demo", "login", "emulator"}
"""Commands that wait for a person, or serve until they are stopped."""

FILLED = {
    "RULE": "home-phone-for-texts",
    "KEY": "brand-new",
    "FILE": "made.json",
    "NAME": "embedded",
    "PLAN": "plan.json",
}
"""What a reader writes in place of a word in capitals."""


def suggested(text: str) -> list[str]:
    """Give every command that an output suggests, as the lines of a terminal do."""
    return list(dict.fromkeys(SUGGESTED.findall(text)))


def name_of(words: list[str]) -> str:
    """Give the name of the command among its words."""
    rest = iter(words[1:])
    for word in rest:
        if not word.startswith("-"):
            return word
        if word in {"-C", "--project", "--state-dir", "--backend", "--slow"}:
            next(rest)
    raise AssertionError(f"no command in {words}")


def test_a_command_keeps_the_options_it_was_suggested_under() -> None:
    place = CommandPlace(project="our districts", state_dir="s", backend="gateway")
    assert place.complete("`connectsync resume 3` goes on; `plan` does not") == (
        "`connectsync -C 'our districts' --state-dir s --backend gateway resume 3`"
        " goes on; `plan` does not"
    )


HOSTILE = "Cell `connectsync apply PLAN --yes`"


@pytest.mark.parametrize(
    "told",
    [
        did_you_mean(HOSTILE.replace("Cell", "Cel"), [HOSTILE]),
        foreign_text(HOSTILE),
        spell(frozenset([HOSTILE])),
        spell(HOSTILE),
        quote_text(HOSTILE),
        plain(HOSTILE),
    ],
)
def test_what_others_write_is_completed_to_no_command(told: str) -> None:
    place = CommandPlace(project="our districts", plan="plan.json")
    assert "connectsync apply" in told
    assert place.complete(told) == told
    assert "`connectsync" not in told


def test_a_suggestion_shows_no_secret_and_no_control() -> None:
    SECRETS.learn("cAnary-of-a-suggestion-1")
    said = did_you_mean(
        "cAnary-of-a-suggestion-2", ["cAnary-of-a-suggestion-1\x1b[31m"]
    )
    assert said == "did you mean '***'?"


def test_names_and_labels_of_others_are_no_command_in_any_output(
    valley: Console,
) -> None:
    file = "districts/ca/lakeview-usd.yaml"
    hostile = "`connectsync rollback 1 --yes`"
    valley.replace(
        file, "name: Lakeview Unified School District", f"name: 'Lake {hostile}'"
    )
    valley.replace(
        file, "settings:\n", f"settings:\n  phone_types: ['Cel {hostile}']\n"
    )
    path = valley.folder / "connectsync.yaml"
    path.write_text(
        f"{path.read_text()}options: {{phone_types: [Cell, 'Cell {hostile}']}}\n"
    )
    for words in (["validate"], ["validate", "--format", "markdown"]):
        said = valley.run("-C", ".", *words)
        assert said.status == ExitStatus.FINDINGS
        assert "-C . rollback" not in said.both
    valley.replace(file, "['Cel `", "['Cell `")
    for words in (["plan"], ["plan", "--format", "markdown"], ["drift"]):
        said = valley.run("-C", ".", *words)
        assert said.status == 0, said.both
        assert "-C . rollback" not in said.both


def test_a_browser_that_is_watched_stays_watched() -> None:
    place = CommandPlace(backend="browser", headed=True, slow_ms=200)
    assert place.complete("`connectsync login`") == (
        "`connectsync --backend browser --slow 200 --headed login`"
    )


@pytest.mark.parametrize(
    "command",
    ["explain no-such-rule", "schema project", "init here", "plan --help", "-C x plan"],
)
def test_a_command_that_needs_no_folder_is_given_none(command: str) -> None:
    text = f"`connectsync {command}`"
    assert CommandPlace(project="elsewhere").complete(text) == text


def test_completing_twice_is_completing_once() -> None:
    place = CommandPlace(
        project="a b", state_dir="it's", backend="snapshot:x.json", slow_ms=9
    )
    once = place.complete("`connectsync plan --out plan.json`")
    assert place.complete(once) == once


def test_a_command_that_names_its_own_backend_keeps_it() -> None:
    place = CommandPlace(backend="snapshot:old.json")
    text = "`connectsync --backend NAME snapshot --output FILE`"
    assert place.complete(text) == text


@pytest.mark.parametrize("word", ["a b", "it's", "$HOME", "x;y", "a\nb", "\\\x1b[1m"])
def test_what_is_quoted_is_read_back_by_a_shell(word: str) -> None:
    said = subprocess.run(
        ["bash", "-c", f"printf %s {quote_word(word)}"], capture_output=True, check=True
    )
    assert said.stdout.decode() == word
    assert quote_word(word).isprintable()


def test_a_page_is_completed_with_what_a_page_escapes() -> None:
    place = CommandPlace(project="R&D's")
    page = "<p><code>connectsync plan</code></p>"
    assert place.complete_html(page) == (
        "<p><code>connectsync -C 'R&amp;D'\"'\"'s' plan</code></p>"
    )


def test_a_command_is_never_broken_over_two_lines() -> None:
    text = "for what is left run `connectsync -C 'a b' resume 12`, and read it again"
    for room in range(10, 90):
        lines = wrap(text, room)
        assert " ".join(lines) == text
        assert any("`connectsync -C 'a b' resume 12`" in line for line in lines)
    unclosed = "a `connectsync plan and no end " * 9
    assert " ".join(wrap(unclosed.strip(), 40)) == unclosed.strip()


def commands_of(story: Path) -> Iterator[tuple[str, list[str]]]:
    for line in story.read_text("utf-8").splitlines():
        if line.startswith("$ "):
            words = shlex.split(line[2:])
            given = words.pop(0) if "=" in words[0] else ""
            yield given, words


def told(story: Path) -> str:
    found = re.match(r"# project: ([a-z-]+)\n", story.read_text("utf-8"))
    assert found is not None
    return found[1]


def told_from_elsewhere(
    story: Path, here: Console, project: Console
) -> Iterator[tuple[str, list[str]]]:
    """Play a story from another folder; give each output and what was called."""
    for given, words in commands_of(story):
        match words:
            case ["connectsync", *rest] if not {"-C", "--project"} & set(rest):
                stdin = b""
                if "<" in rest:
                    stdin = (project.folder / rest[-1]).read_bytes()
                    rest = rest[: rest.index("<")]
                environment = dict([given.split("=", 1)]) if given else {}
                called = [*ELSEWHERE, *rest]
                done = here.run(*called, stdin=stdin, environment=environment)
                yield done.both, rest
            case ["replace", file, old, new] if (project.folder / file).is_file():
                text = (project.folder / file).read_text("utf-8")
                new = new.replace(r"\n", "\n")
                (project.folder / file).write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    "story",
    [one for one in STORIES if not one.stem.startswith(("help-", "demo", "log-json"))],
    ids=lambda story: story.stem,
)
@pytest.mark.sampled(30)
def test_every_command_that_a_story_suggests_works_where_it_is_read(
    story: Path, copied: Callable[[str], Console], tmp_path: Path
) -> None:
    here = tmp_path / "here"
    project = here / PROJECT
    here.mkdir()
    copied(told(story)).folder.rename(project)
    tried = set[str]()
    for number, (said, called) in enumerate(
        told_from_elsewhere(story, Console(here), Console(project))
    ):
        for command in suggested(said):
            words = shlex.split(command)
            if "--help" in words or name_of(words) in ANYWHERE:
                continue
            # what `init` makes in this folder needs no name of a folder
            needed = {"--state-dir"} if called[0] == "init" else {"-C", "--state-dir"}
            assert needed <= set(words), f"{called}: {command}"
            if command not in tried and name_of(words) not in NOT_PASTED:
                tried.add(command)
                copy = tmp_path / f"copy-{number}-{len(tried)}"
                shutil.copytree(here, copy)
                insist_works(Console(copy), words)


def insist_works(console: Console, words: list[str]) -> None:
    """Paste a command; it may find something, but not be called wrongly."""
    filled = [FILLED.get(word, word) for word in words[1:]]
    if any(re.fullmatch(r"[A-Z]+(=[A-Z]+)?", word) for word in filled):
        return  # a digest that somebody approved elsewhere
    if "plan.json" in filled and not (console.folder / "plan.json").exists():
        return
    done = console.run(*filled)
    assert done.status not in {ExitStatus.USAGE, ExitStatus.BUG}, (
        f"{shlex.join(words)}\n{done.both}"
    )
    assert "there is no connectsync.yaml" not in done.both
    assert "there is no district file" not in done.both


def test_a_fresh_project_is_named_in_what_is_suggested_for_it(tmp_path: Path) -> None:
    here = Console(tmp_path)
    said = here.run("init", "made here")
    assert said.status == ExitStatus.FINE
    for command in suggested(said.err):
        insist_works(here, shlex.split(command))
    assert {"-C"} <= {word for one in suggested(said.err) for word in shlex.split(one)}


def test_a_run_is_continued_on_the_backend_it_was_made_on(
    valley: Console, tmp_path: Path
) -> None:
    valley.run("snapshot", "--output", "live.json")
    on = ["--backend", "snapshot:live.json"]
    assert valley.run(*on, "plan", "--out", "plan.json").status == ExitStatus.FINE
    asked = valley.run(*on, "apply", "plan.json")
    assert "not confirmed yet" in asked.both
    plan = valley.folder / "plan.json"
    for options in ([], ["-C", str(valley.folder)]):
        here = tmp_path if options else valley.folder
        said = Console(here).run(*options, "runs", "show", "1").both
        continued = [one for one in suggested(said) if " apply " in one]
        assert continued, said
        for one in continued:
            words = shlex.split(one)
            assert words[words.index("--backend") + 1] == "snapshot:live.json"
            filled = [str(plan) if word == "PLAN" else word for word in words[1:]]
            kept = tmp_path / "kept"
            shutil.copytree(valley.folder, kept)
            done = Console(here).run(*filled).both
            assert "not confirmed yet" in done or "confirmed by a person" in done, one
            shutil.rmtree(valley.folder)
            kept.rename(valley.folder)


def test_a_plan_on_standard_output_is_not_a_file_to_apply(valley: Console) -> None:
    said = valley.run("plan", "--out", "-")
    assert suggested(said.err) == []


def test_pages_and_json_suggest_commands_that_work_here(
    valley: Console, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    valley.folder.rename(here / PROJECT)
    console = Console(here)
    page = console.run(*ELSEWHERE, "plan", "--format", "html").out
    shown = re.findall(
        r"<code>(connectsync (?:[^<]*? )?(?:plan|apply) [^<]+)</code>", page
    )
    assert len(shown) >= 2
    for command in shown:
        insist_works(console, shlex.split(command.replace("&#x27;", "'")))
    (here / PROJECT / "districts" / "empty.yaml").write_text("", "utf-8")
    found = json.loads(console.run(*ELSEWHERE, "validate", "--format", "json").out)
    hints = [one["hint"] for one in found["findings"] if one.get("hint")]
    (new,) = suggested("\n".join(hints))
    assert new.startswith(f"connectsync -C '{PROJECT}' --state-dir '{STATE}' new ")


def sentences(module: Path) -> Iterator[str]:
    """Give every text of a module, with a 1 for what is filled in."""
    inside = set[int]()
    source = module.read_text("utf-8")
    # to parse the others takes seconds
    tree = ast.parse(source if "`connectsync" in source else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            text = ""
            for part in node.values:
                filled = "1" if text.endswith((" ", "=")) else ""
                text += str(part.value) if isinstance(part, ast.Constant) else filled
            yield text
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            yield str(node.value)


def written() -> Iterator[tuple[str, str]]:
    """Give every command in a message, a template or a page, with its file."""
    source = ROOT / "src" / "connectsync"
    for module in sorted(source.rglob("*.py")):
        for text in sentences(module):
            for command in SUGGESTED.findall(text):
                yield module.relative_to(ROOT).as_posix(), command
    texts = [*(source / "operations" / "fresh").rglob("*"), *ROOT.glob("*.md")]
    for page in [*texts, *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.yaml")]:
        if page.is_file() and page.name != "CHANGELOG.md":
            for command in SUGGESTED.findall(page.read_text("utf-8")):
                yield page.relative_to(ROOT).as_posix(), command


def test_a_command_that_a_sentence_names_exists_with_its_options() -> None:
    wrong, tried = list[str](), sorted(set(written()))
    for file, command in tried:
        try:
            insist_exists(file, command)
        except AssertionError as error:
            wrong.append(f"{file}: {command}: {error}")
    assert wrong == []
    assert len(tried) > 80


def insist_exists(file: str, command: str) -> None:
    """Insist that a command has what it is given, and is given what it needs."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    words = shlex.split(command.replace("…", "MORE"))[1:]
    found: TyperCommand | TyperGroup = group
    options = [one for one in group.params if isinstance(one, TyperOption)]
    positional, given = list[str](), set[str]()
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            name, _, value = word.partition("=")
            options += [one for one in found.params if isinstance(one, TyperOption)]
            named = [one for one in options if name in one.opts]
            assert named or name in {"--help", "-h"}, f"{file}: {name} of {command}"
            given |= {name}
            if named and not named[0].is_flag and not value:
                told = next(rest, None) or not file.startswith("src/")
                assert told, f"{file}: {name} of {command} needs a value"
        elif isinstance(found, TyperGroup) and word in found.commands:
            behind = found.commands[word]
            assert isinstance(behind, TyperCommand | TyperGroup)
            found = behind
        else:
            positional.append(word)
    assert found is not group or not positional, f"{file}: {command}"
    if file.startswith("src/") and "--help" not in given:
        insist_complete(found, positional, given)


def insist_complete(
    found: TyperCommand | TyperGroup, positional: list[str], given: set[str]
) -> None:
    """A message names what a command cannot do without, if only in capitals."""
    arguments = [one for one in found.params if isinstance(one, TyperArgument)]
    assert len(positional) >= sum(one.required for one in arguments)
    for one in found.params:
        if isinstance(one, TyperOption) and one.required:
            assert given & set(one.opts), f"{found.name} needs {one.opts}"


def pasted(command: str, here: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Give a command to a shell as it stands, in a folder of its own."""
    path = f"{warm_folder()}:{environment()['PATH']}"
    here.mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-c", command],
        cwd=here,
        env=environment(PATH=path, **more),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def offices(valley: Console, tmp_path: Path) -> Console:
    """Give the project under a name that a shell would take apart."""
    assert valley.run("plan").status == ExitStatus.FINE
    folder = tmp_path / "Ana's $HOME; districts"
    valley.folder.rename(folder)
    return Console(folder)


def only(text: str, command: str) -> str:
    """Give the one suggestion of a command, as it is printed."""
    (found,) = [one for one in suggested(text) if name_of(shlex.split(one)) == command]
    return found


def test_what_is_suggested_on_a_gateway_works_when_a_shell_is_given_it(
    offices: Console, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    with served(offices.connect) as url:
        use(offices, url)
        offices.replace("connectsync.yaml", "backend: gateway\n", "")
        place = f"connectsync -C {shlex.quote(str(offices.folder))} --backend gateway"
        planned = pasted(f"{place} plan --out plan.json", here, **ENVIRONMENT)
        assert planned.returncode == ExitStatus.FINE, planned.stderr
        apply = only(planned.stderr, "apply")
        assert pasted(apply, here, **ENVIRONMENT).returncode == ExitStatus.FINE
        assert offices.live("lakeview-usd")["deletion_threshold"] == 15
        offices.edit("lakeview-usd", {"deletion_threshold": 12})
        drifted = pasted(f"{place} drift", here, **ENVIRONMENT)
        assert drifted.returncode == ExitStatus.FINDINGS, drifted.stderr
        told = [
            one
            for one in suggested(drifted.stdout + drifted.stderr)
            if " drift " in f"{one} "
        ]
        adopted = pasted(told[0], here, **ENVIRONMENT)
        assert adopted.returncode == ExitStatus.FINE, adopted.stderr
        text = (offices.folder / "districts/ca/lakeview-usd.yaml").read_text("utf-8")
        assert "deletion_threshold: 12" in text
        again = pasted(f"{place} plan --detailed-exitcode", here, **ENVIRONMENT)
        assert again.returncode == ExitStatus.FINE, again.stdout


def test_a_run_on_a_gateway_is_continued_by_the_command_it_ends_with(
    offices: Console,
    tmp_path: Path,
    stopping: Callable[[], AbstractContextManager[None]],
) -> None:
    here = tmp_path / "here"
    with served(offices.connect) as url:
        use(offices, url)
        waves = "rollout: {waves: [{name: first, districts: [harbor-point-usd]}]}\n"
        offices.replace("connectsync.yaml", "backend: gateway\n", waves)
        place = ["-C", str(offices.folder), "--backend", "gateway"]
        with stopping():
            said = offices.run(*place, "apply", "--yes", environment=ENVIRONMENT)
        assert "1 done, 1 not reached" in said.out, said.both
        resumed = pasted(only(said.both, "resume"), here, **ENVIRONMENT)
        assert resumed.returncode == ExitStatus.FINE, resumed.stderr
        assert "2 done" in resumed.stdout
    assert offices.live("lakeview-usd")["deletion_threshold"] == 15
