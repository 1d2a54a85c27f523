"""Manifest keys that are read but have no effect yet; they are reported, so that no operator relies on them.

Only keys that would change how a component runs are reported, not texts that describe it, such as ``[package] license``
or ``[capabilities] rationale``. A key at its default value is not reported either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from airssys_tui.core.manifest.structure import Manifest
from airssys_tui.core.text import GuestText

_UNCHECKED: Final = "signatures are not checked"

_WHY: Final = {
    "build": {
        "command": "build the component yourself",
        "watch": "build the component yourself",
    },
    "resources": {
        "replicas": "one instance runs",
    },
    "deployment.canary": {
        "steps": "no canary strategy is available",
        "step": "no canary strategy is available",
    },
    "security": {
        "public_key": _UNCHECKED,
        "signature": _UNCHECKED,
    },
}
"""Section and key, and why it has no effect."""


def inert_lines(manifest: Manifest) -> tuple[GuestText, ...]:
    """Return one line for each key that a manifest sets and that has no effect yet.

    The keys come in the order of their sections. For example
    ``[resources] replicas has no effect yet: one instance runs``.
    """
    parts: dict[str, msgspec.Struct] = {
        "build": manifest.build,
        "resources": manifest.limits,
        "deployment.canary": manifest.deployment.canary,
        "security": manifest.security,
    }
    return tuple(line for section, part in parts.items() for line in _lines(section, part))


def _lines(section: str, part: msgspec.Struct) -> Iterator[GuestText]:
    default = type(part)()
    for key, why in _WHY[section].items():
        if getattr(part, key) != getattr(default, key):
            yield GuestText(f"[{section}] {key} has no effect yet: {why}")
