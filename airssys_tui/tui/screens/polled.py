"""A screen about one component that polls the runtime while it is visible."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.timer import Timer

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.core.errors import AirssysError
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.session import Session


class PolledScreen(LiveScreen):
    """Polls at an interval, one request at a time, and not while it is hidden or paused.

    Args:
        component: Text form of its identity.

    Attributes:
        EVERY: Seconds between two requests.
        trouble: Why the last request failed; empty if it did not.
        answered: Whether any request was answered yet.
        asking: Whether a request waits for its answer.
        timer: The timer of the requests, once the screen is mounted.
    """

    EVERY: ClassVar[float]

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.trouble = ""
        self.answered = False
        self.asking = False
        self.timer: Timer | None = None

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    def on_mount(self) -> None:
        """Start to poll."""
        # Textual calls the handler of every base class itself; calling it here would run it twice.
        self.timer = self.set_interval(self.EVERY, self.ask)
        self.ask()

    def on_screen_suspend(self) -> None:
        """Stop while the screen is hidden."""
        if self.timer is not None:
            self.timer.pause()

    def on_screen_resume(self) -> None:
        """Continue."""
        super().on_screen_resume()
        if self.timer is not None:
            self.timer.resume()

    def ask(self) -> None:
        """Send a request, unless the last one is unanswered or the view is paused."""
        if not self.asking and not (self.session.paused and self.answered):
            self.asking = True
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        api = self.session.api
        try:
            if api is not None:
                await self.fetch(api)
                self.trouble, self.answered = "", True
        except AirssysError as error:
            self.trouble = str(error)
        finally:
            self.asking = False
        self.draw(None)

    @abstractmethod
    async def fetch(self, api: RuntimeApi) -> None:
        """Ask the runtime and keep its answer."""
