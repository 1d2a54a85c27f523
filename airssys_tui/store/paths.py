"""Paths of a state directory and of its owner's control socket; computed without opening anything."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

import platformdirs

CACHE_VARIABLE: Final = "AIRSSYS_TUI_CACHE_DIR"
"""Environment variable that names another directory for what commands without a runtime keep to be faster."""

CONTROL_SOCKET: Final = "control.sock"
"""Name of the control socket in a state directory."""

_PROGRAM: Final = "airssys-tui"


def as_given(folder: Path) -> Path:
    """Return the absolute path of a folder with its links kept, since a link may lead elsewhere tomorrow.

    ``..`` is taken out unless that would name another folder, because a link lies before it.
    """
    plain = Path(os.path.normpath(folder.absolute()))
    return plain if plain.resolve() == folder.resolve() else folder.resolve()


def means(known: str, folder: Path) -> bool:
    """Return whether a recorded path means this folder: whether both lead to the same place now."""
    return Path(known).resolve() == folder.resolve()


def default_state_dir(folder: Path) -> Path:
    """Return the default state directory of a folder: in the user's state path, named after the folder's real path."""
    real = folder.resolve()
    label = re.sub(r"[^a-z0-9]+", "-", real.name.lower()).strip("-")[:32] or "folder"
    mark = hashlib.sha256(str(real).encode(errors="surrogateescape")).hexdigest()[:12]
    return platformdirs.user_state_path(_PROGRAM, appauthor=False) / f"{label}-{mark}"


def control_path(state_dir: Path) -> Path:
    """Return the path of the control socket of a state directory; it exists while a runtime serves it."""
    return state_dir / CONTROL_SOCKET


def code_directory() -> Path:
    """Return the directory of the code that commands without a runtime have compiled."""
    chosen = os.environ.get(CACHE_VARIABLE)
    cache = Path(chosen) if chosen else platformdirs.user_cache_path(_PROGRAM, appauthor=False)
    return cache / "code"


def own_directories(*chosen: Path) -> tuple[str, ...]:
    """Return the directories of this program for the user, as they are named and as they really are.

    They hold the states of folders and compiled code, which is run as it is: no component may reach them.

    Args:
        chosen: State directories in other places.
    """
    found = (code_directory(), platformdirs.user_state_path(_PROGRAM, appauthor=False), *chosen)
    return tuple(dict.fromkeys(str(path) for each in found for path in (as_given(each), each.resolve())))
