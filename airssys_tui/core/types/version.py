"""Compatibility of interface versions."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[-+].*)?\Z")


def track(version: str) -> str | None:
    """Return the part of a version within which versions are compatible (SemVer 2.0, points 4 and 8).

    Returns:
        ``1`` of 1.2.3, ``0.2`` of 0.2.1, ``0.0.3`` of 0.0.3; None for a pre-release or an invalid version.
    """
    match = _VERSION.match(version)
    if match is None or "-" in version:
        return None
    major, minor, patch = match.groups()
    if major != "0":
        return major
    return f"0.{minor}" if minor != "0" else f"0.0.{patch}"
