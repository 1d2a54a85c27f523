"""What the revisions of a component have proved: stability, probation, quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.text import GuestText
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.trial import Trial

MAX_QUARANTINED: Final = 64
"""Artifacts in quarantine remembered for each component; the oldest goes first."""


class Quarantined(msgspec.Struct, frozen=True):
    """Files that failed on probation, with their revision and the reason."""

    number: int
    reason: GuestText


class Proof:
    """What the active revision of one component has proved, and which artifacts failed.

    Attributes:
        stable: Whether the active revision is stable.
        faults: How often the active revision trapped or was unhealthy, earlier runs included; calls by hand do not
            count. That the operator took back its mark as stable counts as well.
        checks: Saved checks that the active revision has passed, if it passed them all.
        trial: Its probation, while that lasts.
        condemned: Whether the active revision itself is in quarantine, because there was no revision to roll back to.
        quarantined: What failed on probation, by digest and manifest digest.
        chain: What led here, oldest first: quarantines and rollbacks since the files last changed.
    """

    __slots__ = ("_changed", "chain", "checks", "condemned", "faults", "quarantined", "stable", "trial")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.stable = False
        self.faults = 0
        self.checks = 0
        self.trial: Trial | None = None
        self.condemned = False
        self.quarantined: dict[tuple[str, str], Quarantined] = {}
        self.chain: tuple[GuestText, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the active revision served without a fault so far."""
        return self.faults == 0

    def begin_anew(self, *, stable: bool, keeps_chain: bool) -> None:
        """Reset what the previous revision has proved."""
        self.stable = stable
        self.faults = self.checks = 0
        self.condemned = False
        if not keeps_chain:
            self.chain = ()
        self._changed()

    def begin(self, trial: Trial) -> None:
        """Put the active revision on probation."""
        self.trial = trial
        self._changed()

    def end(self) -> None:
        """End the probation."""
        self.trial = None
        self._changed()

    def break_chain(self) -> None:
        """Clear the chain."""
        self.chain = ()

    def link(self, text: GuestText) -> None:
        """Add an event to the chain."""
        self.chain = (*self.chain, text)
        self._changed()

    def fault(self) -> None:
        """Note that the active revision trapped or was unhealthy."""
        self.faults += 1

    def recall(self, faults: int) -> None:
        """Take over the faults of an earlier run, or those of the revision that a rollback points to."""
        self.faults = max(self.faults, faults)

    def check_passed(self, checks: int) -> None:
        """Note that the active revision has passed all saved checks of the component."""
        self.checks = max(self.checks, checks)
        if self.trial is not None:
            self.trial.checks = max(self.trial.checks, checks)
        self._changed()

    def judge_stable(self, stable: bool, *, by_operator: bool = False) -> None:
        """Set whether the active revision is stable.

        Args:
            stable: Whether it is.
            by_operator: Whether the operator decided it. If the operator decided "not stable", neither the end of a
                probation nor a successor makes the revision stable again.
        """
        self.stable = stable
        if by_operator:
            self.faults += 0 if stable else 1
        self._changed()

    def condemn(self) -> None:
        """Note that the active revision itself is in quarantine."""
        self.condemned = True
        self._changed()

    def acquit(self) -> None:
        """Note that the active revision is not in quarantine any more."""
        self.condemned = False
        self._changed()

    def quarantine(self, artifact: Blueprint, reason: GuestText) -> None:
        """Remember that an artifact failed on probation."""
        while len(self.quarantined) >= MAX_QUARANTINED:
            self.quarantined.pop(next(iter(self.quarantined)))
        self.quarantined[artifact.digest, artifact.manifest_digest] = Quarantined(artifact.revision, reason)
        self._changed()

    def lift(self, digest: str, manifest_digest: str) -> None:
        """Take an artifact out of quarantine."""
        self.quarantined.pop((digest, manifest_digest), None)
        self._changed()

    def quarantine_of(self, digest: str, manifest_digest: str) -> Quarantined | None:
        """Return why files are in quarantine, or None."""
        return self.quarantined.get((digest, manifest_digest))
