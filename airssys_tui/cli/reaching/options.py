"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter, Token

from airssys_tui.cli.reaching.completion import component_names, revision_numbers


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


def component_name(text: str) -> str:
    """Return the text form of the identity that is meant.

    Raises:
        IdentityError: If it is not a component's name.
    """
    from airssys_tui.core.identity import ComponentId  # noqa: PLC0415 - late: `--help` names no component

    return str(ComponentId.parse(text))
