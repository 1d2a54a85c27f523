"""What the operator can have done: asks first where something would be lost, then reports the outcome as a toast."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, Literal, TypeVar

from textual.app import App

from airssys_tui.api.commands import Command, Reload, Restart, Start, Stop, Undo, Unload
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView, NoteKind
from airssys_tui.core.errors import AirssysError, GateRefusal, NotServing
from airssys_tui.core.text import one_line
from airssys_tui.tui.actions.remedies import in_keys
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.operating.bulk import Many, losses
from airssys_tui.tui.operating.past import Keeping
from airssys_tui.tui.state.notices import Notices
from airssys_tui.tui.state.session import Session

T = TypeVar("T")
Severity = Literal["information", "warning", "error"]

BREAKING: Final = "compatibility"
"""The gate that the operator can overrule."""


class Operations:
    """Commands on behalf of the operator.

    Args:
        app: Shows questions and toasts.
        session: Knows the runtime and the rows.
        notices: Told which components were just acted on.
        look: Pulls and shows what a command changed, without waiting for the next second.

    Attributes:
        keeping: Marks on revisions, states, undoing.
        many: The same to all marked components.
    """

    def __init__(self, app: App[Any], session: Session, notices: Notices, look: Callable[[], None]) -> None:
        self._app = app
        self._session = session
        self._notices = notices
        self._look = look
        self.keeping = Keeping(self)
        self.many = Many(self)

    @property
    def app(self) -> App[Any]:
        """The application: shows questions."""
        return self._app

    @property
    def session(self) -> Session:
        """What the screens share."""
        return self._session

    def look(self) -> None:
        """Pull and show what changed, without waiting for the next second."""
        self._look()

    def say(self, text: str, *, title: str = "", severity: Severity = "information") -> None:
        """Show a toast; its text is never markup."""
        seconds = 8.0 if severity == "error" else 4.0
        self._app.notify(
            one_line(text, 400), title=one_line(title, 80), severity=severity, timeout=seconds, markup=False
        )

    def say_error(self, error: Exception) -> None:
        """Show what went wrong and what to do next."""
        if isinstance(error, AirssysError):
            remedy = f" → {in_keys(error.remedy, self._session.keymap)}" if error.remedy else ""
            self.say(f"{error}{remedy}", title=error.title, severity="error")
        else:
            self.say(f"{type(error).__name__}: {error}", title="unexpected", severity="error")

    async def ask(self, future: Future[T]) -> T | None:
        """Wait for an answer of the runtime; ``None`` and a toast when it is an error."""
        try:
            return await asyncio.wrap_future(future)
        except AirssysError as error:
            self.say_error(error)
        except Exception as error:  # noqa: BLE001 - a fault in the runtime must not take the screen down with it
            self.say_error(error)
        return None

    def api(self) -> RuntimeApi | None:
        """Return the runtime, or say that it is not there."""
        if self._session.api is None:
            self.say_error(NotServing("the runtime is not connected"))
        return self._session.api

    def start(self, component: str | None) -> None:
        """Start a component."""
        if (view := self._view(component)) is not None:
            self.run(self.perform(Start(view.id)))

    def stop(self, component: str | None) -> None:
        """Stop a component; asks when calls wait or memory without a state export would go."""
        view = self._view(component)
        if view is None:
            return
        self._guarded(view, Stop(view.id), "Stop", losses(view, dropping=True))

    def restart(self, component: str | None) -> None:
        """Restart a component; asks when memory without a state export would go."""
        if (view := self._view(component)) is not None:
            self._guarded(view, Restart(view.id), "Restart", losses(view))

    def reload(self, component: str | None) -> None:
        """Deploy what is on disk; asks when memory without a state export would go.

        What is on disk is deployed by itself as soon as it differs, unless it is held or was refused: without either a
        reload changes nothing, the runtime says so, and there is nothing to ask.
        """
        if (view := self._view(component)) is not None:
            waits = bool(view.held) or view.note.kind is NoteKind.REFUSED
            self._guarded(view, Reload(view.id), "Reload", losses(view) if waits else [])

    def unload(self, component: str | None) -> None:
        """Unload a component, after asking."""
        view = self._view(component)
        if view is not None:
            lost = losses(view, dropping=True) or ["It stops serving; its state was saved."]
            lost.append("Its history stays; a later start or reload brings it back.")
            self._guarded(view, Unload(view.id), "Unload", lost)

    def roll_back(self, component: str | None, to: int | None = None) -> None:
        """Show what a rollback would change, and ask."""
        api = self.api()
        view = self._view(component)
        if api is not None and view is not None:
            self.run(self._answered(RollbackQuestion(self._session, view.id, api.preview_rollback, to)))

    async def _answered(self, question: RollbackQuestion) -> None:
        command = await self._app.push_screen_wait(question)
        if command is not None:
            await self.perform(command)

    def _view(self, component: str | None) -> ComponentView | None:
        view = self._session.feed.rows.get(component) if component is not None else None
        if view is None:
            self.say("no component is selected", severity="warning")
        return view

    def _guarded(self, view: ComponentView, command: Command, verb: str, lost: list[str]) -> None:
        self.run(self._confirmed(view, command, verb, lost) if lost else self.perform(command))

    async def _confirmed(self, view: ComponentView, command: Command, verb: str, lost: list[str]) -> None:
        version = view.version or "no version"
        revision = f"r{view.revision}" if view.revision is not None else "no revision"
        about = f"{view.id} is {view.state}: {version}, {revision}."
        question = Confirm(self._session, f"{verb} {view.id}?", verb, [about, "", *lost])
        if await self._app.push_screen_wait(question):
            await self.perform(command)

    async def perform(self, command: Command) -> None:
        """Have a command carried out, and say what came of it."""
        api = self.api()
        if api is None:
            return
        self.mute(command)
        breaks: GateRefusal | None = None
        try:
            done = await asyncio.wrap_future(api.submit(command))
            self.say(done.text)
        except GateRefusal as error:
            breaks = error if error.gate == BREAKING and isinstance(command, Reload) and not command.force else None
            if breaks is None:
                self.say_error(error)
        except Exception as error:  # noqa: BLE001 - a fault in the runtime must not take the screen down with it
            self.say_error(error)
        self.mute(command)
        self._look()
        if breaks is not None and isinstance(command, Reload):
            await self._force(Reload(command.component, force=True), breaks)

    def mute(self, command: Command) -> None:
        """Tell nobody by a notice what comes of a command of the operator's own."""
        if not isinstance(command, Undo):
            self._notices.mute(command.component, self._session.clock())

    async def _force(self, command: Reload, refusal: GateRefusal) -> None:
        lines = [str(refusal), "", "Whoever calls what is gone will fail. Reload all the same?"]
        title = f"{command.component}: the new version breaks its callers"
        if await self._app.push_screen_wait(Confirm(self._session, title, "Reload by force", lines)):
            await self.perform(command)

    def run(self, work: Coroutine[Any, Any, None] | Awaitable[None]) -> None:
        """Do something beside the screen; what goes wrong is said."""
        # On the app, not on the screen: an answer is reported also when the operator has gone elsewhere meanwhile.
        self._app.run_worker(self._watched(work), exit_on_error=False)

    async def _watched(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a worker that ends in silence leaves the operator waiting
            self.say_error(error)
