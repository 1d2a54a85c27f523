"""One instance with its revision, and the metering of calls into it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import msgspec

from airssys_tui.core.description import kind_of
from airssys_tui.core.errors import CapacityError
from airssys_tui.core.identity import Digest
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.core.types.interface import ExportedFunction, Interface
from airssys_tui.engine.calling import CallResult
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.wasi import Output
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.machinery.side_threads import SideCall, SideThreads
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Counters

GRACE: float = 0.25
"""Seconds after its deadline until the thread of a call that blocks in WASI is abandoned."""


class Blueprint:
    """The properties of an artifact that are known without running it; instances are made from them.

    Attributes:
        digest: Digest of the wasm bytes.
        interface: Its imports and exports.
        manifest: Its manifest; without a version of its own it has the one in the wasm file.
        manifest_digest: Digest of the manifest's meaning as it was read.
        revision: Its revision number.
        waits: Whether its calls may block in WASI.
    """

    __slots__ = ("digest", "interface", "manifest", "manifest_digest", "revision", "waits")

    def __init__(
        self,
        *,
        digest: Digest,
        interface: Interface,
        manifest: Manifest,
        manifest_digest: str,
        revision: int,
        waits: bool,
    ) -> None:
        self.digest = digest
        self.interface = interface
        self.manifest = manifest
        self.manifest_digest = manifest_digest
        self.revision = revision
        self.waits = waits

    @property
    def limits(self) -> Limits:
        """The limits of its instances: a command has more time and fuel than a call."""
        limits = self.manifest.limits
        return limits.of_command() if kind_of(self.interface, self.manifest.artifact.kind) == "command" else limits


class InFlight(msgspec.Struct, frozen=True):
    """A call that has not returned yet.

    Attributes:
        export: Full path of the export.
        seconds: How long it has been running.
    """

    export: str
    seconds: float


class Serving:
    """An instance and the artifact it was made from. Used by one worker at a time.

    Args:
        artifact: The artifact it was made from.
        instance: The instance.
        side: Threads for calls of guests that may block in WASI.
        tenant: Given to host functions.
        hear: Called with the lines that the guest wrote to stdout and stderr; None for guests without WASI.
        tier: Which compiler made its code.

    Attributes:
        counters: Where calls are counted, while it serves.
        costs: Where the cost of its calls is counted, while it serves.
        trapped_in: The export in which it trapped; empty if it did not.
        by_hand: Whether the call under way was made by hand, or the call that ended it was.
    """

    def __init__(
        self,
        artifact: Blueprint,
        instance: Instance,
        side: SideThreads,
        tenant: ComponentTenant,
        hear: Callable[[Output], None] | None = None,
        *,
        tier: Tier = Tier.OPTIMISED,
    ) -> None:
        self.tier = tier
        self.artifact = artifact
        self.instance = instance
        self.tenant = tenant
        self.counters: Counters | None = None
        self.costs: CallCosts | None = None
        self.trapped_in = ""
        self._inside = ""
        self._entered = 0
        self.by_hand = False
        self._side = side
        self._hearing = threading.Lock()
        self._hear = hear
        self._waiting: SideCall[CallResult] | None = None
        self._cancelled = False
        self._stuck = False
        tenant.guard.patience.attach(instance.activity.context, tenant.blocking)

    @property
    def in_flight(self) -> InFlight | None:
        """The call that runs now, from any thread; None without one."""
        inside = self._inside
        if not inside:
            return None
        # Read after the export: a call that begins meanwhile is younger, never older, than what is told.
        return InFlight(inside, max(0, perf_counter_ns() - self._entered) / 1e9)

    @property
    def prints(self) -> bool:
        """Whether the guest can write lines, which have to be drained."""
        return self._hear is not None

    @property
    def revision(self) -> int:
        """The revision it serves."""
        return self.artifact.revision

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        return self.artifact.manifest

    @property
    def dead(self) -> bool:
        """Whether it can take no more calls."""
        return self._stuck or self.instance.dead

    @property
    def cancelled(self) -> bool:
        """Whether its last call was cancelled."""
        return self._cancelled

    def ends_within(self, timeout: float | None) -> bool:
        """Return whether a call surely ends by itself within some seconds; None is for ever."""
        return not self.artifact.waits and (timeout is None or self.instance.limits.deadline <= timeout)

    def find(self, export: str) -> ExportedFunction:
        """Find an export by a full or a short name.

        Raises:
            ExportNotFound: If there is no such export.
        """
        return self.artifact.interface.find(export)

    def call(self, path: str, *args: Any) -> CallResult:
        """Call an export by its full path, metered.

        Args:
            path: ``instance#function`` or ``function``.
            args: Values in the forms of ``core.types.values``.

        Raises:
            GuestTrap: If the guest trapped; it is dead then.
            ArgumentError: If a value does not fit.
        """
        counters = self.counters
        if counters is None:
            return self._enter(path, args, None)
        sums = self.instance.activity
        fuel, wall_ns, cpu_ns = sums.fuel_total, sums.wall_ns, sums.cpu_ns
        try:
            result = self._enter(path, args, None)
        except GuestTrap:
            self.trapped_in = path
            counters.record_trap(
                sums.fuel_total - fuel, sums.wall_ns - wall_ns, sums.cpu_ns - cpu_ns, by_hand=self.by_hand
            )
            if self.by_hand and self.costs is not None:
                self.costs.lapse()
            raise
        counters.record(result.fuel, result.wall_ns, result.cpu_ns)
        if self.costs is not None:
            self.costs.record(path, result.fuel, result.wall_ns)
        return result

    def ask(self, path: str, *args: Any, deadline: float | None = None) -> Any:
        """Call an export for the host itself: its fuel and CPU time are counted, but not as a call.

        Args:
            path: The full path.
            args: Values in the forms of ``core.types.values``.
            deadline: Seconds; the manifest's if not given.

        Raises:
            GuestTrap: If the guest trapped; it is dead then.
        """
        try:
            result = self._enter(path, args, deadline)
        except GuestTrap:
            self.trapped_in = path
            raise
        if self.counters is not None:
            self.counters.record_upkeep(result.fuel, result.cpu_ns)
        return result.value

    def hurry(self, hurried: bool) -> None:
        """Let no call wait for the operator's answer while others wait for it to end; from any thread."""
        self.tenant.guard.patience.hurry(hurried)

    def cancel(self) -> None:
        """Cancel the running call, from any thread; one blocked in WASI is abandoned after :data:`GRACE` seconds."""
        self._cancelled = True
        self.instance.cancel()
        waiting = self._waiting
        if waiting is not None:
            waiting.hurry(GRACE)

    def _enter(self, path: str, args: tuple[Any, ...], deadline: float | None) -> CallResult:
        self.tenant.tracer.enter(path)
        self.tenant.heard.clear()
        self._entered = perf_counter_ns()
        self._inside = path
        try:
            if self.artifact.waits:
                return self._enter_aside(path, args, deadline)
            if deadline is None:  # naming it takes a noticeable part of a short call
                return self.instance.call(path, *args)
            return self.instance.call(path, *args, deadline=deadline)
        except GuestTrap as trap:
            self.tenant.tracer.break_off(trap.message)
            self.drain(final=True)
            trap.heard(self.tenant.heard, self.tenant.component)
            raise
        finally:
            self._inside = ""
            if self._hear is not None:
                self.drain()

    def _enter_aside(self, path: str, args: tuple[Any, ...], deadline: float | None) -> CallResult:
        def enter() -> CallResult:
            return self.instance.call(path, *args, deadline=deadline)

        limit = (deadline if deadline is not None else self.instance.limits.deadline) + GRACE
        self._cancelled = False
        try:
            # Closing does not wait for the guest: the instance is freed when the call returns.
            self._waiting = self._side.start(str(self.manifest.id), enter, limit, self.instance.close)
        except CapacityError as error:
            raise GuestTrap(Trap(TrapKind.STUCK_IN_HOST, error.message)) from error
        if self._cancelled:
            self._waiting.hurry(GRACE)
        try:
            return self._side.finish(self._waiting)
        except TimeoutError:
            self._stuck = True
            raise stuck(limit) from None
        finally:
            self._waiting = None

    def drain(self, *, final: bool = False) -> None:
        """Pass on the lines of the guest since the last drain; from any thread.

        Args:
            final: Pass on unfinished lines as well: it writes no more.
        """
        if self._hear is None:
            return
        with self._hearing:
            output = self.instance.output(final=final)
            if output.lines or output.dropped:
                self._hear(output)

    def close(self) -> None:
        """Drop the instance; a stuck one is freed by its thread, if that ever returns."""
        self.drain(final=True)
        self.instance.close()
        self.tenant.close()


def stuck(seconds: float) -> GuestTrap:
    """Return the trap of a guest that did not answer in time."""
    text = f"no answer within {seconds:.2f} s: the guest waits inside WASI"
    return GuestTrap(Trap(TrapKind.STUCK_IN_HOST, text))
