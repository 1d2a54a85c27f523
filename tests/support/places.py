"""Where the repository, its samples and the fixtures are, and where tests have room of their own."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_components"
RELEASES = SAMPLES / ".releases" / "counter"
LINKED = SAMPLES / ".links"
FIXTURES = ROOT / "tests" / "fixtures" / "components"
HOSTILE = FIXTURES / "hostile"

ROOM = 4 * 2**30
"""Bytes that a file system in memory has to have free."""


def memory_disk(place: Path = Path("/dev/shm")) -> Path | None:
    """Return a file system in memory, if there is one with room on which programs may be run.

    A kill leaves on it what it leaves on a disk, and whether the program syncs in time is found out from the calls that
    it makes (`tests/crash/power`); only nobody has to wait for a disk.
    """
    try:
        found = os.statvfs(place)
    except OSError:
        return None
    barred = found.f_flag & (getattr(os, "ST_NOEXEC", 0) | os.ST_RDONLY)
    return None if barred or found.f_bavail * found.f_frsize < ROOM else place
