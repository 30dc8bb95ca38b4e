"""What files came to, kept for next time; and work on them with all cores."""

from __future__ import annotations

import gc
import json
import os
import stat
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import connectsync
from connectsync.config.decode import Ground, bytes_of
from connectsync.config.fleet import ChosenFiles
from connectsync.config.profiles import Profiles
from connectsync.config.schemas import schema_text
from connectsync.domain.calendar import Calendar, Moment
from connectsync.domain.finding import ValidationReport
from connectsync.files.access import private_file, read_regular, state_folder
from connectsync.files.writing import write_whole
from connectsync.operations.checked import (
    CheckedFile,
    Data,
    ResultTable,
    SharedResults,
    report_data,
    report_of,
)
from connectsync.operations.checking import ValidationOptions, digest
from connectsync.values import dataclass, field

WORTH_REMEMBERING = 100
"""Files below which checking them again costs less than looking at what is kept."""

_LIMIT = 1 << 28
_SETTLED = 2_000_000_000
"""Nanoseconds: a file may be written twice within one tick of a disk's clock."""

Stamp = list[int]
"""When a file was last changed, by its content and its disk, its size and its inode."""


@dataclass(slots=True)
class CheckCache:
    """
    What files came to when they were last checked, kept in the state folder.

    A result holds as long as the file, the layers under it, the rules, the schema and
    what was asked are the same. ``entries`` are by name: stamp, digest of the layers,
    and what is a file's own of its result, of which the rest is in ``shared``.
    ``problem`` says why what was kept is not used, if that is to be told.
    """

    path: Path
    basis: str
    entries: dict[str, list[Any]] = field(default_factory=dict)
    shared: list[Data] = field(default_factory=list)
    saved: int = 0
    problem: str = ""
    _stamps: dict[str, Stamp] = field(default_factory=dict)

    @classmethod
    def at(
        cls,
        folder: Path,
        asked: ValidationOptions,
        zone: str = "",
        calendars: tuple[Calendar, ...] = (),
        basis: str = "",
    ) -> CheckCache:
        """
        Open what is kept in a state folder; one that is damaged is left out.

        ``zone`` and ``calendars`` are those that the project names; ``basis`` is what
        `basis_of` gives of all three, if that is known.
        """
        basis = basis or basis_of(asked, zone, calendars)
        cache = cls(folder / "checked.json", basis)
        try:
            raw = read_regular(cache.path, _LIMIT, own=True)
        except FileNotFoundError:
            return cache
        except OSError as error:
            cache.problem = error.strerror or str(error)
            return cache
        try:
            kept = _unsealed(raw)
            if kept["basis"] == cache.basis:
                cache.entries, cache.saved = dict(kept["files"]), int(kept["saved"])
                cache.shared = list(kept["shared"])
        except (ValueError, TypeError, KeyError, RecursionError):
            cache.problem = _DAMAGED
        return cache

    def known(self, chosen: ChosenFiles) -> dict[str, CheckedFile]:
        """Give the files that are as they were when they were checked."""
        layers, shared = _LayersDigest(chosen.shelf), SharedResults(self.shared)
        found: dict[str, CheckedFile] = {}
        for name, path in chosen.paths.items():
            stamp = _stamp(path, chosen)
            if stamp is None:
                continue
            self._stamps[name] = stamp
            try:
                kept = self._kept(name, stamp, layers, shared, chosen)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError):
                self.entries.clear()
                self.problem = "it is of another program"
                return {}
            if kept is not None:
                found[name] = kept
        return found

    def _kept(
        self,
        name: str,
        stamp: Stamp,
        layers: _LayersDigest,
        shared: SharedResults,
        chosen: ChosenFiles,
    ) -> CheckedFile | None:
        if name not in self.entries:
            return None
        before, under, data = self.entries[name]
        one = shared.file(name, data)
        profiles, day = one.result.profiles, one.result.day
        if profiles is None or layers.under(profiles) != under:
            return None
        if day is not None and not _is_that_day(*day, chosen.shelf.at):
            return None
        is_old = max(stamp[:2]) < self.saved - _SETTLED
        if before == stamp and is_old:
            return one
        raw = bytes_of(chosen.paths[name], name, chosen.ground)
        return one if isinstance(raw, bytes) and digest(raw) == one.text else None

    def keep(
        self,
        chosen: ChosenFiles,
        checked: Mapping[str, CheckedFile],
        fresh: Sequence[str],
    ) -> None:
        """
        Write down what files came to; where that cannot be, nothing is kept.

        Nor is it where none of the ``fresh`` ones, which were not known, can be kept.
        """
        layers, table = _LayersDigest(chosen.shelf), ResultTable()
        names = [
            name
            for name, one in checked.items()
            if name in self._stamps and one.result.profiles is not None
        ]
        held = frozenset(names)
        if held.isdisjoint(fresh):
            return
        others = [name for name in self.entries if name not in held]

        def entry(name: str) -> list[Any]:
            if name in held:
                one = checked[name]
                under = layers.under(one.result.profiles or ())
                return [self._stamps[name], under, table.row(one)]
            stamp, under, row = self.entries[name]
            return [stamp, under, table.moved(row, self.shared)]

        # all of a country at once would take much memory
        texts: list[str] = []
        for some in _chunks([*names, *others]):
            text = _spell({name: entry(name) for name in some})[1:-1]
            texts += [",", text] if texts else [text]
        said = {"basis": self.basis, "saved": time.time_ns(), "shared": table.data}
        _write_sealed(self.path, [_spell(said)[:-1], ',"files":{', *texts, "}}"])


