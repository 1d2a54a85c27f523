"""Resources of one instance: ownership, lending and dropping.

A resource defined by the guest is an opaque :class:`ResourceHandle` in Python. One defined by the host is an arbitrary
host object: the table keeps it under a number while the guest has a handle, and the engine reports when the guest drops
it. Host functions see the object itself. A caller to whom an export gives it as owned gets a handle, so the instance
drops it at the latest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from airssys_tui.core.errors import ArgumentError, HostFault
from airssys_tui.engine import bindings
from airssys_tui.engine.kept_bytes import HandleLimit, Holder, KeptBytes, kept_by

if TYPE_CHECKING:
    from airssys_tui.core.limits import Limits
    from airssys_tui.core.traps import GuestTrap, Trap


class ResourceOwner(Protocol):
    """An activity, as the table of its resources sees it.

    Attributes:
        context: Given to the host's destructors.
        context_at: Address of the store's context.
        stores: The address of the native store, until it is freed.
    """

    context: Any
    context_at: int
    stores: list[int]
    busy: bool
    death: Trap | None
    limits: Limits

    def run(self, native: Callable[..., int | None], *arguments: Any, fuel: int, deadline: float) -> int | None:
        """Run native code of the store that is not a call; return a native error or None."""

    def trapped(self, pointer: int) -> GuestTrap:
        """End the activity with a native error."""

    def occupied(self) -> GuestTrap:
        """Return the error for a call while another one is in flight."""


class HandleUse(msgspec.Struct, frozen=True):
    """What a guest holds of the host's values.

    Attributes:
        count: How many.
        bytes: The memory that the host counts for them.
    """

    count: int = 0
    bytes: int = 0


class HostedType(msgspec.Struct, frozen=True):
    """A host-defined resource type in one linker.

    Attributes:
        name: Its name in the interface.
        number: Identifies the type in the engine.
        drop: ``drop(context, value)``, called once when a guest drops a value, or is closed while it owns it.
        weight: Bytes of memory that one value is counted with.
        holds: What keeps data for a value besides; None if nothing does.
    """

    name: str
    number: int
    drop: Callable[[Any, Any], None] | None = None
    weight: int = 0
    holds: Callable[[Any], Iterable[Holder]] | None = None


type_numbers: Final = count(1)
"""Numbers of host-defined resource types; unique in this process."""

_NO_TYPES: Final[Mapping[str, HostedType]] = {}


class ResourceHandle:
    """A host-side handle of an instance's resource.

    Passing it as an ``own`` argument moves it; :meth:`close` drops it and runs the guest's destructor.

    Attributes:
        resource: Name of the resource type.
        number: Of the host's value in the table; 0 if the guest defines the resource.
        value: The host's own value, if the host defines the resource.
    """

    __slots__ = ("_pointer", "_table", "number", "resource", "value")

    def __init__(self, table: ResourceTable, resource: str, pointer: int, number: int = 0, value: Any = None) -> None:
        self._table = table
        self._pointer = pointer
        self.resource = resource
        self.number = number
        self.value = value

    @property
    def spent(self) -> bool:
        """Whether it was moved or dropped, or its instance is gone."""
        return self._pointer == 0

    def close(self) -> None:
        """Drop the resource in its instance. Idempotent.

        Raises:
            GuestTrap: If the guest's destructor traps, or a call is in flight; in the latter case the handle is kept.
            HostFault: If the host's destructor fails; the instance stays usable.
        """
        if self._pointer:
            self._table.drop(self)

    def belongs_to(self, table: ResourceTable) -> bool:
        """Return whether it belongs to a table."""
        return self._table is table

    def lend(self) -> int:
        """Return its native address for the duration of a call."""
        return self._pointer

    def take(self) -> int:
        """Give up its native address; it is spent from now on."""
        pointer, self._pointer = self._pointer, 0
        return pointer

    def give_back(self, pointer: int) -> None:
        """Restore a native address that :meth:`take` returned."""
        self._pointer = pointer

    def __repr__(self) -> str:
        """Return the type and whether the handle is spent."""
        return f"<resource {self.resource}{' (spent)' if self.spent else ''}>"


class ResourceTable:
    """The scope of lowering and lifting: the host's open handles, and host values owned by the guest.

    Args:
        activity: The activity of the instance.

    Attributes:
        hosted: The host-defined resource types that this instance may import, by name.
        values: Host values owned by the guest, with their types, by the number that the guest's handle carries.
        taken: Host values that a running host function was given as owned, with their types; its own when it returns.
    """

    __slots__ = (
        "_activity",
        "_borrowed",
        "_handles",
        "_kept",
        "_lent",
        "_moved",
        "_serial",
        "hosted",
        "taken",
        "values",
    )

    def __init__(self, activity: ResourceOwner) -> None:
        self._activity = activity
        self.hosted = _NO_TYPES
        self.values: dict[int, tuple[Any, HostedType]] = {}
        self._serial = 0
        self._kept = KeptBytes()
        self._handles: set[ResourceHandle] = set()
        self._moved: list[tuple[ResourceHandle | int, int]] = []
        self._borrowed: list[ResourceHandle] = []
        self._lent: list[tuple[int, int]] = []
        self.taken: list[tuple[Any, HostedType]] = []

    def __len__(self) -> int:
        """Return the number of open handles and values."""
        return len(self._handles) + len(self.values)

    @property
    def use(self) -> HandleUse:
        """What the guest holds of the host's values."""
        owned = tuple(self.values.values())
        return HandleUse(len(owned), sum(type_.weight for _, type_ in owned) + kept_by(self._holders())[0])

    def keep(self, count: int) -> int:
        """Check that a value may keep more bytes, before it does; see :meth:`KeptBytes.keep`."""
        return self._kept.keep(count, self._holders)

    def _holders(self) -> Iterator[Holder]:
        return (holder for value, type_ in tuple(self.values.values()) if type_.holds for holder in type_.holds(value))

    def adopt(self, where: int, resource: str, owned: bool) -> Any:
        """Convert a native resource: to a handle, or to the host's own value if it is lent.

        Args:
            where: Address of the native resource, which the caller still owns.
            resource: Name of its type.
            owned: Whether ownership passes.
        """
        context = self._activity.context_at
        if resource in self.hosted and (number := bindings.resource_number(context, where)):
            value, type_ = self.values[number]
            if not owned:
                return value
            pointer = bindings.resource_of_host(context, number, type_.number)
            handle = ResourceHandle(self, resource, pointer, number, value)
        else:
            handle = ResourceHandle(self, resource, bindings.resource_clone(where))
        self._handles.add(handle)
        return handle

    def take(self, where: int, resource: str) -> Any:
        """Convert an owned argument of a host function: to a handle, or to the host's own value.

        The value is dropped if the function fails.
        """
        if resource in self.hosted and (number := bindings.resource_number(self._activity.context_at, where)):
            entry = self.values.pop(number)
            self.taken.append(entry)
            return entry[0]
        return self.adopt(where, resource, owned=True)

    def drop_taken(self) -> None:
        """Drop the host values that were given to a host function which failed."""
        while self.taken:
            self._drop_quietly(*self.taken.pop())

    def drop_unsent(self, owned: Iterable[tuple[str, Any]]) -> None:
        """Drop host values of a result that could not be passed, but for those that the guest is known to own.

        Args:
            owned: Names of the resource types, and values.
        """
        for resource, value in owned:
            type_ = self.hosted.get(resource)
            if type_ is not None and not any(kept is value for kept, _ in self.values.values()):
                self._drop_quietly(value, type_)

    def _drop_quietly(self, value: Any, type_: HostedType) -> None:
        # Another failure is reported already, or no caller is left to report to. Nothing may pass: all other values
        # must be dropped, the store must be freed, and there may be native frames above.
        with contextlib.suppress(BaseException):
            if type_.drop is not None:
                type_.drop(self._activity.context, value)

    def lend(self, value: Any, resource: str, owned: bool) -> int:
        """Return the native address of a resource for a call; it moves if ownership passes.

        Raises:
            ArgumentError: If it is not an open handle of that resource and instance, or is lent in the same call.
        """
        hosted = self.hosted.get(resource)
        if hosted is not None and not isinstance(value, ResourceHandle):
            return self._offer(value, hosted, owned)
        if not isinstance(value, ResourceHandle) or value.resource != resource or not value.belongs_to(self):
            raise ArgumentError(resource, f"a handle of this instance's {resource}", repr(value))
        if value.spent:
            raise ArgumentError(resource, "an open handle", repr(value))
        if not owned:
            self._borrowed.append(value)
            return value.lend()
        if value in self._borrowed:
            raise ArgumentError(resource, "a handle that is not lent in the same call", repr(value))
        pointer = value.take()
        self._handles.discard(value)
        self._moved.append((value, pointer))
        return pointer

    def _offer(self, value: Any, type_: HostedType, owned: bool) -> int:
        limit = self._activity.limits.handles
        if owned and len(self.values) >= limit:
            held = len(self.values)
            raise HandleLimit(f"no handle of {type_.name}: {held} host handles are held, the limit is {limit}")
        if owned and type_.holds is not None:
            self.keep(sum(holder.kept for holder in type_.holds(value)))
        # During the call the host owns what it lends: the engine lends from an owned handle.
        try:
            pointer = bindings.resource_of_host(self._activity.context_at, self._serial + 1, type_.number)
        except RuntimeError as error:
            raise HandleLimit(f"the engine has no room for another handle of {type_.name}: {error}") from error
        self._serial += 1
        self.values[self._serial] = value, type_
        (self._moved if owned else self._lent).append((self._serial, pointer))
        return pointer

    def settle(self) -> None:
        """Free what the arguments of the finished call needed."""
        self.settle_moved()
        self._borrowed.clear()
        while self._lent:
            self._take_back(*self._lent.pop())

    def settle_moved(self) -> None:
        """Free the native handles whose ownership passed to the guest: the engine has read them."""
        while self._moved:
            bindings.resource_delete(self._moved.pop()[1])

    def restore(self) -> None:
        """Take back what was lent and moved for a call that did not start."""
        while self._moved:
            handle, pointer = self._moved.pop()
            if isinstance(handle, int):
                self._take_back(handle, pointer)
            else:
                handle.give_back(pointer)
                self._handles.add(handle)
        self.settle()

    def _take_back(self, number: int, pointer: int) -> None:
        # By the number that it was lent under: the engine tells none while a guest keeps what it only borrowed.
        self.values.pop(number, None)
        bindings.resource_delete(pointer)

    def drop(self, handle: ResourceHandle) -> None:
        """Drop the resource of a handle and run its destructor.

        Raises:
            GuestTrap: If the guest's destructor traps, or a call is in flight.
            HostFault: If the host's destructor fails.
        """
        activity = self._activity
        if activity.busy:
            raise activity.occupied()
        self._handles.discard(handle)
        pointer = handle.take()
        error = None
        try:
            if activity.death is None and activity.stores:
                fuel, deadline = activity.limits.fuel_per_call, activity.limits.deadline
                if handle.number:
                    activity.run(self._let_go_checked, handle, fuel=fuel, deadline=deadline)
                else:
                    dropping = bindings.resource_drop, activity.context_at, pointer
                    error = activity.run(*dropping, fuel=fuel, deadline=deadline)
        finally:
            bindings.resource_delete(pointer)
        if error:
            raise activity.trapped(error)

    def _let_go_checked(self, handle: ResourceHandle) -> None:
        try:
            self.let_go(handle.number)
        except Exception as error:
            text = str(error) if isinstance(error, HostFault) else f"{type(error).__name__}: {error}"
            raise HostFault(f"{handle.resource} was not dropped well: {text}") from error

    def let_go(self, number: int) -> None:
        """Drop a host value whose handle the guest dropped."""
        value, type_ = self.values.pop(number)
        if type_.drop is not None:
            type_.drop(self._activity.context, value)

    def clear(self) -> None:
        """Release everything: handles without destructors, as the whole instance is freed; host values with theirs."""
        if not (self._handles or self._moved or self.values or self._lent):
            return
        self.settle_moved()
        for handle in self._handles:
            bindings.resource_delete(handle.take())
        self._handles.clear()
        while self._lent:
            self._take_back(*self._lent.pop())
        while self.values:
            self._drop_quietly(*self.values.popitem()[1])
