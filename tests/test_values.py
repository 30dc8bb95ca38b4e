"""Our dataclasses do what the library's do, and cost a start nothing."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from connectsync import values


def _classes(module: Any) -> SimpleNamespace:
    """Make the same classes with the library, or with ours."""
    dataclass, field = module.dataclass, module.field

    @dataclass(frozen=True, slots=True)
    class Road:
        """A value that is told by what it holds."""

        name: str
        lanes: int = 2
        signs: tuple[str, ...] = ()
        notes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
        LONGEST: ClassVar[int] = 9

        @property
        def is_wide(self) -> bool:
            return self.lanes > self.LONGEST

    @dataclass(frozen=True, slots=True)
    class Toll(Road):
        price: int = 5

    class Named(Road):
        """A class below one, without fields of its own."""

    @dataclass(slots=True)
    class Counter:
        start: int
        seen: list[int] = field(default_factory=list)
        total: int = field(default=7, init=False)
        twice: int = field(init=False)

        def __post_init__(self) -> None:
            self.twice = self.start * 2

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        depth: int
        strict: bool = False

    @dataclass(frozen=True)
    class Open:
        name: str

    @dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True)
    class OwnWords:
        name: str

        def __repr__(self) -> str:
            return "…"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, OwnWords)

        def __hash__(self) -> int:
            return 1

    return SimpleNamespace(**locals())


LIBRARY, OURS = _classes(dataclasses), _classes(values)


def _tried(act: Callable[[], object]) -> object:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to give it
        return type(error), isinstance(error, dataclasses.FrozenInstanceError)


def _shown(value: object) -> str:
    return repr(value).replace(f"{_classes.__name__}.<locals>.", "")


CASES: dict[str, Callable[[Any], object]] = {
    "made": lambda of: of.Road("a", 3, ("x",)),
    "by name": lambda of: of.Road(name="a", signs=("y",)),
    "too few": lambda of: of.Road(),
    "too many": lambda of: of.Road("a", 1, (), {}, 5),
    "unknown": lambda of: of.Road("a", wide=True),
    "equal": lambda of: of.Road("a") == of.Road("a", notes={"b": "c"}),
    "unequal": lambda of: of.Road("a") == of.Road("b"),
    "another class": lambda of: of.Toll("a") == of.Road("a"),
    "equal to none": lambda of: of.Road("a") == None,  # noqa: E711
    "one hash": lambda of: len({of.Road("a"), of.Road("a"), of.Road("b")}),
    "no hash": lambda of: hash(of.Counter(1)),
    "hash of what has none": lambda of: hash(of.Road("a", signs=[])),
    "below": lambda of: of.Toll("a", price=6),
    "plain below": lambda of: (of.Named("a"), of.Named("a") == of.Named("a")),
    "set": lambda of: setattr(of.Road("a"), "name", "b"),
    "delete": lambda of: delattr(of.Road("a"), "name"),
    "changed": lambda of: _changed(of.Counter(3)),
    "after": lambda of: of.Counter(3, [1]),
    "apart": lambda of: of.Counter(3).seen is of.Counter(3).seen,
    "only by name": lambda of: of.Options(3),
    "by name alone": lambda of: of.Options(depth=3),
    "open": lambda of: (of.Open("a"), vars(of.Open("a"))),
    "empty": lambda of: (of.Empty(), of.Empty() == of.Empty(), len({of.Empty()})),
    "own words": lambda of: (of.OwnWords("a"), of.OwnWords("a") == of.OwnWords("b")),
    "property": lambda of: of.Road("a", 12).is_wide,
    "match": lambda of: _matched(of, of.Road("a", 4)),
    "match names": lambda of: (of.Toll.__match_args__, of.Options.__match_args__),
    "slots": lambda of: hasattr(of.Road("a"), "__dict__"),
    "copied": lambda of: (copy.copy(of.Toll("a")), copy.deepcopy(of.Counter(2, [1]))),
    "replaced": lambda of: dataclasses.replace(of.Road("a", 5), name="b"),
    "replaced wrongly": lambda of: dataclasses.replace(of.Road("a"), wide=1),
    "as dict": lambda of: dataclasses.asdict(of.Toll("a", notes={"b": "c"})),
    "fields": lambda of: [
        (one.name, one.init, one.repr, one.compare)
        for one in dataclasses.fields(of.Toll)
    ],
    "known": lambda of: dataclasses.is_dataclass(of.Road),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_librarys_dataclasses_do_ours_do(case: str) -> None:
    ours, library = (_tried(lambda of=of: CASES[case](of)) for of in (OURS, LIBRARY))  # type: ignore[misc]
    assert _shown(ours) == _shown(library)


def _changed(counter: Any) -> Any:
    counter.total += 1
    return counter


def _matched(of: Any, value: object) -> object:
    match value:
        case of.Toll():
            return "toll"
        case of.Road(name, lanes, notes=notes):
            return name, lanes, notes
        case _:
            return None


def test_replace_and_fields_are_as_the_librarys() -> None:
    one = OURS.Toll("a", 4, notes={"b": "c"})
    assert values.replace(one, lanes=5) == dataclasses.replace(one, lanes=5)
    assert [field.name for field in values.fields(one)] == [
        field.name for field in dataclasses.fields(one)
    ]
    with pytest.raises(TypeError):
        values.replace(one, wide=True)


@values.dataclass(frozen=True, slots=True)
class Kept:
    name: str
    more: tuple[int, ...] = ()


def test_a_value_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept("a", (1,)))) == Kept("a", (1,))  # noqa: S301


def test_a_class_gets_its_init_with_its_first_value_alone() -> None:
    fresh = _classes(values)
    before = fresh.Road.__init__
    fresh.Road("a")
    made = fresh.Road.__init__
    fresh.Road("b")
    assert (made is not before, fresh.Road.__init__ is made) == (True, True)
    assert fresh.Toll.__init__ is before


def test_making_values_does_not_import_the_library() -> None:
    code = (
        "import sys; from connectsync.values import dataclass, field\n"
        "@dataclass(frozen=True, slots=True)\n"
        "class A:\n  name: str = ''\n  more: dict = field(default_factory=dict)\n"
        "print(A() == A(), repr(A()), 'dataclasses' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "True A(name='', more={}) False"
