"""People are told once, at the right hour, and only where the operator says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits
from forging import Entry
from told_people import HOSTS, Hook, MailServer, listening, mail_server

from connectsync.backends.contract import ContractWriter
from connectsync.cli.terminal import ExitStatus
from connectsync.emulator import store
from connectsync.errors import FormRefused
from connectsync.telemetry import hooks

KEY = "lakeview-usd"
URL = "env:CONNECTSYNC_NOTIFY_URL"
JSON = f"{{name: desk, url: '{URL}'}}"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as served:
        yield served


@pytest.fixture
def known(applied: Console) -> Console:
    """Give the project with a Connect that is as its files say."""
    return applied


def tells(console: Console, *webhooks: str, more: str = "") -> None:
    """Let the project file name whom to tell."""
    listed = ", ".join(webhooks or (JSON,))
    text = (console.folder / "connectsync.yaml").read_text("utf-8")
    notify = f"timezone: America/Chicago\nnotify:\n  webhooks: [{listed}]\n{more}"
    (console.folder / "connectsync.yaml").write_text(text + notify, "utf-8")


def at(time: str, hook: Hook, **more: str) -> dict[str, str]:
    """Give the environment of a job at a time in Chicago."""
    return {"CONNECTSYNC_NOW": f"{time}:00-06:00", **hook.environment, **more}


def edit(console: Console, *, deletion_threshold: int) -> None:
    """Change a setting on Connect, as a person would."""
    form = {**console.live(KEY), "deletion_threshold": deletion_threshold}
    console.edit(KEY, form)


def drift(console: Console, environment: Mapping[str, str]) -> Said:
    return console.run("drift", "--notify", environment=environment)


def checked(body: Any) -> Any:
    """Hold a message against its schema."""
    insist_fits(body, "notification")
    return body


def told(body: Any, which: str = "new") -> list[tuple[str, str | None]]:
    return [(one["kind"], one["district"]) for one in checked(body)[which]]


def test_a_matter_is_told_once_until_it_is_over(known: Console, hook: Hook) -> None:
    tells(known)
    assert drift(known, at("2027-01-15T06:00", hook)).status == ExitStatus.FINE
    assert hook.bodies == []

    edit(known, deletion_threshold=44)
    said = drift(known, at("2027-01-15T06:10", hook))
    assert said.status == ExitStatus.FINDINGS
    assert "told desk: connectsync: 1 new matter (1 drift)" in said.err
    drift(known, at("2027-01-15T06:20", hook))
    (first,) = hook.bodies
    assert told(first) == [("drift", KEY)]
    assert first["new"][0]["message"] == (
        "changed on Connect by hand: deletion_threshold"
    )

    # the same setting once more is another change
    edit(known, deletion_threshold=45)
    drift(known, at("2027-01-15T06:30", hook))
    assert told(hook.bodies[1]) == [("drift", KEY)]

    edit(known, deletion_threshold=15)
    assert drift(known, at("2027-01-15T06:40", hook)).status == ExitStatus.FINE
    edit(known, deletion_threshold=45)
    drift(known, at("2027-01-15T06:50", hook))
    assert [told(one) for one in hook.bodies[2:]] == [[("drift", KEY)]]


def test_one_digest_a_day_tells_what_is_still_open(known: Console, hook: Hook) -> None:
    tells(known)
    edit(known, deletion_threshold=44)
    drift(known, at("2027-01-15T06:00", hook))
    for hour in ("06:59", "07:00", "08:00", "23:00"):
        drift(known, at(f"2027-01-15T{hour}", hook))
    drift(known, at("2027-01-16T06:59", hook))
    drift(known, at("2027-01-16T09:00", hook))
    news, *digests = hook.bodies
    assert news["kind"] == "news"
    assert [one["kind"] for one in digests] == ["digest", "digest"]
    for one in digests:
        assert (told(one), told(one, "open")) == ([], [("drift", KEY)])


def test_nothing_is_sent_in_quiet_hours_and_it_is_sent_afterward(
    known: Console, hook: Hook
) -> None:
    tells(known, more="  quiet_hours: {from: '20:00', to: '06:30'}\n")
    edit(known, deletion_threshold=44)
    for hour in ("15T20:00", "15T23:30", "16T00:00", "16T06:29"):
        drift(known, at(f"2027-01-{hour}", hook))
    assert hook.bodies == []
    # no one looks at Connect for this: it was remembered
    said = known.run("notify", environment=at("2027-01-16T06:30", hook))
    assert said.status == ExitStatus.FINE, said.both
    assert [told(one) for one in hook.bodies] == [[("drift", KEY)]]


def test_on_the_day_that_skips_an_hour_quiet_hours_end_and_a_digest_comes(
    known: Console, hook: Hook
) -> None:
    # at 2 in the morning of 14 March 2027 it is 3 o'clock in Chicago
    hours = "  quiet_hours: {from: '01:00', to: '02:30'}\n  digest_at: '02:15'\n"
    tells(known, more=hours)
    edit(known, deletion_threshold=44)
    drift(known, at("2027-03-14T01:59", hook))
    assert hook.bodies == []
    # two hours of winter time: the clock on the wall says three
    drift(known, at("2027-03-14T02:00", hook))
    assert [one["kind"] for one in hook.bodies] == ["digest"]
    assert hook.bodies[0]["at"] == "2027-03-14T03:00:00-05:00"


def test_a_hook_that_fails_never_fails_the_run_and_is_tried_again(
    known: Console, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "SECONDS", 1.0)
    tells(known)
    edit(known, deletion_threshold=44)
    status = known.run("drift").status
    hook.status = 500
    for way in ("500", "302", "trickle", "gone"):
        environment = at("2027-01-15T06:00", hook)
        if way == "302":
            hook.status, hook.headers = 302, {"Location": "/elsewhere"}
        if way == "trickle":
            hook.status, hook.headers, hook.trickles = 200, {}, True
        if way == "gone":
            hook.trickles = False
            environment[HOSTS] = "127.0.0.1:9"
            environment["CONNECTSYNC_NOTIFY_URL"] = f"http://127.0.0.1:9/{hook.secret}"
        said = drift(known, environment)
        assert said.status == status, said.both
        assert "desk was not told: " in said.err
        assert hook.secret not in said.both
    assert "/elsewhere" not in hook.paths
    count = len(hook.bodies)
    assert drift(known, at("2027-01-15T06:20", hook)).status == status
    assert told(hook.bodies[count]) == [("drift", KEY)]
    drift(known, at("2027-01-15T06:30", hook))
    assert len(hook.bodies) == count + 1


def test_a_hook_that_failed_does_not_make_another_hear_it_twice(
    known: Console, hook: Hook
) -> None:
    lost = "{name: lost, url: 'env:LOST'}"
    tells(known, JSON, lost)
    edit(known, deletion_threshold=44)
    for minute in ("00", "10"):
        said = drift(known, at(f"2027-01-15T06:{minute}", hook))
        assert "lost was not told: lost: url: env:LOST gives no token" in said.err
    assert len(hook.bodies) == 1


@pytest.mark.parametrize(
    "named", ["", "hooks.example.org", "127.0.0.1", "127.0.0.1:9", "other:{port}"]
)
def test_only_a_host_that_the_operator_names_is_told_anything(
    named: str, known: Console, hook: Hook
) -> None:
    tells(known)
    edit(known, deletion_threshold=44)
    environment = at("2027-01-15T06:00", hook) | {HOSTS: named.format(port=hook.port)}
    said = drift(known, environment)
    assert hook.bodies == []
    assert said.status == ExitStatus.FINDINGS
    assert "127.0.0.1 is not among the hosts that may be told anything" in said.err
    assert f"set {HOSTS}={hook.place}" in said.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("CI_MERGE_REQUEST_IID", "12"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("BITBUCKET_PR_ID", "3"),
        ("BUILDKITE_PULL_REQUEST", "7"),
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"),
        ("CI_PIPELINE_SOURCE", "external_pull_request_event"),
        ("GITHUB_EVENT_NAME", "merge_group"),
        ("CI_PIPELINE_EVENT", "pull_request"),
        ("CODEBUILD_WEBHOOK_TRIGGER", "pr/12"),
        ("CIRRUS_PR", "12"),
        ("PULL_NUMBER", "12"),
    ],
)
def test_for_a_pull_request_no_one_is_told(
    variable: str, value: str, known: Console, hook: Hook
) -> None:
    tells(known)
    edit(known, deletion_threshold=44)
    before = known.state()
    environment = at("2027-01-15T06:00", hook, **{variable: value})
    said = drift(known, environment)
    assert "no one is told: this runs for a pull request" in said.err
    tested = known.run("notify", "--test", environment=environment)
    assert "no one is told: this runs for a pull request" in tested.err
    assert hook.bodies == []
    assert known.state() == before


def test_a_project_file_gets_no_secret_of_others_sent(
    known: Console, hook: Hook
) -> None:
    others = {
        "GATEWAY_TOKEN": "cAnary-6c.gateway.Lm9wRf33",
        "LAKEVIEW_USD_TOKEN": "cAnary-7d.district.Yt5cVb18",
        "GITHUB_TOKEN": "cAnary-8e.ci.Kd2nHs47Jx",
        "CONNECTSYNC_STATE_URL": "cAnary-9f.state.Ew1qZp80Ua",
        "COPY": "cAnary-8e.ci.Kd2nHs47Jx",
        # our jobs call it so, whatever gateway a file names, or none
        "CONNECT_GATEWAY_TOKEN": "cAnary-0a.gateway.Bv6sTk72",
        "COPY_OF_THAT": "cAnary-0a.gateway.Bv6sTk72",
    }
    known.replace(
        "connectsync.yaml",
        "backends:\n",
        "backends:\n  gateway: {url: 'https://gateway.example.org', token:"
        " 'env:GATEWAY_TOKEN'}\n",
    )
    webhooks = [
        f"{{name: hook-{number}, url: '{URL}', token: 'env:{name}'}}"
        for number, name in enumerate(others)
    ]
    tells(known, *webhooks)
    edit(known, deletion_threshold=44)
    said = drift(known, at("2027-01-15T06:00", hook, **others))
    assert hook.bodies == []
    assert said.err.count("is a secret of others, so it is not sent") == len(others)
    for secret in others.values():
        assert secret not in said.both


@pytest.mark.parametrize("a_copy", [False, True])
@pytest.mark.parametrize(
    ("hook_of", "refused"),
    [
        # the password of a mail server, and the address of a webhook, as a token
        ("{{name: x, url: '{url}', token: '{mail}'}}", "x: token"),
        ("{{name: x, url: '{url}', token: '{slack}'}}", "x: token"),
        # a token of a webhook that is somewhere else
        ("{{name: x, url: '{url}', token: '{token}'}}", "x: token"),
    ],
)
def test_a_hook_is_sent_no_secret_of_another_one(
    known: Console, hook: Hook, hook_of: str, refused: str, *, a_copy: bool
) -> None:
    secrets = {
        "MAIL_PW": "cAnary-1b.mail.Pw7cXk29Rt",
        "CHAT_URL": "https://hooks.example.org/services/cAnary-2c.slack.Gh4wQz",
        "DESK_TOKEN": "cAnary-3d.desk.Mn8vLs61Bq",
    }
    names = {one: f"env:{'COPY_' if a_copy else ''}{one}" for one in secrets}
    other = hook_of.format(
        url=URL,
        mail=names["MAIL_PW"],
        slack=names["CHAT_URL"],
        token=names["DESK_TOKEN"],
    )
    tells(
        known,
        "{name: slack, url: 'env:CHAT_URL', token: 'env:DESK_TOKEN'}",
        other,
        more="  mail:\n    - {name: team, host: mail.example.org, from: a@example.org,"
        " to: [b@example.org], user: a, password: 'env:MAIL_PW'}\n",
    )
    edit(known, deletion_threshold=44)
    copies = {f"COPY_{name}": secret for name, secret in secrets.items()}
    said = drift(known, at("2027-01-15T06:00", hook, **secrets, **copies))
    assert hook.bodies == []
    assert f"{refused}: env:" in said.err
    assert "is a secret of others, so it is not sent" in said.err
    for secret in secrets.values():
        assert secret not in said.both


def test_hooks_of_one_place_may_share_what_they_need(
    known: Console, hook: Hook
) -> None:
    webhooks = [
        f"{{name: {name}, url: '{URL}', token: 'env:DESK_TOKEN', about: [{about}]}}"
        for name, about in (("one", "drift"), ("two", "drift"))
    ]
    tells(known, *webhooks)
    edit(known, deletion_threshold=44)
    shared = {"DESK_TOKEN": "t0ken-of-the-desk-5b"}
    drift(known, at("2027-01-15T06:00", hook, **shared))
    assert len(hook.bodies) == 2
    assert {one["Authorization"] for one in hook.sent} == {
        "Bearer t0ken-of-the-desk-5b"
    }


def test_an_address_that_a_commit_brings_along_is_not_used(
    known: Console, hook: Hook
) -> None:
    (known.folder / "hook.txt").write_text(hook.environment["CONNECTSYNC_NOTIFY_URL"])
    tells(known, "{name: desk, url: 'file:hook.txt'}")
    edit(known, deletion_threshold=44)
    for command in (["git", "init", "-q"], ["git", "add", "hook.txt"]):
        subprocess.run(command, cwd=known.folder, check=True)
    said = drift(known, at("2027-01-15T06:00", hook))
    assert "file:hook.txt is kept in git, so it is not used" in said.err
    assert hook.bodies == []
    subprocess.run(
        ["git", "rm", "-q", "--cached", "hook.txt"], cwd=known.folder, check=True
    )
    drift(known, at("2027-01-15T06:10", hook))
    assert len(hook.bodies) == 1


def test_a_command_that_gives_an_address_runs_only_where_it_is_allowed(
    known: Console, hook: Hook
) -> None:
    script = known.folder / "say.sh"
    script.write_text(f"echo '{hook.environment['CONNECTSYNC_NOTIFY_URL']}'\n")
    tells(known, "{name: desk, url: 'command:sh say.sh'}")
    edit(known, deletion_threshold=44)
    said = drift(known, at("2027-01-15T06:00", hook))
    assert "command:sh say.sh is not run" in said.err
    assert hook.bodies == []
    allowed = at("2027-01-15T06:10", hook, CONNECTSYNC_ALLOW_COMMANDS="1")
    drift(known, allowed)
    assert len(hook.bodies) == 1


def test_slack_and_teams_get_their_own_shapes_and_no_markup(
    known: Console, hook: Hook
) -> None:
    tells(
        known,
        f"{{name: slack, format: slack, url: '{URL}', about: [drift]}}",
        f"{{name: teams, format: teams, url: '{URL}', about: [drift]}}",
    )
    edit(known, deletion_threshold=44)
    drift(known, at("2027-01-15T06:00", hook))
    slack = next(one for one in hook.bodies if "blocks" in one)
    (block,) = slack["blocks"]
    assert block["text"]["type"] == "plain_text"
    assert (
        f"- drift: {KEY}: changed on Connect by hand: deletion_threshold"
        in (block["text"]["text"])
    )
    teams = next(one for one in hook.bodies if "attachments" in one)
    (card,) = teams["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {one["type"] for one in card["content"]["body"]} == {"RichTextBlock"}


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("<!channel> & <https://evil.example|click>", "(!channel) + (https:"),
        ("{{DATE(2017-02-14T06:08:00Z)}}", "((DATE("),
        ("two\nlines \x1b[31m\u202e", "two lines"),
    ],
)
def test_text_of_others_is_inert_wherever_it_would_be_read(
    foreign: str, shown: str
) -> None:
    said = hooks.plain(foreign)
    assert shown in said
    assert not set(said) & set("<>{}&\n\x1b\u202e")


def note(
    console: Console,
    status: str,
    *,
    ago: timedelta,
    tried: int | None = None,
    schools: tuple[store.SchoolReport, ...] = (),
) -> None:
    path = console.folder / ".connectsync" / "connect.db"
    with store.open_store(path).writing() as connection:
        when = (datetime(2027, 1, 15, 12, tzinfo=UTC) - ago).isoformat()
        report = store.SyncReport(status, when, tried, schools)
        store.put_sync(connection, KEY, report)


def test_a_night_that_failed_is_told_with_its_figure_and_in_words_of_ours(
    known: Console, hook: Hook
) -> None:
    tells(known)
    words = "Failed: threshold <!here> Maria Lopez 555-0142"
    note(known, words, ago=timedelta(hours=2), tried=34)
    said = known.run(
        "status", KEY, "--notify", environment=at("2027-01-15T06:00", hook)
    )
    assert said.status == ExitStatus.FINDINGS
    (body,) = hook.bodies
    assert told(body) == [("failed-sync", KEY)]
    message = body["new"][0]["message"]
    assert message.startswith("the last sync failed: threshold (tried to archive 34%)")
    everything = json.dumps(body)
    for foreign in ("Maria", "555-0142", "Lakeview Unified"):
        assert foreign not in everything


def test_a_night_that_failed_for_a_school_alone_is_told_without_its_name(
    known: Console, hook: Hook
) -> None:
    tells(known)
    schools = (store.SchoolReport("Hill High", "Failed: threshold", 40),)
    note(known, "Success", ago=timedelta(hours=2), schools=schools)
    known.run("status", KEY, "--notify", environment=at("2027-01-15T06:00", hook))
    (body,) = hook.bodies
    assert told(body) == [("failed-sync", KEY)]
    assert body["new"][0]["message"] == "the last sync failed for 1 school"
    assert "Hill" not in json.dumps(body)


def test_what_waits_for_a_person_is_told_by_reconcile(
    known: Console, hook: Hook
) -> None:
    tells(known)
    edit(known, deletion_threshold=44)
    known.replace(
        "districts/tx/dry-creek-isd.yaml",
        "  enable_daily_sync: true",
        "  enable_daily_sync: true\n  student_id: STUDENT NUMBER\n",
    )
    environment = at("2027-01-15T06:00", hook)
    said = known.run("reconcile", "--notify", environment=environment)
    assert said.status == ExitStatus.FINDINGS, said.both
    (body,) = hook.bodies
    assert told(body) == [("drift", KEY), ("waiting-run", "dry-creek-isd")]
    assert body["new"][1]["message"] == "it waits for a person: risk"
    # `drift` sees the same change, and it is not told again
    drift(known, at("2027-01-15T06:10", hook))
    assert len(hook.bodies) == 1


def test_what_is_allowed_and_ends_soon_is_told_before_it_ends(
    known: Console, hook: Hook
) -> None:
    known.replace(
        "districts/ca/lakeview-usd.yaml",
        "settings:\n",
        "allow:\n  - {rule: nobody-changes-permissions, reason: 'Ask Ana Ruiz',"
        " until: 2027-02-01}\n  - {rule: no-such-rule, reason: x y,"
        " until: 2027-02-01}\nsettings:\n",
    )
    tells(known)
    early = at("2026-12-15T06:00", hook)
    assert known.run("notify", environment=early).status == ExitStatus.FINE
    assert hook.bodies == []
    known.run("notify", environment=at("2027-01-15T06:00", hook))
    (body,) = hook.bodies
    # as in an audit, an entry that no rule heeds does not end
    assert told(body) == [("expiring-allowance", KEY)]
    said = "what is allowed of nobody-changes-permissions ends on 2027-02-01"
    assert said in body["new"][0]["message"]
    assert "Ana Ruiz" not in json.dumps(body)


def test_a_run_that_stopped_is_told_once_and_is_over_once_it_is_done(
    valley: Console, hook: Hook, stopping: Callable[[], AbstractContextManager[None]]
) -> None:
    tells(valley)
    with stopping():
        assert valley.run("apply", "--yes").status != ExitStatus.FINE
    valley.run("notify", environment=at("2027-01-15T06:00", hook))
    valley.run("notify", environment=at("2027-01-15T06:10", hook))
    (body,) = hook.bodies
    assert told(body) == [("waiting-run", None)]
    assert body["new"][0]["message"] == "run 1 is not done: 1 not reached"
    assert valley.run("resume", "1").status == ExitStatus.FINE
    day = at("2027-01-16T09:00", hook)
    assert valley.run("notify", "--dry-run", environment=day).out == (
        "Nothing to tell anyone now\n"
    )


def test_a_run_that_failed_is_told_by_whoever_looks_next_and_by_reconcile_itself(
    known: Console, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise FormRefused("no, says Ana Ruiz", remedy="ask SchoolStatus why")

    tells(known)
    known.replace(
        "districts/ca/lakeview-usd.yaml",
        "deletion_threshold: 15",
        "deletion_threshold: 12",
    )
    with monkeypatch.context() as patched:
        patched.setattr(ContractWriter, "save", fail)
        environment = at("2027-01-15T06:00", hook)
        said = known.run("apply", "--yes", environment=environment)
        assert said.status == ExitStatus.FINDINGS, said.both
        known.run("notify", environment=at("2027-01-15T06:05", hook))
        known.run("notify", environment=at("2027-01-15T06:10", hook))
        (body,) = hook.bodies
        assert told(body) == [("failed-run", None)]
        assert body["new"][0]["message"] == "run 2 is not done: 1 failed"
        assert body["new"][0]["help"].startswith("`connectsync runs show 2` says why")
        hook.bodies.clear()
        environment = at("2027-01-15T06:15", hook)
        assert known.run("reconcile", "--notify", environment=environment).status == 1
        new = [one for body in hook.bodies for one in body["new"]]
        assert ("failed-run", KEY) in {(one["kind"], one["district"]) for one in new}
        assert "Ana Ruiz" not in json.dumps(hook.bodies)
    # the next pass makes it, and nothing is open any more
    day = at("2027-01-16T06:00", hook)
    assert known.run("reconcile", "--notify", environment=day).status == ExitStatus.FINE
    left = known.run("notify", "--dry-run", environment=at("2027-01-16T06:05", hook))
    assert left.out == "Nothing to tell anyone now\n"


def test_a_test_reaches_every_hook_at_any_hour_and_is_not_remembered(
    known: Console, hook: Hook
) -> None:
    tells(known, more="  quiet_hours: {from: '20:00', to: '06:30'}\n")
    before = known.state()
    said = known.run("notify", "--test", environment=at("2027-01-15T23:00", hook))
    assert said.status == ExitStatus.FINE
    assert [checked(one)["kind"] for one in hook.bodies] == ["test"]
    hook.status = 404
    said = known.run("notify", "--test", environment=at("2027-01-15T23:00", hook))
    assert said.status == ExitStatus.FINDINGS
    assert "desk was not told: it answered with status 404" in said.err
    assert known.state() == before


def test_a_dry_run_shows_what_would_be_sent_and_sends_and_writes_nothing(
    known: Console, hook: Hook
) -> None:
    tells(known, more="  quiet_hours: {from: '20:00', to: '06:30'}\n")
    edit(known, deletion_threshold=44)
    drift(known, at("2027-01-15T23:00", hook))
    before = known.state()
    said = known.run("notify", "--dry-run", environment=at("2027-01-16T08:00", hook))
    assert "to desk:" in said.out
    assert f"- drift: {KEY}: changed on Connect by hand" in said.out
    assert known.state() == before
    assert hook.bodies == []


MAIL = """  mail:
    - name: team
      host: localhost
      port: {port}
      user: sender
      password: env:CONNECTSYNC_NOTIFY_PASSWORD
      from: connectsync@example.org
      to: [team@example.org, second@example.org]
