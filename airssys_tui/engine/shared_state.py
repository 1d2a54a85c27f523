"""State shared by all instances of one engine: native engine, memories, ticker, and the open instances."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import wasmtime

from airssys_tui.core.errors import CapacityError
from airssys_tui.engine import bindings
from airssys_tui.engine.configuration import configuration, hosts_memory
from airssys_tui.engine.memory import MemoryPool
from airssys_tui.engine.ticker import Ticker

if TYPE_CHECKING:
    from airssys_tui.engine.settings import EngineSettings

FAREWELL_SECONDS: Final = 2.0
"""Seconds that closing waits for calls in flight: a thread in native code cannot outlive the interpreter."""

_FAREWELL_POLL: Final = 0.005


class Inhabitant(Protocol):
    """An activity, as its habitat sees it."""

    @property
    def busy(self) -> bool:
        """Whether a call is in flight."""

    def on_epoch(self, ticks: Any) -> int:
        """Decide at an epoch deadline whether the call goes on."""

    def close(self) -> None:
        """Free the store, or cancel the call in flight, which frees it then."""


T = TypeVar("T", bound=Inhabitant)


class Habitat(Generic[T]):
    """The shared state of an engine's instances.

    Args:
        settings: The engine's settings.

    Attributes:
        native: The native engine.
        address: Its address.
        pool: The linear memories; None where the engine provides them itself.
        inhabitants: All open activities by the address of their store's context, which callbacks receive.
        on_epoch: Address of the callback for a store's epoch deadline, prepared as an argument.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.pool = MemoryPool(settings) if hosts_memory(settings) else None
        self.native = wasmtime.Engine(configuration(settings, self.pool))
        self.address = bindings.address(self.native)
        self.inhabitants: dict[int, weakref.ref[T]] = {}
        self._callback = bindings.EpochCallback(self._on_epoch)
        self.on_epoch = bindings.pointer(bindings.callback_address(self._callback))
        self.ticker = Ticker(self.address, settings.tick_ms, self.active)

    def _on_epoch(self, context: int, _env: int, ticks: Any, kind: Any) -> int:
        reference = self.inhabitants.get(context)
        activity = None if reference is None else reference()
        if activity is None:
            return 0
        try:
            kind[0] = _CONTINUE
            return activity.on_epoch(ticks)
        except BaseException as error:  # noqa: BLE001 -- the guest boundary: nothing may pass through native frames
            return bindings.new_error(f"epoch: {error}")

    def admit_memory(self) -> None:
        """Reject another instance when the process has no room for its memory.

        Raises:
            CapacityError: If the maximum number of memories is in use.
        """
        if self.pool is not None and not self.pool.has_room():
            text = f"{self.pool.live} linear memories are in use, the maximum of this process"
            raise CapacityError(text, remedy="stop some components")

    def residents(self) -> list[T]:
        """Return all open activities."""
        # The interpreter creates the list in one operation, so other threads may open and close meanwhile.
        known = list(self.inhabitants.values())
        return [activity for reference in known if (activity := reference()) is not None]

    def active(self) -> bool:
        """Return whether any call is in flight."""
        return any(activity.busy for activity in self.residents())

    def close(self, patience: float) -> None:
        """Cancel calls in flight, free every store, stop the ticker.

        Args:
            patience: Seconds for calls in flight to end; those that do not (a disk hangs) keep their stores.
        """
        end = time.monotonic() + patience
        while self.active() and time.monotonic() < end:
            for activity in self.residents():
                if activity.busy:
                    activity.close()
            time.sleep(_FAREWELL_POLL)
        for activity in self.residents():
            activity.close()
        self.ticker.close()
        if self.pool is not None:
            self.pool.close()


_CONTINUE: Final = 0
