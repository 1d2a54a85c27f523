"""Everything about one component that does not change every second, as one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual.widget import Widget

from airssys_tui.api.views import ComponentDetail, ComponentView, NoteKind
from airssys_tui.tui.action import View
from airssys_tui.tui.columns import NOTE_TONES
from airssys_tui.tui.feed import Change
from airssys_tui.tui.lines import Line, Span, fit, safe, wrap
from airssys_tui.tui.operations import Operations
from airssys_tui.tui.pager import Pager
from airssys_tui.tui.rollback import labelled
from airssys_tui.tui.screen import LiveScreen
from airssys_tui.tui.selection import event_line, selection_lines
from airssys_tui.tui.session import Session

LONGEST: Final = 4_000
"""Characters of a note's line that are shown."""

_NOTE_TITLES: Final = {NoteKind.REFUSED: "Refused", NoteKind.TROUBLE: "Note"}


def _unread(view: ComponentView) -> str:
    """Return why a component's properties are not known; empty when they are."""
    if view.digest is not None:
        return ""
    refused = view.note.kind in _NOTE_TITLES
    return "unknown: refused before this was read" if refused else "unknown: not read yet"


class DetailScreen(LiveScreen):
    """One component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.DETAIL
    AUTO_FOCUS = "Pager"

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.detail: ComponentDetail | None = None
        self._pager = Pager(id="page")
        self._asking = False

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    def body(self) -> Iterator[Widget]:
        """Yield the page."""
        yield self._pager

    def on_mount(self) -> None:
        """Ask for the detail."""
        super().on_mount()
        self._ask()

    def draw(self, change: Change | None) -> None:
        """Redraw the page; ask again when something happened to the component."""
        if change is not None and any(event.component == self.component for event in change.events):
            self._ask()
        self._pager.show(self._page(self._pager.room))

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        api = self.operations.api()
        if api is not None:
            found = await self.operations.ask(api.describe(self.component))
            self.detail = found or self.detail
        self._asking = False
        self._pager.show(self._page(self._pager.room))

    def _page(self, width: int) -> list[Line]:
        session = self.session
        view = session.rows.get(self.component)
        if view is None:
            return [(), (Span(f"  {safe(self.component, session.glyphs)} is gone.", "warn"),)]
        lines = selection_lines(view, (), session.sight, width, 6)[1:]
        lines += self._note(view, width)
        detail = self.detail
        if detail is None:
            return [*lines, (), (Span(f"  asking{session.glyphs.ellipsis}", "quiet"),)]
        lines += self._overview(detail, width)
        unread = _unread(view)
        for title, texts, none in (
            ("Exports", () if unread else detail.exports, unread or "none"),
            ("Imports", () if unread else detail.imports, unread or "none: it needs nothing from the host"),
            ("Limits", () if unread else detail.limits, unread or "defaults"),
            ("Capabilities", detail.capabilities, "none declared: everything is denied"),
            ("Config", detail.config, "none"),
        ):
            lines += self._section(title, texts, none, width)
        lines += [(), (Span(" Recent events", "title"),)]
        recent = session.feed.recent(self.component) or tuple(reversed(detail.recent))
        lines += [event_line(event, session.sight, width) for event in recent]
        return lines if recent else [*lines, (Span("  none", "quiet"),)]

    def _note(self, view: ComponentView, width: int) -> list[Line]:
        title = _NOTE_TITLES.get(view.note.kind)
        if title is None or not view.note.text:
            return []
        glyphs, tone = self.session.glyphs, NOTE_TONES[view.note.kind]
        lines: list[Line] = [(), (Span(f" {title}", "title"),)]
        for text in view.note.text.splitlines():
            clean = safe(text, glyphs, LONGEST)
            lines += [(Span("  "), Span(part, tone)) for part in wrap(clean, max(20, width - 4))]
        return lines

    def _overview(self, detail: ComponentDetail, width: int) -> list[Line]:
        glyphs, view = self.session.glyphs, self.session.rows[self.component]
        inner = width - 2
        state = "has state" if view.stateful else "no state export"
        said = [
            ("about", detail.description),
            ("source", view.source if view.present else f"{view.source} (gone)"),
            ("digest", view.digest or ""),
            ("kind", _unread(view) or f"{view.kind}, {state}, wanted {view.desired}"),
            ("held", ", ".join(view.held)),
            *(("says", text) for text in detail.described),
        ]
        lines: list[Line] = [()]
        for label, text in said:
            if text:
                lines += [(Span("  "), *line) for line in labelled(label, safe(text, glyphs), inner)]
        return lines

    def _section(self, title: str, texts: Sequence[str], none: str, width: int) -> list[Line]:
        lines: list[Line] = [(), (Span(f" {title}", "title"),)]
        if not texts:
            return [*lines, (Span(f"  {none}", "quiet"),)]
        for text in texts:
            clean = safe(text, self.session.glyphs)
            name, colon, rest = clean.partition(": ")
            if cut := not colon:
                name, rest = "", clean
            head = "" if cut else f"{name}: "
            parts = wrap(head + rest, max(20, width - 4))
            first = parts[0]
            named = first[: len(head)]
            lines.append((Span("  "), Span(named, "accent"), Span(first[len(named) :])))
            lines += [(Span("    "), Span(fit(part, max(1, width - 5)).rstrip())) for part in parts[1:]]
        return lines

    def step(self, rows: int) -> None:
        """Scroll."""
        self._pager.step(rows)

    def half_page(self) -> int:
        """Return half the height of the page."""
        return max(1, self._pager.size.height // 2)

    def action_copy(self) -> None:
        """Copy the digest."""
        view = self.session.rows.get(self.component)
        if view is not None and view.digest:
            self.copy(view.digest, "digest")
