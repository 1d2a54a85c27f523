"""The files of the machine as one instance reaches them: doors behind one guard."""

from __future__ import annotations

from airssys_tui.host.doors.descriptors.descriptor_door import DescriptorDoor
from airssys_tui.host.doors.filesystem.directory_door import DirectoryDoor
from airssys_tui.host.doors.filesystem.file_door import FileDoor
from airssys_tui.host.doors.filesystem.metadata_door import MetadataDoor
from airssys_tui.host.guard import Guard


class Filesystem:
    """The doors to files, directories and what is known of paths, and to all of that by descriptors, for one instance.

    What is open belongs to the instance: it is closed when the instance drops it or is freed itself, which is never
    while a call that uses it is in flight.

    Args:
        guard: Decides each access.
    """

    def __init__(self, guard: Guard) -> None:
        self.files = FileDoor(guard)
        self.directories = DirectoryDoor(guard)
        self.metadata = MetadataDoor(guard)
        self.descriptors = DescriptorDoor(guard)
