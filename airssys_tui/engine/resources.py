"""Opaque handles of resources that guests define: who owns them, how they are lent, when they are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.core.errors import ArgumentError
from airssys_tui.engine import bindings

if TYPE_CHECKING:
    from collections.abc import Callable


class ResourceHandle:
    """A resource of one instance, held by the host.

    Passing it where an ``own`` is wanted moves it; :meth:`close` drops it and runs the guest's destructor.

    Attributes:
        resource: Name of the resource type.
    """

    __slots__ = ("_pointer", "_table", "resource")

    def __init__(self, table: ResourceTable, resource: str, pointer: int) -> None:
        self._table = table
        self._pointer = pointer
        self.resource = resource

    @property
    def spent(self) -> bool:
        """Whether it was moved, dropped, or its instance is gone."""
        return self._pointer == 0

    def close(self) -> None:
        """Drop the resource in its instance; safe to call twice.

        Raises:
            GuestTrap: If the destructor traps.
        """
        if pointer := self._take():
            self._table.drop(pointer)

    def belongs_to(self, table: ResourceTable) -> bool:
        """Tell whether a table holds it."""
        return self._table is table

    def lend(self) -> int:
        """Give its native address for the length of a call."""
        return self._pointer

    def _take(self) -> int:
        pointer, self._pointer = self._pointer, 0
        if pointer:
            self._table.forget(self)
        return pointer

    def __repr__(self) -> str:
        """Write the type and whether it can still be used."""
        return f"<resource {self.resource}{' (spent)' if self.spent else ''}>"


class ResourceTable:
    """The handles that the host holds of one instance's resources; the scope of lowering and lifting.

    Args:
        drop: Drops the native resource, running its destructor, and frees the handle.
    """

    __slots__ = ("_handles", "_moved", "drop")

    def __init__(self, drop: Callable[[int], None]) -> None:
        self.drop = drop
        self._handles: set[ResourceHandle] = set()
        self._moved: list[int] = []

    def __len__(self) -> int:
        """Count the handles held."""
        return len(self._handles)

    def adopt(self, where: int, resource: str) -> ResourceHandle:
        """Take a handle out of a native value; the value keeps its own."""
        handle = ResourceHandle(self, resource, bindings.resource_clone(where))
        self._handles.add(handle)
        return handle

    def lend(self, handle: object, resource: str, owned: bool) -> int:
        """Give the native address of a handle for a call; moving it when ownership passes.

        Raises:
            ArgumentError: If it is not a live handle of that resource and instance.
        """
        if not isinstance(handle, ResourceHandle) or handle.resource != resource or not handle.belongs_to(self):
            raise ArgumentError(resource, f"a handle of this instance's {resource}", repr(handle))
        if handle.spent:
            raise ArgumentError(resource, "a handle that is still held", repr(handle))
        if not owned:
            return handle.lend()
        pointer = handle._take()  # noqa: SLF001 -- the other half of this module
        self._moved.append(pointer)
        return pointer

    def forget(self, handle: ResourceHandle) -> None:
        """Stop holding a handle."""
        self._handles.discard(handle)

    def settle(self) -> None:
        """Free the native handles whose ownership went to the guest in the call that is over."""
        while self._moved:
            bindings.resource_delete(self._moved.pop())

    def clear(self) -> None:
        """Free every native handle without destructors: the instance is going away as a whole."""
        if not self._handles and not self._moved:
            return
        self.settle()
        for handle in self._handles:
            bindings.resource_delete(handle._pointer)  # noqa: SLF001 -- the other half of this module
            handle._pointer = 0  # noqa: SLF001
        self._handles.clear()
