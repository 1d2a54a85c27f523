"""One instance in service: what runs, under which revision, and how a call into it is metered."""

from __future__ import annotations

from typing import Any

from airssys_tui.core.errors import CapacityError
from airssys_tui.core.identity import Digest
from airssys_tui.core.interface import ExportedFunction, Interface
from airssys_tui.core.manifest import Manifest
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.engine.calling import CallResult
from airssys_tui.engine.instance import Instance
from airssys_tui.runtime.meters import Counters
from airssys_tui.runtime.workers import SideThreads

GRACE: float = 0.25
"""Seconds beyond its deadline that a call waiting in WASI gets before its thread is abandoned."""


class Artifact:
    """What an instance is made from, and what is known of it without running it.

    Attributes:
        digest: Digest of the wasm bytes.
        interface: What it imports and exports.
        manifest: Its manifest, with the version found in the wasm file when it has none of its own.
        manifest_digest: Digest of the manifest's meaning as it was read.
        revision: The revision it is.
        waits: Whether its calls may wait inside WASI.
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


class Serving:
    """An instance and the artifact it was made from. Used by one worker at a time.

    Args:
        artifact: What it was made from.
        instance: The instance.
        side: Where calls of guests that wait inside WASI run.
    """

    def __init__(self, artifact: Artifact, instance: Instance, side: SideThreads) -> None:
        self.artifact = artifact
        self.instance = instance
        self.counters: Counters | None = None
        self._side = side
        self._stuck = False

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
        """Whether no call can enter it any more."""
        return self._stuck or self.instance.dead

    def find(self, export: str) -> ExportedFunction:
        """Resolve what a person calls an export.

        Raises:
            ExportNotFound: If there is none.
        """
        return self.artifact.interface.find(export)

    def call(self, path: str, *args: Any) -> CallResult:
        """Call an export by its full path, metered.

        Args:
            path: ``instance#function`` or ``function``.
            args: Values in the forms of ``core.values``.

        Raises:
            GuestTrap: If the guest trapped; it is dead then.
            ArgumentError: If a value does not fit.
        """
        counters = self.counters
        if counters is None:
            return self._enter(path, args, None)
        before = self.instance.meters
        try:
            result = self._enter(path, args, None)
        except GuestTrap:
            after = self.instance.meters
            counters.record_trap(
                after.fuel_total - before.fuel_total, after.wall_ns - before.wall_ns, after.cpu_ns - before.cpu_ns
            )
            raise
        counters.record(result.fuel, result.wall_ns, result.cpu_ns)
        return result

    def ask(self, path: str, *args: Any, deadline: float | None = None) -> Any:
        """Call an export for the host's own sake: its fuel and time count, but it is no call of anybody's.

        Args:
            path: The full path.
            args: Values in the forms of ``core.values``.
            deadline: Seconds, instead of the manifest's.

        Raises:
            GuestTrap: If the guest trapped; it is dead then.
        """
        result = self._enter(path, args, deadline)
        if self.counters is not None:
            self.counters.record_upkeep(result.fuel, result.cpu_ns)
        return result.value

    def _enter(self, path: str, args: tuple[Any, ...], deadline: float | None) -> CallResult:
        if not self.artifact.waits:
            return self.instance.call(path, *args, deadline=deadline)
        limit = (deadline if deadline is not None else self.manifest.limits.deadline) + GRACE
        try:
            return self._side.run(
                lambda: self.instance.call(path, *args, deadline=deadline), limit, self.instance.cancel
            )
        except TimeoutError:
            self._stuck = True
            trap = Trap(TrapKind.STUCK_IN_HOST, f"no answer within {limit:.2f} s: the guest waits inside WASI")
            raise GuestTrap(trap) from None
        except CapacityError as error:
            raise GuestTrap(Trap(TrapKind.STUCK_IN_HOST, error.message)) from error

    def close(self) -> None:
        """Drop the instance. A stuck one is left to its thread: closing it would wait for the guest."""
        if not self._stuck:
            self.instance.close()
