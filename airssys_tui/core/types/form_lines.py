"""A form as a flat list of lines: one per editable part of a value, with the edits it allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeAlias

import msgspec

from airssys_tui.core.types.form import (
    Chosen,
    Draft,
    Items,
    Parts,
    Several,
    Typed,
    blank,
    carried_by,
    choices,
    problem,
    to_json,
)
from airssys_tui.core.types.interface import FlagsOf, Function, ListOf, Record, TupleOf, ValType, render

Path: TypeAlias = tuple[str | int, ...]
"""Field names, positions and chosen names, starting at the parameter's name."""


Change: TypeAlias = Callable[[ValType, Draft], Draft]


class LineKind(StrEnum):
    """How a line is edited."""

    TEXT = "text"
    CHOICE = "choice"
    SWITCH = "switch"
    GROUP = "group"
    LIST = "list"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form.

    Attributes:
        path: The part.
        depth: Nesting depth, from 0.
        label: The name: a parameter, a field, a position or a flag.
        kind: How the line is edited.
        type: The type in WIT syntax.
        text: The current content: the text, the chosen name, ``on`` or ``off``, or the number of items.
        choices: The names to choose from.
        error: What is wrong with the content; empty when it is valid.
        item: Whether the line is a list item, which can be removed.
    """

    path: Path
    depth: int
    label: str
    kind: LineKind
    type: str
    text: str = ""
    choices: tuple[str, ...] = ()
    error: str = ""
    item: bool = False


class Form(msgspec.Struct, frozen=True):
    """The arguments of a function while they are being edited."""

    function: Function
    drafts: dict[str, Draft]

    @classmethod
    def of(cls, function: Function) -> Form:
        """Return a blank form."""
        return cls(function, {param.name: blank(param.type) for param in function.params})

    def lines(self) -> tuple[Line, ...]:
        """Return every line, from top to bottom."""
        found: list[Line] = []
        for param in self.function.params:
            found += _lines(param.type, self.drafts[param.name], (param.name,), param.name, item=False)
        return tuple(found)

    def arguments(self) -> str:
        """Return the JSON array of the arguments.

        Raises:
            ArgumentError: With the path of the first part that does not fit.
        """
        values = [to_json(param.type, self.drafts[param.name], param.name) for param in self.function.params]
        return msgspec.json.encode(values).decode()

    def write(self, path: Path, text: str) -> Form:
        """Return the form with the text of one line replaced."""
        return self._with(path, lambda _type, _draft: Typed(text))

    def choose(self, path: Path, name: str) -> Form:
        """Return the form with another name chosen; its payload is as last edited, or blank."""

        def chosen(type_: ValType, draft: Draft) -> Draft:
            kept = draft.carried if isinstance(draft, Chosen) else {}
            carried = carried_by(type_, name)
            fresh = {name: blank(carried)} if carried is not None and name not in kept else {}
            return Chosen(name, {**kept, **fresh})

        return self._with(path, chosen)

    def switch(self, path: Path) -> Form:
        """Return the form with one flag toggled; the last path element is the flag's name."""
        flag = str(path[-1])

        def turned(_type: ValType, draft: Draft) -> Draft:
            return Several(draft.names ^ {flag}) if isinstance(draft, Several) else draft

        return self._with(path[:-1], turned)

    def add(self, path: Path) -> Form:
        """Return the form with a blank item appended to a list."""

        def longer(type_: ValType, draft: Draft) -> Draft:
            if isinstance(type_, ListOf) and isinstance(draft, Items):
                return Items((*draft.items, blank(type_.element)))
            return draft

        return self._with(path, longer)

    def remove(self, path: Path) -> Form:
        """Return the form without one list item; the last path element is its position."""
        place = path[-1]

        def shorter(_type: ValType, draft: Draft) -> Draft:
            if isinstance(draft, Items):
                return Items(tuple(item for at, item in enumerate(draft.items) if at != place))
            return draft

        return self._with(path[:-1], shorter)

    def _with(self, path: Path, change: Change) -> Form:
        name = str(path[0])
        type_ = next(param.type for param in self.function.params if param.name == name)
        return Form(self.function, {**self.drafts, name: _changed(type_, self.drafts[name], path[1:], change)})


def _changed(type_: ValType, draft: Draft, path: Path, change: Change) -> Draft:
    """Return a draft with the part at a path changed."""
    if not path:
        return change(type_, draft)
    step, rest = path[0], path[1:]
    match draft:
        case Parts():
            part = _part_type(type_, str(step))
            return Parts({**draft.parts, str(step): _changed(part, draft.parts[str(step)], rest, change)})
        case Items() if isinstance(type_, ListOf):
            items = list(draft.items)
            items[int(step)] = _changed(type_.element, items[int(step)], rest, change)
            return Items(tuple(items))
        case Chosen():
            carried = carried_by(type_, str(step))
            if carried is not None:
                inside = draft.carried.get(str(step), blank(carried))
                return Chosen(draft.name, {**draft.carried, str(step): _changed(carried, inside, rest, change)})
    return draft


def _part_type(type_: ValType, name: str) -> ValType:
    if isinstance(type_, TupleOf):
        return type_.elements[int(name)]
    if isinstance(type_, Record):
        return next(field.type for field in type_.fields if field.name == name)
    raise LookupError(f"{render(type_)} has no part {name}")


def _lines(type_: ValType, draft: Draft, path: Path, label: str, *, item: bool) -> Iterator[Line]:
    text, kind = _shown(draft)
    yield Line(
        path=path,
        depth=len(path) - 1,
        label=label,
        kind=kind,
        type=render(type_),
        text=text,
        choices=choices(type_),
        error=problem(type_, draft, _written(path)),
        item=item,
    )
    yield from _inside(type_, draft, path)


def _shown(draft: Draft) -> tuple[str, LineKind]:
    match draft:
        case Typed():
            return draft.text, LineKind.TEXT
        case Chosen():
            return draft.name, LineKind.CHOICE
        case Items():
            many = len(draft.items)
            return "1 item" if many == 1 else f"{many} items", LineKind.LIST
    return "", LineKind.GROUP


def _inside(type_: ValType, draft: Draft, path: Path) -> Iterator[Line]:
    match draft:
        case Several() if isinstance(type_, FlagsOf):
            for name in type_.names:
                text = "on" if name in draft.names else "off"
                place = (*path, name)
                yield Line(path=place, depth=len(path), label=name, kind=LineKind.SWITCH, type="flag", text=text)
        case Parts():
            for name, part in draft.parts.items():
                yield from _lines(_part_type(type_, name), part, (*path, name), name, item=False)
        case Items() if isinstance(type_, ListOf):
            for at, one in enumerate(draft.items):
                yield from _lines(type_.element, one, (*path, at), f"[{at}]", item=True)
        case Chosen():
            carried = carried_by(type_, draft.name)
            if carried is not None:
                inside = draft.carried.get(draft.name, blank(carried))
                yield from _lines(carried, inside, (*path, draft.name), draft.name, item=False)


def _written(path: Path) -> str:
    """Format a path as it appears in errors: ``config.entries[0]``."""
    first, *rest = path
    return str(first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
