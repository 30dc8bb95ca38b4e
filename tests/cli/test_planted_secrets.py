"""
A marked secret in every place of a project where one can stand, and a search of all.

Searched is what every command prints and writes, what its children are told, and what
each service is sent: one that gets a secret of another has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from assurance_counts import TALLY
from clever_world import Clever, answer, listed
from clever_world import district as clever_district
from clever_world import serving as serving_clever
from collector import Collector, collecting
from console import Console, Said
from lying_gateway import LyingGateway, json_answer, lying
from postgres import database
from starlette.requests import Request
from starlette.responses import Response

from connectsync.cli import app as front
from connectsync.cli.commands import COMMANDS
from connectsync.cli.terminal import ExitStatus
from connectsync.report.reporter import formats_of

GATEWAY = "cAnary-01.gateway/Zq7wXr93Kd44=="
BY_ENV = "cAnary-02.byenv.Rm5tYu82Lp77"
BY_FILE = "cAnary-03.byfile.Wk3nHq61Vs90aa"
BY_COMMAND = "cAnary-04.bycommand.Pz8dJx27Tb"
STATE = "cAnary-05.state.Gy6fMc15Ne"
PROXY = "cAnary-06.proxy.Ld4sBv38Qa"
COLLECTOR = "cAnary-07.collector.Uw2hNt74Re"
COMMENT = "cAnary-08.comment.Xj9kFo52Sd"
ADDRESS = "cAnary-09.address.Ti3vZm81Gc"
REMOTE = "cAnary-10.remote.Eb7rPy46Wu"
UNUSED = "cAnary-11.unused.Ck5qDl29Hn"
PASSWORD = "cAnary-12.password.Ov8xAs63Jf"  # noqa: S105 - a canary
SECRETS = (
    GATEWAY,
    BY_ENV,
    BY_FILE,
    BY_COMMAND,
    STATE,
    PROXY,
    COLLECTOR,
    COMMENT,
    ADDRESS,
    REMOTE,
    UNUSED,
    PASSWORD,
)
NOTHING: frozenset[str] = frozenset()
DISTRICT_TOKENS = frozenset((BY_ENV, BY_FILE, BY_COMMAND))

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
DRY_CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"

SPY = """#!/bin/sh
{{ echo "$0" "$@"; env; }} >> {told}
exec {git} "$@"
"""

FORMATS: Mapping[str, Iterable[str]] = {
    "validate": formats_of("findings"),
    "plan": list(formats_of("plan")),
    "drift": list(formats_of("drift")),
    "reconcile --dry-run": ["text", "json"],
    "runs": ["text", "json"],
    "history lakeview-usd": ["text", "json", "csv"],
    "status": ["text", "json", "html"],
    "audit": ["text", "json", "csv", "markdown", "html"],
    "calendar": ["text", "json", "ics"],
    "report --live": ["html", "json"],
}

A_DAY = "too-much-of-the-fleet-a-day=3"

COMMANDS_TRIED = (
    *(f"{one} --format {how}" for one, several in FORMATS.items() for how in several),
    "validate --changed-since HEAD",
    "plan --changed-since HEAD",
    "plan --changed-since no-such-revision",
    "validate districts/nowhere.yaml",
    "show lakeview-usd",
    "show harbor-point-usd",
    "show lakeview-usd --format json",
    "list --format json",
    "list --live --format csv",
    "compare lakeview-usd harbor-point-usd --all",
    "compare lakeview-usd --live --all",
    "report --pack --output pack.html",
    "set deletion_threshold=18 --where true --dry-run",
    "unset deletion_threshold --where true --dry-run",
    "validate --fix",
    "validate --fix --unsafe-fixes --yes",
    "validate --write-baseline",
    "export --output fleet.csv",
    "export --output fleet.xlsx",
    "import --from-sheet fleet.csv --dry-run",
    "explain settings.phone_types",
    "explain missing-token-reference",
    "rules",
    "schema district",
    "fmt --check",
    "doctor",
    "doctor --run-commands",
    "doctor --record",
    "impact lakeview-usd --roster gone.csv",
    "roster check gone.csv",
    "plan --set-token lakeview-usd --out token.json",
    "plan --out plan.json",
    "approve plan.json --as Ada",
    "apply plan.json --accept too-much-of-the-fleet=2 --metrics run.txt",
    "apply --yes lakeview-usd --set-token lakeview-usd",
    "apply --yes harbor-point-usd --set-token harbor-point-usd --metrics run.txt",
    f"apply --yes dry-creek-isd --set-token dry-creek-isd --accept {A_DAY}",
    "resume",
    "runs show 1",
    "runs show 1 --format json",
    "runs diff 1 2",
    "runs verify",
    "runs close 1 --reason over",
    "rollback 1 --out back.json",
    "rollback 1 --yes",
    "reconcile --metrics run.txt",
    "notify --dry-run",
    "snapshot --output now.json",
    "plan --backend snapshot:now.json",
    "apply --backend snapshot:now.json --yes",
    "import --dry-run",
    "import",
    "drift --adopt",
    "login --password-from env:CONNECT_PASSWORD --email ada@example.org",
    "login --password-from file:secrets/unused.txt --email ada@example.org",
    "emulator --host 256.0.0.1",
    "demo --accept nonsense",
    "init",
    "new elm-usd --name Elm",
    f"plan --backend browser:https://ada:{ADDRESS}@connect.example.org",
    f"login --backend browser:https://ada:{ADDRESS}@connect.example.org",
    f"doctor --backend browser:http://ada:{ADDRESS}@connect.example.org",
    f"plan --backend https://ada:{ADDRESS}@connect.example.org",
    f"plan --changed-since https://ada:{ADDRESS}@git.example.org",
)

FAILING = (
    *(f"{one} --format {how}" for one, several in FORMATS.items() for how in several),
    "plan",
    "apply plan.json",
    "apply --yes lakeview-usd --set-token lakeview-usd",
    "resume",
    "runs show 1",
    "rollback 1",
    "reconcile",
    "snapshot",
    "import --dry-run",
    "doctor --run-commands",
    "show lakeview-usd",
    "show harbor-point-usd",
    "fmt --check",
    "runs verify",
)

IN_SOURCES = frozenset((COMMENT, ADDRESS, STATE))
"""What a test itself writes into district files, profiles and the project file."""


@dataclass
class World:
    """The project, the services that it names, and what each of them was sent."""

    console: Console
    environment: dict[str, str]
    gateway: LyingGateway
    clever: Clever
    collector: Collector
    sent: list[str] = field(default_factory=list)

    def run(self, line: str) -> Said:
        return self.console.run(*line.split(), environment=self.environment)

    def told(self) -> Mapping[str, str]:
        """Give what every child was told: its arguments and its environment."""
        told = self.console.folder.parent / "told"
        return {path.name: path.read_text("utf-8") for path in told.iterdir()}


@pytest.fixture
def world(valley: Console, tmp_path: Path) -> Iterator[World]:
    assert valley.run("plan").status == 0
    _plant(valley.folder, tmp_path)
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "LAKEVIEW_TOKEN": BY_ENV,
        "CONNECTSYNC_ALLOW_COMMANDS": "1",
        "STATE_URL": database().replace("postgres:@", f"postgres:{STATE}@"),
        "HTTPS_PROXY": f"http://ada:{PROXY}@127.0.0.1:1",
        "NO_PROXY": "127.0.0.1",
        "OTEL_TRACES_EXPORTER": "otlp,console",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{COLLECTOR}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "5",
        "CONNECT_PASSWORD": PASSWORD,
        "SOME_OTHER_TOKEN": UNUSED,
    }
    assert STATE in environment["STATE_URL"]
    with ExitStack() as stack:
        gateway = stack.enter_context(lying(valley.connect, GATEWAY))
        clever = stack.enter_context(serving_clever(Clever()))
        collector = stack.enter_context(collecting())
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.address
        environment["CONNECTSYNC_CLEVER_HOST"] = urlsplit(clever.url).netloc
        (valley.folder / "connectsync.yaml").write_text(
            f"# before: {COMMENT}\n"
            f"schema: 1  # {COMMENT}\n"
            "connect: planted\n"
            "backend: gateway\n"
            "backends:\n"
            f"  gateway: {{url: '{gateway.url}', token: 'file:secrets/gateway.txt'}}\n"
            f"roster: {{clever: {{url: '{clever.url}'}}}}\n"
            "state: {url: 'env:STATE_URL'}\n"
        )
        made = World(valley, environment, gateway, clever, collector)
        clever.answers = {
            token: [listed(clever_district(name=f"Elm {token}"))]
            for token in DISTRICT_TOKENS
        }
        gateway.lie = _noting(made.sent)
        yield made


def _plant(folder: Path, around: Path) -> None:
    console = Console(folder)
    console.replace(
        LAKEVIEW, "env:LAKEVIEW_USD_TOKEN", f"env:LAKEVIEW_TOKEN # {COMMENT}"
    )
    console.replace(HARBOR, "env:HARBOR_POINT_USD_TOKEN", "file:secrets/harbor.txt")
    console.replace(HARBOR, "setup_step: 5", f"setup_step: 5  # {COMMENT}")
    console.replace(DRY_CREEK, "env:DRY_CREEK_ISD_TOKEN", "'command:sh secrets/say.sh'")
    console.replace(PROFILE, "schema: 1\n", f"# {COMMENT}\nschema: 1\n")
    (folder / ".gitignore").write_text(".connectsync/\nsecrets/\n")
    secrets, told, bin_ = folder / "secrets", around / "told", around / "bin"
    for one in (secrets, told, bin_):
        one.mkdir()
    (secrets / "gateway.txt").write_text(GATEWAY)
    (secrets / "harbor.txt").write_text(BY_FILE)
    (secrets / "unused.txt").write_text(UNUSED)
    (secrets / "say.sh").write_text(
        f"{{ echo $0 $@; env; }} >> {told}/command\n"
        f"echo {BY_COMMAND} >&2\necho {BY_COMMAND}\n"
    )
    git = shutil.which("git")
    (bin_ / "git").write_text(SPY.format(told=told / "git", git=git))
    (bin_ / "git").chmod(0o755)
    for line in (
        "init -q",
        f"remote add origin https://bot:{REMOTE}@git.example.org/fleet",
        "add -A",
        "-c user.name=Ada -c user.email=ada@example.org commit -qm x",
    ):
        subprocess.run([str(git), "-C", str(folder), *line.split()], check=True)


def _noting(sent: list[str]) -> Callable[[Request, bytes], None]:
    def note(request: Request, body: bytes) -> None:
        headers = json.dumps(dict(request.headers))
        sent.append(f"{request.method} {request.url} {headers} {body.decode()}")

    return note


def everything(world: World, said: Mapping[str, Said]) -> Iterator[tuple[str, str]]:
    """Give every text that was printed or written."""
    yield from ((line, one.both) for line, one in said.items())
    for path in sorted(world.console.folder.parent.rglob("*")):
        inside = path.relative_to(world.console.folder.parent).parts
        if path.is_file() and not {".git", "secrets", "told", "bin"} & set(inside):
            yield str(path), path.read_bytes().decode("latin-1")


def shapes(secret: str) -> Iterator[str]:
    """Spell a secret as it may come out, in small letters: cut, or encoded."""
    yield secret[:14].lower()
    yield secret.encode().hex()
    yield quote(secret, safe="")[:16].lower()
    for lead in range(3):
        packed = b64encode(b"x" * lead + secret.encode()).decode()
        yield packed[4:-4].lower()


def shown_in(text: str, *, but: frozenset[str] = NOTHING) -> list[str]:
    """Name the secrets that a text shows, cut or encoded."""
    found = text.lower()
    return [
        secret
        for secret in SECRETS
        if secret not in but and any(one in found for one in shapes(secret))
    ]


def search(world: World, said: Mapping[str, Said]) -> int:
    """Insist that no text shows a secret; give how many were searched."""
    searched = 0
    for place, text in everything(world, said):
        is_source = place.startswith("/") and place.endswith(".yaml")
        assert not shown_in(text, but=IN_SOURCES if is_source else NOTHING), place
        searched += 1
    for child, text in world.told().items():
        # a revision is git's to judge, be it an address
        assert not shown_in(text, but=frozenset([ADDRESS])), child
        searched += 1
    for text in world.sent:
        assert not shown_in(text, but=DISTRICT_TOKENS | {GATEWAY}), "the gateway"
        searched += 1
    for _, _, headers in world.clever.seen:
        assert not shown_in(repr(headers), but=DISTRICT_TOKENS), "Clever"
        searched += 1
    for _, given, body in world.collector.requests:
        text = repr(given) + body.decode("latin-1")
        assert not shown_in(text, but=frozenset([COLLECTOR])), "the collector"
        searched += 1
    return searched


def test_every_command_is_tried() -> None:
    names = set(COMMANDS)
    assert names <= {line.split()[0] for line in COMMANDS_TRIED}


def tried(world: World, lines: Iterable[str]) -> dict[str, Said]:
    """Run commands, none of which may end as a bug."""
    said = {line: world.run(line) for line in lines}
    bugs = [line for line, one in said.items() if one.status == ExitStatus.BUG]
    assert not bugs
    return said


Record = Callable[[str, object], None]


def test_no_secret_of_a_project_is_shown_written_or_sent_elsewhere(
    world: World, record_property: Record
) -> None:
    said = tried(world, COMMANDS_TRIED)
    # each secret was in use, so that there was something to be shown
    asked = repr(world.clever.seen)
    for token in DISTRICT_TOKENS:
        assert token in " ".join(world.sent), token
        assert token in asked, token
    assert any(COLLECTOR in repr(one) for one in world.collector.requests)
    assert {"git", "command"} <= world.told().keys()
    assert said["runs verify"].status == ExitStatus.FINE
    record_property(TALLY, search(world, said))


def test_no_secret_is_shown_or_written_where_every_service_refuses(
    world: World, record_property: Record
) -> None:
    assert world.run("plan --out plan.json").status == ExitStatus.FINE
    world.gateway.lie = _refusing(world.sent)
    world.collector.answer = 400
    for token in DISTRICT_TOKENS:
        why = json.dumps({"message": f"no {token}, no {GATEWAY}"})
        world.clever.answers[token] = [answer(403, why)]
    said = tried(world, FAILING)
    world.environment["STATE_URL"] = f"postgresql://ada:{STATE}@127.0.0.1:1/state"
    said |= {f"{line}, no state": one for line, one in tried(world, FAILING).items()}
    world.environment["STATE_URL"] = f"postgresql://ada:{STATE}/a@b@c:x/?q"
    said |= {f"{line}, no address": one for line, one in tried(world, FAILING).items()}
    assert said["plan"].status == ExitStatus.UNREACHABLE
    assert said["plan, no state"].status == ExitStatus.FINDINGS
    record_property(TALLY, search(world, said))


def test_no_secret_is_shown_of_a_line_that_is_wrong(
    world: World, record_property: Record
) -> None:
    console = world.console
    console.replace(LAKEVIEW, "oauth_token: env", "oauth_tokn: env")
    console.replace(HARBOR, "setup_step: 5", "setup_step: [5]")
    console.replace(PROFILE, "student_id: STUDENT ID", f"student_id: [a # {COMMENT}")
    console.replace(
        DRY_CREEK,
        "'command:sh secrets/say.sh'",
        f"https://ada:{ADDRESS}@vault.example.org/",
    )
    said = tried(world, FAILING)
    for name, old, new in (
        ("state", "'env:STATE_URL'", f"'postgresql://ada:{STATE}@db/state?x=1', y: 1"),
        (
            "clever",
            "clever: {url: '",
            f"clever: {{url: 'http://ada:{ADDRESS}@clever.example', z: '",
        ),
        ("gateway", "gateway: {url: '", f"gateway: {{url: 'https://ada:{ADDRESS}@"),
        ("key", "schema: 1", "schma: 1"),
    ):
        console.replace("connectsync.yaml", old, new)
        said |= {f"{line}, {name}": one for line, one in tried(world, FAILING).items()}
        console.replace("connectsync.yaml", new, old)
    assert said["validate --format text"].status == ExitStatus.FINDINGS
    record_property(TALLY, search(world, said))


def test_no_log_of_a_bug_holds_a_secret(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        held = " ".join(SECRETS)
        raise RuntimeError(held)

    monkeypatch.setattr(front, "make_program", broken)
    said = world.run("plan")
    assert said.status == ExitStatus.BUG
    logs = list(tmp_path.glob("connectsync-*.log"))
    assert len(logs) == 1
    search(world, {"plan": said})


def _refusing(sent: list[str]) -> Callable[[Request, bytes], Response]:
    def refuse(request: Request, body: bytes) -> Response:
        _noting(sent)(request, body)
        why = f"{dict(request.headers)} {body.decode()}"
        problem = {"type": "about:blank", "title": why, "detail": why, "status": 403}
        return json_answer(problem, 403)

    return refuse
