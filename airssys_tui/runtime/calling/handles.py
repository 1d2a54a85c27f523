"""Open handles: resources that calls by hand returned, kept by number so that a later call can take them as arguments.

In JSON a resource is ``{"$resource": NUMBER}``. No WIT name contains a ``$``, so no record looks like one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.api.views.calling import MOST_OPEN, OpenHandle
from airssys_tui.core.errors import ArgumentError, CapacityError
from airssys_tui.core.text import one_line
from airssys_tui.engine.resources import ResourceHandle

if TYPE_CHECKING:
    from airssys_tui.runtime.actors.serving import Serving

KEY: Final = "$resource"


class Handles:
    """The open handles of one component. Used by workers and the control loop.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._open: dict[int, tuple[ResourceHandle, OpenHandle]] = {}

    def require_room(self) -> None:
        """Refuse a call if no more handles can be opened for its result.

        Raises:
            CapacityError: If there are :data:`MOST_OPEN` open handles.
        """
        if len(self.open_handles()) >= MOST_OPEN:
            raise CapacityError(f"{MOST_OPEN} handles are already open", remedy="close one first")

    def keep(self, handle: ResourceHandle, revision: int) -> dict[str, Any]:
        """Open a handle of a resource and return its JSON."""
        with self._lock:
            self._last += 1
            held = OpenHandle(self._last, one_line(handle.resource, 64), revision, self._clock())
            self._open[held.id] = (handle, held)
            return {KEY: held.id, "type": str.__str__(held.resource)}

    def open_handles(self) -> tuple[OpenHandle, ...]:
        """Return the open handles; one whose resource was given away, or ended with its instance, is closed."""
        with self._lock:
            self._open = {number: entry for number, entry in self._open.items() if not entry[0].spent}
            return tuple(held for _, held in self._open.values())

    def find(self, number: object) -> ResourceHandle:
        """Return a resource by its number.

        Raises:
            ArgumentError: If there is no open handle of that number.
        """
        with self._lock:
            entry = self._open.get(number) if isinstance(number, int) else None
            if entry is None or entry[0].spent:
                known = ", ".join(str(key) for key, (handle, _) in self._open.items() if not handle.spent) or "none"
                raise ArgumentError("", f"the number of an open handle ({known})", repr(number))
            return entry[0]

    def resolve(self, value: Any) -> Any:
        """Replace the JSON of resources by the resources, anywhere in a value.

        Raises:
            ArgumentError: If a number is not that of an open handle.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            if KEY in value and value.keys() <= {KEY, "type"}:
                return self.find(value[KEY])
            return {key: self.resolve(item) for key, item in value.items()}
        return value

    def encode(self, value: Any, serving: Serving) -> str:
        """Return the JSON of a result, with an open handle for each resource in it.

        Raises:
            CapacityError: If that would open more than :data:`MOST_OPEN` handles; its resources are dropped.
        """
        found = tuple(_resources(value))
        if found and len(self.open_handles()) + len(found) > MOST_OPEN:
            for handle in found:
                serving.release(handle)
            raise CapacityError(
                f"the result has {len(found)} resources, and at most {MOST_OPEN} handles can be open: dropped",
                remedy="close open handles first, or call something that returns fewer",
            )

        def hook(part: Any) -> Any:
            if isinstance(part, ResourceHandle):
                return self.keep(part, serving.revision)
            raise NotImplementedError(type(part).__name__)

        return msgspec.json.encode(value, enc_hook=hook).decode()


def _resources(value: Any) -> Iterator[ResourceHandle]:
    """Yield the resources anywhere in a result."""
    if isinstance(value, ResourceHandle):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _resources(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _resources(item)
