"""The requests of the call screen to the runtime: the interface, calls, checks and their replay, closing handles."""

from __future__ import annotations

import asyncio
from typing import Final

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.calling import CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.runtime import CallReport
from airssys_tui.core.description import is_host_call
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.interface import Function
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.call_log import MadeCall
from airssys_tui.tui.state.session import Session

WORDS: Final = 300
"""Characters that are shown of what a guest printed before it trapped."""


class CallingScreen(LiveScreen):
    """A screen that calls a component; its subclass decides what to show.

    Args:
        component: Text form of its identity.

    Attributes:
        interface: What the component exports, once it is known.
        failure: Why it is not known, if the request failed.
        handles: Open handles: resources that calls returned and that still exist.
        answer: The call whose result is shown.
        outcomes: How the last replay of the checks went, while that is shown instead.
        is_calling: Whether a call is under way.
    """

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.interface: InterfaceView | None = None
        self.failure = ""
        self.handles: tuple[OpenHandle, ...] = ()
        self.answer: MadeCall | None = None
        self.outcomes: tuple[CheckOutcome, ...] | None = None
        self.is_calling = False

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    async def load(self) -> None:
        """Ask for the interface and the open handles."""
        api = self.operations.api()
        if api is None:
            return
        try:
            self.interface = await asyncio.wrap_future(api.interface(self.component))
            self.handles = await asyncio.wrap_future(api.open_handles(self.component))
        except AirssysError as error:
            self.failure = f"{error}{f' → {error.remedy}' if error.remedy else ''}"
        self.draw(None)

    def function_of(self, path: str) -> Function | None:
        """Return the function of an export, by its full path."""
        exports = self.interface.interface.functions() if self.interface is not None else ()
        return next((each.function for each in exports if each.path == path), None)

    def chosen_call(self) -> MadeCall | None:
        """Return the call that is selected in the history, or the last one; show a message if there is none."""
        raise NotImplementedError

    def show_answer(self) -> None:
        """Show the answer."""
        raise NotImplementedError

    def send(self, path: str, arguments: str) -> None:
        """Call an export, unless a call is under way; ask first if only the host calls it.

        Args:
            path: Full path of the export.
            arguments: JSON array.
        """
        api = self.operations.api()
        if api is not None and not self.is_calling:
            self.is_calling = True
            self.run_worker(self._asked(api, path, arguments), exit_on_error=False)

    async def _asked(self, api: RuntimeApi, path: str, arguments: str) -> None:
        hosts = is_host_call(path)
        if hosts:
            lines = [
                f"{path} is not called by hand: the host calls it at one moment in the life of {self.component}.",
                "The instance that serves may not survive another call, and what it did may not be undone.",
            ]
            question = Confirm(self.session, "Call what only the host calls?", "Call", lines)
            if not await self.app.push_screen_wait(question):
                self.is_calling = False
                return
        await self._call(api, path, arguments, force=hosts)

    async def _call(self, api: RuntimeApi, path: str, arguments: str, *, force: bool) -> None:
        report: CallReport | None = None
        failure = ""
        try:
            report = await asyncio.wrap_future(api.call(self.component, path, arguments, force=force))
            self.handles = await asyncio.wrap_future(api.open_handles(self.component))
        except AirssysError as error:
            said = error.reason(WORDS) if isinstance(error, GuestTrap) else str(error)
            failure = f"{error.title}: {said}{f' → {error.remedy}' if error.remedy else ''}"
        self.is_calling = False
        self.outcomes = None
        self.answer = self.session.calls.add(
            self.component, self.session.clock(), path, arguments, report=report, failure=failure
        )
        self.show_answer()

    def action_call_again(self) -> None:
        """Repeat the selected call, or the last one."""
        made = self.chosen_call()
        if made is not None:
            self.send(made.export, made.arguments)

    def action_save_check(self) -> None:
        """Keep the selected call, or the last one, as a check."""
        made = self.chosen_call()
        if made is None:
            return
        lines = (
            f"{made.export}{made.arguments}",
            "It runs in a fresh instance now, after the checks before it, and that result is what it expects.",
        )
        prompt = Prompt(self.session, "Name of the check", "Keep", lines, longest=100)
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
            self.show_answer()

    def action_close_handle(self) -> None:
        """Ask for an open handle, and close it."""
        if not self.handles:
            self.operations.say("no handle is open", severity="warning")
            return
        lines = [f"handle {each.id}: {each.resource}" for each in self.handles]
        prompt = Prompt(self.session, "Close which handle?", "Close", lines, value=str(self.handles[-1].id), longest=12)
        self.app.push_screen(prompt, self._close_handle)

    def _close_handle(self, number: str | None) -> None:
        api = self.operations.api()
        if api is not None and number and number.strip().isdecimal():
            self.run_worker(self._dropped(api, int(number)), exit_on_error=False)

    async def _dropped(self, api: RuntimeApi, number: int) -> None:
        done = await self.operations.ask(api.close_handle(self.component, number))
        if done is not None:
            self.operations.say(done.text)
        self.handles = await self.operations.ask(api.open_handles(self.component)) or ()
        self.draw(None)
