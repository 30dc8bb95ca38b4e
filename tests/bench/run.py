"""
Times `validate` beside its peers, in pairs, and prints the ratios.

Run by `make bench`. All are installed from package indexes into environments of their
own: ours as users have it, check-jsonschema with pip, sourcemeta's jsonschema with npm.
Machines are noisy, so each pair runs one right after the other, and medians of ratios
are told.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "bench"
SCHEMA = ROOT / "schema" / "district.schema.json"
OURS = PLACE / "ours" / "bin" / "connectsync"
COUNTRY = 13_318

LONG = """\
# Settings of District {number}
schema: 1
district: {key}
name: District {number}
provider: clever

credentials:
  district_id: "{number:024x}"
  oauth_token: env:DISTRICT_{number:05}_TOKEN

facts:
  setup_step: 8
  guardians_from: clever
  self_check_done: true
  clever_shares:
    contact_types: [Parent/Guardian]
    contact_relationships: [Parent, Grandparent, Sibling]

settings:
  # which number stands on a student's card
  student_id: STUDENT ID
  enable_daily_sync: true
  manage_guardians: true
  unarchive_classrooms: false
  update_active_users: false

  contact_types:
    - Parent/Guardian

  contact_relationships:
    - Parent
    - Grandparent
    - Sibling

  phone_types:
    - Cell

  # archive no more than this share of accounts in a night
  deletion_threshold: {threshold}
"""

SHORT = """\
schema: 1
district: {key}
name: District {number}
provider: clever
profile: standard-{profile:02}

credentials:
  district_id: "{number:024x}"
  oauth_token: env:DISTRICT_{number:05}_TOKEN

facts:
  setup_step: 8
  self_check_done: true

settings:
  deletion_threshold: {threshold}
"""

PROFILE = """\
schema: 1
facts:
  guardians_from: clever
  clever_shares:
    contact_types: [Parent/Guardian]
    contact_relationships: [Parent, Grandparent]
settings:
  student_id: STUDENT ID
  enable_daily_sync: true
  manage_guardians: true
  contact_types: [Parent/Guardian]
  contact_relationships: [Parent, Grandparent]
  phone_types: [Cell]
