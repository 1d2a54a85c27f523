"""Names in the watched folder: which can belong to a component, which a person may take for one, which are refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import IdentityError
from airssys_tui.core.text import escaped

MANIFEST: Final = "Component.toml"
WASM: Final = ".wasm"
TEXT: Final = ".wat"
TEMPORARY: Final = ("~", ".tmp", ".part", ".swp", ".crdownload")

_REFUSED_CHARACTERS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_relevant(name: str) -> bool:
    """Return whether a file of that name can belong to a component, or looks as if it did: ``X.WASM``, ``x.wat``."""
    if name.startswith(".") or name.endswith(TEMPORARY):
        return False
    return name.lower().endswith((WASM, TEXT)) or is_manifest_like(name)


def is_manifest_like(name: str) -> bool:
    """Return whether a name is the manifest's, but for capital letters."""
    return name.lower() == MANIFEST.lower()


def key_of(folder: Path, path: Path) -> str | None:
    """Return the entry of the folder that a changed path belongs to, or None if it cannot matter."""
    try:
        parts = path.relative_to(folder).parts
    except ValueError:
        return None
    if not parts or parts[0].startswith(".") or len(parts) > 2:
        return None
    if len(parts) == 2 and not is_relevant(parts[1]):
        return None
    if len(parts) == 1 and parts[0].endswith(TEMPORARY):
        return None
    return parts[0]


def stem_of(key: str) -> str:
    """Return what the name of a component without a manifest is made from: its entry, without ``.wasm``."""
    return key.removesuffix(WASM)


def require_name(name: str) -> None:
    """Refuse a name that cannot be shown and stored as it is.

    Raises:
        IdentityError: If it is not UTF-8, or has control characters.
    """
    if not is_storable(name):
        raise IdentityError(
            f"the name {escaped(name)} is not UTF-8 text without control characters", remedy="rename the file"
        )


def is_storable(name: str) -> bool:
    """Return whether a name is UTF-8 without control characters."""
    return name.isprintable() or not any(unicodedata.category(char) in _REFUSED_CHARACTERS for char in name)
