"""The folder of components and the state directory that a command line refers to, and the source of each setting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airssys_tui.cli.reaching.program_settings import (
    FOLDER_VARIABLE,
    STATE_DIR_VARIABLE,
    ProgramSettings,
    Sourced,
    choose_path,
    read_settings,
)
from airssys_tui.core.errors import UsageError

HERE_BY_DEFAULT: Final = "current directory"
"""The source of a folder that no setting names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder of components and the state directory that belongs to it, with the sources of both."""

    folder: Sourced[Path]
    state_dir: Sourced[Path]
    settings: ProgramSettings

    @property
    def folder_named(self) -> bool:
        """Whether any setting names the folder; otherwise it is the current directory."""
        return self.folder.source != HERE_BY_DEFAULT


def adoption(folder: Path) -> str:
    """Return the remedy for a state directory that belongs to another folder."""
    return f"choose another --state-dir, or bind it to this folder: airssys-tui {folder} --adopt"


def locate(
    folder: Path | None, state_dir: Path | None, *, must_exist: bool = True, settings: ProgramSettings | None = None
) -> Site:
    """Find the folder and the state directory of a command line.

    Args:
        folder: The folder on the command line, if given.
        state_dir: The state directory on the command line, if given.
        must_exist: Whether the folder has to be there; what only reads a named state directory does not need it. One
            that is named on the command line always has to.
        settings: The settings of the configuration file; if None, the file is read.

    Raises:
        UsageError: The folder is not a directory, its state would be kept right in it, or the configuration file
            cannot be used.
    """
    settings = read_settings() if settings is None else settings
    chosen = choose_path(folder, FOLDER_VARIABLE, settings.folder) or Sourced(Path(), HERE_BY_DEFAULT)
    kept = choose_path(state_dir, STATE_DIR_VARIABLE, settings.state_dir)
    if not chosen.value.is_dir() and (must_exist or kept is None or folder is not None):
        raise UsageError(
            f"{chosen.value} is not a folder" if chosen.value.exists() else f"there is no folder {chosen.value}",
            remedy="name a folder of components; `airssys-tui --help` lists the commands",
        )
    watched = must_exist or chosen.source != HERE_BY_DEFAULT
    if watched and kept is not None and kept.value.resolve() == chosen.value.resolve():
        raise UsageError(
            f"the state directory {kept.value} is the folder of components itself",
            remedy="name another --state-dir",
        )
    return Site(folder=chosen, state_dir=kept or _derived(chosen.value), settings=settings)


def _derived(folder: Path) -> Sourced[Path]:
    from airssys_tui.store.paths import default_state_dir  # noqa: PLC0415 - late: not every command needs a state directory

    return Sourced(default_state_dir(folder), "made from the folder")
