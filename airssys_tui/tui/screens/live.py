"""The base of every screen with live data: its chrome, its bindings, and when it is redrawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.arrangement import Arrangement
from airssys_tui.tui.drawing.lines import safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets import chrome
from airssys_tui.tui.widgets.line_pane import SCREEN_TONES, LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

FAR: Final = 1_000_000
"""More rows than any list has."""


class LiveScreen(Screen[None]):
    """A screen that shows the feed.

    Args:
        session: What the screens share.
        operations: The commands of the operator.
    """

    class Open(Message):
        """Asks for another screen, about one component or about all."""

        def __init__(self, view: View, component: str | None = None) -> None:
            super().__init__()
            self.view = view
            self.component = component

    class Save(Message):
        """Asks to save the view."""

        def __init__(self, how: Arrangement) -> None:
            super().__init__()
            self.how = how

    class Back(Message):
        """Asks for the previous screen."""

    view: ClassVar[View]
    root: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = SCREEN_TONES
    ALLOW_SELECT = False
    AUTO_FOCUS = "LineTable"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__()
        self.session = session
        self.operations = operations
        self.rebind()
        self._head = LinePane(id="head", classes="chrome")
        self._banner = LinePane(id="banner")
        self._foot = LinePane(id="foot", classes="chrome")
        self._cramped = LinePane(id="cramped")

    def rebind(self) -> None:
        """Apply the present keys of the actions; read-only has fewer actions."""
        self._bindings = BindingsMap(self.session.keymap.bindings_of(self.view, self.session.readonly))

    @property
    def target(self) -> str | None:
        """The component that actions are about."""
        return None

    def body(self) -> Iterator[Widget]:
        """Yield the widgets between header and footer."""
        yield from ()

    def turn_to(self, component: str) -> None:
        """Show one component, on a screen about all of them."""

    def draw(self, change: Change | None) -> None:
        """Draw the session as it is; ``change`` is what a pull brought, ``None`` if everything may be new."""

    def compose(self) -> ComposeResult:
        """Yield header, banner, body and footer."""
        yield self._head
        yield self._banner
        yield from self.body()
        yield self._foot
        yield self._cramped

    @property
    def is_whole(self) -> bool:
        """Whether all its widgets are mounted: false while it is being built, and while it is being removed.

        Timers and workers run concurrently with the messages of the screen, so their calls can come at either time.
        """
        return self.is_mounted and self.is_running

    def show(self, change: Change | None = None) -> None:
        """Redraw what differs."""
        if not self.is_whole:
            return
        width = self.size.width
        self._cramped.display = self.is_cramped
        if self.is_cramped:
            self._cramped.show(chrome.cramped(self.session, width, self.size.height))
            return
        self._head.show([chrome.header(self.session, width)])
        self._foot.show([chrome.footer(self.view, self.session, width, at_root=self.root)])
        lines = chrome.banner(self.session, width)
        pane = self._banner
        if len(lines) != len(pane.lines):
            pane.styles.height = len(lines)
            pane.display = bool(lines)
        pane.show(lines)
        if not (self.session.paused and change is not None):
            self.draw(change)

    @property
    def is_cramped(self) -> bool:
        """Whether the terminal is too small for the screens."""
        return 0 < self.size.width < chrome.LEAST_WIDTH or 0 < self.size.height < chrome.LEAST_HEIGHT

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual calls it
        """Leave ``/`` to a focused input; in a terminal that is too small, allow only leaving."""
        if self.is_cramped:
            return action == "leave"
        return action != "filter" or not isinstance(self.focused, Input)

    def take_key(self, event: events.Key) -> bool:  # noqa: ARG002 - a screen may take keys as text
        """Take a key as text instead of a command; return whether the screen did."""
        return False

    def on_mount(self) -> None:
        """Draw for the first time."""
        self._banner.display = False
        self.show()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self.show)

    def on_pager_room_changed(self, message: Pager.RoomChanged) -> None:
        """Draw for the room that the scroll bar leaves."""
        message.stop()
        self.call_after_refresh(self.show)

    def on_screen_resume(self) -> None:
        """Draw what was missed while the screen was hidden."""
        self.show()

    def action_pause(self) -> None:
        """Freeze the view, or thaw it."""
        self.session.pause(not self.session.paused)
        self.show()

    @property
    def table(self) -> LineTable | None:
        """The list that the movement keys move in, if there is one."""
        return None

    def action_down(self) -> None:
        """Select the next row."""
        self.step(1)

    def action_up(self) -> None:
        """Select the previous row."""
        self.step(-1)

    def action_top(self) -> None:
        """Select the first row."""
        self.step(-FAR)

    def action_bottom(self) -> None:
        """Select the last row."""
        self.step(FAR)

    def action_half_down(self) -> None:
        """Move half a page down."""
        self.step(self.half_page())

    def action_half_up(self) -> None:
        """Move half a page up."""
        self.step(-self.half_page())

    def step(self, rows: int) -> None:
        """Move by this many rows."""
        if self.table is not None:
            self.table.move(rows)

    def half_page(self) -> int:
        """Return the rows of half a page."""
        return self.table.page() if self.table is not None else 1

    def action_start(self) -> None:
        """Start the component."""
        self.operations.start(self.target)

    def action_stop(self) -> None:
        """Stop the component."""
        self.operations.stop(self.target)

    def action_restart(self) -> None:
        """Restart the component."""
        self.operations.restart(self.target)

    def action_reload(self) -> None:
        """Deploy the files on disk."""
        self.operations.reload(self.target)

    def action_unload(self) -> None:
        """Unload the component."""
        self.operations.unload(self.target)

    def action_back_to_stable(self) -> None:
        """Roll back to the previous stable revision."""
        self.operations.roll_back(self.target)

    def action_open_view(self, name: str, its: bool = False) -> None:
        """Open a screen: about the target when ``its`` is true (without a target nothing happens), else about all."""
        if not its or self.target is not None:
            self.post_message(self.Open(View(name), self.target if its else None))

    def action_explain(self) -> None:
        """Explain how the component got into its state."""
        if self.target is not None:
            self.operations.past.explain(self.target)

    def action_undo(self) -> None:
        """Undo the last action."""
        self.operations.past.undo()

    def action_disk(self) -> None:
        """Show disk use."""
        self.operations.past.disk()

    def action_next_question(self) -> None:
        """Show the most urgent question of a component, to answer it."""
        self.operations.answers.next_question()

    def action_back(self) -> None:
        """Go back to the previous screen."""
        self.post_message(self.Back())

    def action_leave(self) -> None:
        """Go back one screen; the registry asks whether to quit."""
        self.action_back()

    def copy(self, text: str, what: str) -> None:
        """Copy text to the clipboard, sanitised, and say so."""
        clean = safe(text)
        self.app.copy_to_clipboard(clean)
        self.operations.say(f"copied {what}: {clean}")
