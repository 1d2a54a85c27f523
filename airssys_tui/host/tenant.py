"""The interface through which host functions see the calling component."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from airssys_tui.core.events import Level
from airssys_tui.core.keyvalue import KeyValues, WriteTerms
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.programs.program_door import ProgramDoor
from airssys_tui.host.guard import Guard
from airssys_tui.host.services.custom_metrics import Measures
from airssys_tui.host.services.messenger import Messenger
from airssys_tui.host.services.neighbour import Neighbour
from airssys_tui.host.services.spans import Tracer
from airssys_tui.host.services.timer_table import Alarms
from airssys_tui.host.wasi_context import WasiContext


class Tenant(Protocol):
    """The owner of an instance, as host functions see it. Called on worker threads."""

    @property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The manifest's ``[config]`` table: keys and JSON texts, in order."""
        ...

    @property
    def guard(self) -> Guard:
        """What decides its accesses."""
        ...

    @property
    def filesystem(self) -> Filesystem:
        """Its doors to the files of the machine."""
        ...

    @property
    def programs(self) -> ProgramDoor:
        """Its door to programs of the machine."""
        ...

    @property
    def network(self) -> NetworkDoor:
        """Its door to the network."""
        ...

    @property
    def wasi(self) -> WasiContext:
        """What it finds around it as a program of WASI."""
        ...

    @property
    def storage(self) -> KeyValues:
        """Its keys and values; a candidate's changes take effect when it serves."""
        ...

    @property
    def storage_terms(self) -> WriteTerms:
        """The terms of changes to its storage."""
        ...

    @property
    def measures(self) -> Measures:
        """Its metrics."""
        ...

    @property
    def tracer(self) -> Tracer:
        """The tracer of the current call."""
        ...

    @property
    def messenger(self) -> Messenger:
        """What it sends messages with; a candidate's go out when it serves."""
        ...

    @property
    def alarms(self) -> Alarms:
        """Its timers; a candidate's are armed when it serves."""
        ...

    @property
    def handles_timers(self) -> bool:
        """Whether it exports a handler for timers."""
        ...

    @property
    def neighbours(self) -> Mapping[tuple[str, str], Neighbour]:
        """All components by namespace and name; may change during iteration."""
        ...

    def trouble(self, text: str) -> None:
        """Report to the operator that the host failed to serve a call; never blocks."""
        ...

    def log(self, level: Level, message: str, fields: Sequence[tuple[str, str]]) -> None:
        """Record a log line of the guest; never blocks."""
        ...

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to block in the host, briefly: for a disk or a lock."""
        ...

    def waiting(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to wait for as long as its call may take.

        Entering it raises :class:`~airssys_tui.core.errors.HostFault` if too many wait already.
        """
        ...