"""

FINDING = "  archived_students: (placeholder) Restore\n"
"""A line of which a rule has a note."""

ERRORS = (
    ("student_id: STUDENT ID", "student_id: STUDENT IDS"),
    ("setup_step: 8", "setup_step: eight"),
    ("manage_guardians: true", "manage_gardians: true"),
    ("    - Cell", "    - Sell"),
    ("provider: clever", "provider: clevr"),
    ("facts:\n", "facts:\n  setup_step: 8\n"),
    ("self_check_done: true", 'self_check_done: "yes"'),
)
"""What a file says, and what it would better not say."""

EACH = 100
"""Of so many files one has an error."""


@dataclass(frozen=True)
class Timed:
    """What a process took: seconds by the wall, and of the cores."""

    wall: float
    cpu: float


def fleet(name: str, text: str, count: int, *, finding: bool = False) -> Path:
    """Write a fleet, once."""
    folder = PLACE / name
    if folder.is_dir():
        return folder
    shared = folder / "districts" / "_profiles"
    shared.mkdir(parents=True)
    (folder / "connectsync.yaml").write_text("schema: 1\n")
    if "profile:" in text:
        for number in range(20):
            (shared / f"standard-{number:02}.yaml").write_text(PROFILE)
    for number in range(count):
        key = f"district-{number:05}"
        said = text.format(
            key=key, number=number, threshold=10 + number % 10, profile=number % 20
        )
        path = folder / "districts" / f"{key}.yaml"
        path.write_text(said + FINDING * finding)
    return folder


def fleet_with_errors(name: str, text: str, *, alike: bool) -> Path:
    """Write a fleet in which one of a hundred files has an error, once."""
    folder = PLACE / name
    if folder.is_dir():
        return folder
    fleet(name, text, COUNTRY)
    for number in range(0, COUNTRY, EACH):
        path = folder / "districts" / f"district-{number:05}.yaml"
        right, wrong = ERRORS[number // EACH % len(ERRORS)]
        own = "" if alike else f"  # looked at by {number}\n"
        path.write_text(path.read_text().replace(right, wrong) + own)
    return folder


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def timed(command: Sequence[str], folder: Path) -> Timed:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, cwd=folder, check=False, **quiet)  # type: ignore[call-overload]
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timed(wall, spent)


def grown(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Give the seconds of the cores, and the MiB of the process that had the most."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, **quiet)  # type: ignore[call-overload]
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def install_ours() -> None:
    """Install what users install, without what developers have beside it."""
    place = PLACE / "ours"
    if not OURS.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python, asked = str(place / "bin" / "python"), ["--no-deps", "--compile-bytecode"]
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--system-certs"]
    lock = ["--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")]
    subprocess.run([*uv, "--python", python, *asked, *lock], check=True)
    again = ["--reinstall-package", "connectsync", "--no-build-isolation", str(ROOT)]
    subprocess.run([*uv, "--python", python, *asked, *again], check=True)


def check_jsonschema() -> str | None:
    place = PLACE / "check-jsonschema"
    program = place / "bin" / "check-jsonschema"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        python = str(place / "bin" / "python")
        words = ["-m", "pip", "install", "-q", "check-jsonschema"]
        subprocess.run([python, *words], check=False)
    return str(program) if program.exists() else None


def sourcemeta() -> str | None:
    place = PLACE / "sourcemeta"
    program = place / "node_modules" / ".bin" / "jsonschema"
    if not program.exists() and shutil.which("npm"):
        place.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "@sourcemeta/jsonschema"]
        subprocess.run(npm, cwd=place, check=False)
    return str(program) if program.exists() else None


def compare(
    told: str,
    ours: Sequence[str],
    peer: Sequence[str],
    folder: Path,
    *,
    pairs: int = 5,
) -> None:
    walls, cores, seconds = [], [], []
    for _ in range(pairs):
        one, other = timed(ours, folder), timed(peer, folder)
        walls.append(one.wall / other.wall)
        cores.append(one.cpu / other.cpu)
        seconds.append((one.wall, other.wall))
    ratio, work = statistics.median(walls), statistics.median(cores)
    mine, theirs = (statistics.median(each) for each in zip(*seconds, strict=True))
    say(f"| {told} | {ratio:.2f} | {work:.2f} | {mine:.2f} s | {theirs:.2f} s |")


def main() -> None:
    """Print a table of ratios, smaller is better."""
    PLACE.mkdir(parents=True, exist_ok=True)
    install_ours()
    python = platform.python_version()
    say(f"{platform.platform()}, {os.cpu_count()} cores, Python {python}")
    say("\n| Work | ratio | of CPU | connectsync | peer |\n|---|---|---|---|---|")
    long, short = fleet("long", LONG, COUNTRY), fleet("short", SHORT, COUNTRY)
    first = "districts/district-00001.yaml"
    validate = [str(OURS), "validate"]
    cold = [*validate, "--no-cache"]
    if peer := check_jsonschema():
        hers = [peer, "--schemafile", str(SCHEMA), first]
        compare("one file, check-jsonschema", [*validate, first], hers, long, pairs=9)
    if peer := sourcemeta():
        # profiles have a schema of their own, and it would stop at the first
        hers = [peer, "validate", str(SCHEMA), "districts"]
        hers += ["--ignore", "districts/_profiles"]
        unlike = fleet("unlike", LONG + "  # kept since {number}\n", COUNTRY)
        for told, folder in (
            ("40 lines", long),
            ("15 lines on profiles", short),
            ("41 lines, no two alike", unlike),
        ):
            name = f"{COUNTRY:,} files of {told}, sourcemeta"
            compare(f"{name}, everything checked", cold, hers, folder)
            timed(validate, folder)
            compare(f"{name}, nothing changed", validate, hers, folder)
    # notes are shown as well, so that findings are written and not only counted
    shown = [*cold, "--show", "info"]
    clean = ["sh", "-c", f"cd {long} && {' '.join(shown)}"]
    for told, folder in (
        ("a finding in every file", fleet("findings", LONG, COUNTRY, finding=True)),
        ("errors in 1 % of files", fleet_with_errors("errors", LONG, alike=True)),
        (
            "errors in 1 %, no two of them alike",
            fleet_with_errors("errors-unlike", LONG, alike=False),
        ),
    ):
        compare(f"{told}, the clean run", shown, clean, folder, pairs=9)
    say("\n| Files | CPU | the largest process |\n|---|---|---|")
    for count in (100, 1_000, COUNTRY, 50_000):
        folder = fleet(f"long-{count}", LONG, count)
        timed(cold, folder)
        cpu, memory = grown(cold, folder)
        say(f"| {count:,} | {cpu:.2f} s | {memory:.0f} MiB |")


if __name__ == "__main__":
    main()
