"""A component as a front end sees it: its row, its resource usage and its details."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.events import Event
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, Recovery, State
from airssys_tui.core.revision import Tier
from airssys_tui.core.text import GuestText, Verbatim, one_line
from airssys_tui.core.units import format_duration


class NoteKind(StrEnum):
    """Meaning of a row's note; front ends colour it by this."""

    NONE = "none"
    INFO = "info"
    HELD = "held"
    REFUSED = "refused"
    TROUBLE = "trouble"


class Meters(msgspec.Struct, frozen=True, kw_only=True):
    """Resource usage of a component. None means not available, never zero.

    Attributes:
        fuel: Fuel units used since the component was installed in this runtime.
        fuel_per_second: Fuel units per second over the last sampling interval.
        fuel_per_call: Mean fuel of the calls of the active revision.
        memory: Bytes of linear memory now.
        memory_peak: Peak in bytes since the instance started.
        memory_limit: Limit in bytes.
        cpu: Share of one core over the last sampling interval (1.0 = one core), without host time.
        cpu_seconds: Total CPU seconds in the guest.
        calls: Finished calls, including those that trapped.
        calls_per_second: Calls per second over the last sampling interval.
        errors: Calls that ended in a trap.
        hand_traps: Calls by hand that ended in a trap; they are counted neither as calls nor as errors.
        queue: Calls queued in the mailbox.
        dropped: Calls rejected because the mailbox was full.
        p50_ms: Median latency of the calls, in milliseconds.
        p95_ms: 95th percentile of the latency, in milliseconds.
        p99_ms: 99th percentile of the latency, in milliseconds.
        call_seconds: Sum of the latencies of the calls.
        call_buckets: Calls at most as long as each of ``LATENCY_BOUNDS``; empty before the first call.
        memory_full_in: Seconds until the memory limit is reached if the trend of the last minute continues; None if it
            will not be.
        fuel_change: Fuel per call relative to the previous revision: 0.02 means 2 % more; None when either is unknown.
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
    hand_traps: int = 0
    queue: int = 0
    dropped: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    call_seconds: float = 0.0
    call_buckets: tuple[int, ...] = ()
    memory_full_in: float | None = None
    fuel_change: float | None = None


class History(msgspec.Struct, frozen=True):
    """The last samples of the meters, oldest first: one per second, at most 120.

    Attributes:
        fuel: Fuel units per second.
        memory: Bytes of linear memory.
        latency_ms: Median latency in milliseconds.
    """

    fuel: tuple[float, ...] = ()
    memory: tuple[float, ...] = ()
    latency_ms: tuple[float, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """The most important fact about a component now, one line; may be empty."""

    kind: NoteKind = NoteKind.NONE
    text: GuestText = GuestText("")


class Awaiting(msgspec.Struct, frozen=True):
    """A revision that waits for an operator's approval, while the one before it serves.

    Attributes:
        revision: Its number.
        reason: What it asks for, in words; the grants have each permission.
    """

    revision: int
    reason: GuestText


class RunningCall(msgspec.Struct, frozen=True):
    """A call that has been inside the component for more than a second.

    Attributes:
        export: Name of the export, without its interface.
        seconds: How long it has been running, in whole seconds.
    """

    export: GuestText
    seconds: int

    @property
    def text(self) -> GuestText:
        """What runs and for how long, for people."""
        spent = f"{self.seconds} s" if self.seconds < 60 else format_duration(self.seconds)
        return GuestText(f"running {self.export} for {spent}")


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """An import of one component that another one provides.

    Attributes:
        interface: The import.
        consumer: Who imports.
        provider: Who provides; empty while nobody does, and the consumer waits.
        calls: Calls over the link that ended.
        errors: Those that ended without a result.
        p50_ms: Their median latency in milliseconds, as the consumer sees it.
        others: Links to the provider that this one sums up, without naming them; 0 if it is one link.
    """

    interface: Verbatim
    consumer: str
    provider: str = ""
    calls: int = 0
    errors: int = 0
    p50_ms: float | None = None
    others: int = 0

    @property
    def text(self) -> GuestText:
        """The link with its figures, for people."""
        if self.others:
            return GuestText(f"{self.others} more -> {self.provider}  {self.calls} calls, {self.errors} failed")
        if not self.provider:
            return GuestText(f"{self.consumer} waits for {one_line(self.interface)}")
        spent = f", median {self.p50_ms:.3f} ms" if self.p50_ms is not None else ""
        figures = f"{self.calls} calls, {self.errors} failed{spent}"
        return GuestText(f"{self.consumer} -> {self.provider}  {one_line(self.interface)}  {figures}")


class ComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of a component: one row of a list.

    Attributes:
        id: Text form of the identity.
        state: Lifecycle state.
        health: The health that it last reported.
        recovery: What supervision does next.
        desired: Whether the operator wants it running or stopped.
        kind: ``actor``, ``passive`` or ``command``.
        version: Version of the active revision.
        revision: Number of the active revision.
        candidate: Number of the candidate while it is updating.
        awaiting: The revision that waits for approval; None if none does.
        digest: Digest of the active revision's artifact.
        stable: Whether the active revision is stable.
        untried: Whether the active revision is not stable for want of evidence: it has neither served enough calls nor
            passed the saved checks.
        tier: Which compiler made the code that serves now; None while nothing serves.
        stateful: Whether it exports ``state``.
        source: File or directory that it comes from, relative to the watched folder; empty if that was removed.
        present: Whether the source exists.
        held: Held artifacts, by version or short digest: neither watcher nor restart deploys them.
        note: The most important fact about it now.
        running: The call that has been running for more than a second; None without one.
        exit_code: The exit code of the last run of a command; None while it runs, or if it did not end by itself.
        restarts: Restarts by supervision since the runtime started.
        started_at: Unix time when the running instance started.
        state_bytes: Size of the last saved state in bytes; None if no state is saved.
        state_saved_at: Unix time of the last saved state.
        probation_until: Unix time at which the probation of the active revision ends; None when it is not on probation.
        quarantined: Numbers of its quarantined revisions.
        links: Its imports that another component provides, or that it waits for; then those that it provides.
        meters: Its resource usage.
        custom_series: Number of series that it records itself; :class:`MeterDetail` has their values.
        history: The last samples of its meters.
        generation: Generation of the snapshot in which this row last changed.
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
    awaiting: Awaiting | None = None
    digest: str | None = None
    stable: bool = False
    untried: bool = False
    tier: Tier | None = None
    stateful: bool = False
    source: GuestText = GuestText("")
    present: bool = True
    held: tuple[GuestText, ...] = ()
    note: Note = Note()
    running: RunningCall | None = None
    exit_code: int | None = None
    restarts: int = 0
    started_at: float | None = None
    state_bytes: int | None = None
    state_saved_at: float | None = None
    probation_until: float | None = None
    quarantined: tuple[int, ...] = ()
    links: tuple[LinkView, ...] = ()
    meters: Meters = Meters()
    custom_series: int = 0
    history: History = History()
    generation: int = 0


class HostUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the host keeps in its own memory for a component, outside the component's memory limit.

    Attributes:
        what: ``host handles``, ``open handles``, ``timers``, ``series`` or ``traces``.
        count: How many there are.
        limit: How many there may be.
        bytes: Bytes of memory that they are counted with; None if they are too few to be measured.
        refused: How often the limit was met: series that were dropped, timer deliveries that were skipped.
    """

    what: str
    count: int
    limit: int
    bytes: int | None = None
    refused: int = 0


class ComponentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one component that does not change every second.

    What its files say is whole and as they say it: show it sanitised.

    Attributes:
        exports: ``path: signature`` in WIT syntax, in order.
        imports: Names of the imported interfaces and functions.
        capabilities: ``kind: declaration``, one line each.
        limits: ``name: value`` for people.
        config: ``key: JSON`` passed to it.
        inert: Keys that its manifest sets and that have no effect yet, and why.
        described: The description from its ``metadata`` export, as ``key: value``,
            with its line breaks.
        host_use: What the host keeps for it; empty when it never ran in this runtime.
        messages: What became of its messages in this runtime, as ``what: count``; nothing that is zero.
    """

    view: ComponentView
    exports: tuple[Verbatim, ...] = ()
    imports: tuple[Verbatim, ...] = ()
    capabilities: tuple[Verbatim, ...] = ()
    limits: tuple[GuestText, ...] = ()
    config: tuple[Verbatim, ...] = ()
    inert: tuple[GuestText, ...] = ()
    described: tuple[Verbatim, ...] = ()
    host_use: tuple[HostUse, ...] = ()
    messages: tuple[GuestText, ...] = ()
    description: Verbatim = ""
    revisions: tuple[RevisionView, ...] = ()
    recent: tuple[Event, ...] = ()
