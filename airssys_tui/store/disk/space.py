"""Room on the disk: how much is left, whether a deployment may take of it, and whether a write succeeds again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import DiskFull
from airssys_tui.core.units import MIB, format_size
from airssys_tui.store.disk.faults import disk_faults

RESERVE: Final = 64 * MIB
"""Bytes that no deployment may touch: what runs needs them for its states and its history."""

TIMES: Final = 5
"""How many times its own size an artifact may come to take: itself, its compiled code, states and the journal."""

_PROBE: Final = bytes(64 * 1024)


def free_space(path: Path) -> int:
    """Return the bytes that this user may still write to the file system of a directory.

    Raises:
        StoreError: It cannot be asked.
    """
    with disk_faults("ask for the room on the disk", path):
        return shutil.disk_usage(path).free


def needed_for(artifact: int) -> int:
    """Return how many bytes have to be free for an artifact of so many bytes to be deployed."""
    return max(RESERVE, TIMES * artifact)


def require_room(path: Path, artifact: int) -> None:
    """Refuse an artifact that would take the reserve.

    Args:
        path: The state directory.
        artifact: Bytes of the artifact.

    Raises:
        DiskFull: There is too little room.
    """
    free, needed = free_space(path), needed_for(artifact)
    if free < needed:
        error = DiskFull(
            f"{format_size(free)} are left on the disk that holds {path}; a deployment needs {format_size(needed)}",
            remedy="free some space there, or `airssys-tui gc`; what waits is deployed by itself then",
        )
        error.needed = needed
        raise error


def has_room(path: Path, needed: int = 0) -> bool:
    """Return whether there is more than the reserve and a write succeeds. Writes and removes a small file.

    Args:
        path: The state directory.
        needed: Bytes that have to be free at least.

    Raises:
        StoreError: The directory cannot be used, for another reason than room.
    """
    probe = path / "probe"
    try:
        if free_space(path) < max(RESERVE, needed):
            return False
        with disk_faults("try the disk", path):
            try:
                probe.write_bytes(_PROBE)
            finally:
                probe.unlink(missing_ok=True)
    except DiskFull:
        return False
    return True
