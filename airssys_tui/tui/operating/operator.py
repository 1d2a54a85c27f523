"""One command on behalf of the person at the screen: send it, await the answer, report it as a toast.

Everything that sends commands builds on this: one component at a time, all marked components, and the commands about
revisions and states.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Final, Literal, TypeVar

from textual.app import App

from airssys_tui.api.commands import Command, GroupCommand, Reload, TrustCommand, Undo
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.core.errors import AirssysError, GateRefusal, NotServing
from airssys_tui.core.gates import Gate
from airssys_tui.core.text import one_line
from airssys_tui.tui.actions.remedies import in_keys
from airssys_tui.tui.state.notices import Notice, Notices
from airssys_tui.tui.state.session import Session

T = TypeVar("T")
Severity = Literal["information", "warning", "error"]


ASKING: Final = 10.0
"""Seconds that the notice of a question stays."""


class Operator:
    """Sends commands, asks questions and reports outcomes.

    Args:
        app: Shows questions and toasts.
        session: Has the runtime and the rows.
        notices: Mutes notices about the components that were just acted on.
        look: Pulls and shows what a command changed at once, ahead of the next tick.
    """

    def __init__(self, app: App[Any], session: Session, notices: Notices, look: Callable[[], None]) -> None:
        self._app = app
        self._session = session
        self._notices = notices
        self._look = look

    @property
    def app(self) -> App[Any]:
        """The application, which shows questions."""
        return self._app

    @property
    def session(self) -> Session:
        """What the screens share."""
        return self._session

    def look(self) -> None:
        """Pull and show what changed at once, ahead of the next tick."""
        self._look()

    def say(self, text: str, *, title: str = "", severity: Severity = "information") -> None:
        """Show a toast; its text is never read as markup."""
        seconds = 8.0 if severity == "error" else 4.0
        self._app.notify(
            one_line(text, 400), title=one_line(title, 80), severity=severity, timeout=seconds, markup=False
        )

    def tell(self, notice: Notice) -> None:
        """Show what happened by itself; a question with the key that answers it from wherever it is shown."""
        if not notice.asks:
            self.say(notice.text, title="reload", severity="warning" if notice.refused else "information")
            return
        session = self._session
        key = (
            "" if session.readonly else f" {session.glyphs.dot} {session.keymap.key('grant.next-question')} answers it"
        )
        text = f"{one_line(notice.text, 300)}{key}"
        self._app.notify(text, title="asks", severity="warning", timeout=ASKING, markup=False)

    def say_error(self, error: Exception) -> None:
        """Show what went wrong and what to do next."""
        if isinstance(error, AirssysError):
            remedy = f" → {in_keys(error.remedy, self._session.keymap)}" if error.remedy else ""
            self.say(f"{error}{remedy}", title=error.title, severity="error")
        else:
            self.say(f"{type(error).__name__}: {error}", title="unexpected", severity="error")

    async def ask(self, future: Future[T]) -> T | None:
        """Await an answer of the runtime; show an error as a toast and return ``None``."""
        try:
            return await asyncio.wrap_future(future)
        except AirssysError as error:
            self.say_error(error)
        except Exception as error:  # noqa: BLE001 - a fault in the runtime must not take the screen down with it
            self.say_error(error)
        return None

    def api(self) -> RuntimeApi | None:
        """Return the runtime; without one, say so and return ``None``."""
        if self._session.api is None:
            self.say_error(NotServing("the runtime is not connected"))
        return self._session.api

    async def perform(self, command: Command) -> None:
        """Submit a command and report its outcome; offer to force a reload that only breaks callers."""
        api = self.api()
        if api is None:
            return
        self.mute(command)
        breaks: GateRefusal | None = None
        try:
            done = await asyncio.wrap_future(api.submit(command))
            self.say(done.text)
        except GateRefusal as error:
            forcible = isinstance(command, Reload) and not command.force
            breaks = error if forcible and error.gate is Gate.COMPATIBILITY else None
            if breaks is None:
                self.say_error(error)
        except Exception as error:  # noqa: BLE001 - a fault in the runtime must not take the screen down with it
            self.say_error(error)
        self.mute(command)
        self._look()
        if breaks is not None and isinstance(command, Reload):
            await self._force(Reload(command.component, force=True), breaks)

    def mute(self, command: Command) -> None:
        """Show no notice about the outcome of the operator's own command: its answer is shown already."""
        if not isinstance(command, Undo | TrustCommand | GroupCommand):
            self._notices.mute(command.component, self._session.clock())

    async def _force(self, command: Reload, refusal: GateRefusal) -> None:
        lines = [str(refusal), "", "Callers of the removed exports will fail. Reload anyway?"]
        title = f"{command.component}: the new version breaks its callers"
        if await self.agrees(title, "Force reload", lines):
            await self.perform(command)

    async def agrees(self, title: str, verb: str, lines: Sequence[str]) -> bool:
        """Ask a question and return whether the operator agrees.

        Args:
            title: The question.
            verb: On the button that agrees.
            lines: What there is to know first.
        """
        from airssys_tui.tui.dialogs.modal import Confirm  # noqa: PLC0415 - late: loaded with the first question

        answer: bool | None = await self._app.push_screen_wait(Confirm(self._session, title, verb, lines))
        return answer is True

    def run(self, work: Coroutine[Any, Any, None] | Awaitable[None]) -> None:
        """Run work in the background and report what goes wrong in it."""
        # On the app, not on the screen: the answer is reported even after the operator moved to another screen.
        self._app.run_worker(self._watched(work), exit_on_error=False)

    async def _watched(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a worker that ends in silence leaves the operator waiting
            self.say_error(error)
