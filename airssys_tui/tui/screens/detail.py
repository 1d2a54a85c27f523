"""Everything about one component, in tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import ClassVar, Final

from textual.widget import Widget

from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.past import StateView, Story
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens import detail_pages as pages
from airssys_tui.tui.screens.detail_pages import SHOWN, Known
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.screens.versions import revision_head, revision_row
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable
from airssys_tui.tui.widgets.tabs import TabBar

TABS: Final = ("overview", "exports", "caps", "resources", "revisions", "states", "events", "logs")

PAGES: Final[dict[str, Callable[[Known, Session, int], list[Line]]]] = {
    "overview": pages.overview,
    "exports": pages.exports,
    "caps": pages.capabilities,
    "resources": pages.resources,
    "events": pages.recent_events,
    "logs": pages.recent_lines,
}
"""Tabs that are pages; the others are lists."""


class DetailScreen(LiveScreen):
    """One component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.DETAIL
    AUTO_FOCUS = ""

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.detail: ComponentDetail | None = None
        self.story: Story | None = None
        self.states: dict[str, StateView] = {}
        self.tab = 0
        self._bar = TabBar(TABS, session.glyphs, id="tabs")
        self._pager = Pager(id="page")
        self._revisions = LineTable(self._revision_row, revision_head, id="revisions")
        self._states = LineTable(self._state_row, pages.state_head, id="states")
        self._hint = LinePane(id="hint")
        self._asking = False

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    @property
    def shown(self) -> str:
        """Name of the tab that is shown."""
        return TABS[self.tab]

    @property
    def table(self) -> LineTable | None:
        """The list of the tab, if it is one."""
        return {"revisions": self._revisions, "states": self._states}.get(self.shown)

    def body(self) -> Iterator[Widget]:
        """Yield tabs and pages."""
        yield self._bar
        yield self._pager
        yield self._revisions
        yield self._states
        yield self._hint

    def on_mount(self) -> None:
        """Ask for the detail."""
        super().on_mount()
        self.go_to(0)
        self._ask()

    def go_to(self, index: int) -> None:
        """Show another tab."""
        self.tab = index % len(TABS)
        self._bar.choose(self.tab)
        table = self.table
        self._pager.display = table is None
        self._revisions.display = table is self._revisions
        self._states.display = table is self._states
        self._hint.display = table is not None
        self._pager.scroll_to(y=0, animate=False, force=True, immediate=True)
        self.set_focus(table or self._pager)
        self.call_after_refresh(self.draw, None)

    def draw(self, change: Change | None) -> None:
        """Redraw the tab; ask again when something happened to the component."""
        if change is not None and any(event.component == self.component for event in change.events):
            self._ask()
        if self.shown == "revisions":
            self._draw_revisions()
        elif self.shown == "states":
            self._draw_states()
        else:
            self._pager.show(self._page(self._pager.room))

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        api = self.operations.api()
        if api is not None:
            asked = api.describe(self.component), api.states(self.component), api.explain(self.component)
            self.detail = await self.operations.ask(asked[0]) or self.detail
            found = await self.operations.ask(asked[1])
            self.states = {str(state.id): state for state in found} if found is not None else self.states
            self.story = await self.operations.ask(asked[2]) or self.story
        self._asking = False
        self.draw(None)

    def _page(self, width: int) -> list[Line]:
        session = self.session
        view = session.rows.get(self.component)
        if view is None:
            return [(), (Span(f"  {safe(self.component, session.glyphs)} is gone.", "warn"),)]
        heard = (line for line in reversed(session.lines) if line.component == self.component)
        happened = (event for event in reversed(session.log) if event.component == self.component)
        known = Known(
            view=view,
            detail=self.detail,
            story=self.story,
            events=tuple(islice(happened, SHOWN)) if self.shown == "events" else session.feed.recent(self.component),
            lines=tuple(islice(heard, SHOWN)) if self.shown == "logs" else (),
        )
        return PAGES[self.shown](known, session, width)

    def _draw_revisions(self) -> None:
        found = {str(each.number): each for each in self.detail.revisions} if self.detail is not None else {}
        self._revisions.show(list(found), empty=((Span("  no revisions yet", "quiet"),),))
        key = self.session.keymap.key("look.versions")
        self._hint.show([(Span(f" {key} shows the versions, with diffs and rollback", "quiet"),)])

    def _revision_row(self, key: str, width: int, chosen: bool) -> Line:
        found = next((each for each in self.detail.revisions if str(each.number) == key), None) if self.detail else None
        if found is None:
            return ()
        return revision_row(found, self.session.sight.now, self.session.glyphs, width, chosen=chosen)

    def _draw_states(self) -> None:
        view = self.session.rows.get(self.component)
        key = self.session.keymap.key
        none = f"No saved state yet. {key('state.save')} saves one."
        if view is not None and not view.stateful:
            none = "It has no `state` export, so its state cannot be saved."
        lines = wrap(safe(none, self.session.glyphs), max(20, self.size.width - 4))
        self._states.show(list(self.states), empty=tuple((Span(f"  {line}", "quiet"),) for line in lines))
        said = f" {key('state.export')} export"
        if not self.session.readonly:
            said = f" {key('state.save')} save  {key('state.restore')} restore {said}  {key('state.import')} import"
        self._hint.show([(Span(said, "quiet"),)])

    def _state_row(self, key: str, width: int, chosen: bool) -> Line:
        state = self.states.get(key)
        return pages.state_row(state, self.session, width, chosen=chosen) if state is not None else ()

    def on_tab_bar_chosen(self, message: TabBar.Chosen) -> None:
        """Show a tab by mouse."""
        message.stop()
        self.go_to(message.index)

    def step(self, rows: int) -> None:
        """Move in the list, or scroll the page."""
        if self.table is not None:
            super().step(rows)
        else:
            self._pager.step(rows)

    def half_page(self) -> int:
        """Return half the height of what is shown."""
        return super().half_page() if self.table is not None else max(1, self._pager.size.height // 2)

    def action_next_tab(self) -> None:
        """Show the next tab."""
        self.go_to(self.tab + 1)

    def action_tab_before(self) -> None:
        """Show the previous tab."""
        self.go_to(self.tab - 1)

    def action_save_state(self) -> None:
        """Take a snapshot of the state now."""
        self.operations.past.save_state(self.component)

    def action_restore_state(self) -> None:
        """Restore the selected state."""
        if (state := self._selected_state()) is not None:
            self.operations.past.restore_state(self.component, state)

    def action_export_state(self) -> None:
        """Write the selected state to a file."""
        if (state := self._selected_state()) is not None:
            self.operations.past.export_state(self.component, state)

    def action_import_state(self) -> None:
        """Import an exported state."""
        self.operations.past.import_state(self.component)

    def _selected_state(self) -> StateView | None:
        state = self.states.get(self._states.key or "") if self.shown == "states" else None
        if state is None:
            self.go_to(TABS.index("states"))
            self.operations.say("select a state first", severity="warning")
        return state

    def action_copy(self) -> None:
        """Copy the digest."""
        view = self.session.rows.get(self.component)
        if view is not None and view.digest:
            self.copy(view.digest, "digest")
