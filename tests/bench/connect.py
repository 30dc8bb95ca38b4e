"""
Times `plan`, reports and `apply` on stand-ins for Connect, and a bare client beside.

Run by `make bench` after the rest, or by itself, with the names of parts to time only
those. A gateway is served by a process of its own and answers 20 ms late. The bare
client asks for the same forms in the same requests, one at a time or as many at once as
we do, reads their JSON, and does nothing with it. What an
apply over a gateway cannot do without is so many saves and readings back as it makes,
each as late, over the number of districts that it works on at a time.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import Process
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

import httpx2
from run import (  # type: ignore[import-not-found] # beside this
    COUNTRY,
    LONG,
    OURS,
    PLACE,
    Timed,
    fleet,
    install_ours,
    say,
    timed,
)

from connectsync.apply.journal import (
    Claim,
    Intent,
    RunOptions,
    SaveResult,
    SaveStatus,
)
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.store import Store
from connectsync.backends.contract import BULKS_AT_ONCE
from connectsync.backends.names import to_json
from connectsync.cli.backend_setup import GatewayBackend
from connectsync.config.discovery import discover_all
from connectsync.config.fleet import load_fleet
from connectsync.domain.finding import acceptance
from connectsync.domain.outcome import DistrictOutcome, Ending, Sent
from connectsync.domain.plan import DistrictPlan
from connectsync.domain.plan_file import plan_digest, read_plan
from connectsync.emulator.app import create_app, server
from connectsync.emulator.form import BLANK
from connectsync.emulator.http import Faults
from connectsync.emulator.seed import Seed, sow
from connectsync.operations.molds import read_by_mold

HERE = [str(OURS), "-C", "."]
"""A project below another one that names a gateway is used only where it is named."""
LATENCY = 0.02
PART = 500
APPLIED = 1_000
BY_BROWSER = 24
TOKEN = "t0ken-of-a-bench"  # noqa: S105 - of a stand-in that lives for one measurement
TOKENS = {"GATEWAY_TOKEN": TOKEN}

BARE = """
import asyncio, json, sys, httpx2
url, token, part, most = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
keys = json.loads(open(sys.argv[5]).read())
async def main():
    free = asyncio.Semaphore(most)
    door = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=door) as client:
        async def read(start):
            asked = {"districts": keys[start:start + part]}
            async with free:
                answer = await client.post(f"{url}/v1/districts:read", json=asked)
            answer.raise_for_status().json()
        await asyncio.gather(*map(read, range(0, len(keys), part)))
