"""Where a setting comes from: an option, a variable, the configuration file or the default, in this order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from airssys_tui.core.errors import UsageError

T = TypeVar("T")

FOLDER_VARIABLE: Final = "AIRSSYS_TUI_FOLDER"
STATE_DIR_VARIABLE: Final = "AIRSSYS_TUI_STATE_DIR"
CONFIG_VARIABLE: Final = "AIRSSYS_TUI_CONFIG"


class ProgramSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=lambda name: name.replace("_", "-")
):
    """The configuration file, ``config.toml``; every key is optional.

    Attributes:
        folder: Default folder of components.
        state_dir: Default state directory.
        readonly: Whether the screen opens without the actions that change the system.
        screen: Appearance of the screen. The screen reads this itself, even while it runs, and reports errors in it.
        keys: Keys of the screen, read in the same way.
    """

    folder: str | None = None
    state_dir: str | None = None
    readonly: bool = False
    screen: Any = None
    keys: Any = None


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
    try:
        return _read(path)
    except FileNotFoundError:
        return ProgramSettings()
    except (OSError, ValueError) as error:
        remedy = "valid keys: folder, state-dir, readonly, [screen] and [keys]"
        raise UsageError(f"{path}: {error}", remedy=remedy) from error


def _read(path: Path) -> ProgramSettings:
    with path.open("rb") as file:
        from airssys_tui.core.manifest.toml_bounds import MAX_BYTES, load_toml  # noqa: PLC0415 - late: many have no file

        text = file.read(MAX_BYTES + 1).decode("utf-8")
    return msgspec.convert(load_toml(text), ProgramSettings)


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
