"""How many descriptors an instance has open."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError
from airssys_tui.host.guard import Guard

MAX_DESCRIPTORS: Final = 128
"""Files, directories and listings that an instance has open at a time."""


class OpenQuota:
    """Counts what one instance has open.

    Args:
        guard: Counts what is over the quota.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._taken = 0

    def take(self, access: Access) -> None:
        """Count one more.

        Args:
            access: What was asked for to open it.

        Raises:
            DescriptorError: ``quota`` if :data:`MAX_DESCRIPTORS` are open.
        """
        if self._taken >= MAX_DESCRIPTORS:
            text = f"{MAX_DESCRIPTORS} files and directories are open, as many as a component may have"
            raise DescriptorError("quota", self._guard.deny(Denial(access, Reason.QUOTA, text)))
        self._taken += 1

    def free(self) -> None:
        """Count one less."""
        self._taken -= 1
