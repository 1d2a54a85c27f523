"""A component as a front end sees it: its row, what it uses, and its details."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.events import Event
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, Recovery, State
from airssys_tui.core.text import GuestText


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


class ComponentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one component that does not change every second.

    Attributes:
        exports: ``path: signature`` in WIT syntax, in order.
        imports: Names of the imported interfaces and functions.
        capabilities: ``kind: declaration``, one line each.
        limits: ``name: value`` for people.
        config: ``key: JSON`` handed to it.
        inert: Keys that its manifest sets and that have no effect yet, and why.
        described: What its ``metadata`` says, as ``key: value``.
    """

    view: ComponentView
    exports: tuple[GuestText, ...] = ()
    imports: tuple[GuestText, ...] = ()
    capabilities: tuple[GuestText, ...] = ()
    limits: tuple[GuestText, ...] = ()
    config: tuple[GuestText, ...] = ()
    inert: tuple[GuestText, ...] = ()
    described: tuple[GuestText, ...] = ()
    description: GuestText = GuestText("")
    revisions: tuple[RevisionView, ...] = ()
    recent: tuple[Event, ...] = ()
