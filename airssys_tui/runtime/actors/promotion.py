"""Promotion: the step from candidate to active, in which the storage changes of an instance take effect.

A candidate writes to an overlay, so that a refused one leaves no trace. Catalog and storage are two files, so the
change is made in three steps that survive a crash between any two of them: the overlay is staged on disk
(``prepare``); the catalog records the activation in one transaction; the staged changes are committed (``complete``).
After a crash, staged changes are committed if the catalog says that their revision is active, and dropped otherwise.
"""

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
        serving: The instance; None if no instance is to serve.
    """

    def __init__(self, floor: Floor, serving: Serving | None) -> None:
        self._floor = floor
        self._serving = serving
        self._staged: int | None = None

    async def prepare(self) -> None:
        """Stage its changes, before the catalog records the activation.

        Raises:
            GateRefusal: If they exceed the quota.
            StoreError: If they cannot be written.
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
        """Drop the staged changes: the activation was not recorded."""
        if self._serving is not None and self._staged is not None:
            await self._floor.disk(self._serving.tenant.unstage, self._staged)

    async def complete(self) -> None:
        """Commit its changes; never raises. Those that cannot be written now are written before the storage is used."""
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
                f"its storage changes are not written yet: {error.message}",
                component=serving.tenant.component,
                revision=serving.revision,
                level=Level.ERROR,
                action=EventAction.STORAGE,
            )


async def promote(floor: Floor, serving: Serving) -> None:
    """Let a new instance of the active revision serve; the activation is already recorded.

    Raises:
        GateRefusal: If its storage changes exceed the quota.
        StoreError: If they cannot be written.
    """
    if not serving.tenant.pending:
        serving.tenant.take_over()
        return
    try:
        await floor.disk(serving.tenant.take_over)
    except StorageRefusal as refusal:
        raise GateRefusal(refusal.message, gate=Gate.STORAGE) from refusal
