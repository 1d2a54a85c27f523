"""The part of an instance that runs: its native store, what a call in flight may use, and how it ended.

Everything the engine calls back into (epoch deadlines, host functions) finds its activity by the address of the store's
context. An activity never refers to its instance, so an instance that nobody keeps is freed at once.
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
    from airssys_tui.engine.habitat import Habitat

SHORT_NS: Final = 20_000
"""A call shorter than this many nanoseconds counts its wall time as CPU time: asking the system would cost as much."""

_NEARLY_NS: Final = 1_000_000
"""What is left of a deadline is slept away when it is less than this many nanoseconds."""

_ONE_TICK: Final = bindings.number(1)


def cpu_since(base: int, lead: int, wall: int) -> int:
    """Compute the CPU time of a call from the last stamp before it.

    Args:
        base: CPU time of this thread at the stamp.
        lead: Nanoseconds from the stamp to the start of the call, less than :data:`SHORT_NS`, counted as busy.
        wall: Nanoseconds that the call took.
    """
    return max(0, min(wall, thread_time_ns() - base - lead))


class Activity:
    """A native store and its meters; entered by one thread at a time.

    Args:
        habitat: The ground of its engine.
        limits: Its limits.

    Attributes:
        context_at: Address of the store's context.
        busy: Whether a call is in flight.
        closing: Whether it is to be freed, at once or by the call in flight when that ends.
        cancelled: Whether the call in flight is to end.
        extended: Whether the epoch deadline lies further ahead than the next tick.
        context: Given to host functions; set by the instance.
        bound: Exports made ready for calls; emptied when no call can enter any more.
        host_ns: Nanoseconds in host functions during the call in flight.
        stores: The address of the native store, until it is freed.
    """

    __slots__ = (
        *("__weakref__", "account", "bound", "busy", "calls", "cancelled", "closing", "context", "context_at"),
        *("cpu_ns", "deadline_ns", "death", "errors", "extended", "failure", "fuel_total", "habitat", "host_ns"),
        *("host_total", "left", "left_arguments", "limits", "resources", "standard_fuel", "stop", "stores"),
        "wall_ns",
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
        """Claim the store for this thread until :meth:`leave`; nobody frees it meanwhile.

        Raises:
            GuestTrap: If another call is in flight, or no call can enter any more.
        """
        if self.busy:
            raise self.occupied()
        # First seen as busy, then asked whether it is closing; `close` does the reverse, so one sees the other.
        self.busy = True
        if self.closing:
            self.leave()
            raise self.not_alive()

    def leave(self) -> None:
        """Let others enter; free the store when it was closed meanwhile."""
        self.busy = False
        if self.closing:
            self.close()

    def run(self, native: Callable[..., int | None], *arguments: Any, fuel: int, deadline: float) -> int | None:
        """Run native code of this store that is not a call, under fuel and deadline.

        Args:
            native: A function of the engine that gives an error or nothing.
            arguments: Its arguments.
            fuel: Fuel units.
            deadline: Seconds.

        Returns:
            The address of a native error; None when there is none.
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
            return error
        finally:
            self.leave()

    def rewind(self) -> None:
        """Bring the epoch deadline back to the next tick: a call must not inherit a far one."""
        self.extended = False
        bindings.set_epoch_deadline(self.standard_fuel[0], _ONE_TICK)

    def on_epoch(self, ticks: Any) -> int:
        """Decide at an epoch deadline whether the call goes on; called by the engine on the guest's thread.

        Returns:
            0 to go on for ``ticks``, or a native error that stops the call.
        """
        left = self.deadline_ns - perf_counter_ns()
        if self.cancelled or self.closing:
            self.stop = TrapKind.CANCELLED
            return bindings.new_error("cancelled")
        if 0 < left < _NEARLY_NS:
            # Another tick would overshoot by nearly all of it.
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
        """Give the fuel units that the call in flight has left."""
        bindings.get_fuel(*self.left_arguments)
        return self.left[0]

    def host_failed(self, failure: Any) -> int:
        """Record how a host function failed and make the native error that traps its caller."""
        self.failure = failure
        return bindings.new_error(failure.message)

    def trapped(self, pointer: int) -> GuestTrap:
        """Take a native error as the end of this activity; no call can enter any more."""
        self.death = self.classify(bindings.take_error(pointer))
        self.errors += 1
        self.bound.clear()
        self.resources.settle()
        return GuestTrap(self.death)

    def classify(self, error: bindings.EngineError) -> Trap:
        """Tell why native code ended, from what the engine said and what was recorded meanwhile."""
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
        """Make the refusal of a call while another is in flight."""
        return GuestTrap(Trap(TrapKind.CANNOT_ENTER, "the instance is running another call"))

    def not_alive(self) -> GuestTrap:
        """Make the refusal of a call that can never enter."""
        if self.death is not None:
            text = f"the instance is dead since a trap: {self.death.message}"
        else:
            text = "the instance is closed"
        return GuestTrap(Trap(TrapKind.CANNOT_ENTER, text))

    def cancel(self) -> None:
        """End the call in flight as cancelled, from any thread; nothing happens when there is none."""
        self.cancelled = True

    def close(self) -> None:
        """Free the store, or cancel the call in flight, which frees it then. Safe to call twice."""
        self.closing = True
        if self.busy:
            self.cancelled = True
            return
        try:
            # Whoever takes it frees it: the call that ends and the closer may be two threads.
            store = self.stores.pop()
        except IndexError:
            return
        self.bound.clear()
        self.resources.clear()
        self.habitat.inhabitants.pop(self.context_at, None)
        bindings.store_delete(store)
