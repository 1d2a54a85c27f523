"""The operator's intent for a component."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.core.lifecycle import Desired


class Intent:
    """The desired state of one component.

    Attributes:
        desired: Whether it is to run.
        unloaded: Whether the operator unloaded it: then its files are not deployed until it is started or reloaded.
    """

    __slots__ = ("_changed", "desired", "unloaded")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.desired = Desired.RUNNING
        self.unloaded = False

    def want(self, desired: Desired) -> None:
        """Set the desired state."""
        self.desired = desired
        self._changed()

    def unload(self, unloaded: bool = True) -> None:
        """Set whether it is unloaded."""
        self.unloaded = unloaded
