"""What a front end sees: immutable values, every text in them already sanitised.

A snapshot carries a generation; a front end that has seen generation *g* asks for what changed since.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.events import Event
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, Recovery, State
from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.text import GuestText


class Phase(StrEnum):
    """Where the runtime as a whole is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class NoteKind(StrEnum):
    """How a row's note is to be read."""

    NONE = "none"
    INFO = "info"
    HELD = "held"
    REFUSED = "refused"
    TROUBLE = "trouble"


class Meters(msgspec.Struct, frozen=True, kw_only=True):
    """What a component uses. ``None`` means that it cannot be had, never zero.

    Attributes:
        fuel: Fuel units used since the component was installed in this runtime.
        fuel_per_second: Fuel units per second over the last sampling interval.
        fuel_per_call: Mean fuel of the calls of the active revision.
        memory: Bytes of linear memory now.
        memory_peak: The most it ever was in this instance.
        memory_limit: The limit in bytes.
        cpu: Share of one core over the last sampling interval (1.0 = one core), without host time.
        cpu_seconds: CPU seconds in the guest in total.
        calls: Calls finished, traps included.
        calls_per_second: Over the last sampling interval.
        errors: Calls that ended in a trap.
        queue: Calls waiting in the mailbox.
        dropped: Calls rejected because the mailbox was full.
        p50_ms: Median latency in milliseconds; p95 and p99 beside it.
        memory_full_in: Seconds until the memory limit is reached, when the trend of the last minute says so.
        fuel_change: Fuel per call against the previous revision's: 0.02 is two percent more; ``None`` when either is
            not known.
    """

    fuel: int = 0
    fuel_per_second: float = 0.0
    fuel_per_call: float | None = None
    memory: int | None = None
    memory_peak: int | None = None
    memory_limit: int = 0
    cpu: float | None = None
    cpu_seconds: float | None = None
    calls: int = 0
    calls_per_second: float = 0.0
    errors: int = 0
    queue: int = 0
    dropped: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    memory_full_in: float | None = None
    fuel_change: float | None = None


class History(msgspec.Struct, frozen=True):
    """The last samples of the meters, oldest first, one a second, at most 120."""

    fuel: tuple[float, ...] = ()
    memory: tuple[float, ...] = ()
    latency_ms: tuple[float, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """The one thing that an operator should know about a row now."""

    kind: NoteKind = NoteKind.NONE
    text: GuestText = GuestText("")


class ComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a component as it is now.

    Attributes:
        id: Text form of the identity.
        state: Lifecycle state.
        health: What it last said of itself.
        recovery: What supervision is about to do.
        desired: What the operator wants.
        kind: ``actor``, ``passive`` or ``command``.
        version: Of the active revision.
        revision: Number of the active revision.
        candidate: Number of the revision being tried, while updating.
        digest: Of the active revision's artifact.
        stable: Whether the active revision is stable.
        stateful: Whether it exports ``state``.
        source: File or directory it comes from, relative to the watched folder; empty when it is gone.
        present: Whether the source is there.
        held: Labels (version or short digest) held back from being redeployed.
        note: The one thing to know.
        restarts: Restarts by supervision since the runtime started.
        started_at: Unix time when the running instance started.
        state_bytes: Size of the last state snapshot, when there is one.
        state_saved_at: Unix time of the last state snapshot.
        probation_until: Unix time at which the active revision has proved itself; ``None`` when it
            has, or never has to.
        quarantined: Numbers of its quarantined revisions.
        meters: What it uses.
        custom_series: How many series it measures of itself; the meters in full have them.
        history: The last samples.
        generation: Snapshot generation in which this row last changed.
    """

    id: str
    state: State
    health: Health = Health.UNKNOWN
    recovery: Recovery = NO_RECOVERY
    desired: Desired = Desired.RUNNING
    kind: str = "passive"
    version: str | None = None
    revision: int | None = None
    candidate: int | None = None
    digest: str | None = None
    stable: bool = False
    stateful: bool = False
    source: GuestText = GuestText("")
    present: bool = True
    held: tuple[GuestText, ...] = ()
    note: Note = Note()
    restarts: int = 0
    started_at: float | None = None
    state_bytes: int | None = None
    state_saved_at: float | None = None
    probation_until: float | None = None
    quarantined: tuple[int, ...] = ()
    meters: Meters = Meters()
    custom_series: int = 0
    history: History = History()
    generation: int = 0


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


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a component's timeline.

    Attributes:
        number: The revision.
        origin: For a rollback, the revision whose artifact it points at.
        reason: Why it failed or ended, one line; empty when there is nothing to say.
        at: Unix time when it was accepted as a candidate.
        gates: Gates passed, with milliseconds, in order.
        fuel_per_call: Mean over the calls it served in this runtime.
        state_bytes: Size of the newest snapshot taken from it.
        size: Bytes of the artifact.
        pinned: Whether an operator wants it kept.
        activated_at: Unix time when it took over; ``None`` when it never did.
        ended_at: Unix time when its outcome was written.
        calls: Calls it served in this runtime.
    """

    number: int
    version: str | None
    digest: str
    outcome: Outcome
    stable: bool
    cause: Cause
    who: GuestText
    note: GuestText
    at: float
    origin: int | None = None
    reason: GuestText = GuestText("")
    gates: tuple[tuple[str, float], ...] = ()
    fuel_per_call: float | None = None
    state_bytes: int | None = None
    state_at: float | None = None
    size: int | None = None
    pinned: bool = False
    activated_at: float | None = None
    ended_at: float | None = None
    calls: int | None = None


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a comparison: ``same``, ``added``, ``removed`` or ``changed``, of one subject (exports, limits…)."""

    subject: str
    change: str
    text: GuestText


class RevisionDiff(msgspec.Struct, frozen=True):
    """What differs between two revisions of a component."""

    component: str
    now: RevisionView | None
    then: RevisionView
    lines: tuple[DiffLine, ...]


class StateChoice(msgspec.Struct, frozen=True):
    """One state policy in a rollback, whether it is possible, and what it means."""

    policy: str
    possible: bool
    text: GuestText


class RollbackPreview(msgspec.Struct, frozen=True):
    """What a rollback would do, shown before it is confirmed.

    Attributes:
        diff: From the active revision to the target.
        becomes: Number that the new revision would get.
        holds: Labels that would be held back from being redeployed.
        state: The state policies.
    """

    diff: RevisionDiff
    becomes: int
    holds: tuple[GuestText, ...]
    state: tuple[StateChoice, ...]


class ComponentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one component that does not change every second.

    Attributes:
        exports: ``path: signature`` in WIT syntax, in order.
        imports: Likewise.
        capabilities: Declared ones, as written.
        limits: ``name: value`` for people.
        config: ``key: JSON`` handed to it.
        described: What its ``metadata`` says, as ``key: value``.
    """

    view: ComponentView
    exports: tuple[GuestText, ...] = ()
    imports: tuple[GuestText, ...] = ()
    capabilities: tuple[GuestText, ...] = ()
    limits: tuple[GuestText, ...] = ()
    config: tuple[GuestText, ...] = ()
    described: tuple[GuestText, ...] = ()
    description: GuestText = GuestText("")
    revisions: tuple[RevisionView, ...] = ()
    recent: tuple[Event, ...] = ()


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
