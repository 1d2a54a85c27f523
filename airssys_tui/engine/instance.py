"""A component instance: called, metered, cancelled and closed.

An instance is used by one thread at a time and may move between threads from call to call. After a trap it is dead:
the Component Model allows no further entry, so every later call fails at once.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from airssys_tui.core.errors import AdmissionError, AirssysError, CapacityError, ExportNotFound, MemoryRefused
from airssys_tui.core.gates import Gate
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.engine import bindings
from airssys_tui.engine.activity import Activity
from airssys_tui.engine.calling import Call, CallResult, CallTotals, bind, bind_bare
from airssys_tui.engine.host import HostContext
from airssys_tui.engine.memory import MemoryUse
from airssys_tui.engine.raw_path.raw_calling import bind_raw, find_flat_functions
from airssys_tui.engine.raw_path.raw_choice import choosing
from airssys_tui.engine.resources import HostedType

if TYPE_CHECKING:
    from airssys_tui.core.limits import Limits
    from airssys_tui.core.types.interface import ExportedFunction
    from airssys_tui.engine.compiled import Code
    from airssys_tui.engine.resources import ResourceTable
    from airssys_tui.engine.shared_state import Habitat


class Linked(msgspec.Struct, frozen=True):
    """The shared environment of instances; each keeps it alive.

    Attributes:
        linker: Address of the native linker.
        kept: The Python objects that native code refers to: the linker and the callbacks.
    """

    linker: int
    kept: tuple[Any, ...]


class Instance:
    """One live component with its own store, memory, fuel and deadline.

    Created by :meth:`Linker.instantiate`.
    """

    __slots__ = ("__weakref__", "_bound", "_code", "_linked", "_native", "activity", "limits")

    def __init__(
        self,
        habitat: Habitat[Activity],
        linked: Linked,
        code: Code,
        limits: Limits,
        *,
        hosted: Mapping[str, HostedType],
        owner: Any = None,
        deadline: float | None = None,
        begun: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._code = code
        self._linked = linked
        self.limits = limits
        self._native = _NativeInstance()
        habitat.admit_memory()
        self.activity = activity = Activity(habitat, limits)
        self._bound: dict[str, Call] = activity.bound
        activity.context = HostContext(activity, owner)
        activity.resources.hosted = hosted
        try:
            if begun is not None:
                begun(activity.close)
            self._instantiate(linked.linker, limits.deadline if deadline is None else deadline)
        except BaseException:
            self.close()
            raise

    def _instantiate(self, linker: int, deadline: float) -> None:
        activity = self.activity
        pool = activity.habitat.pool
        if pool is not None:
            pool.attribute(activity.account)
        try:
            error = activity.run(
                bindings.linker_instantiate,
                linker,
                activity.context_at,
                self._code.address,
                ctypes.addressof(self._native),
                fuel=self.limits.fuel_per_call,
                deadline=deadline,
            )
        finally:
            if pool is not None:
                pool.attribute(None)
        if error:
            raise self._not_made(bindings.take_error(error))

    def _not_made(self, error: bindings.EngineError) -> AirssysError:
        account = self.activity.account
        if account.full:
            return CapacityError("this process has no room for another linear memory", remedy="stop some components")
        if account.refused and not error.frames:
            remedy = "raise `memory` under [resources]"
            text = f"it needs {account.wanted} bytes of memory; the limit is {account.limit}"
            return MemoryRefused(text, gate=Gate.INSTANTIATE, remedy=remedy)
        trap = self.activity.classify(error)
        if trap.kind is TrapKind.TABLE_LIMIT and not error.frames:
            return AdmissionError(
                trap.message, gate=Gate.INSTANTIATE, remedy="raise `table_elements` under [resources]"
            )
        if not error.frames and trap.kind is TrapKind.OTHER:
            remedy = "build it against the types that are offered: WASI 0.2, and `airssys-tui wit show core-host`"
            return AdmissionError(trap.message, gate=Gate.TYPES, remedy=remedy)
        self.activity.death = trap
        return GuestTrap(trap)

    def call(self, path: str, *arguments: Any, fuel: int | None = None, deadline: float | None = None) -> CallResult:
        """Call an export.

        Args:
            path: ``instance#function`` or ``function``, or any spelling that :meth:`Interface.find` resolves.
            arguments: Values in the forms of ``core.types.values``.
            fuel: Fuel units for this call; overrides the limit.
            deadline: Seconds of wall time for this call; overrides the limit.

        Raises:
            GuestTrap: If the call ended in a trap; the instance is then dead.
            ArgumentError: If an argument does not fit its type; the instance stays usable.
            ExportNotFound: If there is no such export.
        """
        try:
            bound = self._bound[path]
        except KeyError:
            bound = self._bind(path)
        return bound(arguments, fuel, deadline)

    def _bind(self, path: str) -> Call:
        if self.dead:
            raise self.activity.not_alive()
        export = self._code.interface.find(path)
        known = self._bound.get(export.path)
        bound = known or self._prepare(export, metered=True)
        self._bound[export.path] = self._bound[path] = bound
        return bound

    def bare(self, path: str) -> Callable[..., Any]:
        """Return an export without fuel, deadline, meters and protection, to measure their cost; for benchmarks."""
        bare: Callable[..., Any] = self._prepare(self._code.interface.find(path), metered=False)
        return bare

    def _prepare(self, export: ExportedFunction, *, metered: bool) -> Any:
        """Prepare an export for calls: raw where its types and its memory allow it, else with values."""
        memories = self.activity.account.memories
        # With one memory there is no doubt which one its pointers mean.
        flat = (
            find_flat_functions(export, self._code.flat_functions, self._native_function)
            if len(memories) == 1
            else None
        )
        made = bind if metered else bind_bare
        if flat is None:
            return made(self._code.distinct(export), self._native_function(export), self.activity)
        raw = bind_raw(export.function, flat, self.activity, memories[0], metered=metered)
        if metered and flat.depends:
            by_values = bind(export.function, self._native_function(export), self.activity)
            return choosing(export.function, raw, by_values)
        return raw

    def _native_function(self, export: ExportedFunction) -> Any:
        activity, native = self.activity, _NativeFunction()
        index = self._code.export_address(export)
        activity.occupy()
        try:
            found = index is not None and bindings.instance_get_func(
                ctypes.addressof(self._native), activity.context_at, index, ctypes.addressof(native)
            )
        finally:
            activity.leave()
        if not found:
            raise ExportNotFound(f"the instance has no function `{export.path}`")
        return native

    def find(self, path: str) -> ExportedFunction:
        """Resolve an export like :meth:`call`."""
        return self._code.interface.find(path)

    def cancel(self) -> None:
        """Cancel the running call, if any; callable from any thread."""
        self.activity.cancel()

    @property
    def busy(self) -> bool:
        """Whether a call is in flight."""
        return self.activity.busy

    @property
    def dead(self) -> bool:
        """Whether it trapped or was closed; no further call is possible."""
        return self.activity.death is not None or not self.activity.stores

    @property
    def trap(self) -> Trap | None:
        """The trap that killed it, or None."""
        return self.activity.death

    @property
    def resources(self) -> ResourceTable:
        """The handles that the host keeps of its resources."""
        return self.activity.resources

    @property
    def memory(self) -> MemoryUse | None:
        """Linear memory in use; None where it cannot be measured."""
        return self.activity.account.use() if self.activity.habitat.pool is not None else None

    @property
    def table_elements(self) -> int | None:
        """Elements in its tables; always None, since the engine limits but does not report them."""
        return None

    @property
    def meters(self) -> CallTotals:
        """The totals so far."""
        sums = self.activity
        return CallTotals(sums.calls, sums.errors, sums.fuel_total, sums.cpu_ns, sums.wall_ns, sums.host_total)

    def close(self) -> None:
        """Free everything native; a call in flight is cancelled and frees it when it ends. Idempotent."""
        self.activity.close()

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __del__(self) -> None:
        """Free an instance that was not closed, unless the interpreter is shutting down and callbacks with it."""
        activity = getattr(self, "activity", None)
        if activity is not None and activity.stores and not sys.is_finalizing():
            activity.close()


_NativeInstance: Final = ctypes.c_char * bindings.INSTANCE_SIZE
_NativeFunction: Final = ctypes.c_char * bindings.FUNC_SIZE
