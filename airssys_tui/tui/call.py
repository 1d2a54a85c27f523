"""Calling a component by hand: its exports, a typed form, what came back, and the calls made before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec
from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.api.calling import CheckOutcome, Held, InterfaceView
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views import CallReport
from airssys_tui.core import form_lines
from airssys_tui.core.errors import AirssysError, ArgumentError
from airssys_tui.core.form import fill
from airssys_tui.core.form_lines import Form, Kind
from airssys_tui.core.interface import Function
from airssys_tui.tui import call_panes as panes
from airssys_tui.tui.action import View
from airssys_tui.tui.calls import MadeCall, command_line
from airssys_tui.tui.feed import Change
from airssys_tui.tui.lines import Line, LinePane, Span, safe
from airssys_tui.tui.operations import Operations
from airssys_tui.tui.pager import Pager
from airssys_tui.tui.prompt import Prompt
from airssys_tui.tui.screen import LiveScreen
from airssys_tui.tui.session import Session
from airssys_tui.tui.table import LineTable
from airssys_tui.tui.value_bar import ValueBar

PANES: Final = ("exports", "form", "answer", "history")

WIDE: Final = 72
"""From this width on the exports stand beside the form; below it one of the two is shown."""

TALL: Final = 22
"""From this height on the history is always there."""


class CallScreen(LiveScreen):
    """The exports of one component, and how to call them.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.CALL
    AUTO_FOCUS = ""

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.interface: InterfaceView | None = None
        self.forms: dict[str, Form] = {}
        self.held: tuple[Held, ...] = ()
        self.answer: MadeCall | None = None
        self.outcomes: tuple[CheckOutcome, ...] | None = None
        self.pane = "exports"
        self._failure = ""
        self._touched: set[tuple[str, form_lines.Path]] = set()
        self._calling = False
        self._crumbs = LinePane(id="crumbs")
        self._exports = LineTable(
            self._export_row, selectable=lambda key: not key.startswith(panes.HEADING), id="exports"
        )
        self._signature = LinePane(id="signature")
        self._form = LineTable(self._form_row, id="form")
        self._answer = Pager(id="answer")
        self._history = LineTable(self._history_row, id="history")
        self._bar = ValueBar()

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    @property
    def table(self) -> LineTable | None:
        """The list of the pane that has the focus."""
        return {"exports": self._exports, "form": self._form, "history": self._history}.get(self.pane)

    @property
    def function(self) -> Function | None:
        """The selected export's function."""
        return self._function(self._exports.key or "")

    @property
    def form(self) -> Form | None:
        """The selected export's form."""
        function, path = self.function, self._exports.key or ""
        if function is None:
            return None
        return self.forms.setdefault(path, Form.of(function))

    def body(self) -> Iterator[Widget]:
        """Yield the panes."""
        yield self._crumbs
        bench = Vertical(self._signature, self._form, self._bar, self._answer, self._history, id="bench")
        yield Horizontal(self._exports, bench, id="calling")

    def on_mount(self) -> None:
        """Ask for the interface."""
        super().on_mount()
        self.go_to("exports")
        self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        api = self.operations.api()
        if api is None:
            return
        try:
            self.interface = await asyncio.wrap_future(api.interface(self.component))
            self.held = await asyncio.wrap_future(api.held(self.component))
        except AirssysError as error:
            self._failure = f"{error}{f' → {error.remedy}' if error.remedy else ''}"
        self.draw(None)

    def go_to(self, pane: str) -> None:
        """Give the focus to another pane."""
        self.pane = pane
        widget: Widget = {"exports": self._exports, "form": self._form, "answer": self._answer}.get(pane, self._history)
        self._lay_out()
        self.set_focus(widget)
        self.draw(None)

    def _lay_out(self) -> None:
        wide, tall = self.size.width >= WIDE, self.size.height >= TALL
        self._exports.display = wide or self.pane == "exports"
        self._exports.set_class(not wide, "alone")
        self.query_one("#bench").display = wide or self.pane != "exports"
        self._history.display = tall or self.pane == "history"
        self._form.display = tall or self.pane in {"exports", "form"}
        self._answer.display = tall or self.pane == "answer"

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - nothing here changes by the second
        """Redraw every pane."""
        if not self.is_mounted:
            return
        self._lay_out()
        glyphs = self.session.glyphs
        name = safe(self.component, glyphs)
        more = "calling" if self._calling else "interface and call"
        self._crumbs.show([(Span(f" {name}", "strong"), Span(" > " if glyphs.ascii else " › "), Span(more))])  # noqa: RUF001
        keys = panes.export_keys(self.interface) if self.interface is not None else []
        empty = self._failure or (
            "It exports no function." if self.interface is not None else f"asking{glyphs.ellipsis}"
        )
        self._exports.show(keys, empty=((Span(f"  {safe(empty, glyphs)}", "bad" if self._failure else "quiet"),),))
        self._draw_form()
        self._draw_answer()
        none = "no calls yet"
        self._history.show(
            [str(made.number) for made in self.session.calls.of(self.component)],
            empty=((Span(f"  {none}", "quiet"),),),
        )

    def _draw_form(self) -> None:
        function, glyphs = self.function, self.session.glyphs
        lines: list[Line] = []
        if function is not None and self.interface is not None:
            docs = self.interface.docs.get(self._exports.key or "", "")
            lines = panes.signature(function, str(docs), glyphs, self._form.size.width or self.size.width, 4)
        self._signature.styles.height = max(1, len(lines))
        self._signature.show(lines)
        self._form.show(list(self._form_lines()), empty=((Span("  takes nothing: c calls it", "quiet"),),))

    def _draw_answer(self) -> None:
        glyphs, width = self.session.glyphs, max(20, self._answer.room)
        if self.outcomes is not None:
            lines = panes.outcome_lines(self.outcomes, glyphs)
        elif self.answer is not None:
            lines = panes.result_lines(self._function(self.answer.export), self.answer, glyphs, width)
        else:
            said = "Read-only: exports can be looked at, not called." if self.session.readonly else "c calls it"
            lines = [(Span(f" {said}", "quiet"),)]
        self._answer.show([*lines, *panes.held_lines(self.held, glyphs)])

    def _function(self, path: str) -> Function | None:
        if self.interface is None:
            return None
        return next((each.function for each in self.interface.interface.functions() if each.path == path), None)

    def _form_lines(self) -> dict[str, form_lines.Line]:
        return {"/".join(map(str, line.path)): line for line in self.form.lines()} if self.form is not None else {}

    @property
    def _line(self) -> form_lines.Line | None:
        """The selected line of the form."""
        return self._form_lines().get(self._form.key or "")

    def _export_row(self, key: str, width: int, chosen: bool) -> Line:
        return panes.export_row(key, self.session.glyphs, width, chosen=chosen)

    def _form_row(self, key: str, width: int, chosen: bool) -> Line:
        lines = self._form_lines()
        line = lines.get(key)
        if line is None:
            return ()
        touched = (self._exports.key or "", line.path) in self._touched
        names = panes.label_width(lines.values(), width)
        chosen = chosen and self.pane == "form"
        return panes.form_row(line, self.session.glyphs, names=names, chosen=chosen, touched=touched)

    def _history_row(self, key: str, width: int, chosen: bool) -> Line:
        made = self._made(key)
        return panes.call_row(made, self.session.glyphs, width, chosen=chosen) if made is not None else ()

    def _made(self, key: str | None) -> MadeCall | None:
        return next((made for made in self.session.calls.of(self.component) if str(made.number) == key), None)

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        if message.table is self._exports:
            self._draw_form()
        elif message.table is self._history and self.pane == "history":
            self.outcomes, self.answer = None, self._made(message.key)
            self._draw_answer()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.go_to(message.table.id or "exports")
        self.action_write()

    def action_next_pane(self) -> None:
        """Go on to the next pane."""
        self.go_to(PANES[(PANES.index(self.pane) + 1) % len(PANES)])

    def action_pane_before(self) -> None:
        """Go back to the pane before."""
        self.go_to(PANES[PANES.index(self.pane) - 1])

    def action_write(self) -> None:
        """Go into the form, or write or choose what is selected in it."""
        line = self._line
        if self.pane != "form":
            self.go_to("answer" if self.pane == "history" else "form")
        elif line is not None and line.kind is Kind.TEXT:
            self._bar.ask(safe(line.label, self.session.glyphs), safe(line.type, self.session.glyphs), line.text)
        elif line is not None and self.form is not None:
            self._turn(line, 1)

    def action_choose_before(self) -> None:
        """Choose the name before, or leave the form."""
        line = self._line
        if self.pane == "form" and line is not None and line.kind is Kind.CHOICE:
            self._turn(line, -1)
        else:
            self.go_to("exports")

    def _turn(self, line: form_lines.Line, by: int) -> None:
        form = self.form
        if form is None:
            return
        match line.kind:
            case Kind.CHOICE:
                names = line.choices
                self._keep(form.choose(line.path, names[(names.index(line.text) + by) % len(names)]))
            case Kind.SWITCH:
                self._keep(form.switch(line.path))
            case Kind.LIST:
                self._keep(form.add(line.path))
            case _:
                self.step(1)

    def _keep(self, form: Form) -> None:
        self.forms[self._exports.key or ""] = form
        self._draw_form()

    @on(Input.Submitted)
    def _written(self, message: Input.Submitted) -> None:
        message.stop()
        line, form = self._line, self.form
        self._bar.leave(clear=True)
        self.set_focus(self._form)
        if line is not None and form is not None:
            self._touched.add((self._exports.key or "", line.path))
            self._keep(form.write(line.path, message.value))
            if not (self._line and self._line.error):
                self.step(1)

    def action_add_item(self) -> None:
        """Add an item to the selected list."""
        line, form = self._line, self.form
        if self.pane == "form" and line is not None and form is not None and line.kind is Kind.LIST:
            self._keep(form.add(line.path))

    def action_remove_item(self) -> None:
        """Take the selected item out of its list."""
        line, form = self._line, self.form
        if self.pane == "form" and line is not None and form is not None and line.item:
            self._keep(form.remove(line.path))

    def action_make_call(self) -> None:
        """Call the export with what the form says."""
        form, path = self.form, self._exports.key
        if form is None or path is None:
            return
        try:
            arguments = form.arguments()
        except ArgumentError as error:
            self._refuse(path, error)
            return
        self._send(path, arguments)

    def _refuse(self, path: str, error: ArgumentError) -> None:
        """Show what does not fit, beside its field; nothing was sent."""
        wrong = [line for line in self._form_lines().values() if line.error]
        self._touched |= {(path, line.path) for line in wrong}
        self.go_to("form")
        if wrong:
            self._form.select("/".join(map(str, wrong[0].path)))
        self.operations.say(f"not sent: {error}", severity="warning")

    def _send(self, path: str, arguments: str) -> None:
        api = self.operations.api()
        if api is not None and not self._calling:
            self._calling = True
            self.run_worker(self._call(api, path, arguments), exit_on_error=False)

    async def _call(self, api: RuntimeApi, path: str, arguments: str) -> None:
        report: CallReport | None = None
        failure = ""
        try:
            report = await asyncio.wrap_future(api.call(self.component, path, arguments))
            self.held = await asyncio.wrap_future(api.held(self.component))
        except AirssysError as error:
            failure = f"{error.title}: {error}{f' → {error.remedy}' if error.remedy else ''}"
        self._calling = False
        self.outcomes = None
        self.answer = self.session.calls.add(
            self.component, self.session.clock(), path, arguments, report=report, failure=failure
        )
        if self.size.height < TALL:
            self.go_to("answer")
        self.draw(None)
        self._history.move(-len(self._history.keys))

    def action_call_again(self) -> None:
        """Make the selected call once more, or the last one."""
        made = self._chosen_call()
        if made is not None:
            self._send(made.export, made.arguments)

    def action_edit_call(self) -> None:
        """Fill the form with the arguments of the selected call, or the last one."""
        made = self._chosen_call()
        function = self._function(made.export) if made is not None else None
        if made is None or function is None:
            return
        self._exports.select(made.export)
        values = msgspec.json.decode(made.arguments)
        drafts = {param.name: fill(param.type, value) for param, value in zip(function.params, values, strict=False)}
        self.forms[made.export] = Form(function, {**Form.of(function).drafts, **drafts})
        self.go_to("form")

    def _chosen_call(self) -> MadeCall | None:
        made = (self._made(self._history.key) if self.pane == "history" else None) or self.answer
        if made is None:
            self.operations.say("nothing was called yet", severity="warning")
        return made

    def action_save_check(self) -> None:
        """Keep the selected call as a check."""
        made = self._chosen_call()
        if made is None:
            return
        lines = (
            f"{made.export}{made.arguments}",
            "It is replayed in a fresh instance, after the checks before it; what that answers is kept.",
        )
        prompt = Prompt(self.session, "Keep it as a check: what is it called?", "Keep", lines, longest=100)
        self.app.push_screen(prompt, lambda name: self._save_check(made, name))

    def _save_check(self, made: MadeCall, name: str | None) -> None:
        api = self.operations.api()
        if api is not None and name:
            self.run_worker(self._kept(api, made, name), exit_on_error=False)

    async def _kept(self, api: RuntimeApi, made: MadeCall, name: str) -> None:
        kept = await self.operations.ask(api.save_check(self.component, name, made.export, made.arguments))
        if kept is not None:
            self.operations.say(f"kept {kept.name}: a fresh instance answers {kept.result}")

    def action_verify(self) -> None:
        """Replay the checks of the component."""
        api = self.operations.api()
        if api is not None:
            self.run_worker(self._verified(api), exit_on_error=False)

    async def _verified(self, api: RuntimeApi) -> None:
        found = await self.operations.ask(api.verify(self.component))
        if found is not None:
            self.outcomes = found
            failed = sum(not outcome.passed for outcome in found)
            self.operations.say(
                f"{len(found) - failed} of {len(found)} checks passed", severity="warning" if failed else "information"
            )
            self.draw(None)

    def action_let_go(self) -> None:
        """Let a held resource go."""
        if not self.held:
            self.operations.say("no resource is held", severity="warning")
            return
        lines = [f"held: {each.id} ({each.resource})" for each in self.held]
        prompt = Prompt(
            self.session, "Which resource is to go?", "Let go", lines, value=str(self.held[-1].id), longest=12
        )
        self.app.push_screen(prompt, self._let_go)

    def _let_go(self, number: str | None) -> None:
        api = self.operations.api()
        if api is not None and number and number.strip().isdecimal():
            self.run_worker(self._gone(api, int(number)), exit_on_error=False)

    async def _gone(self, api: RuntimeApi, number: int) -> None:
        done = await self.operations.ask(api.let_go(self.component, number))
        if done is not None:
            self.operations.say(done.text)
        self.held = await self.operations.ask(api.held(self.component)) or ()
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the selected call, or what the form says, as a command line."""
        made = self._made(self._history.key) if self.pane == "history" else None
        export, arguments = (made.export, made.arguments) if made is not None else (self._exports.key, None)
        try:
            arguments = arguments or (self.form.arguments() if self.form is not None else None)
        except ArgumentError as error:
            self.operations.say(f"not copied: {error}", severity="warning")
            return
        if export is not None and arguments is not None:
            self.copy(command_line(self.component, export, arguments), "command")

    def action_back(self) -> None:
        """Leave what is being written, then the pane, then the screen."""
        if self._bar.leave(clear=True):
            self.set_focus(self._form)
        elif self.pane != "exports":
            self.go_to("exports")
        else:
            super().action_back()

    def step(self, rows: int) -> None:
        """Move in the list, or scroll the answer."""
        if self.table is not None:
            super().step(rows)
        else:
            self._answer.step(rows)
