"""What files came to, kept for next time; and work on them with all cores."""

from __future__ import annotations

import gc
import json
import os
import stat
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from heapq import merge
from itertools import chain, groupby, islice, starmap
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import connectsync
from connectsync.config.decode import Ground, bytes_of
from connectsync.config.fleet import ChosenFiles
from connectsync.config.profiles import Profiles
from connectsync.config.schemas import schema_text
from connectsync.domain.calendar import Calendar, Moment
from connectsync.domain.finding import AllowedFinding, ValidationReport
from connectsync.files.writing import digest, read_sealed, write_sealed
from connectsync.operations.checked import (
    TOGETHER,
    CheckedFile,
    CheckedFiles,
    Data,
    ResultBatch,
    batches,
    finding_of,
)
from connectsync.operations.checking import ValidationOptions
from connectsync.values import dataclass, field, spell

WORTH_REMEMBERING = 100
"""Files below which checking them again costs less than looking at what is kept."""

_LIMIT = 1 << 28
_SETTLED = 2_000_000_000
"""Nanoseconds: a file may be written twice within one tick of a disk's clock."""

Stamp = tuple[int, ...]
"""When a file was last changed, by its content and its disk, its size and its inode."""

_NO_STAMP = (0, 0, -1, 0)


class _Entry(NamedTuple):
    """What is kept of a file, and the digest of the layers ``under`` it."""

    name: str
    stamp: Stamp
    under: str
    file: CheckedFile


@dataclass(slots=True)
class CheckCache:
    """
    What files came to when they were last checked, kept in the state folder.

    A result holds as long as the file, the layers under it, the rules, the schema and
    what was asked are the same. Results are read and written some at a time: all of a
    country would take much memory. ``problem`` says why what was kept is not used, if
    that is to be told.
    """

    path: Path
    basis: str
    saved: int = 0
    problem: str = ""
    _stamps: array[int] = field(default_factory=lambda: array("q"))
    _has_others: bool = False

    @classmethod
    def at(
        cls,
        folder: Path,
        asked: ValidationOptions,
        zone: str = "",
        calendars: tuple[Calendar, ...] = (),
    ) -> CheckCache:
        """
        Open what is kept in a state folder; one that is damaged is left out.

        ``zone`` and ``calendars`` are those that the project names.
        """
        cache = cls(folder / "checked.json", basis_of(asked, zone, calendars))
        # the first is looked at, for what is to be told
        next(cache._entries(), None)
        return cache

    def known(self, chosen: ChosenFiles) -> CheckedFiles:
        """Give the files that are as they were when they were checked."""
        stamps = (_stamp(chosen.paths[name], chosen) for name in chosen.paths)
        self._stamps = array("q", chain.from_iterable(stamps))
        try:
            found = CheckedFiles.of(self._known(chosen))
        except _WRONG:
            self.problem, found = _DAMAGED, CheckedFiles.of(())
        return CheckedFiles.of(()) if self.problem else found

    def _known(self, chosen: ChosenFiles) -> Iterator[CheckedFile]:
        layers, kept = _LayersDigest(chosen.shelf), self._entries()
        entry = next(kept, None)
        for name, stamp in zip(chosen.paths, _by_four(self._stamps), strict=True):
            while entry is not None and entry.name < name:
                self._has_others, entry = True, next(kept, None)
            if entry is not None and entry.name == name:
                if stamp != _NO_STAMP and self._holds(entry, stamp, layers, chosen):
                    yield entry.file
                entry = next(kept, None)
        self._has_others = self._has_others or entry is not None

    def _entries(self) -> Iterator[_Entry]:
        """Read what is kept, in the order of names; what is wrong with it is told."""
        with _telling_why(self):
            kept = map(json.loads, read_sealed(self.path, _LIMIT))
            head = next(kept)
            self.saved = int(head["saved"])
            yield from _read_entries(kept if head["basis"] == self.basis else ())

    def _holds(
        self, entry: _Entry, stamp: Stamp, layers: _LayersDigest, chosen: ChosenFiles
    ) -> bool:
        profiles, day = entry.file.result.profiles, entry.file.result.day
        if profiles is None or layers.under(profiles) != entry.under:
            return False
        if day is not None and not _is_that_day(*day, chosen.shelf.at):
            return False
        if entry.stamp == stamp and max(stamp[:2]) < self.saved - _SETTLED:
            return True
        raw = bytes_of(chosen.paths[entry.name], entry.name, chosen.ground)
        return isinstance(raw, bytes) and digest(raw) == entry.file.text

    def keep(self, chosen: ChosenFiles, checked: CheckedFiles, known: int) -> None:
        """
        Write down what files came to; where that cannot be, nothing is kept.

        Nor is it where no other can be kept than those that were ``known``.
        """
        layers, stamps = _LayersDigest(chosen.shelf), self._stamps

        def fresh() -> Iterator[_Entry]:
            for stamp, one in zip(_by_four(stamps), checked, strict=True):
                profiles = one.result.profiles
                if stamp != _NO_STAMP and profiles is not None:
                    yield _Entry(one.file, stamp, layers.under(profiles), one)

        held = zip(_by_four(stamps), checked.shared(), strict=True)
        can_be = (at != _NO_STAMP and one.profiles is not None for at, (one, _) in held)
        if sum(can_be) == known:
            return
        others = self._entries() if self._has_others and not self.problem else ()
        entries = merge(fresh(), others, key=attrgetter("name"))
        head = {"basis": self.basis, "saved": time.time_ns()}
        data = chain([head], _spell_entries(entries))
        write_sealed(self.path, map(spell, data))