asyncio.run(main())
"""


def sown(folder: Path, store: Path, changed: Callable[[int], bool]) -> list[str]:
    """Let a stand-in hold what the files say, but for those whose threshold differs."""
    districts_dir = folder / "districts"
    loaded = load_fleet(
        folder,
        discover_all(folder, districts_dir),
        districts_dir=districts_dir,
        read_all=read_by_mold,
    )
    forms = []
    for number, one in enumerate(loaded.districts):
        form = {**BLANK, **to_json(one.district.desired())}
        if changed(number):
            form["deletionThreshold"] = 30
        forms.append(Seed(one.district.key, one.district.name, form))
    store.unlink(missing_ok=True)
    sow(store, forms)
    return [seed.key for seed in forms]


def fresh(folder: Path) -> Path:
    """Give the state folder of a project, with nothing in it."""
    state = folder / ".connectsync"
    for path in state.glob("*.db*"):
        path.unlink()
    state.mkdir(mode=0o700, exist_ok=True)
    return state


def _serve(store: Path, latency: float, listening: object, token: str | None) -> None:
    app = create_app(store, token=token, faults=Faults(latency_seconds=latency))
    server(app, "127.0.0.1", 0).run([listening])  # type: ignore[list-item]


@contextmanager
def served(store: Path, latency: float, token: str | None = TOKEN) -> Iterator[str]:
    """Serve a stand-in in a process of its own; give its address."""
    with create_server(("127.0.0.1", 0), backlog=128) as listening:
        # else each answer waits 40 ms for the acknowledgment of its head
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        given = (store, latency, listening, token)
        serving = Process(target=_serve, args=given, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.terminate()
            serving.join()


def written(folder: Path, text: str) -> None:
    (folder / "connectsync.yaml").write_text(text)


def by_gateway(url: str) -> str:
    gateway = f"{{url: '{url}', token: 'env:GATEWAY_TOKEN'}}"
    return f"schema: 1\nbackend: gateway\nbackends:\n  gateway: {gateway}\n"


def medians(command: Sequence[str], folder: Path, times: int = 3) -> Timed:
    each = [timed(command, folder) for _ in range(times)]
    return Timed(
        statistics.median(one.wall for one in each),
        statistics.median(one.cpu for one in each),
    )


def row(told: str, spent: Timed, note: str = "") -> None:
    say(f"| {told} | {spent.wall:.2f} s | {spent.cpu:.2f} s | {note} |")


def plans() -> None:
    """Time plans and their reports on the embedded Connect."""
    country, few = fleet("long", LONG, COUNTRY), fleet("one", LONG, 1)
    for told, folder in (("1", few), (f"{COUNTRY:,}", country)):
        fresh(folder)
        command = [*HERE, "plan", "district-00000"]
        timed(command, folder)
        row(f"plan of one district of {told}", medians(command, folder, 7))
    fresh(country)
    command, out = [*HERE, "plan"], str(PLACE / "plan.json")
    timed(command, country)
    row("plan of all, every one differing", medians(command, country))
    whole = medians([*command, "--out", out], country)
    row(
        "the same, and its plan file", whole, f"{Path(out).stat().st_size / 1e6:.0f} MB"
    )
    for form in ("html", "markdown"):
        report = [*command, "--format", form, "--output", str(PLACE / f"plan.{form}")]
        row(f"the same as {form}", medians(report, country))
    sown(country, fresh(country) / "connect.db", lambda number: number % 10 == 0)
    check = medians([*HERE, "validate", "--no-cache"], country)
    tenth = medians(command, country)
    note = (
        f"{tenth.wall / check.wall:.1f} times validate,"
        f" {tenth.cpu / check.cpu:.1f} of CPU"
    )
    row("plan of all, a tenth differing", tenth, note)
    fresh(country)


def gateway() -> None:
    """Time a plan over a gateway beside a bare client."""
    folder = fleet("long", LONG, COUNTRY)
    fresh(folder)
    store = PLACE / "gateway.db"
    keys = PLACE / "keys.json"
    keys.write_text(json.dumps(sown(folder, store, lambda number: number % 10 == 0)))
    with served(store, LATENCY) as url, given(TOKENS):
        written(folder, by_gateway(url))
        bare = [sys.executable, "-c", BARE, url, TOKEN, str(PART)]
        ours: list[Timed] = []
        theirs: dict[int, list[Timed]] = {1: [], BULKS_AT_ONCE: []}
        for _ in range(3):
            for most, each in theirs.items():
                each.append(timed([*bare, str(most), str(keys)], folder))
            ours.append(timed([*HERE, "plan"], folder))
        ratios = [
            statistics.median(
                one.wall / other.wall for one, other in zip(ours, each, strict=True)
            )
            for each in theirs.values()
        ]
        for most, each in theirs.items():
            row(f"a bare client reads all forms, {most} at a time", median_of(each))
        told = " and ".join(f"{one:.2f}" for one in ratios)
        row("plan of all over it", median_of(ours), f"{told} times the bare clients")
    written(folder, "schema: 1\n")


def median_of(each: Sequence[Timed]) -> Timed:
    return Timed(
        statistics.median(one.wall for one in each),
        statistics.median(one.cpu for one in each),
    )


@contextmanager
def given(variables: Mapping[str, str]) -> Iterator[None]:
    """Have variables in the environment of what is started."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def applying() -> None:
    """Time an apply over a gateway beside the least that it has to wait for."""
    folder, store = fleet("applied", LONG, APPLIED), PLACE / "applied.db"
    fresh(folder)
    sown(folder, store, lambda _: True)
    out = str(PLACE / "applied.json")
    with served(store, LATENCY) as url, given(TOKENS):
        written(folder, by_gateway(url))
        timed([*HERE, "plan", "--out", out], folder)
        plan = read_plan(Path(out).read_text("utf-8"))
        accepted = shlex.split(acceptance(plan.guards))
        door = {"Authorization": f"Bearer {TOKEN}"}
        with httpx2.Client(base_url=url, headers=door) as client:
            before = client.get("/emulator/faults").json()["requests"]
            spent = timed([*HERE, "apply", out, "--yes", *accepted], folder)
            told = client.get("/emulator/faults").json()
        requests = told["requests"] - before
        least = 2 * told["saves"] * LATENCY / GatewayBackend.concurrency
        note = (
            f"{told['saves']:,} saves, {requests:,} requests;"
            f" {spent.wall / least:.2f} times {least:.2f} s"
        )
        row(f"apply of {APPLIED:,} districts over it", spent, note)
    written(folder, "schema: 1\n")
    journal(out)


