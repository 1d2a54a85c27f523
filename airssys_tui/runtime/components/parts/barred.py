"""Which files of a component are not deployed automatically, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.refusal import AWAITED
from airssys_tui.core.revision import is_held
from airssys_tui.runtime.components.parts.source_files import OnDisk
from airssys_tui.store.catalog.records import Hold, Refusal

MAX_REFUSALS: Final = 64
"""Refusals remembered for each component; the oldest goes first."""


class Retry(msgspec.Struct, frozen=True):
    """When files that a circumstance kept out are tried again.

    Attributes:
        files: Their digest and manifest digest; both empty if they could not be read.
        at: Monotonic seconds.
        tries: How often they were tried so far.
    """

    files: tuple[str, str]
    at: float
    tries: int


class Bars(msgspec.Struct, frozen=True):
    """Which files were not deployed automatically at some moment; see :class:`Barred`."""

    holds: tuple[Hold, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    turned_away: Refusal | None = None


class Barred:
    """The files of one component that are not deployed automatically.

    Attributes:
        holds: What is held after a rollback.
        refusals: Refusals at a gate, by digest and manifest digest: the same files would be refused again.
        turned_away: Why the files on disk could not be tried: unreadable, an unmet dependency, a full disk, a busy
            machine. It is not remembered by digest, because the same files may pass the next time.
        retry: When they are tried again, if that depends on nothing but time.
    """

    __slots__ = ("_changed", "_tried", "holds", "refusals", "retry", "turned_away")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.holds: tuple[Hold, ...] = ()
        self.refusals: dict[tuple[str, str], Refusal] = {}
        self.turned_away: Refusal | None = None
        self.retry: Retry | None = None
        self._tried: Retry | None = None

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

    def set_up(self, bars: Bars) -> None:
        """Set the holds, and count files as refused that were refused before."""
        self.hold(bars.holds)
        for refusal in bars.refusals:
            self.refuse(refusal)
        if bars.turned_away is not None:
            awaited = bars.turned_away.gate in AWAITED
            self.turn_away(bars.turned_away, None if awaited else Retry(("", ""), 0.0, 0))

    def turn_away(self, refusal: Refusal, retry: Retry | None = None) -> None:
        """Note why the files on disk could not be tried, and when they are tried again."""
        self.turned_away = refusal
        self.retry = self._tried = retry
        self._changed()

    def tried(self, files: tuple[str, str]) -> int:
        """Return how often a circumstance has kept out these files in a row."""
        return self._tried.tries if self._tried is not None and self._tried.files == files else 0

    def take_due(self, now: float) -> bool:
        """Return, once, whether files that were kept out are to be tried now."""
        if self.retry is None or now < self.retry.at:
            return False
        self.retry = None
        return True

    def let_in(self) -> None:
        """Forget why the files on disk could not be tried; how often they were tried is kept."""
        self.turned_away = self.retry = None
        self._changed()

    def forget(self) -> None:
        """Forget every refusal; holds stay."""
        self.refusals.clear()
        self._tried = None
        self.let_in()

    def refusal_of(self, disk: OnDisk | None) -> Refusal | None:
        """Return why the files on disk are not deployed, or None if they were not refused."""
        if self.turned_away is not None:
            return self.turned_away
        return self.refusals.get((disk.digest, disk.manifest_digest)) if disk is not None else None

    def holds_files(self, digest: str, manifest_digest: str) -> bool:
        """Return whether files are held."""
        return is_held((digest, manifest_digest), (hold.files for hold in self.holds))
