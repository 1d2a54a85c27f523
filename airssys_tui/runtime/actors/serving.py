"""One instance with its revision, and the metering of calls into it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import msgspec

from airssys_tui.core.description import kind_of
from airssys_tui.core.identity import Digest
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.interface import ExportedFunction, Interface
from airssys_tui.engine.calling import CallResult
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.resources import ResourceHandle
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Counters


class Blueprint:
    """The properties of an artifact that are known without running it; instances are made from them.

    Attributes:
        digest: Digest of the wasm bytes.
        interface: Its imports and exports.
        manifest: Its manifest; without a version of its own it has the one in the wasm file.
        manifest_digest: Digest of the manifest's meaning as it was read.
        revision: Its revision number.
    """

    __slots__ = ("digest", "interface", "manifest", "manifest_digest", "revision")

    def __init__(
        self,
        *,
        digest: Digest,
        interface: Interface,
        manifest: Manifest,
        manifest_digest: str,
        revision: int,
    ) -> None:
        self.digest = digest
        self.interface = interface
        self.manifest = manifest
        self.manifest_digest = manifest_digest
        self.revision = revision

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
        tenant: Given to host functions.
        again: Makes another instance like it, on the thread that calls it.
        prints: Whether the guest can write lines, which have to be drained: it imports WASI.
        tier: Which compiler made its code.

    Attributes:
        prints: The same.
        counters: Where calls are counted, while it serves.
        costs: Where the cost of its calls is counted, while it serves.
        post: Queues a call of it, while it serves; :meth:`Actor.post`.
        trapped_in: The export in which it trapped; empty if it did not.
        by_hand: Whether the call under way was made by hand, or the call that ended it was.
        requests: Requests over HTTP that its instance took.
        excuse: Why it is not to blame for the trap that ended it; empty if it is.
        accepts: The codecs of messages that it takes; None for any.
    """

    def __init__(
        self,
        artifact: Blueprint,
        instance: Instance,
        tenant: ComponentTenant,
        *,
        again: Callable[[], Instance],
        prints: bool = False,
        tier: Tier = Tier.OPTIMISED,
    ) -> None:
        self.tier = tier
        self.artifact = artifact
        self.instance = instance
        self.tenant = tenant
        self.counters: Counters | None = None
        self.costs: CallCosts | None = None
        self.post: Callable[..., object] | None = None
        self.trapped_in = ""
        self._inside = ""
        self._entered = 0
        self.by_hand = False
        self.excuse = ""
        self.accepts: frozenset[int] | None = None
        self.prints = prints
        self.requests = 0
        self._again = again
        self._cancelled = False
        self._attach()

    @property
    def in_flight(self) -> InFlight | None:
        """The call that runs now, from any thread; None without one."""
        inside = self._inside
        if not inside:
            return None
        # Read after the export: a call that begins meanwhile is younger, never older, than what is told.
        return InFlight(inside, max(0, perf_counter_ns() - self._entered) / 1e9)

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
        return self.instance.dead

    @property
    def cancelled(self) -> bool:
        """Whether its last call was cancelled."""
        return self._cancelled

    def ends_within(self, timeout: float | None) -> bool:
        """Return whether a call surely ends by itself within some seconds; None is for ever."""
        return timeout is None or self.instance.limits.deadline <= timeout

    def find(self, export: str) -> ExportedFunction:
        """Find an export by a full or a short name.

        Raises:
            ExportNotFound: If there is no such export.
        """
        return self.artifact.interface.find(export)

    def call(self, path: str, *args: Any, deadline: float | None = None) -> CallResult:
        """Call an export by its full path, metered.

        Args:
            path: ``instance#function`` or ``function``.
            args: Values in the forms of ``core.types.values``.
            deadline: Seconds; the manifest's if not given.

        Raises:
            GuestTrap: If the guest trapped; it is dead then.
            ArgumentError: If a value does not fit.
        """
        counters = self.counters
        if counters is None:
            return self._enter(path, args, deadline)
        sums = self.instance.activity
        fuel, wall_ns, cpu_ns = sums.fuel_total, sums.wall_ns, sums.cpu_ns
        try:
            result = self._enter(path, args, deadline)
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

    def first_work(self) -> Callable[[Serving], None] | None:
        """Return what is to be done on a worker before its first call, now that it serves; None for nothing."""
        return self.tenant.first_work()

    def hurry(self, hurried: bool) -> None:
        """Let no call wait for the operator's answer while others wait for it to end; from any thread."""
        self.tenant.guard.patience.hurry(hurried)

    def cancel(self) -> None:
        """Cancel the running call, from any thread."""
        self._cancelled = True
        self.instance.cancel()

    def _enter(self, path: str, args: tuple[Any, ...], deadline: float | None) -> CallResult:
        self.tenant.tracer.enter(path)
        self.tenant.heard.clear()
        self._entered = perf_counter_ns()
        self._inside = path
        try:
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
            if self.prints:
                self.tenant.hear()

    def release(self, handle: ResourceHandle) -> None:
        """Drop a resource of the instance; the guest's destructor runs.

        Raises:
            GuestTrap: If it traps.
            HostFault: If the host's destructor fails.
        """
        handle.close()

    def drain(self, *, final: bool = False) -> None:
        """Pass on the lines of the guest since the last drain; from any thread.

        Args:
            final: Pass on unfinished lines as well: it writes no more.
        """
        if self.prints:
            self.tenant.hear(final=final)

    def renew(self, prepare: Callable[[Serving], None]) -> None:
        """Replace the instance by a fresh one; on a worker, between two calls.

        Args:
            prepare: Prepares the fresh one. If it raises, the present instance stays.

        Raises:
            AirssysError: If the fresh one cannot be made or prepared.
        """
        fresh = type(self)(
            self.artifact, self._again(), self.tenant, again=self._again, prints=self.prints, tier=self.tier
        )
        try:
            prepare(fresh)
        except BaseException:
            fresh.instance.close()
            self._attach()
            raise
        worn, self.instance, self.requests = self.instance, fresh.instance, 0
        worn.close()

    def _attach(self) -> None:
        """Let calls of the instance wait for the operator's answers."""
        self.tenant.guard.patience.attach(self.instance.activity.context, self.tenant.waiting)

    def close(self) -> None:
        """Drop the instance."""
        self.drain(final=True)
        self.instance.close()
        self.tenant.close()
