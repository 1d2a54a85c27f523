"""The form of the call screen: its lines, how they are edited, and how what is in them is sent.

A line of text takes what is typed before any key is a command, as it looks like an input. So a printable key, backspace
and pasted text edit it; what leaves the line (enter, an arrow, another pane, a click) keeps the text, escape does not.
"""

from __future__ import annotations

from abc import abstractmethod

from textual import events, on
from textual.widgets import Input

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types import form_lines
from airssys_tui.core.types.form_lines import Form, LineKind
from airssys_tui.core.types.interface import Function
from airssys_tui.tui.drawing.lines import Line, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.calling import call_panes as panes
from airssys_tui.tui.screens.calling.call_requests import CallingScreen
from airssys_tui.tui.state.call_forms import CallForms, Listing, item_after, line_key, newest_item, turned
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.table import LineTable
from airssys_tui.tui.widgets.value_bar import ValueBar


class FormScreen(CallingScreen):
    """A screen with the form of one export; its subclass decides where the form stands.

    Args:
        component: Text form of its identity.

    Attributes:
        forms: The forms of its exports.
        pane: The pane with the focus, one of :data:`call_panes.PANES`.
    """

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component)
        self.forms = CallForms()
        self.pane = "exports"
        self._form = LineTable(self._form_row, selectable=lambda key: not key.startswith(panes.BELOW), id="form")
        self._bar = ValueBar()
        self._edited = ""

    @property
    @abstractmethod
    def export(self) -> str:
        """Path of the selected export; empty if no export is selected."""

    @abstractmethod
    def go_to(self, pane: str) -> None:
        """Give the focus to another pane."""

    @abstractmethod
    def draw_form(self) -> None:
        """Draw the form."""

    @property
    def function(self) -> Function | None:
        """The selected export's function."""
        return self.function_of(self.export)

    @property
    def form(self) -> Form | None:
        """The selected export's form."""
        function = self.function
        return self.forms.of(self.export, function) if function is not None else None

    @property
    def listing(self) -> Listing:
        """The lines of the form."""
        form = self.form
        return self.forms.listing(form) if form is not None else Listing()

    @property
    def line(self) -> form_lines.Line | None:
        """The selected line of the form."""
        return self.listing.lines.get(self._form.key or "")

    def _form_row(self, key: str, width: int, chosen: bool) -> Line:
        listing, glyphs = self.listing, self.session.glyphs
        if key == panes.CALL:
            return panes.call_line(glyphs, self.session.keymap.key("call.make"), chosen=chosen)
        if key.startswith(panes.BELOW):
            return panes.error_row(key, listing, glyphs, width)
        line = listing.lines.get(key)
        if line is None:
            return ()
        touched = key in self.forms.touched(self.export)
        names = panes.label_width(listing, width)
        return panes.form_row(line, glyphs, names=names, width=width, chosen=chosen, touched=touched)

    def take_key(self, event: events.Key) -> bool:
        """Edit the selected line of text with a printable key or backspace."""
        if not self._is_on_text or not (event.is_printable or event.key == "backspace"):
            return False
        self.edit_line()
        if event.is_printable:
            self._bar.input.insert_text_at_cursor(event.character or "")
        else:
            self._bar.input.action_delete_left()
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Edit the selected line of text with what is pasted: its first line, as in every input."""
        if self._is_on_text and event.text:
            event.stop()
            self.edit_line()
            self._bar.input.insert_text_at_cursor(event.text.splitlines()[0])

    @property
    def _is_on_text(self) -> bool:
        """Whether the pointer is on a line of text that is not being edited yet."""
        line = self.line
        free = self.pane == "form" and not self.is_cramped and not isinstance(self.focused, Input)
        return free and line is not None and line.kind is LineKind.TEXT

    def edit_line(self) -> None:
        """Edit the selected line of text."""
        line = self.line
        if line is not None:
            glyphs = self.session.glyphs
            self._edited = self.export
            self._bar.ask(safe(line.label, glyphs), safe(line.type, glyphs), line.text, key=line_key(line))

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.write_line()
        if not (self.line and self.line.error):
            super().step(1)

    def write_line(self) -> None:
        """Keep the text of the line that is edited, if one is, and stop editing it."""
        key, text, export = self._bar.key, self._bar.input.value if self._bar.key else "", self._edited
        function = self.function_of(export)
        if not self.drop_line() or function is None:
            return
        form = self.forms.of(export, function)
        line = Listing.of(form).lines.get(key)
        if line is not None:
            self.forms.touch(export, [line])
            self.forms.keep(export, form.write(line.path, text))
            self.draw_form()

    def drop_line(self) -> bool:
        """Stop editing and keep nothing; return whether a line was edited."""
        was = bool(self._bar.key)
        self._bar.leave(clear=True)
        if was and isinstance(self.focused, Input):
            self.set_focus(self._form)
        return was

    def turn(self, line: form_lines.Line, by: int) -> None:
        """Switch a line to another choice, or add an item and go to it; on other lines, go down."""
        form = self.form
        if form is None:
            return
        if (after := turned(form, line, by)) is None:
            self.step(1)
            return
        self._keep(after)
        if line.kind is LineKind.LIST:
            self._form.select(newest_item(self.listing, line))

    def _keep(self, form: Form) -> None:
        self.forms.keep(self.export, form)
        self.draw_form()

    def action_add_item(self) -> None:
        """Add an item to the selected list."""
        line = self.line
        if self.pane == "form" and line is not None and line.kind is LineKind.LIST:
            self.turn(line, 1)

    def action_remove_item(self) -> None:
        """Remove the selected item from its list, and go to the next, the last, or the list."""
        line, form = self.line, self.form
        if self.pane == "form" and line is not None and form is not None and line.item:
            self._keep(form.remove(line.path))
            self._form.select(item_after(self.listing, line))

    def action_make_call(self) -> None:
        """Go to the button of the form; on it, call."""
        if self.pane == "form" and self._form.key == panes.CALL:
            self.action_send_call()
        elif self.form is not None:
            self.go_to("form")
            self._form.select(panes.CALL)

    def action_send_call(self) -> None:
        """Call the export with the arguments of the form, the text that is being edited included."""
        self.write_line()
        form, path = self.form, self.export
        if form is None or not path:
            return
        try:
            arguments = form.arguments()
        except ArgumentError as error:
            self._refuse(path, error)
            return
        self.send(path, arguments)

    def _refuse(self, path: str, error: ArgumentError) -> None:
        """Show each error next to its field; nothing was sent."""
        wrong = [line for line in self.listing.lines.values() if line.error]
        self.forms.touch(path, wrong)
        self.go_to("form")
        if wrong:
            self._form.select(line_key(wrong[0]))
        self.operations.say(f"not sent: {error}", severity="warning")

    def step(self, rows: int) -> None:
        """Keep what is being edited, then move."""
        self.write_line()
        super().step(rows)
