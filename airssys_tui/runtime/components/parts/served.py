"""What a component serves: the artifact of its active revision."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.runtime.actors.serving import Blueprint


class Served:
    """The active revision of one component.

    Args:
        replaced: Called when another revision is the active one.

    Attributes:
        artifact: Its artifact; None before the first activation.
        kind: How it runs: ``actor``, ``passive`` or ``command``.
        origin: For a rollback, the revision whose artifact was activated again.
    """

    __slots__ = ("_replaced", "artifact", "kind", "origin")

    def __init__(self, replaced: Callable[[], None]) -> None:
        self._replaced = replaced
        self.artifact: Blueprint | None = None
        self.kind = "passive"
        self.origin: int | None = None

    def take_over(self, artifact: Blueprint, kind: str, origin: int | None) -> None:
        """Make a revision the active one."""
        self.artifact = artifact
        self.kind = kind
        self.origin = origin
        self._replaced()

    def is_of(self, digest: str, manifest_digest: str) -> bool:
        """Return whether the active revision is this artifact with this manifest."""
        active = self.artifact
        return active is not None and (active.digest, active.manifest_digest) == (digest, manifest_digest)
