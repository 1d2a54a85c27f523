"""Options that many commands share, and the place they point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter, Token

from airssys_tui.cli.reaching.completion import component_names, revision_numbers
from airssys_tui.cli.reaching.settings import (
    FOLDER_VARIABLE,
    STATE_DIR_VARIABLE,
    SettingsFile,
    Sourced,
    choose_path,
    read_settings,
)
from airssys_tui.core.errors import UsageError


def named_path(_: object, tokens: Sequence[Token]) -> Path:
    """Return the path that a word of the command line names.

    Raises:
        ValueError: The word is empty, as an unset variable of a shell leaves it; it would be the current directory.
    """
    (token,) = tokens
    if not token.value:
        raise ValueError("an empty path names nothing; the current directory is .")
    return Path(token.value)


FolderArgument = Annotated[Path | None, Parameter(converter=named_path)]
NameArgument = Annotated[str, Parameter(completer=component_names)]
RevisionArgument = Annotated[int, Parameter(completer=revision_numbers)]
StateDirOption = Annotated[Path | None, Parameter(name="--state-dir", converter=named_path)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a command answers.

    Attributes:
        json: Answer in JSON on standard output, errors included.
    """

    json: bool = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which runtime a command is about, and how it answers.

    Attributes:
        folder: Folder of components (else AIRSSYS_TUI_FOLDER, the configuration file, the current directory).
        state_dir: Where its state is kept (else AIRSSYS_TUI_STATE_DIR, the configuration file, a directory made from
            the folder's real path).
        json: Answer in JSON on standard output, errors included.
    """

    folder: Annotated[Path | None, Parameter(name="--folder", converter=named_path)] = None
    state_dir: StateDirOption = None
    json: bool = False


AS_TEXT: Final = Form()
HERE: Final = Place()

HERE_BY_DEFAULT: Final = "current directory"
"""The source of a folder that nobody named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder of components and the state directory that belongs to it, with the sources of both."""

    folder: Sourced[Path]
    state_dir: Sourced[Path]
    settings: SettingsFile

    @property
    def folder_named(self) -> bool:
        """Whether the folder was named anywhere; the current directory only stands in for one."""
        return self.folder.source != HERE_BY_DEFAULT


def adoption(folder: Path) -> str:
    """Return what to do about a state directory that belongs to another folder."""
    return f"choose another --state-dir, or bind it to this folder: airssys-tui {folder} --adopt"


def locate(
    folder: Path | None, state_dir: Path | None, *, must_exist: bool = True, settings: SettingsFile | None = None
) -> Site:
    """Find the folder and the state directory that are meant.

    Args:
        folder: As named on the command line, if it was.
        state_dir: Likewise.
        must_exist: Whether the folder has to be there; what only reads a named state directory does not need it. One
            that is named on the command line always has to.
        settings: What the configuration file says; it is read when this is not given.

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
            f"{kept.value} is the folder of components itself",
            remedy="keep the state elsewhere: name another --state-dir",
        )
    return Site(folder=chosen, state_dir=kept or _derived(chosen.value), settings=settings)


def _derived(folder: Path) -> Sourced[Path]:
    from airssys_tui.store.place import default_state_dir  # noqa: PLC0415 - late: not every command has a state

    return Sourced(default_state_dir(folder), "made from the folder")


def component_name(text: str) -> str:
    """Return the text form of the identity that is meant.

    Raises:
        IdentityError: If it is not a component's name.
    """
    from airssys_tui.core.identity import ComponentId  # noqa: PLC0415 - late: `--help` names no component

    return str(ComponentId.parse(text))
