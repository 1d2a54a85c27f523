"""The running part of an instance: its native store, the limits of a call in flight, and how it ended.

Callbacks from the engine (epoch deadlines, host functions) look up their activity by the address of the store's
context. An activity never refers to its instance, so an unreferenced instance is freed at once.
"""

from __future__ import annotations

import ctypes
import weakref
from time import perf_counter_ns, sleep, thread_time_ns
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.engine import bindings, trap_texts
from airssys_tui.engine.memory import MemoryAccount
from airssys_tui.engine.resources import ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from airssys_tui.core.limits import Limits
    from airssys_tui.engine.shared_state import Habitat
    from airssys_tui.engine.waiting import Interruption

SHORT_NS: Final = 20_000
"""Calls shorter than this many nanoseconds count wall time as CPU time: reading the CPU clock costs about as much."""

_NEARLY_NS: Final = 1_000_000
"""When less than this many nanoseconds of a deadline is left, the rest is slept."""

_MOST_OWED: Final = 10_000
"""Units of fuel that a call may be short of for what adapters used."""

_ONE_TICK: Final = bindings.number(1)


def cpu_since(base: int, lead: int, wall: int) -> int:
    """Compute the CPU time of a call from the last clock reading before it.

    Args:
        base: CPU time of this thread at that reading.
        lead: Nanoseconds from the reading to the start of the call, less than :data:`SHORT_NS`, counted as busy.
        wall: Wall time of the call in nanoseconds.
    """
    return max(0, min(wall, thread_time_ns() - base - lead))


