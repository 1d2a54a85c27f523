"""The runtime as a front end sees it: snapshots, pages of events, and the answers of commands and calls.

Views are immutable. Text for people in them is sanitised, data is as it was given. A snapshot carries a generation: a
front end that has seen generation *g* asks for the changes after it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.events import Event
from airssys_tui.core.revision import Tier
from airssys_tui.core.text import GuestText, Verbatim


class Phase(StrEnum):
    """State of the runtime as a whole."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class WatchView(msgspec.Struct, frozen=True):
    """How file changes are detected.

    Attributes:
        mode: ``native``, ``polling`` or ``stopped``.
        reason: Why the mode is not ``native``; else empty.
        survey: Seconds between surveys at least: comparisons of all files with those last seen, which find what nobody
            told the watcher; 0.0 while nothing is watched.
        missed: Changes that a survey found and native watching had missed, since the runtime started.
    """

    mode: str = "native"
    reason: GuestText = GuestText("")
    survey: float = 5.0
    missed: int = 0

    @property
    def words(self) -> str:
        """How the folder is watched, as a few words: ``native + survey``, ``polling`` or ``stopped``."""
        return "native + survey" if self.mode == "native" and self.survey else self.mode

    @property
    def sentence(self) -> str:
        """The same with its figures and its reason, for people."""
        every = f"every {self.survey:g} s" if self.survey and not self.reason else ""
        missed = f"the survey found {self.missed} that the watcher missed" if self.missed else ""
        more = ", ".join(part for part in (every, self.reason, missed) if part)
        return f"{self.words} ({more})" if more else self.words


SWITCH: Final = "switch"
"""Kind of the tallies that count switches: revisions that became active."""


class Tally(msgspec.Struct, frozen=True):
    """How often something happened since the runtime started, over all components and including dropped events.

    Attributes:
        kind: Kind of the events, or ``switch`` for revisions that became active.
        action: Action of the events; for a switch its cause: ``deploy``, ``reload``, ``rollback`` or ``restore``.
        count: How often.
    """

    kind: str
    action: str
    count: int


class GroupMember(msgspec.Struct, frozen=True):
    """A member of a group: a component, which need not be there, or another group."""

    name: str
    is_group: bool = False


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """One group of ``airssys.toml``.

    Attributes:
        name: Its name.
        strategy: ``one-for-one``, ``one-for-all`` or ``rest-for-one``.
        members: Its members, in start order.
        parent: The group that it is a member of; empty if there is none.
        max_restarts: Restarts that it makes within ``window`` before it escalates.
        window: Seconds.
        restarts: Restarts within the window now.
        given_up: Why it gave up, from the first cause outwards; empty if it did not. Only groups without a parent do.
    """

    name: str
    strategy: str
    members: tuple[GroupMember, ...] = ()
    parent: str = ""
    max_restarts: int = 3
    window: float = 60.0
    restarts: int = 0
    given_up: tuple[GuestText, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime at one moment.

    Attributes:
        generation: Grows with every change; pass it as ``since`` in the next request.
        at: Unix time in seconds.
        phase: State of the runtime.
        folder: The watched folder, as given.
        components: Rows, sorted by identity; with ``since``, only those that changed after it.
        removed: Identities of components that were removed after ``since``.
        watch: How file changes are detected.
        fuel_per_second: Fuel units per second of all components.
        memory: Bytes of linear memory of all components; None when not available.
        memory_limit: Sum of the memory limits of the running components, in bytes.
        cpu: Cores used by guests (1.0 = one core); None when not available.
        workers: Worker threads.
        busy: Worker threads that are running a call.
        handed: Calls that run for so long that another thread has taken their place among the workers.
        descriptors: File descriptors that the process has open; None when not available.
        descriptor_limit: File descriptors that it may have open; None without a limit.
        last_event: Sequence number of the newest event.
        dropped_events: Events that were dropped from the bounded buffer.
        unwritten_events: Events that were never recorded because the catalog could not keep up.
        tallies: How often something happened, by kind and action; without guest logs.
        problems: Sources that are not components, one line each (file: reason).
        groups: The groups of supervision, in the order of their file; all of them, also with ``since``.
        undo: The action that the next undo would undo, one line; empty if nothing can be undone.
        undo_loses: The data that this undo would lose permanently, one line; empty if it loses no data.
        disk_full: Why new deployments are refused for lack of disk space; empty if they are accepted.
    """

    generation: int
    at: float
    phase: Phase
    folder: GuestText
    components: tuple[ComponentView, ...] = ()
    removed: tuple[str, ...] = ()
    watch: WatchView = WatchView()
    fuel_per_second: float = 0.0
    memory: int | None = None
    memory_limit: int = 0
    cpu: float | None = None
    workers: int = 0
    busy: int = 0
    handed: int = 0
    descriptors: int | None = None
    descriptor_limit: int | None = None
    last_event: int = 0
    dropped_events: int = 0
    unwritten_events: int = 0
    tallies: tuple[Tally, ...] = ()
    problems: tuple[GuestText, ...] = ()
    groups: tuple[GroupView, ...] = ()
    undo: GuestText = GuestText("")
    undo_loses: GuestText = GuestText("")
    disk_full: GuestText = GuestText("")


class EventPage(msgspec.Struct, frozen=True):
    """Events, oldest first.

    Attributes:
        events: The events.
        missed: Upper bound of the events that were dropped before they could be returned.
        missed_logs: How many of the missed events were lines of guest logs.
    """

    events: tuple[Event, ...]
    missed: int = 0
    missed_logs: int = 0


class CallReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one call.

    Attributes:
        export: Full path of the export that was called.
        result: JSON text of the result; ``null`` when the function returns nothing.
        fuel: Fuel units used.
        seconds: Wall time of the call, without its time in the mailbox.
        cpu_seconds: CPU seconds in the guest; None when not available.
        memory_peak: Peak of the linear memory in bytes; None when not available.
        revision: The revision that answered; None if no runtime manages the component.
        output: Lines that the guest wrote to its standard output and error during the call.
        trace: Id of the call's trace, 32 hexadecimal digits; empty if the guest reported no steps.
        tier: Which compiler made the code that answered; fuel is comparable within a tier only.
    """

    export: str
    result: Verbatim
    fuel: int
    seconds: float
    cpu_seconds: float | None = None
    memory_peak: int | None = None
    revision: int | None = None
    output: tuple[Verbatim, ...] = ()
    trace: str = ""
    tier: Tier = Tier.OPTIMISED


class Done(msgspec.Struct, frozen=True):
    """A command that was carried out.

    Attributes:
        text: The result, one line.
        revision: The active revision after the command; None if no revision is active.
        exit_code: After a run of a command that was waited for: the exit code that a shell would see, 134 after a trap
            and 143 if it was cancelled.
    """

    text: GuestText
    revision: int | None = None
    exit_code: int | None = None
