"""The forms of one component's exports, as filled in: each export keeps its form while another one is shown."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from airssys_tui.core.types import form_lines
from airssys_tui.core.types.form import fill
from airssys_tui.core.types.form_lines import Form, LineKind
from airssys_tui.core.types.interface import Function


def line_key(line: form_lines.Line) -> str:
    """Return the key of a line within its form."""
    return "/".join(map(str, line.path))


class Listing(msgspec.Struct, frozen=True):
    """The lines of a form.

    Attributes:
        lines: By key, from top to bottom.
        widest: Cells of the widest label with its indent; 8 if there are no lines.
    """

    lines: dict[str, form_lines.Line] = {}
    widest: int = 8

    @classmethod
    def of(cls, form: Form) -> Listing:
        """List the lines of a form."""
        lines = {line_key(line): line for line in form.lines()}
        return cls(lines, max((2 * line.depth + len(line.label) for line in lines.values()), default=8))


class CallForms:
    """The forms by export path, and which of their lines were written in or refused: only those show their error."""

    def __init__(self) -> None:
        self._forms: dict[str, Form] = {}
        self._touched: dict[str, set[str]] = {}
        self._listed: Form | None = None
        self._listing = Listing()

    def of(self, export: str, function: Function) -> Form:
        """Return an export's form, blank at first."""
        return self._forms.setdefault(export, Form.of(function))

    def listing(self, form: Form) -> Listing:
        """Return the lines of a form; the last form's are kept, since every row that is drawn needs them."""
        if form is not self._listed:
            self._listed, self._listing = form, Listing.of(form)
        return self._listing

    def keep(self, export: str, form: Form) -> None:
        """Replace an export's form."""
        self._forms[export] = form

    def refill(self, export: str, function: Function, arguments: str) -> None:
        """Fill an export's form with the arguments of a call, a JSON array."""
        values = msgspec.json.decode(arguments)
        drafts = {param.name: fill(param.type, value) for param, value in zip(function.params, values, strict=False)}
        self._forms[export] = Form(function, {**Form.of(function).drafts, **drafts})

    def touch(self, export: str, lines: Iterable[form_lines.Line]) -> None:
        """Show the errors of these lines from now on."""
        self._touched.setdefault(export, set()).update(map(line_key, lines))

    def touched(self, export: str) -> frozenset[str]:
        """Return the keys of the lines that show their errors."""
        return frozenset(self._touched.get(export, ()))


def turned(form: Form, line: form_lines.Line, by: int) -> Form | None:
    """Return a form with the next name chosen, a switch turned or an item added; ``None`` for a line of text."""
    match line.kind:
        case LineKind.CHOICE:
            names = line.choices
            return form.choose(line.path, names[(names.index(line.text) + by) % len(names)])
        case LineKind.SWITCH:
            return form.switch(line.path)
        case LineKind.LIST:
            return form.add(line.path)
        case _:
            return None


def newest_item(listing: Listing, of: form_lines.Line) -> str:
    """Return the key of the line with which the last item of a list begins; the list's own if it has none."""
    return _first_line(listing, of.path)


def item_after(listing: Listing, removed: form_lines.Line) -> str:
    """Return the key of the line that took the place of a removed item, or of the last item, or of their list."""
    key = line_key(removed)
    return key if key in listing.lines else _first_line(listing, removed.path[:-1])


def _first_line(listing: Listing, of: form_lines.Path) -> str:
    """Return the key of the line with which the last item of the list at a path begins; the list's if it is empty."""
    items = [line for line in listing.lines.values() if line.item and line.path[:-1] == of]
    return line_key(items[-1]) if items else "/".join(map(str, of))