class Activity:
    """A native store and its meters; used by one thread at a time.

    Args:
        habitat: The shared state of its engine.
        limits: The limits of the instance.

    Attributes:
        context_at: Address of the store's context.
        busy: Whether a call is in flight.
        closing: Whether the store is to be freed, at once or when the call in flight ends.
        cancelled: Whether the call in flight is to end.
        extended: Whether the epoch deadline is later than the next tick.
        context: Passed to host functions; set by the instance.
        bound: Exports prepared for calls; emptied when no further call is possible.
        host_ns: Nanoseconds in host functions during the call in flight.
        kept_back: The result of a host function that its caller asks for next.
        owed: Fuel that adapters used, which is given back.
        stores: The address of the native store, until it is freed.
        writing: What is left to write of a result of a host function, which waits for room; see ``raw_storing``.
        wake: Ends the wait of the host function that is running, if it waits.
    """

    __slots__ = (
        *("__weakref__", "account", "bound", "busy", "calls", "cancelled", "closing", "context", "context_at"),
        *("cpu_ns", "deadline_ns", "death", "errors", "extended", "failure", "fuel_total", "habitat", "host_ns"),
        *("host_total", "left", "left_arguments", "limits", "resources", "standard_fuel", "stop", "stores"),
        *("kept_back", "owed", "wake", "wall_ns", "writing"),
    )

    def __init__(self, habitat: Habitat[Activity], limits: Limits) -> None:
        self.habitat = habitat
        self.limits = limits
        self.context: Any = None
        self.bound: dict[str, Callable[..., Any]] = {}
        self.account = MemoryAccount(limits.memory)
        self.resources = ResourceTable(self)
        self.busy = self.closing = self.cancelled = False
        self.extended = True
        self.deadline_ns = self.host_ns = self.host_total = 0
        self.calls = self.errors = self.fuel_total = self.cpu_ns = self.wall_ns = 0
        self.death: Trap | None = None
        self.stop: TrapKind | None = None
        self.failure: Any = None
        self.owed = 0
        self.kept_back: tuple[Any] | None = None
        self.writing: list[Any] | None = None
        self.wake: Interruption | None = None
        store = bindings.store_new(habitat.address, None, None)
        self.stores: list[int] = [store]
        self.context_at: int = bindings.store_context(store)
        context = bindings.pointer(self.context_at)
        self.standard_fuel = (context, bindings.number(limits.fuel_per_call))
        left = ctypes.c_uint64(0)
        self.left = memoryview(left).cast("B").cast("Q")
        self.left_arguments = (context, ctypes.byref(left))
        memory = -1 if habitat.pool is not None else limits.memory
        at = bindings.pointer(store)
        bindings.store_limiter(at, *bindings.bounds(memory, limits.table_elements))
        bindings.store_epoch_callback(at, habitat.on_epoch, None, None)
        habitat.inhabitants[self.context_at] = weakref.ref(self)

    def occupy(self) -> None:
        """Claim the store for this thread until :meth:`leave`; no other thread frees it meanwhile.

        Raises:
            GuestTrap: If another call is in flight, or no further call is possible.
        """
        if self.busy:
            raise self.occupied()
        # First set busy, then read closing; `close` does the reverse, so at least one of the two sees the other.
        self.busy = True
        if self.closing:
            self.leave()
            raise self.not_alive()

    def leave(self) -> None:
        """Release the store; free it if it was closed meanwhile."""
        self.busy = False
        if self.closing:
            self.close()

    def run(self, native: Callable[..., int | None], *arguments: Any, fuel: int, deadline: float) -> int | None:
        """Run native code of this store other than a call, with fuel and a deadline.

        Args:
            native: A function of the engine that returns an error or None.
            arguments: Its arguments.
            fuel: Fuel units.
            deadline: Seconds.

        Returns:
            The address of a native error, or None.
        """
        self.occupy()
        try:
            bindings.set_fuel(self.standard_fuel[0], bindings.number(fuel))
            if self.extended:
                self.rewind()
            if not self.habitat.ticker.armed:
                self.habitat.ticker.arm()
            self.cancelled = False
            self.account.refused = self.host_ns = 0
            self.deadline_ns = perf_counter_ns() + int(deadline * 1_000_000_000)
            error = native(*arguments)
            self.host_total += self.host_ns
            self.owed = 0
            return error
        finally:
            self.leave()

    def rewind(self) -> None:
        """Reset the epoch deadline to the next tick: a call must not inherit a later one."""
        self.extended = False
        bindings.set_epoch_deadline(self.standard_fuel[0], _ONE_TICK)

    def on_epoch(self, ticks: Any) -> int:
        """Decide at an epoch deadline whether the call continues; called by the engine on the guest's thread.

        Returns:
            0 to continue for ``ticks``, or a native error that stops the call.
        """
        left = self.deadline_ns - perf_counter_ns()
        if self.cancelled or self.closing:
            self.stop = TrapKind.CANCELLED
            return bindings.new_error("cancelled")
        if 0 < left < _NEARLY_NS:
            # Another tick would overshoot by almost its full length.
            sleep(left / 1e9)
            left = 0
        if left <= 0:
            self.stop = TrapKind.DEADLINE
            return bindings.new_error("deadline")
        settings = self.habitat.settings
        step = min(left // 1_000_000, settings.cancel_ms) // settings.tick_ms
        self.extended = True
        ticks[0] = max(1, step)
        return 0

    def fuel_left(self) -> int:
        """Return the remaining fuel units of the call in flight."""
        bindings.get_fuel(*self.left_arguments)
        return self.left[0] + self.owed

    def owe(self, fuel: int) -> None:
        """Add to the fuel that is owed; it is given back when the call ends, or sooner if it is much."""
        self.owed += fuel
        if self.owed > _MOST_OWED:
            self.set_fuel_left(self.fuel_left())

    def set_fuel_left(self, fuel: int) -> None:
        """Set the remaining fuel units of the call in flight."""
        self.owed = 0
        bindings.set_fuel(self.standard_fuel[0], bindings.number(fuel))

    def host_failed(self, failure: Any) -> int:
        """Record the failure of a host function and return the native error that traps its caller."""
        self.failure = failure
        return bindings.new_error(failure.message)

    def trapped(self, pointer: int) -> GuestTrap:
        """End this activity with a native error; no further call is possible."""
        self.death = self.classify(bindings.take_error(pointer))
        self.errors += 1
        self.bound.clear()
        self.writing = self.kept_back = None
        self.resources.settle()
        return GuestTrap(self.death)

    def classify(self, error: bindings.EngineError) -> Trap:
        """Classify the end of native code, from the engine's message and from what was recorded meanwhile."""
        if (failure := self.failure) is not None:
            return Trap(failure.kind, failure.message, error.frames)
        if self.stop is TrapKind.CANCELLED:
            return Trap(TrapKind.CANCELLED, "the call was cancelled", error.frames)
        if self.stop is TrapKind.DEADLINE:
            return Trap(TrapKind.DEADLINE, "the call passed its deadline", error.frames)
        trap = trap_texts.classify(error)
        if trap.kind is TrapKind.UNREACHABLE and self.account.refused:
            text = f"memory growth past the limit of {self.account.limit} bytes was refused before: {trap.message}"
            return Trap(TrapKind.OUT_OF_MEMORY, text, error.frames)
        return trap

    def occupied(self) -> GuestTrap:
        """Return the error for a call while another one is in flight."""
        return GuestTrap(Trap(TrapKind.CANNOT_ENTER, "the instance is running another call"))

    def not_alive(self) -> GuestTrap:
        """Return the error for a call into a dead or closed instance."""
        if self.death is not None:
            text = f"the instance is dead after a trap: {self.death.message}"
        else:
            text = "the instance is closed"
        return GuestTrap(Trap(TrapKind.CANNOT_ENTER, text))

    def cancel(self) -> None:
        """Cancel the call in flight, if any; callable from any thread."""
        self.cancelled = True
        wake = self.wake
        if wake is not None:
            wake.set()

    def close(self) -> None:
        """Free the store; a call in flight is cancelled and frees it when it ends. Idempotent."""
        self.closing = True
        if self.busy:
            self.cancel()
            return
        try:
            # Whichever thread pops the store frees it: the ending call and the closer may be two threads.
            store = self.stores.pop()
        except IndexError:
            return
        self.bound.clear()
        self.resources.clear()
        self.habitat.inhabitants.pop(self.context_at, None)
        bindings.store_delete(store)
