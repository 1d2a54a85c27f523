"""Where a setting comes from: an option, a variable, the configuration file or the default, in this order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from airssys_tui.core.errors import UsageError
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import MIB

if TYPE_CHECKING:
    from airssys_tui.core.manifest.tier_choice import TierChoice

T = TypeVar("T")

FOLDER_VARIABLE: Final = "AIRSSYS_TUI_FOLDER"
STATE_DIR_VARIABLE: Final = "AIRSSYS_TUI_STATE_DIR"
CONFIG_VARIABLE: Final = "AIRSSYS_TUI_CONFIG"

MAX_SETTINGS: Final = MIB
"""Bytes of a configuration file at most."""


class EngineTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[engine]`` of the configuration file.

    Attributes:
        tier: How a component is compiled whose manifest does not say it.
    """

    tier: Tier = Tier.OPTIMISED


class ProcessTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[process]`` of the configuration file.

    Attributes:
        path: The directories in which programs for components are searched by name, in order; None for the usual ones.
    """

    path: tuple[str, ...] | None = None


class ProgramSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=lambda name: name.replace("_", "-")
):
    """The configuration file, ``config.toml``; every key is optional.

    Attributes:
        folder: Default folder of components.
        state_dir: Default state directory.
        readonly: Whether the screen opens without the actions that change the system.
        compile_cpu: CPU time in which a component has to compile, such as ``"2m"``; from 1 s to 1 h.
        compile_wall: Wall time in which it has to compile on an idle machine; from 10 s to 24 h.
        engine: How components are compiled.
        process: How components get at programs of the machine.
        screen: Appearance of the screen. The screen reads this itself, even while it runs, and reports errors in it.
        keys: Keys of the screen, read in the same way.
    """

    folder: str | None = None
    state_dir: str | None = None
    readonly: bool = False
    compile_cpu: str | float | None = None
    compile_wall: str | float | None = None
    engine: EngineTable | None = None
    process: ProcessTable | None = None
    screen: Any = None
    keys: Any = None


class CompileLimits(msgspec.Struct, frozen=True):
    """The compile limits of the configuration file, in seconds; None where it has none."""

    cpu: float | None = None
    wall: float | None = None


def compile_limits(settings: ProgramSettings) -> CompileLimits:
    """Return the compile limits of the configuration file.

    Raises:
        UsageError: If one is no duration, or is out of bounds.
    """
    return CompileLimits(
        _seconds("compile-cpu", settings.compile_cpu, "compile_cpu"),
        _seconds("compile-wall", settings.compile_wall, "compile_wall"),
    )


def tier_choice(asked: Tier | None, settings: ProgramSettings) -> TierChoice:
    """Return which tier of code components get.

    Args:
        asked: The tier on the command line, if one is named.
        settings: The settings of the configuration file.
    """
    from airssys_tui.core.manifest.tier_choice import TierChoice  # noqa: PLC0415 - late: what only reads compiles nothing

    usual = EngineTable() if settings.engine is None else settings.engine
    return TierChoice(asked=asked, usual=usual.tier)


def program_path(settings: ProgramSettings) -> tuple[str, ...] | None:
    """Return where programs for components are searched by name, or None for the usual directories.

    Raises:
        UsageError: If a directory is not absolute.
    """
    if settings.process is None or settings.process.path is None:
        return None
    from airssys_tui.host.doors.programs.search_path import SearchPath  # noqa: PLC0415 - late: few files have it

    try:
        return SearchPath(settings.process.path).directories
    except UsageError as error:
        raise UsageError(f"{settings_path()}: {error.message}", remedy=error.remedy) from error


def _seconds(key: str, said: str | float | None, bounds: str) -> float | None:
    if said is None:
        return None
    from airssys_tui.core.limits import BOUNDS  # noqa: PLC0415 - late: few files have such a key
    from airssys_tui.core.units import format_duration, parse_duration  # noqa: PLC0415

    bound = BOUNDS[bounds]
    try:
        seconds = parse_duration(said)
    except UsageError as error:
        raise UsageError(f"{settings_path()}: {key}: {error.message}", remedy=error.remedy) from error
    if not bound.least <= seconds <= bound.most:
        accepted = f"{format_duration(bound.least)} to {format_duration(bound.most)}"
        raise UsageError(f"{settings_path()}: {key} is {said!r}; accepted: {accepted}", remedy="correct the file")
    return seconds


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A value and a short name of its source."""

    value: T
    source: str


def settings_path() -> Path:
    """Return the path of the configuration file, which may not exist."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs  # noqa: PLC0415 - late: most commands name their folder

    return platformdirs.user_config_path("airssys-tui", appauthor=False) / "config.toml"


def read_settings(path: Path | None = None) -> ProgramSettings:
    """Read the configuration file.

    Args:
        path: The file; if None, :func:`settings_path`.

    Returns:
        The settings; the defaults if the file does not exist.

    Raises:
        UsageError: If the file cannot be read, is not TOML or has an unknown key.
    """
    path = path or settings_path()
    if not os.path.lexists(path):
        return ProgramSettings()
    from airssys_tui.core.manifest.toml_bounds import load_toml  # noqa: PLC0415 - late: many have no file
    from airssys_tui.core.regular_file import FileAbsent, FileError, read_regular_text  # noqa: PLC0415

    try:
        settings = msgspec.convert(load_toml(read_regular_text(path, MAX_SETTINGS)), ProgramSettings)
    except FileAbsent:  # removed in this moment, or a link that leads nowhere
        return ProgramSettings()
    except FileError as error:
        raise UsageError(error.message, remedy=error.remedy) from error
    except ValueError as error:
        remedy = (
            "valid keys: folder, state-dir, readonly, compile-cpu, compile-wall, [engine] tier, [screen] and [keys]"
        )
        raise UsageError(f"{path}: {error}", remedy=remedy) from error
    compile_limits(settings)
    return settings


def choose_path(option: Path | None, variable: str, setting: str | None) -> Sourced[Path] | None:
    """Choose a path: the option, else the variable, else the setting, else None."""
    if option is not None:
        return Sourced(option.expanduser(), "option")
    named = os.environ.get(variable)
    if named:
        return Sourced(Path(named).expanduser(), variable)
    if setting:
        return Sourced(Path(setting).expanduser(), "config file")
    return None
