"""``run-command PATH``: a command runs to its end with the streams of this process and what its command line grants."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import AirssysError, GateRefusal, IdentityError, MemoryRefused
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import ABORTED, CommandOutcome
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.manifest.structure import ComponentKind
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.text import Verbatim, escaped, one_line
from airssys_tui.core.traps import GuestTrap, TrapKind, exit_status
from airssys_tui.core.types.values import Err
from airssys_tui.engine.admission import admit
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.tiers import Tiers
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.standard_streams import StandardStreams
from airssys_tui.host.services.output_lines import OutputBuffer
from airssys_tui.host.wasi_context import WasiContext
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.deploying.gate_checks import Passage, check_types, trap_text
from airssys_tui.runtime.guard.standalone_guard import DenialBook, ToldDenial, foreground_guard
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.sources.folder import Reading, read_bare
from airssys_tui.runtime.sources.names import WASM
from airssys_tui.runtime.standalone.check import read_component
from airssys_tui.runtime.standalone.compiling import compile_cached, unrecorded
from airssys_tui.runtime.standalone.line_grants import BARE_LIMITS, LineGrants

CANCEL_MS: Final = 10
"""Milliseconds after which a command that computes notices that it is cancelled."""

PATIENCE: Final = 2.0
"""Seconds in which a command that was cancelled ends, unless the system keeps it."""


class CommandReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended.

    Attributes:
        outcome: How.
        status: Exit code: that of the program, or :data:`ABORTED`; 1 if it was cancelled.
        trap: The kind of its trap; None if it did not trap.
        reason: The trap in one line; empty without one.
        frames: Backtrace of the trap, innermost first.
        remedy: The option that may help; empty if none does.
        fuel: Units of fuel used.
        seconds: Wall time.
        cpu_seconds: CPU time.
        memory_peak: Bytes of memory at the most; None where it cannot be measured.
        denials: What it was denied.
        denials_dropped: Further denials, of other accesses.
    """

    outcome: CommandOutcome
    status: int
    trap: TrapKind | None = None
    reason: str = ""
    frames: tuple[Verbatim, ...] = ()
    remedy: str = ""
    fuel: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_peak: int | None = None
    denials: tuple[ToldDenial, ...] = ()
    denials_dropped: int = 0


