"""A lock is whole: what it names is installed, whatever an index has by now."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import virtualenv.seed.wheels
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from connectsync.emulator.http import UvicornMissing
from connectsync.errors import EXTRAS, how_to_add

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("run.txt", "dev.txt", "deploy.txt")
PIN = re.compile(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]+?) *\\?$", re.MULTILINE)

BUNDLED = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
NEWEST = max(
    (Path(virtualenv.seed.wheels.__file__).parent / "embed").glob("pip-*.whl"),
    key=lambda wheel: [int(part) for part in wheel.name.split("-")[1].split(".")],
)
PIPS = pytest.mark.parametrize(
    "pip", [BUNDLED, NEWEST], ids=["the bundled pip", "the newest pip"]
)


def wheel(folder: Path, name: str, version: str, *metadata: str) -> Path:
    """Make a wheel with one empty module."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    texts = {
        f"{name}.py": "",
        f"{info}/METADATA": "\n".join([*lines, ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{each},{digest(text)},\n" for each, text in texts.items())
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for each, text in texts.items():
            archive.writestr(each, text)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return made


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Index:
    """A package index in a folder, with packages that ask for each other's extras."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = folder.as_uri() + "/"

    def release(self, version: str) -> None:
        """Publish a release of each package."""
        self._publish("reader", version)
        self._publish(
            "meter",
            version,
            "Provides-Extra: toml",
            "Requires-Dist: reader ; extra == 'toml'",
        )
        self._publish("runner", version, "Requires-Dist: meter[toml]>=1")

    def _publish(self, name: str, version: str, *metadata: str) -> None:
        page = self.folder / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        made = wheel(page.parent, name, version, *metadata)
        total = hashlib.sha256(made.read_bytes()).hexdigest()
        with page.open("a", encoding="utf-8") as written:
            written.write(f'<a href="{made.name}#sha256={total}">{made.name}</a>\n')


def recipe(*targets: str) -> list[list[str]]:
    """Give the commands that make would run for targets, each as its words."""
    asked = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", *targets],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = asked.stdout.replace("\\\n", " ").splitlines()
    words = (shlex.split(line, comments=True) for line in lines)
    return [line for line in words if line]


def options_of(*words: str) -> list[list[str]]:
    """Give what the Makefile passes to `python -m WORDS` for each lock it installs."""
    lines = [line for line in recipe(".venv/.dev") if "requirements/" in str(line)]
    found = [
        [each for each in command if each not in {"2>/dev/null", "", "true"}]
        for line in lines
        # what another program does where the first one cannot
        for command in (one.split("\0") for one in "\0".join(line).split("||"))
    ]
    found = [one for one in found if one[1 : 2 + len(words)] == ["-m", *words]]
    assert len(found) == 2, "the lock of what runs, and that of the tests"
    return [command[2 + len(words) :] for command in found]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True
    )


def lock(index: Index, folder: Path, *, without: str = "") -> None:
    """Lock a project that needs `runner` just as `make lock` locks ours."""
    line = recipe("lock")[-1]
    options = line[line.index("compile") + 1 : line.index("pyproject.toml")]
    asked = folder / "asked.in"
    asked.write_text("runner\n", encoding="utf-8")
    options = [each for each in options if each != without]
    place = ["--no-config", "--default-index", index.address]
    uv = [sys.executable, "-m", "uv", "pip", "compile", *options, *place]
    done = run([*uv, asked.name, "-o", "locked.txt"], folder)
    assert done.returncode == 0, done.stderr


def install(
    pip: Path, index: Index, folder: Path, options: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Install what was locked with a pip of its own, as the Makefile installs."""
    place = ["--index-url", index.address, "--target", "installed"]
    return run([sys.executable, str(pip / "pip"), "install", *options, *place], folder)


def of_any_lock(found: list[list[str]]) -> set[tuple[str, ...]]:
    """Give the options of each lock that differ, with what was locked in its place."""
    locked = "locked.txt"
    return {
        tuple(locked if "requirements/" in one else one for one in options)
        for options in found
    }


@PIPS
def test_a_lock_installs_from_an_index_that_has_newer_releases_of_everything(
    pip: Path, tmp_path: Path
) -> None:
    index = Index(tmp_path / "index")
    index.release("1.0")
    lock(index, tmp_path)
    index.release("1.1")
    for options in of_any_lock(options_of("pip", "install")):
        done = install(pip, index, tmp_path, [*options, "--upgrade"])
        assert done.returncode == 0, done.stderr
        installed = {one.name for one in (tmp_path / "installed").glob("*.dist-info")}
        assert installed == {
            f"{name}-1.0.dist-info" for name in ("meter", "reader", "runner")
        }


def test_a_lock_installs_as_uv_is_asked_to(tmp_path: Path) -> None:
    index = Index(tmp_path / "index")
    index.release("1.0")
    lock(index, tmp_path)
    index.release("1.1")
    place = ["--no-config", "--default-index", index.address, "--target", "installed"]
    for options in of_any_lock(options_of("uv", "pip", "install")):
        changed = [sys.executable if "bin/python" in one else one for one in options]
        uv = [sys.executable, "-m", "uv", "pip", "install"]
        done = run([*uv, *changed, *place], tmp_path)
        assert done.returncode == 0, done.stderr
        installed = {one.name for one in (tmp_path / "installed").glob("*.dist-info")}
        assert installed == {
            f"{name}-1.0.dist-info" for name in ("meter", "reader", "runner")
        }


def test_a_lock_that_pip_resolves_anew_does_not_install_there(tmp_path: Path) -> None:
    """The index above is one that the two options of the Makefile are needed for."""
    index = Index(tmp_path / "index")
    index.release("1.0")
    lock(index, tmp_path, without="--no-strip-extras")
    index.release("1.1")
    (options, *_) = of_any_lock(options_of("pip", "install"))
    options = tuple(one for one in options if one != "--no-deps")
    assert install(BUNDLED, index, tmp_path, options).returncode != 0


def test_extras_stay_in_a_lock(tmp_path: Path) -> None:
    index = Index(tmp_path / "index")
    index.release("1.0")
    lock(index, tmp_path)
    assert "meter[toml]==1.0" in (tmp_path / "locked.txt").read_text("utf-8")


def test_a_lock_names_no_host() -> None:
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text("utf-8")
        assert "://" not in text, path.name
        assert "--index" not in text, path.name
        assert "--find-links" not in text, path.name


INSTALLS = re.compile(
    r"\b(?:pip|uv)\b[^\n|&;]*?(?:-r|--requirement)[ =]*\S*requirements/"
)


def told() -> Iterator[Path]:
    """Give every file that may tell a machine or a person to install something."""
    for folder in ("deploy", "docs", ".github", ".ci", "tests/support"):
        yield from (one for one in (ROOT / folder).rglob("*") if one.is_file())
    yield from (one for one in ROOT.iterdir() if one.is_file())


def test_every_install_of_a_lock_takes_it_as_it_is() -> None:
    lines = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in told()
        for line in path.read_text("utf-8", "replace").replace("\\\n", " ").splitlines()
        if INSTALLS.search(line)
    }
    assert {line.partition(":")[0] for line in lines} >= {
        ".github/workflows/release.yml",
        "Makefile",
        "action.yml",
        "deploy/Dockerfile",
    }
    assert {one for one in lines if "--no-deps" not in one} == set()
    assert {one for one in lines if "--require-hashes" not in one} == set()
    (first,) = [one for one in recipe(".venv/.dev") if ".venv/uv.txt" in one[3:-2]]
    made = [*options_of("pip", "install"), *options_of("uv", "pip", "install"), first]
    assert all({"--no-deps", "--require-hashes"} <= {*one} for one in made)


MACHINES = [
    {"sys_platform": platform, "platform_system": system, "os_name": os_name}
    | {"python_version": version, "python_full_version": f"{version}.9"}
    for platform, system, os_name in (
        ("linux", "Linux", "posix"),
        ("darwin", "Darwin", "posix"),
        ("win32", "Windows", "nt"),
    )
    for version in ("3.11", "3.12", "3.13", "3.14")
]


def asked_of(name: str) -> list[str]:
    """Give what the project asks of a lock: what `make lock` compiles it from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines = [one for one in recipe("lock") if "compile" in one]
    (line,) = [one for one in lines if one[-1] == f"requirements/{name}"]
    asked = list[str](project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    for option, value in pairwise(line):
        if option == "--extra":
            asked += extras[value]
        elif option == "--group":
            asked += grouped(project["dependency-groups"], value)
    return asked


def grouped(groups: Mapping[str, list[str | dict[str, str]]], name: str) -> list[str]:
    asked = list[str]()
    for one in groups[name]:
        asked += (
            [one] if isinstance(one, str) else grouped(groups, one["include-group"])
        )
    return asked


def surrounded(machine: Mapping[str, str], *, extra: str = "") -> dict[str, str]:
    here = {name: str(value) for name, value in default_environment().items()}
    return {**here, **machine, "extra": extra}


def needed(asked: list[str], machine: Mapping[str, str]) -> Iterator[Requirement]:
    """Give everything that a machine needs for what is asked, extras included."""
    seen, ahead = set[tuple[str, str]](), [(Requirement(one), "") for one in asked]
    while ahead:
        one, extra = ahead.pop()
        surroundings = surrounded(machine, extra=extra)
        if one.marker is not None and not one.marker.evaluate(surroundings):
            continue
        yield one
        for wanted in ("", *one.extras):
            if (key := (canonicalize_name(one.name), wanted)) in seen:
                continue
            seen.add(key)
            try:
                requires = importlib.metadata.requires(one.name) or []
            except importlib.metadata.PackageNotFoundError:
                continue  # another platform's: what it needs is not known here
            ahead += [(Requirement(each), wanted) for each in requires]


def pins(name: str) -> list[Requirement]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    return [Requirement(found[1]) for found in PIN.finditer(text)]


@pytest.mark.parametrize("name", LOCKS)
def test_whatever_a_locked_package_needs_is_locked_too(name: str) -> None:
    for machine in MACHINES:
        surroundings = surrounded(machine)
        here = {
            canonicalize_name(pin.name): pin
            for pin in pins(name)
            if pin.marker is None or pin.marker.evaluate(surroundings)
        }
        for one in needed(asked_of(name), machine):
            pin = here.get(canonicalize_name(one.name))
            assert pin is not None, f"{one} of {machine} is not locked"
            (version,) = (spec.version for spec in pin.specifier)
            assert one.specifier.contains(version, prereleases=True), f"{one}: {pin}"
            assert one.extras <= pin.extras, f"{one} is locked without its extra"


def test_what_is_installed_here_is_what_is_locked() -> None:
    for pin in pins("dev.txt"):
        if pin.marker is None or pin.marker.evaluate():
            version = importlib.metadata.version(pin.name)
            assert pin.specifier.contains(version, prereleases=True), pin


@pytest.mark.parametrize("name", ["run.txt", "deploy.txt"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    tested = {pin.name: pin.specifier for pin in pins("dev.txt")}
    running = {pin.name: pin.specifier for pin in pins(name)}
    assert running == {one: tested[one] for one in running}


def test_what_is_said_of_an_extra_is_what_it_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert {name: list(packages) for name, packages in EXTRAS.items()} == extras
    for name, packages in extras.items():
        said = how_to_add(name).partition("`")[2].rstrip("`")
        pip = [sys.executable, "-I", "-m", "pip"]
        assert shlex.split(said) == [*pip, "install", *packages]
    assert all(repr(one) in str(UvicornMissing()) for one in extras["emulator"])


def test_how_an_extra_is_added_runs_nothing_of_the_folder_one_stands_in(
    tmp_path: Path,
) -> None:
    for module in ("pip", "json", "logging"):
        (tmp_path / f"{module}.py").write_text("open('ran', 'w')\n", "utf-8")
    words = shlex.split(how_to_add("sheets").partition("`")[2].rstrip("`"))
    asked = [*words[: words.index("install")], "--version"]
    said = subprocess.run(asked, cwd=tmp_path, capture_output=True, check=False)
    assert not (tmp_path / "ran").exists()
    assert said.stdout.startswith(b"pip "), said.stderr


def test_nothing_tells_people_to_install_what_no_index_has() -> None:
    source = (ROOT / "src").rglob("*.py")
    for path in [*source, *told()]:
        if path.name != "CHANGELOG.md":
            text = path.read_text("utf-8", "replace")
            assert not re.search(r"pip install '?connectsync\b", text), path


def bill(lock: str, version: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "deploy/sbom.py", f"requirements/{lock}", version],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    made = json.loads(done.stdout)
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("name", LOCKS)
def test_the_bill_of_materials_holds_all_that_is_locked_and_nothing_else(
    name: str,
) -> None:
    made = bill(name, "1.2.3")
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["purl"] == "pkg:pypi/connectsync@1.2.3"
    text = (ROOT / "requirements" / name).read_text("utf-8")
    assert [one["purl"] for one in made["components"]] == [
        f"pkg:pypi/{pin.name}@{next(iter(pin.specifier)).version}" for pin in pins(name)
    ]
    hashes = [
        each["content"]
        for one in made["components"]
        for reference in one["externalReferences"]
        for each in reference["hashes"]
    ]
    assert hashes == re.findall(r"--hash=sha256:([0-9a-f]{64})", text)
    assert made == bill(name, "1.2.3")


def built(folder: Path, *, age: int, mode: int) -> dict[str, bytes]:
    """Build from a copy of the sources whose files have another age and mode."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in ("src", "schema"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for path in source.rglob("*"):
        if path.is_file():
            path.chmod(mode)
            os.utime(path, (age, age))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder / "dist")],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1800000000", "TZ": f"UTC{age % 12}"},
        check=True,
        capture_output=True,
    )
    return {one.name: one.read_bytes() for one in (folder / "dist").iterdir()}


def test_the_same_sources_are_the_same_wheel_to_the_byte(tmp_path: Path) -> None:
    one = built(tmp_path / "one", age=1_700_000_000, mode=0o644)
    other = built(tmp_path / "another place", age=1_750_000_001, mode=0o664)
    assert len(one) == 2
    assert one == other
