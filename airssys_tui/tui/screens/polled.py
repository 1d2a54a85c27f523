"""A screen about one component that asks the runtime again and again while it is seen."""

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
    """Asks every so often, one question at a time, and not while it is hidden or held still.

    Args:
        component: Text form of its identity.

    Attributes:
        EVERY: Seconds between two questions.
        trouble: Why the last question had no answer; empty when it had one.
        answered: Whether there was an answer yet.
    """

    EVERY: ClassVar[float]

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.trouble = ""
        self.answered = False
        self._asking = False
        self._timer: Timer | None = None

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    def on_mount(self) -> None:
        """Ask, and go on asking while the screen is seen."""
        # Textual calls the handler of every class by itself: one that is called from here as well would run twice.
        self._timer = self.set_interval(self.EVERY, self.ask)
        self.ask()

    def on_screen_suspend(self) -> None:
        """Ask no more while the screen is hidden."""
        if self._timer is not None:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        """Go on asking."""
        super().on_screen_resume()
        if self._timer is not None:
            self._timer.resume()

    def ask(self) -> None:
        """Ask, unless the last question has not been answered yet or the view is held still."""
        if not self._asking and not (self.session.paused and self.answered):
            self._asking = True
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
            self._asking = False
        self.draw(None)

    @abstractmethod
    async def fetch(self, api: RuntimeApi) -> None:
        """Ask the runtime, and keep what it answers."""
