"""Many files, checked side by side and remembered: not one word differs."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import pytest
from console import Console
from hypothesis import example, given, strategies

from connectsync.config import decode
from connectsync.config.decode import Ground, NamedPaths
from connectsync.config.fleet import ChosenFiles, choose_files, load_fleet
from connectsync.domain.district import FleetMember
from connectsync.domain.finding import Finding, ValidationReport
from connectsync.errors import Bug
from connectsync.files.writing import digest
from connectsync.operations import check_cache, checking
from connectsync.operations.check_cache import CheckCache
from connectsync.operations.checked import (
    CheckedDistrict,
    CheckedDistricts,
    CheckedFile,
    CheckedFiles,
    FileResult,
    Judgement,
    ResultBatch,
    apart,
    joined,
)
from connectsync.operations.checking import (
    CheckedFleet,
    ValidationOptions,
    fleet_on_day,
)
from connectsync.operations.validate import (
    begin_whole,
    check_files,
    check_named,
    report_on,
    validate_fleet,
)
from connectsync.values import Texts, in_order, spell

TODAY = date(2027, 1, 15)
WHOLE = ValidationOptions(today=TODAY, whole_fleet=True)

PROFILES = {
    "standard": "schema: 1\nsettings: {phone_types: [Cell, Home]}\n",
    "rural": "schema: 1\nprofile: standard\nsettings: {phone_types: null}\n",
    "idle": "schema: 1\nsettings: {deletion_threshold: null}\n",
    "broken": "schema: 1\nsettings: {phone_types: [Sell]}\n",
    "circle": "schema: 1\nprofile: circle\n",
}

BODIES = (
    "profile: standard\nfacts: {setup_step: 5}\n",
    "profile: [standard, rural]\n",
    "profile: idle\nsettings: {deletion_threshold: 99}\n",
    "profile: broken\n",
    "profile: circle\n",
    "profile: standart\n",
    "settings: {contact_types: [Parent/Guardian, Emergancy]}\n",
    "settings: {archived_students: Keep Archived}\n",
    "settings: {archived_students: Keep archived}\n",
    "credentials: {district_id: 58da8a43cc70ab00017a1a87, oauth_token: env:ONE}\n",
    (
        "settings: {enable_daily_sync: true}\n"
        "allow: [{rule: launch-not-stated, reason: new, until: 2027-02-01}]\n"
    ),
    "allow: [{rule: no-such-rule, reason: none, until: 2027-02-01}]\n",
    (
        "facts: {rollover: {from: 2027-01-10, to: 2027-01-31}}\n"
        "settings: {unarchive_classrooms: true}\n"
    ),
    "labels: [early]\nsettings: {enable_daily_sync: true, permissions: [Calendar]}\n",
    "settings:\n\tdeletion_threshold: 15\n",
    "settings: {deletion_threshold: 15}\nsettings: {deletion_threshold: 16}\n",
    "",
)
"""What files say, right and wrong in every way that a report tells apart."""


def district(key: str, body: str) -> str:
    return f"schema: 1\ndistrict: {key}\nname: {key}\n{body}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shared = tmp_path / "districts" / "_profiles"
    shared.mkdir(parents=True)
    (tmp_path / "connectsync.yaml").write_text("schema: 1\n")
    for stem, text in PROFILES.items():
        (shared / f"{stem}.yaml").write_text(text)
    for number in range(120):
        text = district(f"d{number:03}", BODIES[number % len(BODIES)])
        (tmp_path / "districts" / f"d{number:03}.yaml").write_text(text)
    return tmp_path


def checked(
    root: Path, cache: CheckCache | None = None, asked: ValidationOptions = WHOLE
) -> ValidationReport:
    files = sorted((root / "districts").glob("*.yaml"))
    chosen = choose_files(root, files, districts_dir=root / "districts")
    return report_on(check_files(chosen, asked, every_profile=True, cache=cache), asked)


def loaded(root: Path, asked: ValidationOptions = WHOLE) -> ValidationReport:
    files = sorted((root / "districts").glob("*.yaml"))
    whole = load_fleet(root, files, districts_dir=root / "districts")
    return validate_fleet(whole, asked)


def state(root: Path) -> Path:
    return root / ".connectsync"


def remembered(root: Path, asked: ValidationOptions = WHOLE) -> ValidationReport:
    return checked(root, CheckCache.at(state(root), asked), asked)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tell what stands in each district file that is read, in this process."""
    texts: list[str] = []
    bytes_of = decode.bytes_of

    def counted(path: Path, name: str, ground: Ground | None) -> bytes | Finding:
        raw = bytes_of(path, name, ground)
        texts.append(raw.decode() if isinstance(raw, bytes) else "")
        return raw

    monkeypatch.setattr("connectsync.config.fleet.bytes_of", counted)
    return texts


