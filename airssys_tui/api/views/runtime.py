"""What a front end sees: immutable values, every text in them already sanitised.

A snapshot carries a generation; a front end that has seen generation *g* asks for what changed since.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.events import Event
from airssys_tui.core.text import GuestText


class Phase(StrEnum):
    """Where the runtime as a whole is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class WatchView(msgspec.Struct, frozen=True):
    """How changes are noticed: ``native``, ``polling`` or ``stopped``, and why when it is not native."""

    mode: str = "native"
    reason: GuestText = GuestText("")


SWITCH: Final = "switch"
"""The kind under which revisions that took over are counted."""


class Tally(msgspec.Struct, frozen=True):
    """How often something has happened since the runtime started; nothing is lost when the events overflow.

    Attributes:
        kind: As of the events, or ``switch`` for revisions that took over.
        action: As of the events; of a switch its cause: ``deploy``, ``reload``, ``rollback``, ``restore``.
        count: How often, over all components.
    """

    kind: str
    action: str
    count: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime at one moment.

    Attributes:
        generation: Grows with every snapshot that differs.
        at: Unix time in seconds.
        phase: Where the runtime is.
        folder: The watched folder, as given.
        components: Rows by identity. With ``since``, only those that changed after it.
        removed: Identities gone since ``since``.
        watch: How changes are noticed.
        fuel_per_second: Over all components.
        memory: Bytes over all components; ``None`` when it cannot be had.
        memory_limit: Sum of the limits of the running components.
        cpu: Cores in use by guests.
        workers: Worker threads; ``busy`` of them are in a call.
        stuck: Threads whose guest waits inside WASI past the end of its call: counted until they come back.
        last_event: Sequence number of the newest event.
        dropped_events: Events that were pushed out of the bounded buffer.
        unwritten_events: Events that the catalog never got, for it could not keep up.
        tallies: How often what has happened, by kind and action; guest logs are not counted here.
        problems: Sources that are no component at all (file: reason).
        undo: What undoing would undo, one line; empty when there is nothing.
        undo_loses: What undoing it would lose for good, one line; empty when nothing is lost.
        disk_full: Why new deployments are refused for want of disk space; empty when they are not.
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
    stuck: int = 0
    last_event: int = 0
    dropped_events: int = 0
    unwritten_events: int = 0
    tallies: tuple[Tally, ...] = ()
    problems: tuple[GuestText, ...] = ()
    undo: GuestText = GuestText("")
    undo_loses: GuestText = GuestText("")
    disk_full: GuestText = GuestText("")


class EventPage(msgspec.Struct, frozen=True):
    """Events after a sequence number, oldest first.

    Attributes:
        missed: Up to so many were pushed out before they were read.
        missed_logs: How many of those were lines of guest logs.
    """

    events: tuple[Event, ...]
    missed: int = 0
    missed_logs: int = 0


class CallReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one call.

    Attributes:
        export: The full path that was called.
        result: JSON text of the result; ``null`` when the function has none.
        fuel: Fuel units used.
        seconds: Wall time of the call itself, without waiting.
        cpu_seconds: In the guest; ``None`` when it cannot be had.
        memory_peak: Bytes; ``None`` when it cannot be had.
        revision: The revision that answered, for running components.
        trace: Identity of the trace in which the call told of its steps; empty when it told of none.
    """

    export: str
    result: str
    fuel: int
    seconds: float
    cpu_seconds: float | None = None
    memory_peak: int | None = None
    revision: int | None = None
    output: tuple[GuestText, ...] = ()
    trace: str = ""


class Done(msgspec.Struct, frozen=True):
    """A command that was carried out.

    Attributes:
        text: What happened, one line.
        revision: The active revision afterwards.
    """

    text: GuestText
    revision: int | None = None
