"""Which files of a component are not deployed automatically, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from airssys_tui.runtime.components.parts.source_files import OnDisk
from airssys_tui.store.catalog.records import Hold, Refusal

MAX_REFUSALS: Final = 64
"""Refusals remembered for each component; the oldest goes first."""


class Barred:
    """The files of one component that are not deployed automatically.

    Attributes:
        holds: Digests that are held after a rollback.
        refusals: Refusals at a gate, by digest and manifest digest: the same files would be refused again.
        turned_away: Why the files on disk could not be tried: unreadable, an unmet dependency, a full disk. It is not
            remembered by digest, because the same files may pass the next time.
    """

    __slots__ = ("_changed", "holds", "refusals", "turned_away")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.holds: tuple[Hold, ...] = ()
        self.refusals: dict[tuple[str, str], Refusal] = {}
        self.turned_away: Refusal | None = None

    def hold(self, holds: tuple[Hold, ...]) -> None:
        """Set the holds."""
        self.holds = holds
        self._changed()

    def refuse(self, refusal: Refusal) -> None:
        """Remember a refusal, so that the same files are not tried again automatically."""
        while len(self.refusals) >= MAX_REFUSALS:
            self.refusals.pop(next(iter(self.refusals)))
        self.refusals[refusal.digest, refusal.manifest_digest] = refusal
        self._changed()

    def turn_away(self, refusal: Refusal) -> None:
        """Note why the files on disk could not be tried."""
        self.turned_away = refusal
        self._changed()

    def let_in(self) -> None:
        """Forget why the files on disk could not be tried."""
        self.turned_away = None
        self._changed()

    def forget(self) -> None:
        """Forget every refusal; holds stay."""
        self.refusals.clear()
        self.let_in()

    def refusal_of(self, disk: OnDisk | None) -> Refusal | None:
        """Return why the files on disk are not deployed, or None if they were not refused."""
        if self.turned_away is not None:
            return self.turned_away
        return self.refusals.get((disk.digest, disk.manifest_digest)) if disk is not None else None

    def holds_digest(self, digest: str) -> bool:
        """Return whether a digest is held."""
        return any(hold.digest == digest for hold in self.holds)
