"""
Values that cost little: dataclasses are made when they are used, texts kept as few.

The library writes and compiles five functions for every class, used or not; with the
modules it imports that was half of what a commit hook waited for. Here a class gets
its slots at once, its ``__init__`` when the first value is made, and the rest is
shared. What these classes do is what the library's do, as a test holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice, pairwise
from operator import attrgetter
from os.path import commonprefix
from typing import Any, NamedTuple, TypeVar, dataclass_transform

Made = TypeVar("Made")

MISSING: Any = object()


class Field(NamedTuple):
    """One field of a class: what stands behind its name, and what counts it in."""

    default: Any = MISSING
    default_factory: Any = MISSING
    init: bool = True
    repr: bool = True
    compare: bool = True
    kw_only: bool = False
    name: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether a value can be made without it."""
        return self.default is not MISSING or self.default_factory is not MISSING


def field(
    *,
    default: Any = MISSING,
    default_factory: Callable[[], Any] = MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - as the library's
    compare: bool = True,
) -> Any:
    """Say more of a field than its default, as with the library's `field`."""
    return Field(default, default_factory, init, repr, compare)


@dataclass_transform(field_specifiers=(field,))
def dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False
) -> Callable[[type[Made]], type[Made]]:
    """Make a class a dataclass, as the library's `dataclass` does."""

    def of(cls: type[Made]) -> type[Made]:
        namespace = dict(vars(cls))
        own = {
            name: _field(namespace.pop(name, MISSING), name, kw_only=kw_only)
            for name, kind in cls.__annotations__.items()
            if not str(kind).startswith("ClassVar")
        }
        inherited = _inherited(cls)
        for gone in ("__dict__", "__weakref__"):
            namespace.pop(gone, None)
        fields = inherited | own
        shared = (_SHARED | _FROZEN) if frozen else _SHARED
        ours: dict[str, Any] = {
            "__values__": fields,
            "__match_args__": tuple(
                one.name for one in fields.values() if one.init and not one.kw_only
            ),
            "__dataclass_fields__": _LibraryFields(),
            "__init__": _first_init,
        }
        if slots:
            ours["__slots__"] = tuple(name for name in own if name not in inherited)
        if "__eq__" not in namespace:
            ours["__hash__"] = _first_hash if frozen else None
        kind: Any = type(cls)
        whole = {**shared, **ours, **namespace}
        made: type[Made] = kind(cls.__name__, cls.__bases__, whole)
        return made

    return of


def replace(value: Made, /, **changes: Any) -> Made:
    """Give a value with other content in some fields, as the library's `replace`."""
    kind = type(value)
    if kind not in _READERS:
        _READERS[kind] = _reader(kind)
    return kind(**_READERS[kind](value) | changes)


_READERS: dict[type, Callable[[Any], dict[str, Any]]] = {}
"""What reads all that a value of a class is made with; made once, for it is slow."""


def _reader(kind: Any) -> Callable[[Any], dict[str, Any]]:
    names = [name for name, one in kind.__values__.items() if one.init]
    body = ", ".join(f"{name!r}: one.{name}" for name in names)
    read: Callable[[Any], dict[str, Any]] = eval(f"lambda one: {{{body}}}")  # noqa: S307 - names of fields
    return read


def fields(of: object) -> tuple[Field, ...]:
    """Give the fields of a value or a class, as the library's `fields`."""
    kind = of if isinstance(of, type) else type(of)
    return tuple(_owner(kind).__values__.values())


def is_dataclass(of: object) -> bool:
    """Say whether a value, or a class, is one of ours."""
    return hasattr(of if isinstance(of, type) else type(of), "__values__")


def _field(given: Any, name: str, *, kw_only: bool) -> Field:
    one = given if isinstance(given, Field) else Field(given)
    return one._replace(name=name, kw_only=kw_only)


def _inherited(cls: type) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for above in reversed(cls.__mro__[1:]):
        found.update(vars(above).get("__values__", {}))
    return found


def _owner(kind: type) -> Any:
    """Give the class that fields are of, where one below it has none of its own."""
    return next(one for one in kind.__mro__ if "__values__" in vars(one))


def _first_init(self: Any, /, *args: Any, **given: Any) -> None:
    """Make the ``__init__`` of a class for its first value, and call it."""
    first = (
        one for one in type(self).__mro__ if vars(one).get("__init__") is _first_init
    )
    # none where another thread was quicker
    kind: Any = next(first, None) or _owner(type(self))
    if vars(kind)["__init__"] is _first_init:
        kind.__init__ = _init_of(kind)
    kind.__init__(self, *args, **given)


def _init_of(kind: type) -> Callable[..., None]:
    fields: Mapping[str, Field] = vars(kind)["__values__"]
    frozen = vars(kind).get("__setattr__") is _refuse_set
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    body = list(_assignments(fields.values(), known, frozen=frozen))
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    taken = [one for one in fields.values() if one.init]
    by_name = [_parameter(one) for one in taken if one.kw_only]
    parameters = [_parameter(one) for one in taken if not one.kw_only]
    if by_name:
        parameters += ["*", *by_name]
    lines = "\n ".join(body or ["pass"])
    made: dict[str, Any] = {}
    # names of fields alone, and those are of our own source
    exec(f"def __init__(self, {', '.join(parameters)}):\n {lines}\n", known, made)  # noqa: S102
    init: Callable[..., None] = made["__init__"]
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    return init


def _parameter(one: Field) -> str:
    if not one.is_optional:
        return one.name
    stands = "_missing" if one.default is MISSING else f"_of_{one.name}"
    return f"{one.name}={stands}"


