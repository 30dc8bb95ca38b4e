"""What happens to a runner at one of the calls that it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from connectsync.apply.journal import Journal
from connectsync.backends.seam import Reader, Writer
from connectsync.domain.settings import Form
from connectsync.errors import FormRefused, Unreachable


class Killed(BaseException):
    """The runner is dead: no code of it that handles errors may see this."""


class Deed(Enum):
    """What fate does, once."""

    NOTHING = "nothing"
    KILL = "kill"
    LOSE = "lose the answer to a save"
    BLIND = "lose it, and every read after it"
    MEDDLE = "a person saves"
    REFUSE = "Connect refuses a save"
    CLAMP = "Connect makes another value of a threshold"
    LATE = "no answer comes, and the save arrives when all is over"


@dataclass(frozen=True)
class Sent:
    """A save that left, and is not there yet."""

    district: str
    desired: Form
    version: str


CLAMPED, INTO = 5, 10
"""The threshold that Connect does not take, and what it makes of it."""


@dataclass
class Fate:
    """
    Strikes once: at the ``count``-th call of what is called ``name``.

    ``late`` strikes after the call instead of before; ``meddle`` is what a person does.
    An answer is lost to that call or the next save.
    """

    deed: Deed = Deed.NOTHING
    name: str = ""
    count: int = 1
    late: bool = False
    meddle: Callable[[], None] = lambda: None
    calls: Counter[str] = field(default_factory=Counter)
    struck: bool = False
    on_its_way: list[Sent] = field(default_factory=list)

    def journal(self, journal: Journal) -> Journal:
        """Put it over a journal."""
        return cast("Journal", _FatedJournal(self, journal))

    def reader(self, reader: Reader) -> Reader:
        """Put it over a reader."""
        return cast("Reader", _AsyncFated(self, reader))

    def writer(self, writer: Writer) -> Writer:
        """Put it over a writer."""
        return cast("Writer", _AsyncFated(self, writer))

    def pass_(self, name: str, *, late: bool) -> None:
        """Let a call pass, or not."""
        if self.struck and self.deed is Deed.KILL:
            raise Killed
        if self.struck and self.deed is Deed.BLIND and name.startswith("read"):
            raise Unreachable("the network is gone")
        due = self.calls[self.name] >= self.count
        if due and late is self.late and not self.struck:
            self._strike(name)

    def sent(self, district: str, desired: Form, **given: Any) -> Form:
        """Let a save leave; give what of it comes to Connect."""
        due = self.calls["save"] >= self.count and not self.struck
        if self.deed is Deed.LATE and due:
            self.struck = True
            version = given["expected_version"]
            self.on_its_way.append(Sent(district, desired, version))
            raise Unreachable("the connection was dropped")
        if self.deed is Deed.REFUSE and due:
            self.struck = True
            raise FormRefused("no")
        if self.deed is Deed.CLAMP and desired.get("deletion_threshold") == CLAMPED:
            self.struck = True
            return {**desired, "deletion_threshold": INTO}
        return desired

    def _strike(self, name: str) -> None:
        match self.deed:
            case Deed.KILL:
                self.struck = True
                raise Killed
            case Deed.LOSE | Deed.BLIND if name == "save":
                self.struck = True
                raise Unreachable("the connection was dropped")
            case Deed.MEDDLE:
                self.struck = True
                self.meddle()
            case _:
                pass


CALLS = (
    "read_many",
    "begin",
    "claim",
    "entries",
    "read",
    "intend",
    "save",
    "settle",
    "finish",
    "end",
    "outcomes",
    "note",
    "open_saves",
)
"""What a runner calls on its way, in the order of the way."""


class _Fated:
    """Everything that can be called, each call with its fate."""

    def __init__(self, fate: Fate, real: object) -> None:
        self._fate = fate
        self._real = real

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        return self._called(name, real) if callable(real) else real

    def _called(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        fate = self._fate

        def called(*given: Any, **named: Any) -> Any:
            fate.calls[name] += 1
            fate.pass_(name, late=False)
            answer = real(*given, **named)
            self._passed(name)
            return answer

        return called

    def _passed(self, name: str) -> None:
        self._fate.pass_(name, late=True)


class _FatedJournal(_Fated):
    """
    As above, for what is written down.

    What happens after a call that is made together with others happens after the
    commit: before that, nothing of them is there.
    """

    within: bool = False
    late: list[str]

    def together(self, changes: Sequence[Callable[[], Any]]) -> list[Any]:
        """Make changes in one commit, then let fate strike that was due in it."""
        self.within, self.late = True, []
        given: list[Any] = self._real.together(changes)  # type: ignore[attr-defined]
        self.within = False
        try:
            for name in self.late:
                self._fate.pass_(name, late=True)
        except Killed as killed:
            return [killed] * len(changes)
        return given

    def _passed(self, name: str) -> None:
        if self.within:
            self.late.append(name)
        else:
            super()._passed(name)


class _AsyncFated(_Fated):
    """As above, for what is awaited."""

    def _called(
        self, name: str, real: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Any]:
        fate = self._fate

        async def called(*given: Any, **named: Any) -> Any:
            fate.calls[name] += 1
            fate.pass_(name, late=False)
            if name == "save":
                given = (given[0], fate.sent(*given, **named))
            answer = await real(*given, **named)
            fate.pass_(name, late=True)
            return answer

        return called
