"""The seven packages shipped with the program: text and binary form."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import airssys_tui
from airssys_tui.wit.workspace import Package, Workspace

NAMESPACE: Final = "airssys"
_ROOT: Final = Path(airssys_tui.__file__).parent


def home() -> Path:
    """Return the folder of the packages: inside the installed program, or next to the sources."""
    installed = _ROOT / "packages"
    return installed if installed.is_dir() else _ROOT.parent / "wit"


def packages() -> dict[str, Package]:
    """Return the packages by name."""
    return Workspace(home()).packages


def binary_of(package: Package) -> Path:
    """Return the path of a package's binary form."""
    return package.folder.with_name(f"{package.path}.wasm")
