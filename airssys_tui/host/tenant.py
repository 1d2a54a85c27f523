"""Who is calling: what host functions know of the component at the other end."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

from airssys_tui.core.events import Level


class Tenant(Protocol):
    """The owner of an instance, as host functions see it. Called on worker threads."""

    @property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The manifest's ``[config]`` table: keys and JSON texts, in order."""
        ...

    def log(self, level: Level, message: str, fields: Sequence[tuple[str, str]]) -> None:
        """Take a log line of the guest; never waits."""
        ...

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to wait in the host."""
        ...
