"""What a component imports or exports without effect, as far as its manifest tells; ``check`` says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.core.manifest.structure import Manifest
from airssys_tui.core.text import GuestText
from airssys_tui.core.types.interface import Interface, InterfaceType, unversioned

_STORING: Final = ("airssys:core-host/storage", "wasi:keyvalue/")
"""Interfaces of the component's own storage; there is no reason to import one but to use it."""

_NEVER_CALLED: Final = "wasi:keyvalue/watcher"


def import_notes(interface: Interface, manifest: Manifest) -> tuple[GuestText, ...]:
    """Return one line for each thing that an author should know: at most one for imports, and one for each export."""
    return tuple(_notes(interface, manifest))


def _notes(interface: Interface, manifest: Manifest) -> Iterator[GuestText]:
    names = [item.name for item in interface.imports if isinstance(item, InterfaceType) and item.functions]
    storing = next((name for name in names if name.startswith(_STORING)), None)
    if storing is not None and manifest.capabilities.storage is None:
        line = 'storage = "read-write" under [capabilities]'
        yield GuestText(f"{unversioned(storing)} is denied at each call: the manifest does not declare {line}")
    for item in interface.exports:
        if unversioned(item.name) == _NEVER_CALLED:
            yield GuestText(f"nothing calls {item.name}: nobody else changes the storage of a component")
