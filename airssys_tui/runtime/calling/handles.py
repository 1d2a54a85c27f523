"""Resources that calls by hand returned: held by number, so that the next call can be given them.

In JSON a resource is ``{"$resource": NUMBER}``; no WIT name holds a ``$``, so that no record is mistaken for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from airssys_tui.api.views.calling import OpenHandle
from airssys_tui.core.errors import ArgumentError, CapacityError
from airssys_tui.core.text import one_line
from airssys_tui.engine.resources import ResourceHandle

MOST: Final = 64
"""Resources held per component; a call that would return another one is refused beforehand."""

KEY: Final = "$resource"


class Handles:
    """The resources held of one component. Used by workers and the control loop.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._held: dict[int, tuple[ResourceHandle, OpenHandle]] = {}

    def require_room(self) -> None:
        """Refuse before a call what could not be kept after it.

        Raises:
            CapacityError: If as many are held as may be.
        """
        if len(self.open_handles()) >= MOST:
            raise CapacityError(f"{MOST} resources are held already", remedy="let one go first")

    def keep(self, handle: ResourceHandle, revision: int) -> dict[str, Any]:
        """Hold a resource and return its JSON."""
        with self._lock:
            self._last += 1
            held = OpenHandle(self._last, one_line(handle.resource, 64), revision, self._clock())
            self._held[held.id] = (handle, held)
            return {KEY: held.id, "type": str.__str__(held.resource)}

    def open_handles(self) -> tuple[OpenHandle, ...]:
        """Return what is held; what was given away, or went with its instance, is no longer."""
        with self._lock:
            self._held = {number: entry for number, entry in self._held.items() if not entry[0].spent}
            return tuple(held for _, held in self._held.values())

    def find(self, number: object) -> ResourceHandle:
        """Return a resource by its number.

        Raises:
            ArgumentError: If none of that number is held.
        """
        with self._lock:
            entry = self._held.get(number) if isinstance(number, int) else None
            if entry is None or entry[0].spent:
                known = ", ".join(str(key) for key, (handle, _) in self._held.items() if not handle.spent) or "none"
                raise ArgumentError("", f"the number of a resource that is held ({known})", repr(number))
            return entry[0]

    def resolve(self, value: Any) -> Any:
        """Put resources in the place of their JSON, wherever it stands in a value.

        Raises:
            ArgumentError: If a number stands for nothing.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            if KEY in value and value.keys() <= {KEY, "type"}:
                return self.find(value[KEY])
            return {key: self.resolve(item) for key, item in value.items()}
        return value

    def encode(self, value: Any, revision: int) -> str:
        """Write the JSON of a result, holding each resource in it."""

        def hook(part: Any) -> Any:
            if isinstance(part, ResourceHandle):
                return self.keep(part, revision)
            raise NotImplementedError(type(part).__name__)

        return msgspec.json.encode(value, enc_hook=hook).decode()