def districts_in(read: list[str]) -> list[str]:
    """Give what is told of the districts that were read, but for their names."""
    texts = [one for one in read if "\ndistrict: " in one]
    return [one.partition("\nname: ")[2].partition("\n")[2] for one in set(texts)]


PLACED_LATER = ("archived_students", "district_id", "allow", "\t", "16}")
"""What is read again: findings that rest on other files, and what is no document."""


@pytest.fixture
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three processes work; threads that other tests left do not count."""
    monkeypatch.setattr(check_cache, "_cores", lambda: 3)
    monkeypatch.setattr(check_cache, "WORTH_A_PROCESS", 10)
    begun = threading.active_count()
    others = lambda: threading.active_count() > begun  # noqa: E731 - one line
    monkeypatch.setattr(check_cache, "_has_threads", others)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the files that this process checks at a time."""
    here: list[int] = []

    def counted(
        chosen: ChosenFiles,
        names: Sequence[str],
        asked: ValidationOptions,
        *,
        remember: bool,
    ) -> Iterable[CheckedFile]:
        here.append(len(names))
        return check_named(chosen, names, asked, remember=remember)

    monkeypatch.setattr("connectsync.operations.validate.check_named", counted)
    return here


def test_files_are_judged_as_a_fleet_that_was_loaded_is(project: Path) -> None:
    report = checked(project)
    assert report == loaded(project)
    assert len({one.rule for one in report.findings}) > 12
    assert report.allowed


