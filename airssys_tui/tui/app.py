"""The application: connects after the first paint, pulls the feed, and closes the runtime at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final

from textual import events
from textual.app import App
from textual.binding import BindingsMap
from textual.command import Provider
from textual.timer import Timer
from textual.widgets import Input

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.errors import AirssysError
from airssys_tui.tui.actions.keymap import Keymap
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.arrangement import Arrangement, state_word
from airssys_tui.tui.drawing.glyphs import chosen_glyphs
from airssys_tui.tui.drawing.themes import DEFAULTS, STYLE, THEMES, chosen_theme
from airssys_tui.tui.operating.background import in_background
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.screens.registry import RegistryScreen
from airssys_tui.tui.screens.screen_table import MODES, screen_about_all, screen_about_one
from airssys_tui.tui.settings.settings_file import SettingsFile
from airssys_tui.tui.settings.setup import Setup, glyphs_of, theme_after, theme_of
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.notices import Notices
from airssys_tui.tui.state.session import Session

CLOSING: Final = 5.5
"""Seconds that the runtime has to stop; after them the screen quits anyway."""

FAILED: Final = 1
"""Exit code when there was no runtime."""


def _operator_commands() -> type[Provider]:
    from airssys_tui.tui.screens.palette import OperatorCommands  # noqa: PLC0415 - late: loaded with the palette

    return OperatorCommands


class AirssysApp(App[int]):
    """The terminal interface of a runtime.

    Args:
        connect: Makes the runtime; called in a thread after the first paint, since importing an engine takes long.
        folder: The watched folder, as the operator wrote it.
        readonly: Offer no action that changes the system.
        attached: The runtime belongs to another process and keeps running when the screen is closed.
        demo: The runtime is a demonstration; the header says so.
        browser: The screen is shown in a browser: what is saved is downloaded, and no file of this machine is written.
        clock: Unix time in seconds.
        refresh: Seconds between two pulls, unless the settings say otherwise.
        settings: The configuration file: read when it changes, written when the view is saved.

    Attributes:
        hurried: Whether the operator asked twice to quit, so that it quit without waiting for the runtime.
    """

    TITLE = "airssys"
    CSS = STYLE
    ENABLE_COMMAND_PALETTE = False
    DEFAULT_MODE = View.REGISTRY.value
    COMMANDS: ClassVar[set[Any]] = {_operator_commands}

    def __init__(
        self,
        connect: Callable[[], RuntimeApi],
        *,
        folder: str,
        readonly: bool = False,
        attached: bool = False,
        demo: bool = False,
        browser: bool = False,
        clock: Callable[[], float] = time.time,
        refresh: float = 1.0,
        settings: SettingsFile | None = None,
    ) -> None:
        chosen = chosen_theme()
        # The themes draw black on black without colours, unless the terminal's own are let through.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.hurried = False
        self._connect = connect
        self._attached = attached
        self._every = self._usual = refresh
        self._pulls: Timer | None = None
        self.session = Session(folder, clock, chosen_glyphs(), readonly=readonly, browser=browser)
        self.session.demo = demo
        self.notices = Notices()
        self.operations = Operations(self, self.session, self.notices, self.tick)
        self.animation_level = "none"
        self._bindings = BindingsMap(self.session.keymap.bindings_everywhere())
        self._before: list[View] = []
        for view in MODES:
            self.add_mode(view, partial(self._mode, view))
        for theme in THEMES:
            self.register_theme(theme)
        self.set_class(self.session.glyphs.ascii, "ascii")
        self.theme = chosen
        self._setup = Setup(settings)
        self._take_settings()

    def _mode(self, view: View) -> LiveScreen:
        return screen_about_all(view)(self.session, self.operations)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the values of our variables under a theme that does not define them."""
        return DEFAULTS

    def on_load(self) -> None:
        """Turn off eager tasks before the first screen is made.

        From Python 3.12 on Textual starts tasks eagerly; a mode's first widgets then look for a screen that is not yet
        on its stack, and the program ends.
        """
        asyncio.get_running_loop().set_task_factory(None)

    def on_mount(self) -> None:
        """Connect once the first picture is on the terminal."""
        self._catch_signals()
        self.call_after_refresh(self._start_opening)

    def _start_opening(self) -> None:
        self.run_worker(self._open(), exit_on_error=False)

    async def _open(self) -> None:
        connecting = in_background(self._connect_or_close, "connect")
        try:
            self.session.api = await asyncio.wrap_future(connecting)
        except AirssysError as error:
            self.session.failure = error
        except Exception as error:  # noqa: BLE001 - the operator reads the reason here, not in a traceback
            self.session.failure = AirssysError(f"{type(error).__name__}: {error}")
        if self.session.api is not None:
            self.tick(first=True)
            self._pulls = self.set_interval(self._every, self.tick)
        else:
            self._redraw()

    def _connect_or_close(self) -> RuntimeApi:
        api = self._connect()
        if self.session.closing:
            api.close()
        return api

    def _take_settings(self) -> bool:
        """Apply the configuration file if it changed; return whether it did.

        Settings that the change did not touch stay as the operator has set them meanwhile.
        """
        taken = self._setup.look()
        if taken is None:
            return False
        before, now, self.session.faults = taken
        if now.theme != before.theme:
            self.theme = theme_of(now) or self.theme
        if now.ascii != before.ascii:
            self.session.glyphs = glyphs_of(now)
            self.set_class(self.session.glyphs.ascii, "ascii")
        if now.refresh != before.refresh:
            self._set_pace(now.refresh)
        self.session.columns = now.columns
        if now.keys != before.keys:
            self.session.keymap = Keymap(now.keys, browser=self.session.browser)
            self._rebind()
        if now.arrangement != before.arrangement:
            self.session.arrangement = now.arrangement
            self._arrange_registry(now.arrangement)
        return True

    def _set_pace(self, seconds: float | None) -> None:
        """Pull at this interval from now on; None restores the usual one."""
        self._every = seconds or self._usual
        if self._pulls is not None:
            self._pulls.stop()
            self._pulls = self.set_interval(self._every, self.tick)

    def _live_screens(self) -> list[LiveScreen]:
        """Return every screen with live data, hidden ones included."""
        return [screen for stack in self._screen_stacks.values() for screen in stack if isinstance(screen, LiveScreen)]

    def _rebind(self) -> None:
        """Apply the present keys of the actions everywhere."""
        self._bindings = BindingsMap(self.session.keymap.bindings_everywhere())
        for screen in self._live_screens():
            screen.rebind()

    def _arrange_registry(self, how: Arrangement) -> None:
        for screen in self._live_screens():
            if isinstance(screen, RegistryScreen):
                screen.take(how)

    def action_next_theme(self) -> None:
        """Switch to the next of our themes."""
        self.theme = theme_after(self.theme)
        self.operations.say(f"theme: {self.theme}")

    def on_live_screen_save(self, message: LiveScreen.Save) -> None:
        """Save the view to the configuration file."""
        self.run_worker(self._save(message.how), exit_on_error=False)

    async def _save(self, how: Arrangement) -> None:
        work = partial(self._setup.save, how, theme=self.theme, columns=self.session.columns)
        path = await self.operations.ask(in_background(work, "save"))
        if path:
            self.operations.say(f"saved sort order, filter, columns and theme to {path}", title="view saved")
        elif path is not None:
            self.operations.say("there is no configuration file to save the view to", severity="warning")

    def tick(self, *, first: bool = False) -> None:
        """Pull what changed and show it on the visible screen; hidden ones catch up when they are shown."""
        if self._take_settings():
            first = True
        # Deployments while the runtime starts get no notice: the table shows them.
        started = self.session.phase is Phase.RUNNING
        change = self.session.pull()
        now = self.session.clock()
        if started and not first:
            self.notices.offer(change.events, now)
        notice = self.notices.take(now)
        if notice is not None:
            self.operations.tell(notice)
        self._redraw(None if first else change)

    def _redraw(self, change: Change | None = None) -> None:
        # The screen behind a question is visible too, and stays live.
        seen = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, LiveScreen)), None)
        if seen is not None:
            seen.show(change)

    def on_live_screen_open(self, message: LiveScreen.Open) -> None:
        """Show another screen."""
        self.run_worker(self.go(message.view, message.component), exit_on_error=False)

    async def go(self, view: View, component: str | None = None) -> None:
        """Show a screen: switch to one of :data:`MODES`, or push one about a component on top of the others."""
        if view in MODES:
            if view != self.current_mode:
                self._before = [each for each in self._before if each is not view] + [View(self.current_mode)]
            await self.switch_mode(view)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
            if component is not None and isinstance(self.screen, LiveScreen):
                self.screen.turn_to(component)
        elif component is not None:
            await self.push_screen(screen_about_one(view)(self.session, self.operations, component))

    async def on_live_screen_back(self) -> None:
        """Go back to the previous screen; the last one is the registry."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            await self.switch_mode(self._before.pop() if self._before else View.REGISTRY)

    def action_help(self) -> None:
        """Show the keys of the screen."""
        if isinstance(self.screen, LiveScreen):
            from airssys_tui.tui.dialogs.help import HelpScreen  # noqa: PLC0415 - late: see screen_table

            self.push_screen(HelpScreen(self.session, self.screen.view))

    async def on_event(self, event: events.Event) -> None:
        """Give a key to the screen as text where it takes text: before it is a command, and before the next key."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            screen = self.screen
            if isinstance(screen, LiveScreen) and screen.take_key(event):
                return
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual calls it
        """Leave ``:`` and ``?`` to an input or a question: their bindings come before the focused widget."""
        free = isinstance(self.screen, LiveScreen) and not isinstance(self.focused, Input)
        return free or action not in {"palette", "help"}

    def action_palette(self) -> None:
        """Find an action or a component by typing."""
        from airssys_tui.tui.screens.palette import Palette  # noqa: PLC0415 - late: see screen_table

        self.push_screen(Palette(placeholder="type an action or a component"))

    def action_ask_to_quit(self) -> None:
        """Quit, asking while components run in this process."""
        self.run_worker(self._ask_to_quit(), exit_on_error=False)

    async def _ask_to_quit(self) -> None:
        running = sum(state_word(view) == "running" for view in self.session.feed.rows.values())
        if running and not self._attached and not self.session.closing:
            what = "1 component runs" if running == 1 else f"{running} components run"
            they = "It stops now and runs" if running == 1 else "They stop now and run"
            lines = [
                f"{what} in this process.",
                f"{they} again at the next start. Only a `state` export keeps what is in memory.",
                "To leave them running next time: airssys-tui run FOLDER --detach, then attach.",
            ]
            if not await self.operations.agrees("Quit?", "Quit", lines):
                return
        self.action_leave_now()

    def action_leave_now(self) -> None:
        """Close the runtime and quit; asked a second time, quit without waiting."""
        if self.session.closing:
            self.hurried = True
            self.exit(self._code())
            return
        self.session.closing = True
        self.run_worker(self._leave(), exit_on_error=False)

    async def _leave(self) -> None:
        await self.go(View.REGISTRY)
        self._redraw()
        api = self.session.api
        if api is not None:
            closed = asyncio.wrap_future(in_background(api.close, "close"))
            with contextlib.suppress(TimeoutError, AirssysError):
                await asyncio.wait_for(closed, CLOSING)
        self.exit(self._code())

    def _code(self) -> int:
        return FAILED if self.session.failure is not None else 0

    def _catch_signals(self) -> None:
        if self.is_headless or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.action_leave_now)
