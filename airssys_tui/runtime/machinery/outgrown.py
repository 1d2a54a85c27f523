"""Artifacts that exhausted the native stack in baseline code, which leaves them less of it than optimised code does.

They are compiled with optimisations from then on, until the runtime is closed.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.core.identity import Digest
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap, TrapKind

MOST: Final = 1_000
"""Artifacts remembered; the oldest goes first."""


def exhausts_stack(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, is a native stack that was exhausted."""
    while error is not None and not isinstance(error, GuestTrap):
        error = error.__cause__
    return error is not None and error.trap.kind is TrapKind.STACK_OVERFLOW


class Outgrown:
    """The artifacts that are not for the baseline compiler. Used on the control loop only."""

    def __init__(self) -> None:
        self._digests: dict[Digest, None] = {}

    def __contains__(self, digest: Digest) -> bool:
        """Return whether an artifact is one of them."""
        return digest in self._digests

    def notes(self, digest: Digest, tier: Tier, error: BaseException) -> bool:
        """Remember an artifact if an error says so: a stack that was exhausted in baseline code.

        Args:
            digest: The artifact.
            tier: Which code it was.
            error: The error; what caused it is looked at as well.

        Returns:
            Whether it is to be tried again with optimised code.
        """
        if tier is Tier.OPTIMISED or digest in self._digests or not exhausts_stack(error):
            return False
        if len(self._digests) >= MOST:
            del self._digests[next(iter(self._digests))]
        self._digests[digest] = None
        return True
