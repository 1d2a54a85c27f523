"""The door to files by descriptors, for one instance: it hands out the directories that the manifest names."""

from __future__ import annotations

from airssys_tui.host.doors.descriptors.anchors import NamedAnchor
from airssys_tui.host.doors.descriptors.directory_descriptor import DirectoryDescriptor
from airssys_tui.host.doors.descriptors.open_quota import OpenQuota
from airssys_tui.host.doors.filesystem.path_forms import parse
from airssys_tui.host.guard import Guard


class DescriptorDoor:
    """Descriptors for one instance. Used by one thread at a time.

    Args:
        guard: Decides each access.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._quota = OpenQuota(guard)

    def named(self, path: str) -> DirectoryDescriptor:
        """Return a directory that the manifest names, whether or not it is there, and may be used, already.

        Args:
            path: Its absolute path.

        Raises:
            FileRefusal: ``invalid-path`` if the path is relative, too long, or holds ``..`` or a zero byte.
        """
        return DirectoryDescriptor(NamedAnchor(parse(path)), self._guard, self._quota)