def _spell_entries(entries: Iterable[_Entry]) -> Iterator[list[Any]]:
    """Spell entries as JSON data, many at a time; of two of one name the first."""
    each = (next(alike) for _, alike in groupby(entries, key=attrgetter("name")))
    while some := [*islice(each, TOGETHER)]:
        names, stamps, under, files = zip(*some, strict=True)
        layers = sorted(set(under))
        yield [
            "\0".join(names),
            [*chain.from_iterable(stamps)],
            layers,
            [*map({one: at for at, one in enumerate(layers)}.__getitem__, under)],
            ResultBatch.of(files).data,
        ]


def _read_entries(kept: Iterable[list[Any]]) -> Iterator[_Entry]:
    """Read what `_spell_entries` spelled. Raises ``ValueError`` or the like."""
    for names, stamps, layers, at, data in kept:
        under, files = map(layers.__getitem__, at), ResultBatch.read(data)
        named = names.split("\0")
        each = zip(named, _by_four(stamps), under, files.files(named), strict=True)
        yield from starmap(_Entry, each)


def _by_four(numbers: Iterable[int]) -> Iterator[Stamp]:
    return zip(*[iter(numbers)] * 4, strict=True)


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
        from hashlib import sha256  # noqa: PLC0415 - as `digest` has it

        key, newest = sha256(basis.encode()), 0
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
            told = f"\0{file}\0{written} {changed} {status.st_size} {status.st_ino}"
            key.update(told.encode(errors="surrogateescape"))
        cache = cls(folder / "checked-report.json", key.hexdigest(), newest)
        with _telling_why(cache):
            cache.report = cache._read(moment)
        return cache

    def _read(self, moment: Moment) -> ValidationReport | None:
        kept = json.loads(next(read_sealed(self.path, _LIMIT)))
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
            write_sealed(self.path, [spell({**said, "report": report})])


MOST_KEPT = 2_000
"""Findings of a report that is kept: of more, reading it takes as long as making it."""

_INODE = (1 << 63) - 1
_DAMAGED = "it is damaged, or of another program"
_WRONG = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(RecursionError, OverflowError, StopIteration),
)
"""What is raised where data is of another shape."""


@contextmanager
def _telling_why(cache: CheckCache | ReportCache) -> Iterator[None]:
    """Let a cache say why what was kept is not used; nothing kept is no problem."""
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        cache.problem = error.strerror or str(error)
    except _WRONG:
        cache.problem = _DAMAGED


def report_of(data: Data) -> ValidationReport:
    """Read a report that was spelled, in which nothing is turned off or known."""
    files, findings, allowed, *_ = data
    return ValidationReport(
        int(files),
        tuple(map(finding_of, findings)),
        tuple(
            AllowedFinding(finding_of(one), why, date.fromisoformat(day))
            for one, why, day in allowed
        ),
    )


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


def _stamp(path: str, chosen: ChosenFiles) -> Stamp:
    """Give a stamp of a regular file of the project, and none of anything else."""
    try:
        status = os.lstat(path)
    except OSError:
        return _NO_STAMP
    folder = os.path.dirname(path)  # noqa: PTH120 - of every file
    if not stat.S_ISREG(status.st_mode) or not chosen.ground.holds_folder(folder):
        return _NO_STAMP
    number = status.st_ino & _INODE
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, number


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
    work: Callable[[Sequence[str]], Iterable[CheckedFile]],
    items: Sequence[str],
    *,
    pack: Callable[[ResultBatch], bytes],
    unpack: Callable[[bytes], ResultBatch],
    here: bool = True,
) -> Callable[[], CheckedFiles]:
    """
    Begin to work on many items with all cores; give what gives the results in order.

    Children are copies of this process, so nothing is handed to them; what they give
    comes back through a pipe. The part of a child that ended early is done here, as is
    the first part where ``here`` says that there is nothing else to do meanwhile.
    """
    count = min(_cores(), MOST_PROCESSES, len(items) // WORTH_A_PROCESS)
    if count < 2 or sys.platform != "linux" or _has_threads():  # noqa: PLR2004 - one is this process
        return lambda: CheckedFiles(items, batches(work(items)))
    size = -(-len(items) // count)
    parts = [items[at : at + size] for at in range(0, len(items), size)]
    # what is collected in a child would be copied first
    gc.collect()
    gc.freeze()
    own = parts[:1] if here else []
    others = [(part, *_start(work, part, pack)) for part in parts[len(own) :]]
    gc.unfreeze()

    def results() -> Iterator[ResultBatch]:
        for part in own:
            yield from batches(work(part))
        for part, number, near in others:
            with os.fdopen(near, "rb") as stream:
                # the last one of a child that ended early may be cut
                found = [unpack(line) for line in stream if line.endswith(b"\n")]
            _, status = os.waitpid(number, 0)
            is_whole = status == 0 and sum(len(one.at) for one in found) == len(part)
            yield from found if is_whole else batches(work(part))

    return lambda: CheckedFiles(items, results())


def _start(
    work: Callable[[Sequence[str]], Iterable[CheckedFile]],
    part: Sequence[str],
    pack: Callable[[ResultBatch], bytes],
) -> tuple[int, int]:
    near, far = os.pipe()
    number = os.fork()
    if number:
        os.close(far)
        return number, near
    status = 1
    try:
        os.close(near)
        # who reads may be busy until all is done
        packed = [pack(one) for one in batches(work(part))]
        with os.fdopen(far, "wb") as stream:
            stream.writelines(one + b"\n" for one in packed)
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
