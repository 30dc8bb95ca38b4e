"""
Marked secrets in every place where one can stand, and a search of every byte.

The gateway repeats what it was sent, in every shape that services are known for.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from assurance_counts import TALLY
from console import Console, Said
from lying_gateway import Lie, json_answer, lying
from starlette.requests import Request
from starlette.responses import Response

from connectsync.domain.foreign_text import repeats_secret

GATEWAY = "cAnary-0f.gateway/Zq7wXr93Kd44=="
DISTRICT = "cAnary-1e.district.Rm5tYu82Lp77"
BY_FILE = "cAnary-2d.byfile.Wk3nHq61Vs90aa"
BY_COMMAND = "cAnary-3c.bycommand.Pz8dJx27Tb"
DATABASE = "cAnary-4b.database.Gy6fMc15Ne"
HOOK = "cAnary-5a.hook/Tv4sKm92Xc"
HOOK_TOKEN = "cAnary-6f.hooktoken.Bn8rLz53Qs"  # noqa: S105 - a canary
SECRETS = (GATEWAY, DISTRICT, BY_FILE, BY_COMMAND, DATABASE, HOOK, HOOK_TOKEN)

PLANTED = frozenset({"planted.txt", "say.sh"})
"""Files in which a secret stands because the test put it there."""

COMMANDS = (
    "validate",
    "show lakeview-usd",
    "plan",
    "plan --format json",
    "plan --format markdown",
    "plan --out plan.json",
    "plan --set-token lakeview-usd --out token.json",
    "apply plan.json --metrics run.txt",
    "apply token.json --metrics run.txt",
    "apply --yes lakeview-usd --set-token lakeview-usd --metrics run.txt",
    "resume",
    "runs show 1",
    "runs show 1 --format json",
    "runs verify",
    "rollback 1",
    "drift",
    "audit",
    "drift --notify",
    "reconcile --notify",
    "status --notify",
    "notify",
    "notify --dry-run",
    "notify --test",
    "calendar",
    "calendar --ics",
    "reconcile",
    "doctor",
    "snapshot --output now.json",
    "import --in there",
    "export --output fleet.csv",
    "import --from-sheet fleet.csv",
)

SOME = (
    "plan --out plan.json",
    "apply --yes lakeview-usd --set-token lakeview-usd --metrics run.txt",
    "runs show 1",
    "drift --notify",
    "notify --test",
    "doctor",
)
"""Commands that are told every lie; all of them are told a few."""


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SHAPES: dict[str, Callable[[str], str]] = {
    "whole": str,
    "capitals": str.upper,
    "cut": lambda secret: secret[:14],
    "base64": lambda secret: packed(f"Bearer {secret}"),
    "address": lambda secret: quote(quote(secret, safe=""), safe=""),
    "html": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "lines": "\n".join,
}


def sent(request: Request, body: bytes) -> list[str]:
    """Give the secrets that a request carried."""
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        token = json.loads(body or b"{}").get("districtOauthToken")
    except ValueError:
        token = None
    key = request.headers.get("Idempotency-Key")
    return [one for one in (bearer, token, key) if one]


def told(shape: Callable[[str], str], status: int, kind: str) -> Lie:
    """Refuse everything, and quote what was sent."""

    def lie(request: Request, body: bytes) -> Response:
        why = " and ".join(map(shape, sent(request, body)))
        if kind == "html":
            return Response(f"<p>{why}", status, media_type="text/html")
        answer = {"type": "about:blank", "title": why, "detail": why, "status": status}
        answer |= {"errors": [{"field": why, "detail": why}], why: why}
        return Response(
            json.dumps(answer),
            status,
            {"WWW-Authenticate": quote(why), "X-Why": quote(why)},
            media_type=kind,
        )

    return lie


def in_a_form(shape: Callable[[str], str], where: str) -> Lie:
    """Accept everything, and quote what was sent in what looks like settings."""

    def lie(request: Request, body: bytes) -> Response | None:
        if request.url.path != "/v1/districts:read":
            return None
        why = " ".join(map(shape, sent(request, body)))
        items = []
        for key in json.loads(body)["districts"]:
            settings = {
                "districtId": "",
                "studentId": "STUDENT ID",
                "archivedStudents": "x",
                "enableDailySync": False,
                "manageGuardians": False,
                "unarchiveClassrooms": False,
                "updateActiveUsers": False,
                "contactTypes": [],
                "contactRelationships": [],
                "phoneTypes": [],
                "deletionThreshold": None,
                "permissions": [],
            }
            form = {"district": key, "version": "1-a", "settings": settings}
            if where == "version":
                form["version"] = "".join(one for one in why if one.isalnum())
            else:
                settings[where] = why if isinstance(settings[where], str) else [why]
            items.append(form)
        return json_answer({"items": items, "errors": []})

    return lie


LIES: dict[str, Lie] = {
    **{
        f"problem, {name}": told(SHAPES[name], 400, "application/problem+json")
        for name in ("capitals", "base64", "lines")
    },
    "refused": told(str, 401, "application/problem+json"),
    "form refused": told(str, 422, "application/problem+json"),
    "a page": told(html.escape, 403, "html"),
    "of a strange type": told(str, 200, "application/x-why"),
    **{
        f"{where}, {name}": in_a_form(SHAPES[name], where)
        for where in ("studentId", "version")
        for name in ("whole", "base64")
    },
}


WHOLLY = {"problem, base64", "form refused", "studentId, whole"}


@pytest.fixture
def planted(valley: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Give the project with a secret in every place that may refer to one."""
    assert valley.run("plan").status == 0
    (valley.folder / "planted.txt").write_text(BY_FILE)
    (valley.folder / "say.sh").write_text(f"echo '{BY_COMMAND}'\n")
    for name, value in {
        "GATEWAY_TOKEN": GATEWAY,
        "LAKEVIEW_TOKEN": DISTRICT,
        "STATE_PASSWORD": DATABASE,
        "OTEL_TRACES_EXPORTER": "console",
    }.items():
        monkeypatch.setenv(name, value)
    return valley


