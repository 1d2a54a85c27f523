"""Disk space: the free bytes, the reserve that a deployment must not use, and whether writes succeed again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import DiskFull
from airssys_tui.core.units import MIB, format_size
from airssys_tui.store.disk.durable import write_private
from airssys_tui.store.disk.faults import disk_faults

RESERVE: Final = 64 * MIB
"""Bytes that no deployment may use: running components need them for their states and history."""

TIMES: Final = 5
"""Space that an artifact may need, as a multiple of its size: artifact, compiled code, states and journal."""

_PROBE: Final = bytes(64 * 1024)


def free_space(path: Path) -> int:
    """Return the bytes that this user can still write to the file system of a directory.

    Raises:
        StoreError: The free space cannot be determined.
    """
    with disk_faults("read the free space on the disk", path):
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize


def needed_for(artifact: int) -> int:
    """Return the bytes that must be free to deploy an artifact of a given size."""
    return max(RESERVE, TIMES * artifact)


def require_room(path: Path, artifact: int) -> None:
    """Reject an artifact that would use the reserve.

    Args:
        path: The state directory.
        artifact: Bytes of the artifact.

    Raises:
        DiskFull: Not enough space.
    """
    free, needed = free_space(path), needed_for(artifact)
    if free < needed:
        error = DiskFull(
            f"{format_size(free)} free on the disk that holds {path}; a deployment needs {format_size(needed)}",
            remedy="free some space there (airssys-tui gc): pending deployments then continue by themselves",
        )
        error.needed = needed
        raise error


def has_room(path: Path, needed: int = 0) -> bool:
    """Return whether more than the reserve is free and a write succeeds. Writes and removes a small file.

    Args:
        path: The state directory.
        needed: Minimum bytes that must be free.

    Raises:
        StoreError: The directory is unusable for a reason other than space.
    """
    probe = path / "probe"
    try:
        if free_space(path) < max(RESERVE, needed):
            return False
        with disk_faults("write a test file", path):
            try:
                write_private(probe, _PROBE)
            finally:
                probe.unlink(missing_ok=True)
    except DiskFull:
        return False
    return True