def journal(out: str) -> None:
    """
    Time what an apply writes down of each district, on SQLite, and nothing else.

    As a run over a gateway does: eight end while the next eight are taken.
    """
    plan = read_plan(Path(out).read_text("utf-8"))
    at = datetime(2027, 1, 15, tzinfo=UTC)
    keys = [one.district for one in plan.districts]
    orders = RunOptions(waves=(("", tuple(keys)),))

    def take(store: Store, run: int, one: DistrictPlan) -> Callable[[], object]:
        """Take a district with its first save; give what ends it."""
        claim = store.claim(run, plan.backend, one.district, at=at)
        if not isinstance(claim, Claim):
            sys.exit(f"{one.district} was not to be had: {claim}")
        store.entries(run, one.district)
        after = {**one.live, **one.desired}
        intent = Intent(
            one.district, 1, one.live, after, one.live_version, desired=one.desired
        )
        row = store.intend(claim, intent, at=at)

        def end() -> object:
            seen = SaveResult(SaveStatus.CONFIRMED, Sent.ANSWERED, after, "2-x")
            store.settle(claim, row, seen, at=at)
            done = DistrictOutcome(one.district, Ending.DONE, 1, 1)
            store.finish(claim, done, at=at)
            return store.outcomes(run, one.district)

        return end

    with TemporaryDirectory() as folder, open_store(Path(folder) / "state") as store:
        run, _ = store.begin(plan, plan_digest(plan), orders, at=at)
        began, worked = time.perf_counter(), time.process_time()
        ends: list[Callable[[], object]] = []
        for begin in range(0, len(keys), GatewayBackend.concurrency):
            part = plan.districts[begin : begin + GatewayBackend.concurrency]
            taken = [partial(take, store, run, one) for one in part]
            changes: list[Callable[[], object]] = [*ends, *taken]
            given = store.together(changes)
            ends = [one for one in given[len(ends) :] if callable(one)]
        store.together(ends)
        spent = Timed(time.perf_counter() - began, time.process_time() - worked)
    each = f"{1000 * spent.cpu / len(keys):.2f} ms of the cores a district"
    row(f"the journal of {len(keys):,} districts, eight at a time", spent, each)


def browser() -> None:
    """Time plan and apply through the page, with one tab and several."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
    from browser_world import session_of

    # with its extra, which the others do without
    ours = [str(Path(sys.executable).with_name("connectsync")), "-C", "."]
    for tabs in (1, 2, 4):
        folder = fleet(f"browser-{tabs}", LONG, BY_BROWSER)
        state, store = fresh(folder), PLACE / f"browser-{tabs}.db"
        sown(folder, store, lambda _: True)
        session_of(store, state / "session.json")
        (state / "session.json").chmod(0o600)
        out = str(PLACE / "browser.json")
        with served(store, 0.0, None) as url:
            page = f"{{url: '{url}', contexts: {tabs}}}"
            written(
                folder,
                f"schema: 1\nbackend: browser\nbackends:\n  browser: {page}\n",
            )
            spent = timed([*ours, "plan", "--out", out], folder)
            row(
                f"plan of {BY_BROWSER} through the page, {tabs} tabs",
                spent,
                each(spent),
            )
            plan = read_plan(Path(out).read_text("utf-8"))
            accepted = shlex.split(acceptance(plan.guards))
            spent = timed([*ours, "apply", out, "--yes", *accepted], folder)
            row(f"apply of {BY_BROWSER}, {tabs} tabs", spent, each(spent))


def each(spent: Timed) -> str:
    return f"{60 * BY_BROWSER / spent.wall:.0f} districts a minute"


PARTS: dict[str, Callable[[], None]] = {
    "plans": plans,
    "gateway": gateway,
    "apply": applying,
    "browser": browser,
}


def main() -> None:
    """Print a table of seconds, by the clock and of the cores, and what they are to."""
    PLACE.mkdir(parents=True, exist_ok=True)
    install_ours()
    say("\n| Work | by the clock | of the cores | |\n|---|---|---|---|")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