"""
PASSWORD = "cAnary-aa.mail.Qr7xNd52Wv"  # noqa: S105 - lives for one test


def mails(console: Console, port: int, *, more: str = "") -> None:
    text = (console.folder / "connectsync.yaml").read_text("utf-8")
    notify = f"timezone: America/Chicago\nnotify:\n{MAIL.format(port=port)}{more}"
    (console.folder / "connectsync.yaml").write_text(text + notify, "utf-8")


def mailed(time: str, server: MailServer) -> dict[str, str]:
    """Give the environment of a job at a time in Chicago."""
    now = {"CONNECTSYNC_NOW": f"{time}:00-06:00"}
    return now | server.environment() | {"CONNECTSYNC_NOTIFY_PASSWORD": PASSWORD}


def sending(console: Console, environment: Mapping[str, str]) -> Said:
    said = console.run(
        "notify",
        "--test",
        environment={"CONNECTSYNC_NOTIFY_PASSWORD": PASSWORD, **environment},
    )
    assert PASSWORD not in said.both
    return said


def test_mail_goes_over_tls_and_the_password_never_in_the_clear(
    known: Console, tmp_path: Path
) -> None:
    with mail_server(tmp_path) as server:
        mails(known, server.port)
        said = sending(known, server.environment())
        assert said.status == ExitStatus.FINE, said.both
    (mail,) = server.mails
    assert mail["To"] == "team@example.org, second@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "this is a test" in mail["Subject"]
    assert len(server.logins) == 1
    assert [line.split()[0].upper() for line in server.clear] == [b"EHLO", b"STARTTLS"]


@pytest.mark.parametrize("way", ["untrusted", "another name", "no tls", "endless"])
def test_a_mail_server_that_does_not_prove_itself_gets_no_password(
    way: str, known: Console, tmp_path: Path
) -> None:
    name = "other.example.org" if way == "another name" else "localhost"
    with mail_server(tmp_path, name) as server:
        server.offers_tls = way != "no tls"
        server.endless = way == "endless"
        mails(known, server.port)
        said = sending(known, server.environment(trusted=way != "untrusted"))
        assert said.status == ExitStatus.FINDINGS
        assert "team was not told: " in said.err
        server.endless = False
    assert (server.mails, server.logins) == ([], [])


def test_a_mail_server_that_repeats_the_password_is_not_quoted(
    known: Console, tmp_path: Path
) -> None:
    with mail_server(tmp_path) as server:
        server.refuses = True
        mails(known, server.port)
        said = sending(known, server.environment())
    assert "the mail server refused the password (status 535)" in said.err
    assert server.logins[0].split()[-1].decode() not in said.both


def test_mail_that_some_got_is_not_sent_to_them_again(
    known: Console, tmp_path: Path
) -> None:
    with mail_server(tmp_path) as server:
        mails(known, server.port)
        edit(known, deletion_threshold=44)
        server.gone = ("second@example.org",)
        said = drift(known, mailed("2027-01-15T06:00", server))
        assert "team was told, but the mail server refused 1 of its" in said.err
        assert drift(known, mailed("2027-01-15T06:10", server)).err == ""
        assert len(server.mails) == 1
        # who waits for a message of its own is told that one address lacked it
        test = known.run(
            "notify", "--test", environment=mailed("2027-01-15T06:20", server)
        )
        assert test.status == ExitStatus.FINDINGS

        server.gone = ("second@example.org", "team@example.org")
        edit(known, deletion_threshold=45)
        said = drift(known, mailed("2027-01-15T06:30", server))
        assert "team was not told: the mail server refused every address" in said.err
        server.gone = ()
        drift(known, mailed("2027-01-15T06:40", server))
        assert len(server.mails) == 3


PERIOD = """scheduled:
  - {from: 2027-01-02, to: 2027-01-10, settings: {deletion_threshold: 18}, reason: x}
