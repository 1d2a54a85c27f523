"""The host side of imports: typed functions in named interfaces, and the path on which guests call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.core.types.interface import Function, InterfaceType
from airssys_tui.engine.call_ends import OutOfFuel
from airssys_tui.engine.kept_bytes import Holder
from airssys_tui.engine.resource_names import key_of
from airssys_tui.engine.waiting import Announcement, Interruption, Waitable, wait

FUEL_PER_WORK: Final = 1_000
"""Fuel units for a piece of work of the host, such as reading from a file; a guest computes as long in about 1 µs."""

FUEL_PER_BYTE: Final = 1
"""Fuel units for each byte that it moves."""

FUEL_PER_COUNTED: Final = 200
"""Fuel units for each value of the host that is looked at when it counts what it keeps for a guest."""

if TYPE_CHECKING:
    from airssys_tui.engine.activity import Activity


class HostFunction(msgspec.Struct, frozen=True):
    """A function that guests may import.

    Attributes:
        type: Its WIT type.
        call: ``call(context, *arguments) -> value`` in the forms of ``core.types.values``. Raising
            :class:`~airssys_tui.core.errors.HostFault` traps the guest, a
            :class:`~airssys_tui.engine.call_ends.CallEnd` as what it says; anything else raised is a host error.
    """

    type: Function
    call: Callable[..., Any]


class HostResource(msgspec.Struct, frozen=True):
    """A resource type that the host defines; its values are arbitrary host objects.

    Host functions take and return the objects themselves where their types say ``own<name>`` or ``borrow<name>``. A
    value returned as ``own`` belongs to the guest until the guest passes it back or drops it. One that a function was
    given as ``own`` is the function's when it returns; if it raises, the value is dropped. So is one that it returns
    but that cannot be passed. Callers of exports pass and borrow the objects themselves, too; one that an export
    returns comes as a :class:`~airssys_tui.engine.resources.ResourceHandle` with the object in it.

    Attributes:
        name: Its name in the interface; constructor and methods are functions such as ``[constructor]name`` and
            ``[method]name.verb``.
        drop: ``drop(context, value)``, called once when a guest drops a value, or is closed while it owns it.
        weight: Bytes of memory that one value is counted with, the engine's part included.
        holds: What keeps data for a value besides, such as a buffer; None if nothing does. All of it together is
            bounded for each instance.
    """

    name: str
    drop: Callable[[Any, Any], None] | None = None
    weight: int = 256
    holds: Callable[[Any], Iterable[Holder]] | None = None


class UsedResource(msgspec.Struct, frozen=True):
    """A resource that an interface has from another one, or under another name.

    Attributes:
        name: Its name in the interface that uses it.
        interface: The interface that defines it, of the same linker.
        resource: Its name there, and in the types of functions; the same if empty.
    """

    name: str
    interface: str
    resource: str = ""

    @property
    def key(self) -> str:
        """The name that is unique among all interfaces."""
        return key_of(self.interface, self.resource or self.name)


class HostInterface(msgspec.Struct, frozen=True):
    """An importable instance, such as ``airssys:core-host/logging@1.0.0``.

    Attributes:
        name: Its name with version.
        functions: Its functions. Their types name resources that are defined or used here: by bare name, or by
            ``interface/name`` where that could mean two.
        resources: The resources that it defines.
        uses: The resources that it has from other interfaces.
    """

    name: str
    functions: tuple[HostFunction, ...] = ()
    resources: tuple[HostResource, ...] = ()
    uses: tuple[UsedResource, ...] = ()

    @property
    def type(self) -> InterfaceType:
        """The interface as a WIT type."""
        return InterfaceType(
            self.name,
            tuple(function.type for function in self.functions),
            (*(used.name for used in self.uses), *(resource.name for resource in self.resources)),
        )


class HostContext:
    """The caller of a host function; one per instance.

    Attributes:
        owner: The object passed when the instance was created.
    """

    __slots__ = ("_activity", "owner")

    def __init__(self, activity: Activity, owner: Any) -> None:
        self._activity = activity
        self.owner = owner

    def charge(self, fuel: int) -> None:
        """Deduct fuel from the running call for work done by the host on its behalf.

        Raises:
            OutOfFuel: If less fuel than that is left; the call then ends as out of fuel.
            ValueError: If it is negative.
        """
        if fuel < 0:
            raise ValueError(f"the charge is negative: {fuel}")
        activity = self._activity
        left = activity.fuel_left()
        if left < fuel:
            raise OutOfFuel(f"{fuel} units of fuel were charged but {left} were left")
        activity.set_fuel_left(left - fuel)

    def charge_bytes(self, count: int) -> None:
        """Deduct the fuel for one piece of work of the host on a number of bytes; charge before it is done.

        Raises:
            OutOfFuel: If less fuel than that is left; the call then ends as out of fuel.
            ValueError: If the number is negative.
        """
        self.charge(FUEL_PER_WORK + FUEL_PER_BYTE * count if count >= 0 else count)

    def keep(self, count: int) -> None:
        """Check that a value may keep more bytes for the guest, before it does.

        Raises:
            HandleLimit: If all values of the instance would keep more than
                :data:`~airssys_tui.engine.kept_bytes.MOST_KEPT`.
            OutOfFuel: If less fuel is left than counting takes.
        """
        counted = self._activity.resources.keep(count)
        if counted:
            self.charge(FUEL_PER_COUNTED * counted)

    def remaining(self) -> float:
        """Return the seconds until the running call's deadline; never negative."""
        return max(0.0, (self._activity.deadline_ns - perf_counter_ns()) / 1e9)

    @property
    def deadline_ns(self) -> int:
        """The running call's deadline, in nanoseconds of ``time.perf_counter_ns``."""
        return self._activity.deadline_ns

    @property
    def cancelled(self) -> bool:
        """Whether the running call is to end."""
        return self._activity.cancelled

    @property
    def busy(self) -> bool:
        """Whether code of the instance is running."""
        return self._activity.busy

    @property
    def fuel_left(self) -> int:
        """The fuel units that the running call has left."""
        return self._activity.fuel_left()

    def heed(self, interruption: Interruption | None) -> None:
        """Have something told, from any thread, when the running call is to end early; None for nothing any more.

        For a host function that neither returns nor waits meanwhile. It does not wait while it heeds.
        """
        self._activity.wake = interruption

    def wait(self, waitables: Sequence[Waitable], announce: Announcement = nullcontext) -> tuple[int, ...]:
        """Wait until something is ready, or the call ends; nothing else in a host function may block.

        Args:
            waitables: What is waited for; without any, the wait ends with the call only.
            announce: Announces that the thread is about to block (``tenant.waiting``).

        Returns:
            The positions of what is ready, at least one.

        Raises:
            CallCancelled: If the call is cancelled, or its instance is to go. Passed on, it ends the call so.
            DeadlinePassed: If the call's deadline passes first.
            HostFault: If the process has no descriptor left to wait with.
        """
        return wait(self._activity, waitables, announce)
