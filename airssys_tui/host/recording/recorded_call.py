"""A recorded call: what it was given, what it asked of the host, and how it ended."""

from __future__ import annotations

import msgspec

from airssys_tui.core.traps import Trap
from airssys_tui.core.types.interface import Function
from airssys_tui.host.recording.host_log import HostCalls

STARTING = Function("start")
"""The making of an instance, as a function: its start functions may call the host."""

CALL_BYTES = 400
"""Bytes that a recorded call is counted with besides its data."""


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an instance from outside.

    Attributes:
        number: Grows within the component.
        path: The full path of the export; empty for the making of the instance.
        function: Its type.
        arguments: What it was given, packed.
        serial: The last number of a resource before it.
        asked: Whether the host itself called, for the health, the state or the start of the component.
        at: Unix time when it began.
        fuel: Fuel units used; None if that is not known.
        result: What it returned, packed; None if it trapped, or the result cannot be recorded.
        trap: How it ended instead.
        calls: What it asked of the host.
        cut: Why not all of it is recorded; empty if all is.
    """

    number: int
    path: str
    function: Function
    arguments: bytes
    serial: int = 0
    asked: bool
    at: float
    fuel: int | None
    result: bytes | None
    trap: Trap | None
    calls: HostCalls
    cut: str = ""

    @property
    def size(self) -> int:
        """Bytes that it is counted with."""
        trap = 0 if self.trap is None else len(self.trap.message) + sum(map(len, self.trap.frames))
        return CALL_BYTES + len(self.arguments) + len(self.result or b"") + self.calls.size + trap
