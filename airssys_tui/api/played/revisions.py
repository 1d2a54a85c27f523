"""The revisions of a simulated component: releases on disk, deployed revisions, and how the next one is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from airssys_tui.api.views.revisions import RevisionView, revision_view
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of, short_digest
from airssys_tui.core.revision import Cause, Outcome, Revision
from airssys_tui.core.text import GuestText, sanitise

GATES: Final = (
    (Gate.SIZE, 0.1),
    (Gate.SECTIONS, 0.4),
    (Gate.COMPILE, 41.0),
    (Gate.TYPES, 1.2),
    (Gate.INIT, 3.5),
    (Gate.HEALTH_PROBE, 0.8),
)
"""The gates that a revision passed, each with its duration in milliseconds."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that can be on disk.

    Attributes:
        version: SemVer text, or None.
        exports: ``path: signature`` each.
        gate: The gate that refuses it; None when it passes all of them.
        reason: Why the gate refuses it.
        size: Bytes.
        state_bytes: Size of its state in bytes; None if it has no state.
        fuel_per_call: Fuel units per call.
        salt: Gives otherwise equal releases different digests.
    """

    version: str | None
    exports: tuple[str, ...] = ()
    gate: Gate | None = None
    reason: str = ""
    size: int = 18_432
    state_bytes: int | None = None
    fuel_per_call: float | None = None
    salt: str = ""

    @property
    def digest(self) -> str:
        """The artifact's digest, computed from all fields."""
        return digest_of(repr(self).encode("utf-8", "backslashreplace"))

    @property
    def label(self) -> GuestText:
        """Display name: the version, or a short digest."""
        return sanitise(self.version or short_digest(self.digest))


class PlayedRevision(Revision, frozen=True, kw_only=True):
    """A revision with the additional fields of its view that a runtime knows."""

    pinned: bool = False
    gates: tuple[tuple[Gate, float], ...] = ()
    state_bytes: int | None = None
    state_at: float | None = None
    fuel_per_call: float | None = None
    calls: int | None = None

    @property
    def view(self) -> RevisionView:
        """The view for front ends."""
        return revision_view(
            self,
            pinned=self.pinned,
            gates=self.gates,
            state_bytes=self.state_bytes,
            state_at=self.state_at,
            fuel_per_call=self.fuel_per_call,
            calls=self.calls,
        )


def make_revision(component: str, number: int, release: Release, now: float, **fields: Any) -> PlayedRevision:
    """Return a revision of a release as deployed by the watcher, with optional overrides.

    Args:
        component: Text form of the identity.
        number: Its number.
        release: The artifact.
        now: Unix time of the deployment.
        fields: Additional or overriding fields.
    """
    said: dict[str, Any] = {
        "digest": release.digest,
        "manifest_digest": release.digest,
        "version": release.version,
        "size": release.size,
        "cause": Cause.DEPLOY,
        "who": "watcher",
        "created_at": now,
    }
    return PlayedRevision(component=component, number=number, **{**said, **fields})


def serving_fields(release: Release, now: float) -> dict[str, Any]:
    """Return the fields of a revision that becomes active at a time."""
    return {
        "outcome": Outcome.ACTIVE,
        "activated_at": now,
        "gates": GATES,
        "fuel_per_call": release.fuel_per_call,
        "state_bytes": release.state_bytes,
        "state_at": now if release.state_bytes is not None else None,
    }


def appended(timeline: Sequence[PlayedRevision], revision: PlayedRevision, now: float) -> list[PlayedRevision]:
    """Return a timeline with a new revision; if it is active, the previous one becomes superseded and stable."""
    if revision.outcome is not Outcome.ACTIVE:
        return [*timeline, revision]
    left = {"outcome": Outcome.SUPERSEDED, "stable": True, "outcome_at": now}
    return [*(revised(each, left) if each.outcome is Outcome.ACTIVE else each for each in timeline), revision]


def revised(revision: PlayedRevision, changes: dict[str, Any]) -> PlayedRevision:
    """Return a copy of a revision with changed fields."""
    return msgspec.structs.replace(revision, **changes)


def find_active(timeline: Iterable[PlayedRevision]) -> PlayedRevision | None:
    """Return the active revision, or None."""
    return next((each for each in timeline if each.outcome is Outcome.ACTIVE), None)
