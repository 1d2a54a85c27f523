"""The gates at which a candidate can be refused, in the order in which it passes them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Gate(StrEnum):
    """Where a candidate is refused. The declaration is the order; the values are what is shown, sent and recorded.

    A component that is only started again passes ``START`` and the gates from ``INSTANTIATE`` on.
    """

    FILE = "file"
    """There are files at the path, and the system can read them now."""

    DISK = "disk"
    """The disk has room for the candidate."""

    CAPACITY = "capacity"
    """The process has room for another component."""

    STORE = "store"
    """The candidate can be recorded."""

    SIZE = "size"
    """The files can be read and are within their bounds."""

    MAGIC = "magic"
    """The file is a WebAssembly component."""

    SECTIONS = "sections"
    """Its sections are whole and within their bounds."""

    MANIFEST = "manifest"
    """The manifest is valid and agrees with the file."""

    DEPENDENCIES = "dependencies"
    """The components it needs are present, in versions it accepts."""

    COMPILE = "compile"
    """It compiles within the limits of the compiler."""

    TYPES = "types"
    """All imports are offered with their types, and the contract is exported with its types."""

    LINKS = "links"
    """Every import that another component provides has a provider that runs, without circles."""

    COMPATIBILITY = "compatibility"
    """No export that callers may use is removed or changed."""

    GRANTS = "grants"
    """What it declares beyond the revision that serves is granted, or the operator has answered."""

    START = "start"
    """There is a revision that can be started."""

    INSTANTIATE = "instantiate"
    """An instance can be made within the limits of the manifest."""

    INIT = "init"
    """``init`` answers without an error."""

    STATE_LOAD = "state load"
    """It loads the state from which it continues."""

    HEALTH_PROBE = "health probe"
    """It does not report that it is unhealthy."""

    DRAIN = "drain"
    """The call that runs in the old instance ends in time."""

    STATE_SAVE = "state save"
    """The old instance saves its state."""

    STORAGE = "storage"
    """Its storage changes from the rehearsal take effect."""


STATE_GATES: Final = frozenset({Gate.STATE_SAVE, Gate.STATE_LOAD})
"""Gates that refuse because of the state: another choice of state may pass."""

_KNOWN: Final = {gate.value: gate for gate in Gate}


def known_gate(name: str) -> Gate | None:
    """Return the gate of a recorded name, or ``None`` for a gate that only older versions had."""
    return _KNOWN.get(name)