@dataclass(slots=True)
class ReportCache:
    """
    What all files came to together when they were last checked.

    Where none of them changed, nothing of them is looked at but when each was written.
    ``newest`` is when the last of them was. ``report`` is None where it does not hold,
    and ``problem`` says why, if that is to be told.
    """

    path: Path
    key: str
    newest: int
    report: ValidationReport | None = None
    problem: str = ""

    @classmethod
    def at(
        cls,
        folder: Path,
        basis: str,
        files: Sequence[str],
        ground: Ground,
        moment: Moment,
    ) -> ReportCache | None:
        """Open what is kept of these files; None if one is no plain file of here."""
        stamps, newest = array("q"), 0
        if not all(map(ground.holds_folder, {*map(os.path.dirname, files)})):
            return None
        for file in files:
            try:
                status = os.lstat(file)
            except OSError:
                return None
            if not stat.S_ISREG(status.st_mode):
                return None
            written, changed = status.st_mtime_ns, status.st_ctime_ns
            newest = max(newest, written, changed)
            stamps.extend((written, changed, status.st_size, status.st_ino & _INODE))
        names = "\0".join(files).encode(errors="surrogateescape")
        key = digest(b"\0".join([basis.encode(), names, stamps.tobytes()]))
        cache = cls(folder / "checked-report.json", key, newest)
        try:
            cache.report = cache._read(moment)
        except FileNotFoundError:
            pass
        except OSError as error:
            cache.problem = error.strerror or str(error)
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
            cache.problem = _DAMAGED
        return cache

    def _read(self, moment: Moment) -> ValidationReport | None:
        kept = _unsealed(read_regular(self.path, _LIMIT, own=True))
        if kept["key"] != self.key or self.newest >= kept["saved"] - _SETTLED:
            return None
        if not all(_is_that_day(day, zone, moment) for day, zone in kept["days"]):
            return None
        return report_of(kept["report"])

    def keep(self, report: ValidationReport, days: Iterable[tuple[str, str]]) -> None:
        """Write a report down, unless it is long, or of what was only just written."""
        now = time.time_ns()
        if len(report.findings) + len(report.allowed) > MOST_KEPT:
            return
        if self.newest < now - _SETTLED:
            said = {"key": self.key, "saved": now, "days": sorted(days)}
            text = _spell({**said, "report": report_data(report)})
            _write_sealed(self.path, [text])


MOST_KEPT = 2_000
"""Findings of a report that is kept: of more, reading it takes as long as making it."""

_INODE = (1 << 63) - 1
_DAMAGED = "it is damaged, or of another program"


def _unsealed(raw: bytes) -> Any:
    """Read what `_write_sealed` wrote. Raises ``ValueError`` for anything else."""
    end = raw.find(b"\n")
    body = memoryview(raw)[end + 1 :]
    if raw[:end].decode("ascii") != digest(body):
        raise ValueError
    return json.loads(str(body, "utf-8"))


def _write_sealed(path: Path, texts: Sequence[str]) -> None:
    """Write JSON into the state folder; where that cannot be, nothing is kept."""
    from hashlib import sha256  # noqa: PLC0415 - as `digest` has it

    seal = sha256()
    for text in texts:
        seal.update(text.encode())
    try:
        state_folder(path.parent)
        private_file(path)
        write_whole(path, "".join([seal.hexdigest(), "\n", *texts]))
    except OSError:
        return


