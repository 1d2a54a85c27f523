"""The configuration of the watched folder as it is when the runtime starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.capability.policy_file import FOLDER_FILE, FolderSettings, read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.regular_file import FileError
from airssys_tui.runtime.sources.reading_threads import ReadingThreads


async def folder_settings(reading: ReadingThreads, folder: Path, tell: Callable[[str], None]) -> FolderSettings:
    """Return what the folder says; what cannot be read grants nothing, not even by default, and opens no port.

    Args:
        reading: The threads that read the folder.
        folder: The folder.
        tell: Called with why it cannot be read.
    """
    try:
        return await reading.read(FOLDER_FILE, read_folder_settings, folder)
    except (ManifestError, FileError) as error:
        tell(f"{error.message}; nothing is granted by default until it can be read · {error.remedy}")
        return FolderSettings(PolicySource(default=()))
