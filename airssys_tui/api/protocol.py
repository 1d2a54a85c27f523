"""The one way from a front end to a runtime.

Implementations: embedded in this process, and a fake for screens and demonstrations; a remote one over a socket fits
the same protocol. One contract suite runs on all of them.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from airssys_tui.api.commands import Command
from airssys_tui.api.views import (
    CallReport,
    ComponentDetail,
    Done,
    EventPage,
    RevisionDiff,
    RevisionView,
    RollbackPreview,
    Snapshot,
)


class RuntimeApi(Protocol):
    """What every runtime offers to a front end.

    ``snapshot`` and ``events`` return at once from what is already known and may be called from any thread, also a UI
    thread. Everything else returns a future that ends with a value or with an
    :class:`~airssys_tui.core.errors.AirssysError`; callers on an event loop wrap it with ``asyncio.wrap_future``.
    """

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the runtime as it is now; with ``since``, only rows that changed after that generation."""
        ...

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events with a sequence number above ``after``, oldest first."""
        ...

    def submit(self, command: Command, *, who: str = "operator") -> Future[Done]:
        """Carry out a command."""
        ...

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return everything about one component."""
        ...

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's timeline, newest first."""
        ...

    def diff(self, component: str, revision: int) -> Future[RevisionDiff]:
        """Compare a revision with the active one."""
        ...

    def preview_rollback(self, component: str, to: int | None = None) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it."""
        ...

    def call(self, component: str, export: str, arguments: str = "[]") -> Future[CallReport]:
        """Call an export of a running component with a JSON array of arguments."""
        ...

    def close(self) -> None:
        """Let go of the runtime; an embedded one is stopped in bounded time."""
        ...