def _assignments(fields: Any, known: dict[str, Any], *, frozen: bool) -> Iterator[str]:
    for one in fields:
        name, stands = one.name, f"_of_{one.name}"
        if one.default is not MISSING:
            known[stands], value = one.default, name if one.init else stands
        elif one.default_factory is not MISSING:
            known[stands] = one.default_factory
            made = f"{stands}()"
            value = f"{made} if {name} is _missing else {name}" if one.init else made
        elif one.init:
            value = name
        else:
            continue
        yield f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}"


def _compared(owner: Any) -> Callable[[Any], Any]:
    """Give what reads the fields of a value that count when it is compared."""
    names = [one.name for one in owner.__values__.values() if one.compare]
    return attrgetter(*names) if names else _nothing


def _nothing(value: Any) -> tuple[()]:
    del value
    return ()


def _first_eq(self: Any, other: object) -> Any:
    """Make the ``__eq__`` of a class when two values are first compared."""
    owner = _owner(type(self))
    read = _compared(owner)

    def equal(one: Any, another: object) -> Any:
        if another.__class__ is not one.__class__:
            return NotImplemented
        return read(one) == read(another)

    owner.__eq__ = equal
    return equal(self, other)


def _first_hash(self: Any) -> int:
    """Make the ``__hash__`` of a class when it is first asked for."""
    owner = _owner(type(self))
    read = _compared(owner)

    def hashed(one: Any) -> int:
        return hash(read(one))

    owner.__hash__ = hashed
    return hashed(self)


def _repr(self: Any) -> str:
    fields = _owner(type(self)).__values__.values()
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_set(self: Any, name: str, value: object) -> None:
    del self, value
    raise _frozen(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> None:
    del self
    raise _frozen(f"cannot delete field {name!r}")


def _frozen(why: str) -> AttributeError:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - rare, and slow to import

    return FrozenInstanceError(why)


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in _owner(type(self)).__values__]


def _set_state(self: Any, state: list[Any]) -> None:
    fields = _owner(type(self)).__values__
    for name, value in zip(fields, state, strict=True):
        object.__setattr__(self, name, value)


_SHARED: dict[str, Any] = {"__eq__": _first_eq, "__repr__": _repr}
_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}


class _LibraryFields:
    """The fields as the library's `fields`, `asdict` and `replace` know them."""

    def __get__(self, value: object, kind: type) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415 - slow to import, and few ask

        owner = _owner(kind)
        stated = [
            (one.name, Any, _library_field(one, dataclasses))
            for one in vars(owner)["__values__"].values()
        ]
        made = dataclasses.make_dataclass(owner.__name__, stated, kw_only=True)
        fields: dict[str, Any] = vars(made)["__dataclass_fields__"]
        owner.__dataclass_fields__ = fields
        return fields


def _library_field(one: Field, dataclasses: Any) -> Any:
    stated = {"init": one.init, "repr": one.repr, "compare": one.compare}
    if one.default is not MISSING:
        stated["default"] = one.default
    elif one.default_factory is not MISSING:
        stated["default_factory"] = one.default_factory
    return dataclasses.field(**stated)


class Texts(Sequence[str]):
    """
    Many texts, none of which holds a NUL, kept as few.

    Alone, each takes 49 bytes more than its letters; and many begin alike.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        # of each part what all begin with, and what follows, as one text
        self._parts: list[tuple[str, str]] = []
        self._count = 0
        self._read: tuple[int, list[str]] = (-1, [])
        self.extend(texts)

    def extend(self, texts: Iterable[str]) -> None:
        """Add texts at the end."""
        each = iter(texts)
        if left := self._count % _TOGETHER:
            self._count, self._read = self._count - left, (-1, [])
            each = chain(_texts_of(*self._parts.pop()), each)
        while some := [*islice(each, _TOGETHER)]:
            begin = commonprefix(some)  # noqa: RUF071 - of texts, not of paths
            rest = "\0".join(some).replace(f"\0{begin}", "\0")
            self._parts.append((begin, rest[len(begin) :]))
            self._count += len(some)

    def __len__(self) -> int:
        """Count them."""
        return self._count

    def __getitem__(self, at: Any) -> Any:
        """Give one of them, or some."""
        if isinstance(at, slice):
            begin, end, step = at.indices(self._count)
            first, left = divmod(begin, _TOGETHER)
            return Texts(islice(self._from(first), left, left + end - begin, step))
        part, rest = divmod(range(self._count)[at], _TOGETHER)
        if part != self._read[0]:
            self._read = part, _texts_of(*self._parts[part])
        return self._read[1][rest]

    def __iter__(self) -> Iterator[str]:
        """Give one after the other, and keep few."""
        return self._from(0)

    def _from(self, first: int) -> Iterator[str]:
        parts = islice(self._parts, first, None)
        return chain.from_iterable(_texts_of(*part) for part in parts)


_TOGETHER = 500
"""Texts that are kept as one."""


def _texts_of(begin: str, rest: str) -> list[str]:
    return (begin + rest.replace("\0", f"\0{begin}")).split("\0")


def in_order(texts: Iterable[str]) -> Texts:
    """Keep texts in their order, each once; they come so as good as always."""
    kept = Texts(texts)
    is_sorted = all(one < other for one, other in pairwise(kept))
    return kept if is_sorted else Texts(sorted({*kept}))


def spell(data: Any) -> bytes:
    """Spell data as JSON, and the dataclasses in it as lists of their fields."""
    return json.dumps(data, default=_fields, separators=(",", ":")).encode()


def _fields(one: Any) -> Any:
    if isinstance(one, date):
        return one.isoformat()
    if isinstance(one, frozenset):
        return sorted(one)
    return [getattr(one, name) for name in one.__slots__]
