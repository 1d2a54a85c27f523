"""Who is calling: what host functions know of the component at the other end."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from airssys_tui.core.events import Level
from airssys_tui.core.keyvalue import KeyValues, WriteTerms
from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.host.services.alarms import Alarms
from airssys_tui.host.services.measures import Measures
from airssys_tui.host.services.neighbour import Neighbour
from airssys_tui.host.services.spans import Tracer


class Tenant(Protocol):
    """The owner of an instance, as host functions see it. Called on worker threads."""

    @property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The manifest's ``[config]`` table: keys and JSON texts, in order."""
        ...

    @property
    def storage(self) -> KeyValues:
        """Its keys and values; those of a candidate take effect when it serves."""
        ...

    @property
    def storage_access(self) -> StorageAccess | None:
        """What it may do with them."""
        ...

    @property
    def storage_terms(self) -> WriteTerms:
        """On what terms it changes them."""
        ...

    @property
    def measures(self) -> Measures:
        """What it measures of itself."""
        ...

    @property
    def tracer(self) -> Tracer:
        """The spans of the call it is in."""
        ...

    @property
    def alarms(self) -> Alarms:
        """Its timers; those of a candidate are armed when it serves."""
        ...

    @property
    def handles_timers(self) -> bool:
        """Whether it can be called when a timer is due."""
        ...

    @property
    def neighbours(self) -> Mapping[tuple[str, str], Neighbour]:
        """Every component by namespace and name; changes while it is looked at."""
        ...

    def deny(self, capability: str, line: str) -> str:
        """Note that a call was denied for want of a declaration, and say why.

        Args:
            capability: The key under ``[capabilities]``.
            line: The line there that would allow it.

        Returns:
            One sentence for the component, beginning with the reason's name.
        """
        ...

    def trouble(self, text: str) -> None:
        """Tell the operator that the host could not serve a call; never waits."""
        ...

    def log(self, level: Level, message: str, fields: Sequence[tuple[str, str]]) -> None:
        """Take a log line of the guest; never waits."""
        ...

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to wait in the host."""
        ...
