"""What all screens share: the feed, the clock, the symbols, and whether the view is paused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.errors import AirssysError, Disconnected
from airssys_tui.core.events import Event
from airssys_tui.tui.actions.keymap import DEFAULT_KEYS, Keymap
from airssys_tui.tui.drawing.arrangement import Arrangement, state_word
from airssys_tui.tui.drawing.columns import Sight
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.state.call_log import CallLog
from airssys_tui.tui.state.feed import Change, Feed
from airssys_tui.tui.state.marks import Marks


class Session:
    """One run of the screen.

    Attributes:
        feed: The data pulled from the runtime.
        api: The runtime, once it is connected.
        failure: Why it is not connected, if connecting failed.
        stale: Why the data is out of date; empty while it is fresh.
        disconnected: Whether it is out of date because the runtime went away; reconnecting goes on meanwhile.
        closing: Whether the runtime is being closed.
        readonly: Whether there are no actions that change the system.
        browser: Whether the screen is shown in a browser.
        demo: Whether the runtime is a demonstration.
        folder: The watched folder, as the operator wrote it.
        keymap: Which keys the actions have.
        marks: Which components are marked.
        calls: The calls made on the call screen.
        columns: Names of the registry's columns, in order; empty for the standard ones.
        arrangement: Rows and order that the registry opens with.
        faults: What is wrong in the settings, one line each; the previous settings stay in force.
    """

    def __init__(
        self, folder: str, clock: Callable[[], float], glyphs: Glyphs, *, readonly: bool, browser: bool = False
    ) -> None:
        self.feed = Feed()
        self.api: RuntimeApi | None = None
        self.failure: AirssysError | None = None
        self.stale = ""
        self.disconnected = False
        self.closing = False
        self.readonly = readonly
        self.demo = False
        self.folder = folder
        self.clock = clock
        self.glyphs = glyphs
        self.browser = browser
        self.keymap: Keymap = Keymap(browser=True) if browser else DEFAULT_KEYS
        self.marks = Marks()
        self.calls = CallLog()
        self.columns: tuple[str, ...] = ()
        self.arrangement = Arrangement()
        self.faults: tuple[str, ...] = ()
        self._frozen: dict[str, ComponentView] | None = None
        self._frozen_at = 0.0
        self._frozen_log: tuple[Event, ...] = ()
        self._frozen_lines: tuple[Event, ...] = ()
        self._counts: tuple[int, Counter[str]] = (-1, Counter())

    @property
    def paused(self) -> bool:
        """Whether the view is paused."""
        return self._frozen is not None

    def pause(self, on: bool) -> None:
        """Freeze the view, or thaw it."""
        self._frozen = dict(self.feed.rows) if on else None
        self._frozen_log = tuple(self.feed.log) if on else ()
        self._frozen_lines = tuple(self.feed.lines) if on else ()
        self._frozen_at = self.clock()

    @property
    def rows(self) -> Mapping[str, ComponentView]:
        """The rows to show: the newest, or those from when the view was paused."""
        return self.feed.rows if self._frozen is None else self._frozen

    @property
    def log(self) -> Sequence[Event]:
        """The events to show, oldest first: the newest, or those from when the view was paused."""
        return self.feed.log if self._frozen is None else self._frozen_log

    @property
    def lines(self) -> Sequence[Event]:
        """The log lines to show, oldest first: the newest, or those from when the view was paused."""
        return self.feed.lines if self._frozen is None else self._frozen_lines

    @property
    def sight(self) -> Sight:
        """The time and the symbols to draw with."""
        return Sight(self.clock() if self._frozen is None else self._frozen_at, self.glyphs)

    @property
    def phase(self) -> Phase:
        """The phase of the runtime, as far as the screen knows."""
        if self.closing:
            return Phase.STOPPING
        if self.failure is not None:
            return Phase.FAILED
        return self.feed.head.phase if self.api is not None else Phase.STARTING

    def counts(self) -> Counter[str]:
        """Return how many components are in each state, and how many have a held digest."""
        generation = self.feed.head.generation
        if self._counts[0] != generation:
            counted = Counter(map(state_word, self.feed.rows.values()))
            counted["held"] = sum(1 for view in self.feed.rows.values() if view.held)
            self._counts = (generation, counted)
        return self._counts[1]

    def pull(self) -> Change:
        """Bring the feed up to date; a runtime that does not answer makes the view stale."""
        if self.api is None:
            return Change()
        try:
            change = self.feed.pull(self.api)
        except AirssysError as error:
            self.stale = str(error)
            self.disconnected = isinstance(error, Disconnected)
            return Change()
        self.stale = ""
        self.disconnected = False
        return change
