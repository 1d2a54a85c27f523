"""Differences between two value types, described so that a reader finds the one field that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    FlagsOf,
    FutureOf,
    ListOf,
    OptionOf,
    Record,
    ResultOf,
    StreamOf,
    TupleOf,
    ValType,
    VariantOf,
    render,
)

_LONGEST: Final = 80


def difference(old: ValType, new: ValType, where: str) -> list[str]:
    """Describe how a new type differs from an old one.

    Args:
        old: The old type.
        new: The new type.
        where: What has the type, such as ``the result``.

    Returns:
        One phrase per difference; empty when the types are equal.
    """
    if old == new:
        return []
    compare = _COMPARISONS.get(type(old)) if type(old) is type(new) else None
    return (compare(old, new, where) if compare else []) or [f"{where} was {_short(old)} and is now {_short(new)}"]


def _short(kind: ValType) -> str:
    text = render(kind)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _parts(old: Sequence[str], new: Sequence[str], noun: str, where: str) -> list[str]:
    """Describe which named parts were removed, added or moved; each of these makes another type."""
    found = [f"{noun} `{name}` of {where} was removed" for name in old if name not in new]
    found += [f"{noun} `{name}` of {where} was added" for name in new if name not in old]
    if not found and list(old) != list(new):
        found.append(f"the {noun}s of {where} are in a different order")
    return found


def _records(old: Record, new: Record, where: str) -> list[str]:
    return _named(old.fields, new.fields, "field", where)


def _variants(old: VariantOf, new: VariantOf, where: str) -> list[str]:
    return _named(old.cases, new.cases, "case", where)


def _named(old: Sequence[Field | Case], new: Sequence[Field | Case], noun: str, where: str) -> list[str]:
    found = _parts([part.name for part in old], [part.name for part in new], noun, where)
    types = {part.name: part.type for part in new}
    for part in old:
        if part.name in types:
            found += _optional(part.type, types[part.name], f"{noun} `{part.name}` of {where}")
    return found


def _optional(old: ValType | None, new: ValType | None, where: str) -> list[str]:
    if old is None and new is None:
        return []
    if old is None or new is None:
        return [f"{where} {'carries' if new else 'no longer carries'} {_short(new or old)}"]  # type: ignore[arg-type]
    return difference(old, new, where)


def _tuples(old: TupleOf, new: TupleOf, where: str) -> list[str]:
    if len(old.elements) != len(new.elements):
        return []
    pairs = enumerate(zip(old.elements, new.elements, strict=True), 1)
    return [
        phrase for place, (mine, theirs) in pairs for phrase in difference(mine, theirs, f"part {place} of {where}")
    ]


def _results(old: ResultOf, new: ResultOf, where: str) -> list[str]:
    return [*_optional(old.ok, new.ok, f"the value of {where}"), *_optional(old.err, new.err, f"the error of {where}")]


_COMPARISONS: Final[dict[type, Callable[[Any, Any, str], list[str]]]] = {
    Record: _records,
    VariantOf: _variants,
    EnumOf: lambda old, new, where: _parts(old.names, new.names, "case", where),
    FlagsOf: lambda old, new, where: _parts(old.names, new.names, "flag", where),
    ListOf: lambda old, new, where: difference(old.element, new.element, f"an element of {where}"),
    OptionOf: lambda old, new, where: difference(old.element, new.element, f"the value of {where}"),
    StreamOf: lambda old, new, where: _optional(old.element, new.element, f"an element of {where}"),
    FutureOf: lambda old, new, where: _optional(old.element, new.element, f"the value of {where}"),
    TupleOf: _tuples,
    ResultOf: _results,
}
