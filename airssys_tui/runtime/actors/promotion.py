"""From candidate to the one that serves: what an instance has done so far takes effect, on the catalog's word."""

from __future__ import annotations

from airssys_tui.core.errors import AirssysError, GateRefusal, StorageRefusal
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.machinery.machinery import Floor


class Promotion:
    """The promotion of one instance.

    Args:
        floor: The machinery.
        serving: The instance; none when nothing is to serve.
    """

    def __init__(self, floor: Floor, serving: Serving | None) -> None:
        self._floor = floor
        self._serving = serving
        self._staged: int | None = None

    async def prepare(self) -> None:
        """Make sure that what it has done can take effect, before the catalog says that it serves.

        Raises:
            GateRefusal: If it cannot.
            StoreError: If it cannot be written.
        """
        serving = self._serving
        if serving is None or not serving.tenant.pending:
            return
        try:
            await self._floor.disk(serving.tenant.stage, serving.revision)
        except StorageRefusal as refusal:
            raise GateRefusal(refusal.message, gate=Gate.STORAGE) from refusal
        self._staged = serving.revision

    async def withdraw(self) -> None:
        """Forget what was prepared: the catalog did not have its word."""
        if self._serving is not None and self._staged is not None:
            await self._floor.disk(self._serving.tenant.unstage, self._staged)

    async def complete(self) -> None:
        """Let it take effect. What cannot be written now is made up for when the storage is used next; never raises."""
        serving = self._serving
        if serving is None:
            return
        if self._staged is None:
            serving.tenant.take_over()
            return
        try:
            await self._floor.disk(serving.tenant.take_over, self._staged)
        except AirssysError as error:
            self._floor.journal.emit(
                EventKind.LIFECYCLE,
                f"what it stored before it served is not stored yet: {error.message}",
                component=serving.tenant.component,
                revision=serving.revision,
                level=Level.ERROR,
                action=EventAction.STORAGE,
            )


async def promote(floor: Floor, serving: Serving) -> None:
    """Let an instance of the active revision serve: the catalog has had its word before.

    Raises:
        GateRefusal: If what it has done cannot take effect.
        StoreError: If it cannot be written.
    """
    if not serving.tenant.pending:
        serving.tenant.take_over()
        return
    try:
        await floor.disk(serving.tenant.take_over)
    except StorageRefusal as refusal:
        raise GateRefusal(refusal.message, gate=Gate.STORAGE) from refusal