class Foreground:
    """One run of a command, from its file to its end.

    Args:
        path: A wasm file or a component directory.
        given: What the command line gives.
        streams: The streams that it reads and writes.
        choice: Which tier of code it gets.
        reserved: Absolute folders of the program that it may not reach.

    Attributes:
        journal: Has the lines that it logs.

    Raises:
        AirssysError: If it is not admissible, or no command.
    """

    def __init__(
        self,
        path: Path,
        given: LineGrants,
        streams: StandardStreams,
        choice: TierChoice,
        reserved: tuple[str, ...] = (),
    ) -> None:
        reading = _read(path, given)
        manifest = reading.manifest
        self._tiers = Tiers(EngineSettings(cancel_ms=CANCEL_MS), INTERFACES)
        self._workers = Workers(1)
        self.journal = Journal()
        self._book = DenialBook()
        code = compile_cached(self._tiers, reading, choice.of(manifest))
        linker = self._tiers.linker(code.tier)
        with Passage().at(Gate.TYPES):
            _require_command(path, code)
            check_types(linker, code.interface)
        tenant = ComponentTenant(
            str(manifest.id),
            manifest,
            self.journal,
            self._workers,
            guard=foreground_guard(manifest, given.permissions, self._book, reserved),
            wasi=_surroundings(path, manifest, given, streams),
        )
        self._making = Making(lambda: linker, unrecorded(reading, code), code, tenant)
        self._lock = threading.Lock()
        self._serving: Serving | None = None
        self._cancelled = False

    def start(self) -> Future[CommandReport]:
        """Run it on a thread of its own; the future has its end."""
        return self._workers.submit(self._run)

    def cancel(self) -> None:
        """End it soon, from any thread."""
        with self._lock:
            self._cancelled, serving = True, self._serving
        self._making.cancel()
        if serving is not None:
            serving.cancel()

    def close(self) -> None:
        """End its threads and its engines."""
        self._workers.close(PATIENCE)
        self._tiers.close(PATIENCE)

    def _run(self) -> CommandReport:
        try:
            serving = self._making.run()
        except GuestTrap as trap:
            return self._ended(trap)
        except AirssysError as error:
            if self._cancelled:
                return CommandReport(outcome=CommandOutcome.CANCELLED, status=1)
            if isinstance(error, MemoryRefused):
                error.remedy = _REMEDIES[TrapKind.OUT_OF_MEMORY]
            raise
        with self._lock:
            self._serving = serving
            if self._cancelled:
                serving.cancel()
        try:
            return self._run_to_the_end(serving)
        finally:
            serving.close()

    def _run_to_the_end(self, serving: Serving) -> CommandReport:
        export = next(e.path for e in serving.artifact.interface.functions() if e.path.startswith(contract.COMMAND))
        try:
            failed = isinstance(serving.call(export).value, Err)
            report = self._report(CommandOutcome.EXITED if failed else CommandOutcome.COMPLETED, int(failed))
        except GuestTrap as trap:
            report = self._ended(trap)
        spent, memory = serving.instance.meters, serving.instance.memory
        return msgspec.structs.replace(
            report,
            fuel=spent.fuel_total,
            seconds=spent.wall_ns / 1e9,
            cpu_seconds=spent.cpu_ns / 1e9,
            memory_peak=memory.peak if memory is not None else None,
        )

    def _ended(self, trap: GuestTrap) -> CommandReport:
        status = exit_status(trap.trap)
        if status is not None:
            return self._report(CommandOutcome.EXITED if status else CommandOutcome.COMPLETED, status)
        if trap.trap.kind is TrapKind.CANCELLED or (self._cancelled and trap.trap.kind is TrapKind.CANNOT_ENTER):
            return self._report(CommandOutcome.CANCELLED, 1)
        bounded = trap.trap.kind in _REMEDIES  # where it was at that moment says nothing
        return msgspec.structs.replace(
            self._report(CommandOutcome.TRAPPED, ABORTED),
            trap=trap.trap.kind,
            reason=one_line(f"{trap.trap.kind}: {trap.trap.message}") if bounded else trap_text(trap, 0),
            frames=trap.trap.frames,
            remedy=_REMEDIES.get(trap.trap.kind, ""),
        )

    def _report(self, outcome: CommandOutcome, status: int) -> CommandReport:
        denials, dropped = self._book.found, self._book.dropped
        return CommandReport(outcome=outcome, status=status, denials=denials, denials_dropped=dropped)


_REMEDIES: Final = {
    TrapKind.OUT_OF_FUEL: "allow more with --fuel, or --fuel unlimited",
    TrapKind.DEADLINE: "allow more time with --deadline",
    TrapKind.OUT_OF_MEMORY: "allow more with --memory",
}
"""What the operator can do about a trap."""


def _read(path: Path, given: LineGrants) -> Reading:
    """Read what is at a path, with the limits of this run; a file may have a name that no component could have."""
    try:
        reading = read_component(path)
    except IdentityError:
        named = read_bare(path, f"command{WASM}") if path.is_file() else None
        if named is None:
            raise
        reading = named
    admit(reading.wasm)
    manifest = reading.manifest
    limits = given.limits(BARE_LIMITS if reading.bare else manifest.limits.of_command())
    artifact = msgspec.structs.replace(manifest.artifact, kind=ComponentKind.COMMAND)
    manifest = msgspec.structs.replace(manifest, artifact=artifact, limits=limits)
    return msgspec.structs.replace(reading, manifest=manifest)


def _require_command(path: Path, code: Code) -> None:
    if code.interface.exports_interface(contract.COMMAND):
        return
    exports = [function.path for function in code.interface.functions()]
    told = f"; it exports {one_line(', '.join(exports), 200)}" if exports else ""
    remedy = f"airssys-tui call {escaped(str(path))} {exports[0]}" if exports else "export wasi:cli/run"
    raise GateRefusal(f"it is no command: it does not export {contract.COMMAND}{told}", gate=Gate.TYPES, remedy=remedy)


def _surroundings(path: Path, manifest: Manifest, given: LineGrants, streams: StandardStreams) -> WasiContext:
    taken = {preopen.guest for preopen in given.preopens}
    kept = tuple(preopen for preopen in manifest.wasi.preopens if preopen.guest not in taken)
    return WasiContext(
        OutputBuffer(),
        arguments=(path.resolve().name, *(given.arguments or manifest.artifact.args)),
        preopens=(*given.preopens, *kept),
        variables=given.variables,
        streams=streams,
    )
