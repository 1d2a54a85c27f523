"""The call screen: the exports of a component, a typed form, the result, and the calls made before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.form_lines import LineKind
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.calling import call_panes as panes
from airssys_tui.tui.screens.calling.call_form import FormScreen
from airssys_tui.tui.screens.traces import TracesScreen
from airssys_tui.tui.state.call_log import MadeCall, command_line
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable


class CallScreen(FormScreen):
    """The exports of one component, and their forms.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.CALL
    AUTO_FOCUS = ""

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component)
        self._crumbs = LinePane(id="crumbs")
        self._exports = LineTable(
            self._export_row, selectable=lambda key: not key.startswith(panes.HEADING), id="exports"
        )
        self._signature = LinePane(id="signature")
        self._answer = Pager(id="answer")
        self._history = LineTable(self._history_row, id="history")
        self._bench = Vertical(self._signature, self._form, self._bar, self._answer, self._history, id="bench")
        self._panes: dict[str, Widget] = dict(
            zip(panes.PANES, (self._exports, self._form, self._answer, self._history), strict=True)
        )
        for name, widget in self._panes.items():
            widget.border_title = panes.TITLES[name]

    @property
    def table(self) -> LineTable | None:
        """The list of the pane that has the focus."""
        return {"exports": self._exports, "form": self._form, "history": self._history}.get(self.pane)

    @property
    def export(self) -> str:
        """Path of the selected export; empty if no export is selected."""
        return self._exports.key or ""

    def body(self) -> Iterator[Widget]:
        """Yield the panes."""
        yield self._crumbs
        yield Horizontal(self._exports, self._bench, id="calling")

    def on_mount(self) -> None:
        """Ask for the interface."""
        super().on_mount()
        self.go_to("exports")
        self.run_worker(self.load(), exit_on_error=False)

    def go_to(self, pane: str) -> None:
        """Give the focus to another pane; what is being edited is kept."""
        self.write_line()
        self.pane = pane
        for name, widget in self._panes.items():
            widget.set_class(name == pane, "here")
        self._lay_out()
        self.set_focus(self._panes[pane])
        self.draw(None)
        self.call_after_refresh(self.draw, None)  # a pane that was hidden has its width only then

    def _lay_out(self) -> None:
        wide, tall = self.size.width >= panes.WIDE, self.size.height >= panes.TALL
        self._exports.display = wide or self.pane == "exports"
        self._exports.set_class(not wide, "alone")
        self._bench.display = wide or self.pane != "exports"
        self._history.display = tall or self.pane == "history"
        self._form.display = tall or self.pane in {"exports", "form"}
        self._answer.display = tall or self.pane == "answer"

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - nothing here changes with a pull
        """Redraw every pane."""
        if not self.is_whole:
            return
        self._lay_out()
        glyphs = self.session.glyphs
        self._crumbs.show([crumbs(self.component, "calling" if self.is_calling else self.view.heading, glyphs)])
        keys = panes.export_keys(self.interface) if self.interface is not None else []
        empty = self.failure or (
            "It exports no functions." if self.interface is not None else f"loading{glyphs.ellipsis}"
        )
        self._exports.show(keys, empty=((Span(f"  {safe(empty, glyphs)}", "bad" if self.failure else "quiet"),),))
        self.draw_form()
        self._draw_answer()
        made = [str(each.number) for each in self.session.calls.of(self.component)]
        self._history.show(made, empty=((Span(" no calls yet", "quiet"),),))
        self._share()

    def _share(self) -> None:
        """Share the rows among form, answer and history."""
        if self.size.height < panes.TALL:
            for pane in (self._form, self._answer, self._history):
                pane.styles.height = "1fr"
            return
        form, history = panes.shares(
            self.size.height - len(self._signature.lines),
            self.size.height,
            form=len(self._form.keys),
            answer=len(self._answer.lines),
            history=len(self._history.keys),
            reading=self.pane == "answer",
        )
        self._form.styles.height = form
        self._answer.styles.height = "1fr"
        self._history.styles.height = history

    def draw_form(self) -> None:
        """Draw the form below the export's signature."""
        function, glyphs = self.function, self.session.glyphs
        lines: list[Line] = []
        if function is not None and self.interface is not None:
            docs = self.interface.docs.get(self.export, "")
            lines = panes.signature(
                function,
                str(docs),
                glyphs,
                self._form.size.width or self.size.width,
                short=self.size.height < panes.TALL,
            )
        self._signature.styles.height = max(1, len(lines))
        self._signature.show(lines)
        keys: list[str] = []
        if function is not None:
            sends = not self.session.readonly
            keys = panes.form_keys(self.listing, self.forms.touched(self.export), glyphs, self._form.room, sends=sends)
        self._form.show(keys, empty=((Span(" no arguments", "quiet"),),))
        self._share()

    def _draw_answer(self) -> None:
        glyphs, width = self.session.glyphs, max(20, self._answer.room)
        if self.outcomes is not None:
            lines = panes.outcome_lines(self.outcomes, glyphs, width, keep=self.session.keymap.key("call.save"))
        elif self.answer is not None:
            lines = panes.result_lines(self.function_of(self.answer.export), self.answer, glyphs, width)
        else:
            said = (
                "Read-only: you can read exports, not call them."
                if self.session.readonly
                else f"press {self.session.keymap.key('call.make')} to go to [ call ], and again to call"
            )
            lines = [(Span(f" {said}", "quiet"),)]
        self._answer.show([*lines, *panes.handle_lines(self.handles, glyphs)])

    def _export_row(self, key: str, width: int, chosen: bool) -> Line:
        return panes.export_row(key, self.session.glyphs, width, chosen=chosen)

    def _history_row(self, key: str, width: int, chosen: bool) -> Line:
        made = self._made(key)
        return panes.call_row(made, self.session.glyphs, width, chosen=chosen) if made is not None else ()

    def _made(self, key: str | None) -> MadeCall | None:
        return next((made for made in self.session.calls.of(self.component) if str(made.number) == key), None)

    @property
    def _selected_call(self) -> MadeCall | None:
        """The call that is selected in the history, while the history has the focus."""
        return self._made(self._history.key) if self.pane == "history" else None

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        if message.table is self._form and self._form.key != self._bar.key:
            self.write_line()
        elif message.table is self._exports:
            self.write_line()
            self.draw_form()
            self._form.move(-len(self._form.keys))
        elif message.table is self._history and self.pane == "history":
            self.outcomes, self.answer = None, self._made(message.key)
            self._draw_answer()
            self._share()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.go_to(message.table.id or "exports")
        self.action_write()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave ``enter`` to a focused input; elsewhere it takes precedence, so that no key after it is lost."""
        if action == "write" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.go_to(panes.PANES[(panes.PANES.index(self.pane) + 1) % len(panes.PANES)])

    def action_pane_before(self) -> None:
        """Go to the previous pane."""
        self.go_to(panes.PANES[panes.PANES.index(self.pane) - 1])

    def action_write(self) -> None:
        """Go to the form; in it, edit the selected line or switch to its next choice."""
        line = self.line
        if self.pane != "form":
            self.go_to("answer" if self.pane == "history" else "form")
        elif self._form.key == panes.CALL and not self.session.readonly:
            self.action_send_call()
        elif line is not None and line.kind is LineKind.TEXT:
            self.edit_line()
        elif line is not None and self.form is not None:
            self.turn(line, 1)

    def action_choose_before(self) -> None:
        """Switch the selected line to its previous choice, or leave the form."""
        line = self.line
        if self.pane == "form" and line is not None and line.kind is LineKind.CHOICE:
            self.turn(line, -1)
        else:
            self.go_to("exports")

    def action_edit_call(self) -> None:
        """Fill the form with the arguments of the selected call, or the last one."""
        made = self.chosen_call()
        function = self.function_of(made.export) if made is not None else None
        if made is None or function is None:
            return
        self._exports.select(made.export)
        self.forms.refill(made.export, function, made.arguments)
        self.go_to("form")
        self._form.move(-len(self._form.keys))

    def chosen_call(self) -> MadeCall | None:
        """Return the call that is selected in the history, or the last one."""
        made = self._selected_call or self.answer
        if made is None:
            self.operations.say("no calls yet", severity="warning")
        return made

    def show_answer(self) -> None:
        """Draw the result, and go to its pane where it would be hidden."""
        if self.size.height < panes.TALL or (self.size.width < panes.WIDE and self.pane == "exports"):
            self.go_to("answer")
        self.draw(None)
        if self.answer is not None and self.outcomes is None:
            self._history.move(-len(self._history.keys))

    def action_open_view(self, name: str, its: bool = False) -> None:
        """Open a screen; the traces open at the selected call, or the last one."""
        if View(name) is not View.TRACES:
            super().action_open_view(name, its)
            return
        made = self._selected_call or self.answer
        self.app.push_screen(TracesScreen(self.session, self.operations, self.component, made))

    def action_copy(self) -> None:
        """Copy the selected call, or that of the form, as a command line."""
        made = self._selected_call
        export, arguments = (made.export, made.arguments) if made is not None else (self._exports.key, None)
        try:
            arguments = arguments or (self.form.arguments() if self.form is not None else None)
        except ArgumentError as error:
            self.operations.say(f"not copied: {error}", severity="warning")
            return
        if export is not None and arguments is not None:
            self.copy(command_line(self.component, export, arguments), "command")

    def action_back(self) -> None:
        """Leave the edited line, then the pane, then the screen."""
        if self.drop_line():
            return
        if self.pane != "exports":
            self.go_to("exports")
        else:
            super().action_back()

    def step(self, rows: int) -> None:
        """Move in the list, or scroll the answer."""
        if self.table is not None:
            super().step(rows)
        else:
            self._answer.step(rows)