@pytest.mark.usefixtures("three_at_once")
def test_many_processes_find_what_one_finds(
    project: Path, parts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = checked(project)
    assert parts == [40]
    monkeypatch.setattr(check_cache, "_cores", lambda: 1)
    assert report == checked(project)


@pytest.mark.usefixtures("three_at_once")
def test_the_part_of_a_process_that_was_killed_is_done_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, pack = os.getpid(), checking.pack

    def dying(found: ResultBatch) -> bytes:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return pack(found)

    monkeypatch.setattr("connectsync.operations.validate.pack", dying)
    assert checked(project) == loaded(project)


def planned(root: Path, *, here: bool) -> CheckedFleet:
    """Give a fleet as a plan has it checked, in this process too or in others alone."""
    files = sorted((root / "districts").glob("*.yaml"))
    chosen = choose_files(root, files, districts_dir=root / "districts")
    return begin_whole(chosen, WHOLE, every_profile=True, here=here)()


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.usefixtures("three_at_once")
def test_districts_are_planned_as_a_fleet_that_was_loaded_has_them(
    project: Path, parts: list[int], *, here: bool
) -> None:
    fleet = planned(project, here=here)
    assert parts == ([40] if here else [])
    files = sorted((project / "districts").glob("*.yaml"))
    expected = load_fleet(project, files, districts_dir=project / "districts").districts
    found = [one.district for one in fleet.districts]
    assert found == [one.district for one in expected]
    members = [one.member for one in fleet.districts]
    assert members == [one.district.member for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.file, one.builds_on) == (other.file, other.district.builds_on)
    assert report_on(fleet, WHOLE) == loaded(project)


@pytest.mark.usefixtures("three_at_once")
def test_what_a_killed_process_should_have_read_for_a_plan_is_read_here(
    project: Path, parts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(found: ResultBatch) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return checking.pack_whole(found)

    monkeypatch.setattr("connectsync.operations.validate.pack_whole", dying)
    assert report_on(planned(project, here=False), WHOLE) == loaded(project)
    assert parts == [40, 40, 40]


_TEXTS = strategies.text(max_size=4) | strategies.sampled_from(
    ["", "\n", "a\nb", "\0", "a\0b"]
)


@given(_TEXTS, _TEXTS, strategies.none() | _TEXTS, strategies.none() | _TEXTS)
def test_the_words_of_a_district_are_one_text_and_are_told_as_they_were(
    key: str, name: str, district_id: str | None, token: str | None
) -> None:
    own = (key, name, district_id, token)
    assert apart(joined(own)) == own
    member = FleetMember("", ("base",), frozenset(["rural"]), archived_students="Keep")
    judged = Judgement("a.yaml", like=member)
    result = FileResult("a.yaml", (), "", ("base",))
    district = CheckedDistrict("b.yaml", joined(own), judged, 3)
    one = CheckedFile("b.yaml", result, district, "", 3)
    batch = checking.unpack(checking.pack(ResultBatch.of([one, one])))
    read, again = batch.files(["b.yaml", "b.yaml"])
    assert read == again == one
    (member,) = {*CheckedDistricts(CheckedFiles(["b.yaml"] * 2, [batch])).members()}
    assert member == one.district.member  # type: ignore[union-attr]
    assert read.district is not None
    assert read.district.name == name
    expected = FleetMember(
        key, ("base",), frozenset(["rural"]), district_id, token, "Keep"
    )
    assert read.district.member == expected
    assert read.builder == (key, ("base",))


def of_one_mold(root: Path, count: int) -> list[Path]:
    (root / "districts").mkdir()
    (root / "connectsync.yaml").write_text("schema: 1\n")
    whose = 'credentials:\n  district_id: "{:024x}"\n  oauth_token: env:T_{}\n'
    for number in range(count):
        text = district(f"d{number:04}", whose.format(number, number))
        (root / "districts" / f"d{number:04}.yaml").write_text(text)
    return sorted((root / "districts").glob("*.yaml"))


def test_of_a_district_of_many_only_its_file_and_its_words_are_kept(
    tmp_path: Path,
) -> None:
    files = of_one_mold(tmp_path, 60)
    chosen = choose_files(tmp_path, files, districts_dir=tmp_path / "districts")
    # its path follows from its name
    assert not chosen.paths._elsewhere  # noqa: SLF001 - looks inside
    assert [*map(chosen.paths.__getitem__, chosen.paths)] == [str(one) for one in files]
    fleet = check_files(chosen, WHOLE, every_profile=True)
    assert [*fleet.files] == [f"districts/{one.name}" for one in files]
    assert [one.file for one in fleet.districts] == [*fleet.files]
    # what the first says, and what all others have in common with it
    assert len({id(one) for one in fleet.districts.judgements()}) == 2
    assert fleet.districts[-1] == fleet.districts[59] != fleet.districts[58]
    with pytest.raises(IndexError):
        _ = fleet.districts[60]
    members = fleet_on_day(fleet, TODAY).districts
    assert members[3] is not members[3]
    assert [*members] == [one.member for one in fleet.districts]
    assert (len(members), members[2]) == (60, [*members][2])


def test_a_district_of_many_takes_little_more_memory_than_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in bytes that Python was asked for; a text alone takes 49 and more."""
    monkeypatch.setattr(check_cache, "_cores", lambda: 1)
    files = [str(one) for one in of_one_mold(tmp_path, 3_000)]

    def kept(some: Sequence[str], cache: CheckCache | None) -> int:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        chosen = choose_files(tmp_path, some, districts_dir=tmp_path / "districts")
        fleet = check_files(chosen, WHOLE, every_profile=True, cache=cache)
        report = report_on(fleet, WHOLE)
        after, _ = tracemalloc.get_traced_memory()
        assert (report.files, len(fleet.districts)) == (len(some), len(some))
        return after - before

    def each(*, cached: bool) -> float:
        def cache() -> CheckCache | None:
            return CheckCache.at(state(tmp_path), WHOLE) if cached else None

        few = kept(files[:1_000], cache())
        return (kept(files, cache()) - few) / 2_000

    each(cached=True)
    tracemalloc.start()
    try:
        alone, known = each(cached=False), each(cached=True)
    finally:
        tracemalloc.stop()
    # its words are 47 letters; what is remembered has a digest of 64, and four numbers
    assert alone < 100
    assert known < 220


def test_a_path_that_its_name_does_not_tell_is_kept(tmp_path: Path) -> None:
    inside, beside = f"{tmp_path.as_posix()}/b.yaml", f"{tmp_path.as_posix()}/../a.yaml"
    named = {"b.yaml": inside, "a.yaml": beside, "c.yaml": "./c"}
    paths = NamedPaths(tmp_path, named.items())
    assert [*paths] == ["a.yaml", "b.yaml", "c.yaml"]
    assert {name: paths[name] for name in paths} == named
    # of two paths of one name the last
    again = NamedPaths(tmp_path, [*named.items(), ("a.yaml", f"{tmp_path}/a.yaml")])
    assert (len(again), again["a.yaml"]) == (3, f"{tmp_path.as_posix()}/a.yaml")


@given(
    strategies.lists(strategies.text(strategies.characters(exclude_characters="\0")))
)
@example([f"districts/d{number}.yaml" for number in range(1_203)])
@example(["", "", "a"] * 400)
@example(["Bay of São João", "\udc80 of no encoding", *map(str, range(600)), ""])
def test_many_texts_come_out_as_they_went_in(texts: list[str]) -> None:
    kept = Texts(texts[:7])
    kept.extend(texts[7:])
    assert (len(kept), [*kept]) == (len(texts), texts)
    assert [kept[at] for at in range(0, len(texts), 7)] == texts[::7]
    assert [*kept[1:702]] == texts[1:702]
    assert [*in_order(texts)] == sorted({*texts})
    with pytest.raises(IndexError):
        _ = kept[len(texts)]


def test_a_district_that_was_only_judged_is_not_planned(project: Path) -> None:
    files = sorted((project / "districts").glob("*.yaml"))
    chosen = choose_files(project, files, districts_dir=project / "districts")
    (one, *_) = check_files(chosen, WHOLE, every_profile=True).districts
    with pytest.raises(Bug, match="d000"):
        _ = one.district


@pytest.mark.usefixtures("three_at_once")
def test_a_program_with_threads_is_not_copied(project: Path, parts: list[int]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert checked(project) == loaded(project)
        assert parts == [120]
    finally:
        stop.set()
        thread.join()


def test_what_is_as_it_was_is_not_read_again(project: Path, read: list[str]) -> None:
    fresh = remembered(project)
    read.clear()
    assert remembered(project) == fresh
    assert len(districts_in(read)) < 50
    for body in districts_in(read):
        assert any(word in body for word in PLACED_LATER)


def test_of_a_profile_that_changed_only_its_districts_are_read(
    project: Path, read: list[str]
) -> None:
    remembered(project)
    path = project / "districts" / "_profiles" / "idle.yaml"
    path.write_text(path.read_text() + "# a word\n")
    read.clear()
    report = remembered(project)
    again = districts_in(read)
    users = len(range(2, 120, len(BODIES)))
    assert [body for body in again if "profile: idle" in body] == [BODIES[2]] * users
    for body in again:
        assert any(word in body for word in (*PLACED_LATER, "profile: idle"))
    assert report == loaded(project)


def say(path: Path, text: str) -> None:
    path.write_text(text)


def label(one: Path, _: Path) -> None:
    say(one, one.read_text() + "labels: [late]\n")


def remove(one: Path, _: Path) -> None:
    one.unlink()


def copy(one: Path, _: Path) -> None:
    say(one.with_stem(f"{one.stem}-x"), one.read_text())


def build_on_another(one: Path, _: Path) -> None:
    say(one, district(one.stem, "profile: rural\n"))


def write_what_was_missing(_: Path, shared: Path) -> None:
    say(shared / "standart.yaml", "schema: 1\n")


def remove_a_profile(_: Path, shared: Path) -> None:
    (shared / "rural.yaml").unlink(missing_ok=True)


def mend_a_profile(_: Path, shared: Path) -> None:
    say(shared / "broken.yaml", PROFILES["standard"])


def break_a_profile(_: Path, shared: Path) -> None:
    say(shared / "standard.yaml", PROFILES["broken"])


EDITS = (
    label,
    remove,
    copy,
    build_on_another,
    write_what_was_missing,
    remove_a_profile,
    mend_a_profile,
    break_a_profile,
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.sampled(2)
def test_what_is_remembered_changes_no_report(project: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - of a test
    for _ in range(8):
        files = sorted((project / "districts").glob("*.yaml"))
        edit = chance.choice(EDITS)
        edit(chance.choice(files), project / "districts" / "_profiles")
        day = chance.choice([TODAY, date(2027, 2, 1)])
        asked = ValidationOptions(
            today=day,
            whole_fleet=True,
            ignore=chance.choice([frozenset(), frozenset(["launch-not-stated"])]),
            options=chance.choice([{}, {"archived_students": ("Keep archived",)}]),
        )
        assert remembered(project, asked) == checked(project, None, asked)


def test_a_change_that_keeps_size_and_time_is_seen(project: Path) -> None:
    path = project / "districts" / "d002.yaml"
    before = path.stat()
    remembered(project)
    path.write_text(path.read_text().replace("99", "98"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert remembered(project) == loaded(project)


def test_what_is_remembered_moves_with_the_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, read: list[str]
) -> None:
    fresh = remembered(project)
    other = tmp_path_factory.mktemp("other") / "clone"
    subprocess.run(["cp", "-r", project, other], check=True)
    read.clear()
    assert remembered(other) == fresh
    assert len(districts_in(read)) < 50


def spoiled(kind: str, raw: bytes) -> bytes:
    if kind == "cut":
        return raw[: len(raw) // 2]
    if kind == "flipped":
        return raw[:200] + bytes([raw[200] ^ 1]) + raw[201:]
    head, entries = map(json.loads, raw.split(b"\n")[1:4:2])
    if kind == "another program's":
        lines: list[object] = [{"of": 1}]
    else:
        lines = [head, [entries[0], *([] for _ in entries[1:])]]
    return b"".join(
        digest(one).encode() + b"\n" + one + b"\n" for one in map(spell, lines)
    )


@pytest.mark.parametrize("kind", ["cut", "flipped", "another program's", "wrong shape"])
def test_what_is_damaged_or_of_others_is_not_used_and_told(
    project: Path, kind: str
) -> None:
    console = Console(project)
    fresh = console.run("validate", "--format", "json")
    path = state(project) / "checked.json"
    path.write_bytes(spoiled(kind, path.read_bytes()))
    said = console.run("validate", "--format", "json")
    assert (said.status, said.out) == (fresh.status, fresh.out)
    assert "checked.json is not used: it is" in said.err
    # and it is made anew
    assert "not used" not in console.run("validate").err


def in_one_piece(_: bytes) -> bytes:
    """Give what earlier versions wrote."""
    kept = {"basis": "of another", "saved": 1, "shared": [], "files": {"a": [1]}}
    body = json.dumps(kept, separators=(",", ":")).encode()
    return digest(body).encode() + b"\n" + body


def on_another_basis(raw: bytes) -> bytes:
    head, entries = raw.split(b"\n")[1:4:2]
    head = spell({**json.loads(head), "basis": "of another"})
    each = (head, entries.replace(b"phone", b"telex"))
    return b"".join(digest(one).encode() + b"\n" + one + b"\n" for one in each)


@pytest.mark.parametrize("kept", [in_one_piece, on_another_basis])
def test_what_another_version_kept_is_left_out_without_a_word(
    project: Path, kept: Callable[[bytes], bytes]
) -> None:
    console = Console(project)
    fresh = console.run("validate", "--format", "json")
    assert "phone" in fresh.out
    path = state(project) / "checked.json"
    path.write_bytes(kept(path.read_bytes()))
    said = console.run("validate", "--format", "json")
    assert (said.status, said.out, said.err) == (fresh.status, fresh.out, "")


def test_what_is_remembered_of_others_stays_when_some_files_are_checked(
    project: Path, read: list[str]
) -> None:
    remembered(project)
    files = sorted((project / "districts").glob("*.yaml"))
    late = files[7]
    late.write_text(late.read_text() + "labels: [late]\n")
    chosen = choose_files(project, files[3::2], districts_dir=project / "districts")
    cache = CheckCache.at(state(project), WHOLE)
    check_files(chosen, WHOLE, every_profile=True, cache=cache)
    read.clear()
    report = remembered(project)
    for body in districts_in(read):
        assert any(word in body for word in PLACED_LATER)
    assert report == loaded(project)


def test_a_user_sees_no_difference_but_in_time(project: Path, read: list[str]) -> None:
    console = Console(project)
    forms = ("text", "json", "sarif", "junit", "github")
    for form in forms:
        whole = console.run("validate", "--no-cache", "--format", form)
        first = console.run("validate", "--format", form)
        assert (first.status, first.out, first.err) == (whole.status, whole.out, "")
    assert (state(project) / "checked.json").stat().st_mode & 0o777 == 0o600
    read.clear()
    console.run("validate", "--no-cache")
    assert len(read) > 100


def test_few_files_are_checked_without_a_trace(project: Path) -> None:
    for path in sorted((project / "districts").glob("d*.yaml"))[50:]:
        path.unlink()
    Console(project).run("validate")
    assert not state(project).exists()


def test_what_came_with_a_commit_is_not_believed(project: Path) -> None:
    console = Console(project)
    console.run("validate")
    for words in (["init", "-q"], ["add", "-Af", "."]):
        subprocess.run(["git", "-C", str(project), *words], check=True)
    whole = console.run("validate", "--no-cache")
    said = console.run("validate")
    assert (said.status, said.out) == (whole.status, whole.out)
    assert "every file is checked again" in said.err


def test_where_nothing_may_be_written_every_file_is_checked(project: Path) -> None:
    (project / ".connectsync").write_text("a file in its place")
    console = Console(project)
    whole = console.run("validate", "--no-cache")
    assert console.run("validate").out == whole.out


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as written long ago at once."""
    monkeypatch.setattr(check_cache, "_SETTLED", 0)


def report_file(root: Path) -> Path:
    return state(root) / "checked-report.json"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("form", ["text", "json", "concise", "gitlab"])
def test_where_nothing_changed_the_report_of_last_time_is_told_and_no_file_read(
    project: Path, read: list[str], form: str
) -> None:
    console = Console(project)
    words = ("validate", "--format", form)
    whole = console.run(*words, "--no-cache")
    first = console.run(*words)
    read.clear()
    again = console.run(*words)
    assert districts_in(read) == []
    for said in (first, again):
        assert (said.status, said.out, said.err) == (whole.status, whole.out, "")
    assert "allowed" in whole.out or form in {"concise", "gitlab"}
    assert report_file(project).stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("seed", range(3))
def test_a_report_of_last_time_is_told_only_while_nothing_changed(
    project: Path, seed: int
) -> None:
    console = Console(project)
    chance = random.Random(seed)  # noqa: S311 - of a test
    for _ in range(5):
        files = sorted((project / "districts").glob("*.yaml"))
        edit = chance.choice(EDITS)
        edit(chance.choice(files), project / "districts" / "_profiles")
        words = ["validate", *chance.choice([[], ["--strict"], ["--format", "json"]])]
        words += chance.choice([[], ["--ignore", "launch-not-stated"]])
        whole = console.run(*words, "--no-cache")
        for _ in range(2):
            said = console.run(*words)
            assert (said.status, said.out, said.err) == (whole.status, whole.out, "")


def test_a_file_that_was_written_again_is_known_by_its_times_and_size_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as where a clock was set back, and what is new looks older than the report
    monkeypatch.setattr(check_cache, "_SETTLED", -(10**15))
    console = Console(project)
    console.run("validate")
    path = project / "districts" / "d002.yaml"
    path.write_text(path.read_text().replace("99", "98"))
    assert console.run("validate").out == console.run("validate", "--no-cache").out


@pytest.mark.usefixtures("settled")
def test_another_day_or_what_a_project_says_of_rules_is_looked_at_afresh(
    project: Path, read: list[str]
) -> None:
    console = Console(project)
    today = {"CONNECTSYNC_NOW": "2027-01-15T10:00:00+00:00"}
    tomorrow = {"CONNECTSYNC_NOW": "2027-01-16T10:00:00+00:00"}

    def looks(at: dict[str, str]) -> bool:
        read.clear()
        console.run("validate", environment=at)
        return bool(read)

    assert [looks(at) for at in (today, today, tomorrow, tomorrow)] == [
        *(True, False, True, False)
    ]
    rules = "rules: [{rule: missing-district-id, severity: error, reason: x}]\n"
    (project / "connectsync.yaml").write_text("schema: 1\n" + rules)
    # what it says of is of no file in a report, so all is put together again
    said = console.run("validate", environment=today)
    assert "error[missing-district-id]" in said.out
    assert [looks(today), looks(today)] == [True, True]


def test_a_report_of_what_was_only_just_written_is_not_kept(project: Path) -> None:
    Console(project).run("validate")
    assert not report_file(project).exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("kind", ["cut", "flipped", "another program's"])
def test_a_report_that_is_damaged_or_of_others_is_not_told(
    project: Path, kind: str
) -> None:
    console = Console(project)
    fresh = console.run("validate")
    path = report_file(project)
    raw = path.read_bytes()
    if kind == "another program's":
        path.write_bytes(digest(b'{"of":1}').encode() + b'\n{"of":1}')
    else:
        path.write_bytes(spoiled(kind, raw))
    said = console.run("validate")
    assert (said.status, said.out) == (fresh.status, fresh.out)
    assert "checked-report.json is not used: it is damaged" in said.err
    assert console.run("validate").err == ""