def everything(console: Console, said: list[Said]) -> Iterator[tuple[str, str]]:
    """Give every text that was printed or written, and where it stands."""
    for number, one in enumerate(said):
        yield f"what command {number} said", one.both
    for path in sorted(console.folder.parent.rglob("*")):
        if path.is_file() and path.name not in PLANTED:
            yield str(path), path.read_bytes().decode("latin-1")


def _told_at(console: Console, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let people be told by webhooks at a service, by an address that is a secret."""
    monkeypatch.setenv("CONNECTSYNC_NOTIFY_HOSTS", url.partition("://")[2])
    monkeypatch.setenv("CONNECTSYNC_NOTIFY_URL", f"{url}/{HOOK}")
    monkeypatch.setenv("CONNECTSYNC_NOTIFY_TOKEN", HOOK_TOKEN)
    hook = "url: 'env:CONNECTSYNC_NOTIFY_URL'"
    console.replace(
        "connectsync.yaml",
        "schema: 1\n",
        f"schema: 1\nnotify: {{webhooks: [{{name: a, {hook}, token:"
        f" 'env:CONNECTSYNC_NOTIFY_TOKEN'}}, {{name: b, format: slack, {hook}}}]}}\n",
    )


@pytest.mark.parametrize("name", LIES)
@pytest.mark.sampled(4)
def test_no_secret_is_printed_or_written_whatever_the_gateway_repeats(
    planted: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    del tmp_path
    with lying(planted.connect, GATEWAY) as gateway:
        planted.replace(
            "connectsync.yaml", "schema: 1\n", "schema: 1\nbackend: gateway\n"
        )
        planted.replace(
            "connectsync.yaml",
            "backends:\n",
            "backends:\n  gateway:"
            f" {{url: '{gateway.url}', token: 'env:GATEWAY_TOKEN'}}\n",
        )
        # the same service takes messages for people, and lies there too
        _told_at(planted, gateway.url, monkeypatch)
        # a run of before, so that there is something to resume and take back
        said = [planted.run("plan", "--out", "plan.json")]
        said.append(planted.run("apply", "--yes", "lakeview-usd"))
        gateway.lie = LIES[name]
        commands = COMMANDS if name in WHOLLY else SOME
        said += [planted.run(*one.split(), "--log-format", "json") for one in commands]
    assert 70 not in {one.status for one in said}
    searched = list(everything(planted, said))
    for place, text in searched:
        for secret in SECRETS:
            assert secret[:14].lower() not in text.lower(), place
            assert not repeats_secret(text, [secret]), place
    record_property(TALLY, len(searched))