def _spell(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


CHUNK = 1_000
"""Files of which results are spelled at a time."""


def _chunks(some: Sequence[One]) -> Iterator[Sequence[One]]:
    return (some[at : at + CHUNK] for at in range(0, len(some), CHUNK))


One = TypeVar("One")


def _is_that_day(day: str, zone: str, at: Moment | None) -> bool:
    """Say whether it is still the day of a zone on which a file was judged."""
    return at is not None and at.day_in(zone).isoformat() == day


def basis_of(
    asked: ValidationOptions, zone: str = "", calendars: tuple[Calendar, ...] = ()
) -> str:
    """
    Name all that a result rests on beside its file and the layers under it.

    ``zone`` and ``calendars`` are those that the project names.
    """
    package = Path(connectsync.__file__).parent
    code = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    schemas = [schema_text(name) for name in ("district", "profile")]
    told = [
        connectsync.__version__,
        digest(b"".join(code)),
        schemas,
        asked.today.isoformat(),
        sorted((name, list(labels)) for name, labels in asked.options.items()),
        None if asked.select is None else sorted(asked.select),
        sorted(asked.ignore),
        zone,
        # what else they state does not change what a file says
        [
            [one.label, one.profile, one.paths, one.timezone, str(one.rollover)]
            for one in calendars
        ],
    ]
    return digest(json.dumps(told).encode())


def _stamp(path: str, chosen: ChosenFiles) -> Stamp | None:
    """Give a stamp of a regular file of the project, and of nothing else."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    folder = os.path.dirname(path)  # noqa: PTH120 - of every file
    if not stat.S_ISREG(status.st_mode) or not chosen.ground.holds_folder(folder):
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


class _LayersDigest:
    """Names what profiles say, all of those that a file builds on."""

    def __init__(self, shelf: Profiles) -> None:
        self._shelf = shelf
        self._known: dict[tuple[str, ...], str] = {}

    def under(self, stems: tuple[str, ...]) -> str:
        if stems not in self._known:
            self._known[stems] = self._digest(stems)
        return self._known[stems]

    def _digest(self, stems: tuple[str, ...]) -> str:
        shelf = self._shelf
        reached = sorted(shelf.reached_from(stems))
        texts = [
            [stem, shelf.names.get(stem), shelf.documents[stem].source.text]
            if stem in shelf.documents
            else [stem, shelf.names.get(stem), None]
            for stem in reached
        ]
        # what is missing may be a misspelling of any other
        others = sorted(shelf.names) if any(one[1] is None for one in texts) else []
        return digest(json.dumps([texts, others]).encode())


WORTH_A_PROCESS = 400
"""Files below which another process costs more than it saves."""

MOST_PROCESSES = 8


def begin_parts(
    work: Callable[[Sequence[str]], list[CheckedFile]],
    items: Sequence[str],
    *,
    pack: Callable[[Sequence[CheckedFile]], bytes],
    unpack: Callable[[bytes], list[CheckedFile]],
    here: bool = True,
) -> Callable[[], list[CheckedFile]]:
    """
    Begin to work on many items with all cores; give what gives the results in order.

    Children are copies of this process, so nothing is handed to them; what they give
    comes back through a pipe. The part of a child that ended early is done here, as is
    the first part where ``here`` says that there is nothing else to do meanwhile.
    """
    count = min(_cores(), MOST_PROCESSES, len(items) // WORTH_A_PROCESS)
    if count < 2 or sys.platform != "linux" or _has_threads():  # noqa: PLR2004 - one is this process
        return lambda: work(items)
    size = -(-len(items) // count)
    parts = [items[at : at + size] for at in range(0, len(items), size)]
    # what is collected in a child would be copied first
    gc.collect()
    gc.freeze()
    own = parts[:1] if here else []
    others = [(part, *_start(work, part, pack)) for part in parts[len(own) :]]
    gc.unfreeze()

    def finish() -> list[CheckedFile]:
        results = [one for part in own for one in work(part)]
        for part, number, near in others:
            found: list[CheckedFile] = []
            with os.fdopen(near, "rb") as stream:
                for line in stream:
                    # the last one of a child that ended early may be cut
                    found += unpack(line) if line.endswith(b"\n") else ()
            _, status = os.waitpid(number, 0)
            is_whole = status == 0 and len(found) == len(part)
            results += found if is_whole else work(part)
        return results

    return finish


def _start(
    work: Callable[[Sequence[str]], list[CheckedFile]],
    part: Sequence[str],
    pack: Callable[[Sequence[CheckedFile]], bytes],
) -> tuple[int, int]:
    near, far = os.pipe()
    number = os.fork()
    if number:
        os.close(far)
        return number, near
    status = 1
    try:
        os.close(near)
        with os.fdopen(far, "wb") as stream:
            for some in _chunks(work(part)):
                stream.write(pack(some) + b"\n")
        status = 0
    finally:
        # neither buffers nor handlers of the parent are this process's to end
        os._exit(status)


def _has_threads() -> bool:
    # not loaded: none was started
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
