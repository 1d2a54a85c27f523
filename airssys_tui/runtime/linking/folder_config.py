"""The folder's configuration while the runtime runs: other ``[links]`` and ``[groups]`` take effect at once.

A mistake changes nothing, and is told until the file is right.
"""

from __future__ import annotations

from airssys_tui.core.capability.policy_file import FOLDER_FILE, FolderSettings, read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.regular_file import FileError
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.components.group_book import GroupBook
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources.folder_file import folder_settings


class FolderConfig:
    """Reads the configuration at the start, and again when the file changes. Used on the control loop.

    Args:
        floor: The machinery.
        links: Follows ``[links]``.
        groups: Follow ``[groups]``.

    Attributes:
        problem: What is wrong with the file now; empty if nothing is.
    """

    def __init__(self, floor: Floor, links: LinkBook, groups: GroupBook) -> None:
        self._floor = floor
        self._links = links
        self._groups = groups
        self._settings = FolderSettings()
        self.problem = GuestText("")

    async def open(self) -> FolderSettings:
        """Read it at the start, and let its links hold."""
        self._settings = await folder_settings(self._floor.reading, self._floor.folder, self._misread)
        self._links.table = self._settings.links
        self._groups.replace(self._settings.groups)
        return self._settings

    def _misread(self, why: str) -> None:
        self.problem = one_line(why, 400)
        self._floor.journal.system(why, EventAction.DENIED, Level.ERROR)

    async def reload(self) -> None:
        """Read it again: links take effect at once, ``[trust]`` and ``[http]`` at the next start."""
        try:
            found = await self._floor.reading.read(FOLDER_FILE, read_folder_settings, self._floor.folder)
        except (ManifestError, FileError) as error:
            self.problem = one_line(f"{error.message}; what it said before holds", 400)
            self._floor.journal.system(self.problem, EventAction.REFUSED, Level.ERROR)
            return
        self.problem = GuestText("")
        before, self._settings = self._settings, found
        if found.links != before.links:
            self._links.replace(found.links)
            self._floor.journal.system(f"{FOLDER_FILE}: [links] holds as it is now", EventAction.LINKED)
        if found.groups != before.groups:
            self._groups.replace(found.groups)
            self._floor.journal.system(f"{FOLDER_FILE}: [groups] holds as it is now", EventAction.SETTLED)
        later = [f"[{name}]" for name in ("policy", "http") if getattr(found, name) != getattr(before, name)]
        if later:
            told = " and ".join(later).replace("policy", "trust")
            self._floor.journal.system(f"{FOLDER_FILE}: {told} takes effect at the next start", EventAction.NO_EFFECT)
