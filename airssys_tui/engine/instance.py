"""A component instance: called, metered, cancelled and closed.

An instance is used by one thread at a time and may move between threads from call to call. After a trap it is dead:
the Component Model allows no further entry, so every later call fails at once.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from time import perf_counter_ns, sleep, thread_time_ns
from typing import TYPE_CHECKING, Any, Final, Self

from airssys_tui.core.errors import AdmissionError, AirssysError, CapacityError, ExportNotFound
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.engine import bindings, traps, wasi
from airssys_tui.engine.calling import BoundExport, CallResult, Meters
from airssys_tui.engine.host import CALLER, HostContext, HostFailure, OutOfFuel
from airssys_tui.engine.memory import MemoryAccount, MemoryUse
from airssys_tui.engine.resources import ResourceTable
from airssys_tui.engine.signature import signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from airssys_tui.core.interface import ExportedFunction
    from airssys_tui.core.limits import Limits
    from airssys_tui.engine.code import Code
    from airssys_tui.engine.linker import Linker

_CONTINUE: Final = 0
_NEARLY_NS: Final = 1_000_000
"""What is left of a deadline is slept away when it is less than this many nanoseconds."""


class Instance:
    """One live component with its own store, memory, fuel and deadline.

    Made by :meth:`Linker.instantiate`.
    """

    def __init__(
        self, linker: Linker, code: Code, limits: Limits, *, owner: Any = None, deadline: float | None = None
    ) -> None:
        self._engine = linker.engine
        self._linker = linker
        self._code = code
        self.limits = limits
        self.context = HostContext(self, owner)
        self.resources = ResourceTable(self._drop_resource)
        self.host_ns = 0
        self._calls = self._errors = self._fuel_total = self._cpu_ns = self._wall_ns = 0
        self._bound: dict[str, BoundExport] = {}
        self._death: Trap | None = None
        self._stop: TrapKind | None = None
        self._failure: HostFailure | None = None
        self._cancelled = self._closing = False
        self._deadline_ns = 0
        self._extended = True
        self._fuel = ctypes.c_uint64(limits.fuel_per_call)
        self._left = ctypes.c_uint64(0)
        self._left_at = ctypes.byref(self._left)
        self._account = MemoryAccount(limits.memory)
        self._output: wasi.OutputBuffer | None = None
        self._store = 0
        self._native = _NativeInstance()
        self._engine.admit_memory()
        self._open(limits)
        try:
            self._instantiate(limits.deadline if deadline is None else deadline)
        except BaseException:
            self.close()
            raise

    def _open(self, limits: Limits) -> None:
        self._store = bindings.store_new(self._engine.address, None, None)
        address = bindings.store_context(self._store)
        self._context = ctypes.c_void_p(address)
        memory = -1 if self._engine.pool is not None else limits.memory
        bindings.store_limiter(self._store, memory, limits.table_elements, -1, -1, -1)
        bindings.store_epoch_callback(self._store, _EPOCH_ADDRESS, None, None)
        if self._code.imports_wasi:
            self._output = wasi.OutputBuffer(self._engine.settings.output_limit)
            self._output.attach(address)
        self._engine.instances[self._store] = weakref.ref(self)

    def _instantiate(self, deadline: float) -> None:
        pool, native = self._engine.pool, ctypes.addressof(self._native)
        if pool is not None:
            pool.attribute(self._account)
        try:
            error, *_ = self._enter(
                lambda: bindings.linker_instantiate(self._linker.address, self._context, self._code.address, native),
                self.limits.fuel_per_call,
                deadline,
            )
        finally:
            if pool is not None:
                pool.attribute(None)
        if error:
            raise self._not_made(bindings.take_error(error))

    def _not_made(self, error: bindings.EngineError) -> AirssysError:
        account = self._account
        if account.full:
            return CapacityError("this process has no room for another linear memory", remedy="stop some components")
        if account.refused and not error.frames:
            remedy = "raise `memory` under [resources]"
            text = f"it needs {account.wanted} bytes of memory, more than its limit of {account.limit}"
            return AdmissionError(text, gate="instantiate", remedy=remedy)
        trap = self._classify(error)
        if trap.kind is TrapKind.TABLE_LIMIT and not error.frames:
            return AdmissionError(trap.message, gate="instantiate", remedy="raise `table_elements` under [resources]")
        if not error.frames and trap.kind is TrapKind.OTHER:
            return AdmissionError(trap.message, gate="types")
        self._death = trap
        return GuestTrap(trap)

    def call(self, path: str, *arguments: Any, fuel: int | None = None, deadline: float | None = None) -> CallResult:
        """Call an export.

        Args:
            path: ``instance#function`` or ``function``, or any spelling that :meth:`Interface.find` resolves.
            arguments: Values in the forms of ``core.values``.
            fuel: Fuel units for this call instead of the limit.
            deadline: Seconds of wall time for this call instead of the limit.

        Raises:
            GuestTrap: If the call ended in a trap; the instance is dead.
            ArgumentError: If an argument does not fit its type; the instance is unharmed.
            ExportNotFound: If there is no such export.
        """
        if self._death is not None or not self._store:
            raise self._not_alive()
        bound = self._bound.get(path) or self._bind(path)
        limits = self.limits
        try:
            kept = bound.lower(arguments, bound.storage, self.resources)
        except Exception as cause:  # noqa: BLE001 -- generated code refuses in many ways; diagnosis names the reason
            raise bound.signature.diagnose(arguments, cause) from None
        fuel = limits.fuel_per_call if fuel is None else fuel
        host_before = self.host_ns
        error, used, wall, cpu = self._enter(
            bound.invoke,
            fuel,
            limits.deadline if deadline is None else deadline,
        )
        del kept
        host = self.host_ns - host_before
        if cpu + host > wall:
            cpu = wall - host if wall > host else 0
        self._calls += 1
        self._fuel_total += used
        self._cpu_ns += cpu
        self._wall_ns += wall
        if error:
            raise self._trapped(error)
        value = None if bound.lift is None else self._result(bound)
        self.resources.settle()
        return CallResult(value, used, wall, cpu, host)

    def _enter(self, call: Callable[[], Any], fuel: int, deadline: float) -> tuple[int | None, int, int, int]:
        """Run native code of this store under fuel and deadline; give its error, fuel, wall and CPU time."""
        engine, context = self._engine, self._context
        self._occupy()
        try:
            self._account.refused = 0
            self._fuel.value = fuel
            bindings.set_fuel(context, self._fuel)
            if self._extended:
                self._extended = False
                bindings.set_epoch_deadline(context, _ONE_TICK)
            self._cancelled = False
            if not engine.ticker.armed:
                engine.ticker.arm()
            # Nested calls do not restore the outer instance: the host function that made them does.
            CALLER.instance = self
            cpu = thread_time_ns()
            started = perf_counter_ns()
            self._deadline_ns = started + int(deadline * 1_000_000_000)
            error = call()
            wall = perf_counter_ns() - started
            cpu = thread_time_ns() - cpu
            bindings.get_fuel(context, self._left_at)
        finally:
            CALLER.instance = None
            self._leave()
        return error, fuel - self._left.value, wall, cpu

    def _occupy(self) -> None:
        """Claim the store for this thread until :meth:`_leave`; nobody frees it meanwhile."""
        running = self._engine.running
        if self in running:
            raise GuestTrap(Trap(TrapKind.CANNOT_ENTER, "the instance is running another call"))
        # First seen as running, then asked whether it is closing; `close` does the reverse, so one sees the other.
        running.add(self)
        if self._closing:
            self._leave()
            raise self._not_alive()

    def _leave(self) -> None:
        self._engine.running.discard(self)
        if self._closing:
            self.close()

    def _result(self, bound: BoundExport) -> Any:
        assert bound.lift is not None, "only called when something is returned"  # noqa: S101 -- narrows the type
        try:
            return bound.lift(bound.result_address, self.resources)
        finally:
            if bound.signature.frees:
                bindings.value_delete(bound.result)
                bound.result_storage[0] = b"\0"

    def _bind(self, path: str) -> BoundExport:
        export = self._code.interface.find(path)
        native = _NativeFunction()
        index = self._code.export_address(export)
        self._occupy()
        try:
            found = index is not None and bindings.instance_get_func(
                ctypes.addressof(self._native), self._context, index, ctypes.addressof(native)
            )
        finally:
            self._leave()
        if not found:
            raise ExportNotFound(f"the instance has no function `{export.path}`")
        bound = self._bound.get(export.path) or BoundExport(
            export.path, native, self._context, signature(export.function)
        )
        self._bound[export.path] = self._bound[path] = bound
        return bound

    def find(self, path: str) -> ExportedFunction:
        """Resolve an export as :meth:`call` does."""
        return self._code.interface.find(path)

    def _trapped(self, pointer: int) -> GuestTrap:
        self._death = self._classify(bindings.take_error(pointer))
        self._errors += 1
        self.resources.settle()
        return GuestTrap(self._death)

    def _classify(self, error: bindings.EngineError) -> Trap:
        if (failure := self._failure) is not None:
            return Trap(failure.kind, failure.message, error.frames)
        if self._stop is TrapKind.CANCELLED:
            return Trap(TrapKind.CANCELLED, "the call was cancelled", error.frames)
        if self._stop is TrapKind.DEADLINE:
            return Trap(TrapKind.DEADLINE, "the call passed its deadline", error.frames)
        trap = traps.classify(error)
        if trap.kind is TrapKind.UNREACHABLE and self._account.refused:
            text = f"memory growth past the limit of {self._account.limit} bytes was refused before: {trap.message}"
            return Trap(TrapKind.OUT_OF_MEMORY, text, error.frames)
        return trap

    def _not_alive(self) -> GuestTrap:
        if self._death is not None:
            text = f"the instance is dead since a trap: {self._death.message}"
        else:
            text = "the instance is closed"
        return GuestTrap(Trap(TrapKind.CANNOT_ENTER, text))

    def _drop_resource(self, pointer: int) -> None:
        if self._death is None and self._store and self not in self._engine.running:
            error, *_ = self._enter(
                lambda: bindings.resource_drop(self._context, pointer), self.limits.fuel_per_call, self.limits.deadline
            )
            if error:
                bindings.resource_delete(pointer)
                raise self._trapped(error)
        bindings.resource_delete(pointer)

    def cancel(self) -> None:
        """End the running call as cancelled, from any thread; nothing happens when none is running."""
        self._cancelled = True

    def on_epoch(self, ticks: Any) -> int:
        """Decide at an epoch deadline whether the call goes on; called by the engine on the guest's thread.

        Returns:
            0 to go on for ``ticks``, or a native error that stops the call.
        """
        left = self._deadline_ns - perf_counter_ns()
        if self._cancelled or self._closing:
            self._stop = TrapKind.CANCELLED
            return bindings.new_error("cancelled")
        if 0 < left < _NEARLY_NS:
            # Another tick would overshoot by nearly all of it.
            sleep(left / 1e9)
            left = 0
        if left <= 0:
            self._stop = TrapKind.DEADLINE
            return bindings.new_error("deadline")
        settings = self._engine.settings
        step = min(left // 1_000_000, settings.cancel_ms) // settings.tick_ms
        # The next call must not inherit a far deadline: it sets its own when this one was extended.
        self._extended = True
        ticks[0] = max(1, step)
        return 0

    def host_failed(self, failure: HostFailure) -> int:
        """Record how a host function failed and make the native error that traps its caller."""
        self._failure = failure
        return bindings.new_error(failure.message)

    def charge(self, fuel: int) -> None:
        """Take fuel from the running call; see :meth:`HostContext.charge`."""
        bindings.get_fuel(self._context, self._left_at)
        if self._left.value < fuel:
            raise OutOfFuel(f"{fuel} units of fuel were charged, {self._left.value} were left")
        self._left.value -= fuel
        bindings.set_fuel(self._context, self._left)

    def remaining(self) -> float:
        """Give the seconds left until the running call's deadline."""
        return max(0.0, (self._deadline_ns - perf_counter_ns()) / 1e9)

    @property
    def cancelled(self) -> bool:
        """Whether the running call has been cancelled."""
        return self._cancelled

    @property
    def dead(self) -> bool:
        """Whether it trapped or was closed; it can never be called again."""
        return self._death is not None or not self._store

    @property
    def trap(self) -> Trap | None:
        """The trap that killed it."""
        return self._death

    @property
    def memory(self) -> MemoryUse | None:
        """Linear memory in use; None when this system cannot tell."""
        return self._account.use() if self._engine.pool is not None else None

    @property
    def meters(self) -> Meters:
        """The sums so far."""
        return Meters(self._calls, self._errors, self._fuel_total, self._cpu_ns, self._wall_ns, self.host_ns)

    def output(self) -> wasi.Output:
        """Drain what the guest wrote to stdout and stderr."""
        return wasi.Output() if self._output is None else self._output.drain()

    def close(self) -> None:
        """Free everything native; a call in flight is cancelled first and frees it then. Safe to call twice."""
        self._closing = True
        if self in self._engine.running:
            self.cancel()
            return
        store, self._store = self._store, 0
        # Whoever takes it out of the engine's table frees it: the call that ends and the closer may be two threads.
        if self._engine.instances.pop(store, None) is not None:
            self.resources.clear()
            self._bound.clear()
            bindings.store_delete(store)

    def __enter__(self) -> Self:
        """Give itself; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __del__(self) -> None:
        """Free what nobody closed, unless the interpreter is going away and callbacks with it."""
        if getattr(self, "_store", 0) and not sys.is_finalizing():
            self.close()


def _on_epoch(_context: int, _env: int, ticks: Any, kind: Any) -> int:
    instance = CALLER.instance
    if instance is None:
        return 0
    try:
        kind[0] = _CONTINUE
        return instance.on_epoch(ticks)
    except BaseException as error:  # noqa: BLE001 -- the guest boundary: nothing may pass through native frames
        return bindings.new_error(f"epoch: {error}")


_NativeInstance: Final = ctypes.c_char * bindings.INSTANCE_SIZE
_NativeFunction: Final = ctypes.c_char * bindings.FUNC_SIZE
_ONE_TICK: Final = ctypes.c_uint64(1)
_EPOCH: Final = bindings.EpochCallback(_on_epoch)
_EPOCH_ADDRESS: Final = bindings.callback_address(_EPOCH)
