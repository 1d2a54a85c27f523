"""A form as a flat list of lines: one per editable part of a value, with the edits it allows."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache, partial
from typing import TypeAlias

import msgspec

from airssys_tui.core.types.converters import Unfit
from airssys_tui.core.types.draft_converters import draft_reader
from airssys_tui.core.types.drafts import Chosen, Draft, Items, Parts, Several, Typed
from airssys_tui.core.types.form import blank, carried_by, choices, problem, to_json
from airssys_tui.core.types.interface import BYTES, FlagsOf, Function, ListOf, Record, TupleOf, ValType, render
from airssys_tui.core.types.value_columns import KEPT

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
            _lister(param.type)(self.drafts[param.name], (param.name,), param.name, False, found)
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


_Lister: TypeAlias = Callable[[Draft, Path, str, bool, list[Line]], None]
"""Appends the lines of a draft: its path, its label, and whether it is a list item."""


@lru_cache(KEPT)
def _lister(type_: ValType) -> _Lister:
    """Return what lists the lines of drafts of a type; what is the same for all of them is found once."""
    written, names, convert, add_parts = render(type_), choices(type_), draft_reader(type_), _part_lister(type_)

    def wrong(draft: Draft, path: Path) -> str:
        if type(draft) is not Typed:
            return ""
        if convert is not None:
            try:
                convert(draft)
            except Unfit:
                pass
            else:
                return ""
        return problem(type_, draft, _written(path))

    def add_lines(draft: Draft, path: Path, label: str, item: bool, lines: list[Line]) -> None:
        text, kind = _shown(draft)
        lines.append(
            Line(
                path=path,
                depth=len(path) - 1,
                label=label,
                kind=kind,
                type=written,
                text=text,
                choices=names,
                error=wrong(draft, path),
                item=item,
            )
        )
        add_parts(draft, path, lines)

    return add_lines


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


_PartLister: TypeAlias = Callable[[Draft, Path, list[Line]], None]


def _part_lister(type_: ValType) -> _PartLister:
    """Return what lists the lines below a draft's own."""
    match type_:
        case Record():
            return _add_named({field.name: _lister(field.type) for field in type_.fields})
        case TupleOf():
            return _add_named({str(place): _lister(part) for place, part in enumerate(type_.elements)})
        case ListOf() if type_ != BYTES:
            return _add_items(_lister(type_.element))
        case FlagsOf():
            return partial(_add_flags, type_.names)
    return partial(_add_carried, type_)


def _add_named(parts: dict[str, _Lister]) -> _PartLister:
    def add(draft: Draft, path: Path, lines: list[Line]) -> None:
        if isinstance(draft, Parts):
            for name, part in draft.parts.items():
                parts[name](part, (*path, name), name, False, lines)

    return add


def _add_items(element: _Lister) -> _PartLister:
    def add(draft: Draft, path: Path, lines: list[Line]) -> None:
        if isinstance(draft, Items):
            for at, item in enumerate(draft.items):
                element(item, (*path, at), f"[{at}]", True, lines)

    return add


def _add_flags(names: tuple[str, ...], draft: Draft, path: Path, lines: list[Line]) -> None:
    if isinstance(draft, Several):
        for name in names:
            text = "on" if name in draft.names else "off"
            place, depth = (*path, name), len(path)
            lines.append(Line(path=place, depth=depth, label=name, kind=LineKind.SWITCH, type="flag", text=text))


def _add_carried(type_: ValType, draft: Draft, path: Path, lines: list[Line]) -> None:
    if isinstance(draft, Chosen):
        carried = carried_by(type_, draft.name)
        if carried is not None:
            inside = draft.carried.get(draft.name) or blank(carried)
            _lister(carried)(inside, (*path, draft.name), draft.name, False, lines)


def _written(path: Path) -> str:
    """Format a path as it appears in errors: ``config.entries[0]``."""
    first, *rest = path
    return str(first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
