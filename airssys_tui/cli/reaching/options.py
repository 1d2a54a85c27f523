"""Options that many commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter, Token

from airssys_tui.cli.reaching.completers import (
    called_components,
    component_exports,
    component_names,
    group_names,
    revision_numbers,
)
from airssys_tui.core.revision import Tier


def named_path(_: object, tokens: Sequence[Token]) -> Path:
    """Return the path that a word of the command line names.

    Raises:
        ValueError: The word is empty, as an unset variable of a shell leaves it; it would be the current directory.
    """
    (token,) = tokens
    if not token.value:
        raise ValueError("the path is empty; write . for the current directory")
    return Path(token.value)


ROLES: Final = ("active", "stable", "previous")
"""What a revision may be: the one that serves, the newest stable one, the last other one that served."""

LARGEST: Final = 2**63 - 1

_NUMBER: Final = re.compile(r"[rR]?([0-9]{1,19})")
_VERSION: Final = re.compile(r"v?([0-9]+\.[0-9]+\.[0-9]+\S*)")


def revision_word(_: object, tokens: Sequence[Token]) -> str:
    """Return the word of a command line that names a revision: a number without its ``r``, a version, or a role.

    Raises:
        ValueError: It names none.
    """
    (token,) = tokens
    word = token.value.strip()
    if (number := _NUMBER.fullmatch(word)) is not None and int(number[1]) <= LARGEST:
        return number[1]
    if (version := _VERSION.fullmatch(word)) is not None:
        return version[1]
    if word.lower() in ROLES:
        return word.lower()
    raise ValueError(f"write a revision as 2, r2, 1.1.0, {', '.join(ROLES[:-1])} or {ROLES[-1]}, not {word!r}")


FolderArgument = Annotated[Path | None, Parameter(converter=named_path)]
NameArgument = Annotated[str, Parameter(completer=component_names)]
GroupOption = Annotated[str | None, Parameter(name="--group", completer=group_names)]
RevisionArgument = Annotated[str, Parameter(converter=revision_word, completer=revision_numbers)]
"""A revision as :func:`revision_word` returns it; `named_revision` says which one it is."""

CalledArgument = Annotated[Path, Parameter(completer=called_components)]
ExportArgument = Annotated[str, Parameter(completer=component_exports)]
StreamArgument = Annotated[Path, Parameter(converter=named_path, allow_leading_hyphen=True)]
"""A file; `-` is standard input or output."""

HttpOption = Annotated[str | None, Parameter(name="--http")]
PolicyOption = Annotated[Path | None, Parameter(name="--policy", converter=named_path)]
TierOption = Annotated[Tier | None, Parameter(name="--tier")]

StateDirOption = Annotated[Path | None, Parameter(name="--state-dir", converter=named_path)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a command answers.

    Attributes:
        json: Print JSON on standard output, errors included.
    """

    json: bool = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which runtime a command is about, and how it answers.

    Attributes:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or a directory derived from
            the folder's real path.
        json: Print JSON on standard output, errors included.
    """

    folder: Annotated[Path | None, Parameter(name="--folder", converter=named_path)] = None
    state_dir: StateDirOption = None
    json: bool = False


AS_TEXT: Final = Form()
HERE: Final = Place()


def seconds_of(text: str) -> float:
    """Read a duration such as "500ms" or "1h30m"; a number alone is seconds.

    Raises:
        QuantityError: It is not a duration.
    """
    from airssys_tui.core.units import parse_duration  # noqa: PLC0415 - late: few commands take one

    return parse_duration(f"{text}s" if text.replace(".", "", 1).isdecimal() else text)


def component_name(text: str) -> str:
    """Return the text form of a component's name.

    Raises:
        IdentityError: It is not a component's name.
    """
    from airssys_tui.core.identity import ComponentId  # noqa: PLC0415 - late: `--help` names no component

    return str(ComponentId.parse(text))


def one_of_both(name: str | None, group: str | None) -> str:
    """Return the component's name that a command is about; empty if it is about a group.

    Raises:
        UsageError: Neither is given, or both are.
    """
    if (name is None) is (group is None):
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415 - late: `--help` needs none

        what = "the name of a component or --group NAME is required" if name is None else "give a component or a group"
        raise UsageError(what, remedy="`airssys-tui list --tree` shows the groups and their components")
    return name or ""
