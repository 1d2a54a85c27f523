"""A cache of compiled code in memory: code used recently is instantiated again without reading the disk.

It serves a rollback to the previous revision, a restart after a trap, and a second component of the same artifact. Used
on the control loop only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from airssys_tui.core.identity import Digest
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import MIB
from airssys_tui.engine.compiled import Code

MAX_BYTES: Final = 64 * MIB
"""Compiled bytes kept at most; code larger than that is not kept."""

MAX_ARTIFACTS: Final = 32
"""Artifacts kept at most."""


class Shelf:
    """The code used most recently, by artifact.

    Args:
        max_bytes: Compiled bytes kept at most; the least recently used go first.
        max_artifacts: Artifacts kept at most.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_artifacts: int = MAX_ARTIFACTS) -> None:
        self._max_bytes = max_bytes
        self._max_artifacts = max_artifacts
        self._bytes = 0
        self._kept: OrderedDict[tuple[Digest, Tier], tuple[Code, int]] = OrderedDict()

    def take(self, digest: Digest, tier: Tier = Tier.OPTIMISED) -> Code | None:
        """Return the code of an artifact in a tier, or None."""
        found = self._kept.get((digest, tier))
        if found is None:
            return None
        self._kept.move_to_end((digest, tier))
        return found[0]

    def clear(self) -> None:
        """Forget all code."""
        self._kept.clear()
        self._bytes = 0

    def put(self, digest: Digest, code: Code, size: int) -> None:
        """Keep code that was loaded or compiled.

        Args:
            digest: The artifact.
            code: Its code.
            size: Compiled bytes.
        """
        if size > self._max_bytes:
            return
        key = digest, code.tier
        _, before = self._kept.pop(key, (None, 0))
        self._kept[key] = (code, size)
        self._bytes += size - before
        while self._bytes > self._max_bytes or len(self._kept) > self._max_artifacts:
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= gone
