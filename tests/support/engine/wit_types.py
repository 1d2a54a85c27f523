"""Random WIT types with values that fit them, and their component text."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from airssys_tui.core.types.interface import (
    INTEGER_BOUNDS,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant


class Box(NamedTuple):
    """Stands for a resource of the guest that carries a number, until there is an instance to make it."""

    number: int


class Typed(NamedTuple):
    """A type and a strategy for its values."""

    type: ValType
    values: st.SearchStrategy


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = ("a", "b-c", "longer-name", "x1")

SCALARS = [
    *(Typed(Primitive(name), st.integers(*bounds)) for name, bounds in INTEGER_BOUNDS.items()),
    Typed(Primitive("bool"), st.booleans()),
    Typed(Primitive("f32"), st.floats(width=32, allow_nan=False)),
    Typed(Primitive("f64"), st.floats(allow_nan=False)),
    Typed(Primitive("char"), st.characters(exclude_categories=["Cs"])),
    Typed(Primitive("string"), TEXT),
    Typed(EnumOf(NAMES), st.sampled_from(NAMES)),
    Typed(FlagsOf(NAMES), st.frozensets(st.sampled_from(NAMES))),
]
OWNED = Typed(Own("box"), st.integers(0, 2**31 - 1).map(Box))


def typed_values(*, resources: bool = False) -> st.SearchStrategy[Typed]:
    """Draw a type with its values; own handles of a guest's resource among them when asked for."""
    leaves = [*SCALARS, OWNED, OWNED, OWNED] if resources else SCALARS
    return st.recursive(st.sampled_from(leaves), _composite, max_leaves=8)


def replaced(value, change):
    """Give a value with every leaf changed."""
    match value:
        case Some(inner) | Ok(inner) | Err(inner):
            return type(value)(replaced(inner, change))
        case Variant(case, payload):
            return Variant(case, replaced(payload, change))
        case dict():
            return {name: replaced(part, change) for name, part in value.items()}
        case list() | tuple() if not isinstance(value, Box):
            return type(value)(replaced(part, change) for part in value)
    return change(value)


def _composite(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    several = st.lists(inner, min_size=1, max_size=len(NAMES))
    maybe = st.one_of(st.none(), inner)
    return st.one_of(
        inner.map(_list),
        inner.map(lambda typed: Typed(OptionOf(typed.type), st.none() | typed.values.map(Some))),
        several.map(_record),
        several.map(lambda parts: Typed(TupleOf(tuple(p.type for p in parts)), st.tuples(*(p.values for p in parts)))),
        st.tuples(maybe, maybe).map(_result),
        st.lists(maybe, min_size=1, max_size=len(NAMES)).map(_variant),
    )


def _list(typed: Typed) -> Typed:
    values = st.binary(max_size=6) if typed.type == Primitive("u8") else st.lists(typed.values, max_size=3)
    return Typed(ListOf(typed.type), values)


def _record(parts: list[Typed]) -> Typed:
    named = dict(zip(NAMES, parts, strict=False))
    fields = tuple(Field(name, part.type) for name, part in named.items())
    return Typed(Record(fields), st.fixed_dictionaries({name: part.values for name, part in named.items()}))


def _side(typed: Typed | None) -> tuple[ValType | None, st.SearchStrategy]:
    return (None, st.none()) if typed is None else (typed.type, typed.values)


def _result(sides: tuple[Typed | None, Typed | None]) -> Typed:
    (ok, oks), (err, errs) = map(_side, sides)
    return Typed(ResultOf(ok, err), oks.map(Ok) | errs.map(Err))


def _variant(sides: list[Typed | None]) -> Typed:
    named = {name: _side(side) for name, side in zip(NAMES, sides, strict=False)}
    cases = tuple(Case(name, type_) for name, (type_, _) in named.items())
    values = [payload.map(lambda value, name=name: Variant(name, value)) for name, (_, payload) in named.items()]
    return Typed(VariantOf(cases), st.one_of(values))


class Definitions:
    """Component text of type definitions; types that must have a name get one and are exported."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._bodies: list[str] = []
        self._known: dict[ValType, str] = {}

    def text(self) -> str:
        """Give every definition in order."""
        return "\n".join(self._lines)

    def inside(self) -> str:
        """Give the same as parts of an instance type."""
        bodies = enumerate(self._bodies)
        return "\n".join(f'(type $t{n} {body}) (export "t{n}" (type $n{n} (eq $t{n})))' for n, body in bodies)

    def outside(self, instance: str) -> str:
        """Take the definitions out of an imported instance."""
        numbers = range(len(self._bodies))
        return "\n".join(
            f'(alias export {instance} "t{n}" (type $a{n})) (export $n{n} "x{n}" (type $a{n}))' for n in numbers
        )

    def reference(self, type_: ValType) -> str:
        """Give the text that stands for a type."""
        match type_:
            case Primitive() | Own():
                return type_.name if isinstance(type_, Primitive) else f"(own ${type_.resource})"
            case ListOf(element):
                return f"(list {self.reference(element)})"
            case OptionOf(element):
                return f"(option {self.reference(element)})"
            case TupleOf(elements):
                return f"(tuple {' '.join(map(self.reference, elements))})"
            case ResultOf(ok, err):
                error = "" if err is None else f"(error {self.reference(err)})"
                return f"(result {'' if ok is None else self.reference(ok)} {error})"
        if type_ not in self._known:
            body = self._named(type_)
            number = len(self._known)
            self._bodies.append(body)
            self._lines.append(f'(type $t{number} {body}) (export $n{number} "t{number}" (type $t{number}))')
            self._known[type_] = f"$n{number}"
        return self._known[type_]

    def _named(self, type_: ValType) -> str:
        match type_:
            case Record(fields):
                return "(record " + " ".join(f'(field "{f.name}" {self.reference(f.type)})' for f in fields) + ")"
            case VariantOf(cases):
                return f"(variant {' '.join(map(self._case, cases))})"
            case EnumOf(names):
                return "(enum " + " ".join(f'"{name}"' for name in names) + ")"
            case FlagsOf(names):
                return "(flags " + " ".join(f'"{name}"' for name in names) + ")"
        raise AssertionError(type_)

    def _case(self, case: Case) -> str:
        return f'(case "{case.name}")' if case.type is None else f'(case "{case.name}" {self.reference(case.type)})'
