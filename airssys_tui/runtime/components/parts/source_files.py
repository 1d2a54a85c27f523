"""Where the files of a component are, and their content when they were last read."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from airssys_tui.core.description import artifact_label
from airssys_tui.core.text import GuestText


class OnDisk(msgspec.Struct, frozen=True):
    """What was last read from the component's files."""

    digest: str
    manifest_digest: str
    version: str | None

    @property
    def label(self) -> GuestText:
        """The version, or the short digest if there is no version."""
        return artifact_label(self.version, self.digest)


class SourceFiles:
    """The files of one component.

    Attributes:
        key: The entry of the watched folder; empty if the component has no entry.
        present: Whether the files are in the folder.
        detached: Whether the component may run without its files, because the operator asked for it.
        left: Whether the files were removed since the active revision took over. When they come back, a component that
            supervision gave up is tried again.
        recorded: Whether the catalog is known to say that the files are in the folder.
        on_disk: What was last read; None when the files are gone or could never be read.
    """

    __slots__ = ("_changed", "detached", "key", "left", "on_disk", "present", "recorded")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.key = ""
        self.present = False
        self.recorded = False
        self.detached = False
        self.left = False
        self.on_disk: OnDisk | None = None

    @property
    def usable(self) -> bool:
        """Whether the component may run: its files are there, or the operator lets it run without them."""
        return self.present or self.detached

    def adopt(self, key: str) -> None:
        """Set the entry of the folder that the component comes from."""
        self.key = key
        self._changed()

    def recall(self, key: str, *, recorded: bool) -> None:
        """Restore what the catalog knows; a component without an entry was detached."""
        self.key = key
        self.recorded = recorded
        self.detached = not key

    def record(self, present: bool) -> None:
        """Note whether it is recorded that the files are in the folder; False also if that is not known."""
        self.recorded = present

    def appear(self) -> None:
        """Note that the files are in the folder, though nothing was read from them."""
        self.present = True
        self._changed()

    def found(self, on_disk: OnDisk) -> None:
        """Note what was read from the files."""
        self.on_disk = on_disk
        self.present = True
        self.detached = False
        self._changed()

    def vanish(self) -> None:
        """Note that the files are gone."""
        self.present = False
        self.on_disk = None
        self._changed()

    def leave(self) -> None:
        """Note that the files of the active revision are gone, so that it has to stop."""
        self.vanish()
        self.detached = False
        self.left = True

    def come_back(self) -> None:
        """Forget that the files had left."""
        self.left = False

    def detach(self) -> None:
        """Let the component run without files."""
        self.detached = True
        self.key = ""
        self._changed()