"""


def test_each_matter_goes_by_mail_once_after_quiet_hours_and_in_the_digest(
    known: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise FormRefused("no, says Ana Ruiz", remedy="ask SchoolStatus why")

    def job(time: str, *command: str) -> Said:
        environment = mailed(time, server)
        return known.run(*command, "--notify", environment=environment)

    def heard() -> list[str]:
        """Give the kinds of what is listed in the mail that came, mail by mail."""
        texts = [one.get_content() for one in server.mails]
        assert not any("Ana Ruiz" in one or PASSWORD in one for one in texts)
        server.mails.clear()
        kinds = (re.findall("^- ([a-z-]+): ", text, re.MULTILINE) for text in texts)
        return [" ".join(one) for one in kinds]

    file = "districts/ca/lakeview-usd.yaml"
    allowed = "allow: [{rule: nobody-changes-permissions, reason: 'Ana Ruiz', until: "
    with mail_server(tmp_path) as server:
        mails(known, server.port, more="  quiet_hours: {from: '20:00', to: '06:30'}\n")
        text = (known.folder / file).read_text("utf-8")
        (known.folder / file).write_text(text + PERIOD, "utf-8")
        job("2027-01-05T06:40", "reconcile")
        assert heard() == ["waiting-run"]
        known.run("apply", "--yes", environment=mailed("2027-01-05T06:45", server))
        job("2027-01-05T06:50", "reconcile")
        assert heard() == []

        # the value did not return, and a person changed something else meanwhile
        job("2027-01-14T06:40", "drift")
        assert heard() == ["overdue-return"]
        live = known.live(KEY)
        off = not live["manage_guardians"]
        known.edit(KEY, {**live, "manage_guardians": off})
        note(known, "Failed: threshold", ago=timedelta(hours=2), tried=34)
        known.replace(file, "settings:\n", allowed + "2027-02-01}]\nsettings:\n")
        job("2027-01-15T05:00", "drift")
        job("2027-01-15T05:10", "status", KEY)
        job("2027-01-15T05:20", "status", KEY)
        assert heard() == []
        job("2027-01-15T06:40", "status", KEY)
        (news,) = heard()
        assert sorted(news.split()) == ["drift", "expiring-allowance", "failed-sync"]
        job("2027-01-15T06:50", "status", KEY)
        assert heard() == []

        with monkeypatch.context() as patched:
            patched.setattr(ContractWriter, "save", fail)
            accepted = ("--accept", "overwrites-drift=1", "--accept", "disruptive=1")
            environment = mailed("2027-01-15T06:51", server)
            tried = known.run("apply", "--yes", *accepted, environment=environment)
            assert tried.status == ExitStatus.FINDINGS, tried.both
        job("2027-01-15T06:52", "status", KEY)
        assert heard() == ["failed-run"]
        job("2027-01-15T07:00", "status", KEY)
        (digest,) = heard()
        assert sorted(digest.split()) == [
            *("drift", "expiring-allowance", "failed-run"),
            *("failed-sync", "overdue-return"),
        ]
        job("2027-01-15T12:00", "status", KEY)
        assert heard() == []


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        (
            "webhooks: [{name: a, url: 'https://hooks.example.org/x'}]",
            "where the token is",
        ),
        (
            "webhooks: [{name: a, url: 'env:A'}, {name: a, url: 'env:B'}]",
            "there are two hooks 'a'",
        ),
        (
            "webhooks: [{name: a, format: slack, url: 'env:A', token: 'env:B'}]",
            "slack takes no token",
        ),
        (
            "mail: [{name: a, host: h, from: a@b.example, to: [c@d.example], user: u}]",
            "a user and a password go together",
        ),
        ("quiet_hours: {from: '20:00', to: '06:00'}", "quiet hours need a zone"),
        ("mail: [{name: a, host: h, from: a@b.example, to: ['x\\ny']}]", "mail"),
        ("digest_at: '25:00'", "a time such as"),
        ("webhooks: [{name: a, url: 'env:A', about: [weather]}]", "weather"),
    ],
)
def test_a_mistake_in_whom_to_tell_is_found_before_anything_else(
    notify: str, said: str, valley: Console
) -> None:
    text = (valley.folder / "connectsync.yaml").read_text("utf-8")
    (valley.folder / "connectsync.yaml").write_text(f"{text}notify: {{{notify}}}\n")
    for command in (["validate"], ["drift", "--notify"]):
        found = valley.run(*command)
        assert found.status == ExitStatus.FINDINGS
        assert "connectsync.yaml:8:" in found.both
        assert said in " ".join(found.both.split())


@pytest.mark.parametrize("command", ["status", "drift", "reconcile", "notify"])
def test_who_is_to_be_told_has_to_be_named(command: str, valley: Console) -> None:
    flags = [] if command == "notify" else ["--notify"]
    said = valley.run(command, *flags)
    assert said.status == ExitStatus.USAGE
    assert "names no" in said.err


def test_a_told_clock_tells_no_one_who_is_not_here(known: Console, hook: Hook) -> None:
    tells(known)
    edit(known, deletion_threshold=44)
    elsewhere = {
        HOSTS: "hooks.example.org",
        "CONNECTSYNC_NOTIFY_URL": "https://hooks.example.org/x",
    }
    said = drift(known, at("2027-01-15T06:00", hook) | elsewhere)
    assert said.status == ExitStatus.FINDINGS
    assert "CONNECTSYNC_NOW is set, and hooks.example.org is not" in said.err


@pytest.mark.parametrize(
    "said",
    [
        {"opened": 1},
        {"opened": [1]},
        {"opened": [{"kind": "drift"}]},
        {"opened": [{"kind": "drift", "district": 1, "message": "", "remedy": ""}]},
        {"opened": [{"kind": "x", "district": "", "message": "", "remedy": ""}]},
        {"closed": [[]]},
        {"told": {"desk": "drift"}},
        {"untold": []},
        {"digests": {"desk": 1}},
        {"backend": 1},
    ],
    ids=json.dumps,
)
@pytest.mark.sampled(4)
def test_what_an_edited_state_says_that_people_were_told_is_a_sentence(
    known: Console, hook: Hook, said: dict[str, Any]
) -> None:
    """Whoever edits it may chain it anew: no run ends for it as by a fault of ours."""
    tells(known)
    edit(known, deletion_threshold=44)
    assert drift(known, at("2027-01-15T06:00", hook)).status == ExitStatus.FINDINGS

    def other(entry: Entry) -> None:
        if entry["action"] == "people told":
            entry["detail"] = {"backend": entry["detail"]["backend"], **said}

    known.forge(other)
    for command in (("drift", "--notify"), ("apply", "--yes"), ("status",)):
        refused = known.run(*command, environment=at("2027-01-15T06:05", hook))
        assert refused.status == ExitStatus.FINDINGS, refused.err
        assert "holds no fact of ours" in refused.err
    assert known.live(KEY)["deletion_threshold"] == 44
    assert len(hook.bodies) == 1
