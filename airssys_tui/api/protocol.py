"""The one way from a front end to a runtime.

Implementations: embedded in this process, and a fake for screens and demonstrations; a remote one over a socket fits
the same protocol. One contract suite runs on all of them.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from airssys_tui.api.commands import Command
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.api.views.metering import MeterDetail
from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView, Story
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView, RollbackPreview
from airssys_tui.api.views.runtime import CallReport, Done, EventPage, Snapshot
from airssys_tui.api.views.tracing import TraceView


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
        """Return a component's timeline, newest first.

        It is the newest 200 revisions and, of older ones, those that can still be of use: pinned, in quarantine, or
        what a rollback would go back to. Numbers begin at 1 and have no gaps: what is left out can be counted.
        """
        ...

    def diff(self, component: str, revision: int, against: int | None = None) -> Future[RevisionDiff]:
        """Compare a revision with another one, or with the active one."""
        ...

    def preview_rollback(
        self, component: str, to: int | None = None, *, force: bool = False
    ) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it; ``force`` as in the command."""
        ...

    def meters(self, component: str) -> Future[MeterDetail]:
        """Return one component's meters over time."""
        ...

    def traces(self, component: str) -> Future[tuple[TraceView, ...]]:
        """Return the calls that a component told of, newest first; at most 64."""
        ...

    def states(self, component: str) -> Future[tuple[StateView, ...]]:
        """Return the snapshots kept of a component's state, newest first."""
        ...

    def export_state(self, component: str, snapshot: int) -> Future[StateFile]:
        """Return a kept snapshot, whole."""
        ...

    def explain(self, component: str) -> Future[Story]:
        """Tell a component's last change in sentences."""
        ...

    def history(self, query: HistoryQuery) -> Future[EventPage]:
        """Return what happened, oldest first, from before this runtime started as well."""
        ...

    def disk(self) -> Future[DiskUse]:
        """Return what the state takes on disk."""
        ...

    def collect(self, *, dry: bool = False) -> Future[Collected]:
        """Take away what no retention rule keeps, or say what that would be."""
        ...

    def call(self, component: str, export: str, arguments: str = "[]") -> Future[CallReport]:
        """Call an export of a running component with a JSON array of arguments."""
        ...

    def interface(self, component: str) -> Future[InterfaceView]:
        """Return what a component imports and exports, with its types and what is known of them."""
        ...

    def open_handles(self, component: str) -> Future[tuple[OpenHandle, ...]]:
        """Return the resources that calls returned and that are still held."""
        ...

    def close_handle(self, component: str, resource: int) -> Future[Done]:
        """Let a held resource go."""
        ...

    def checks(self, component: str) -> Future[tuple[Check, ...]]:
        """Return the calls that are kept as checks, in the order of their replay."""
        ...

    def save_check(self, component: str, name: str, export: str, arguments: str) -> Future[Check]:
        """Keep a call as a check, with what a fresh instance answers; one of the same name is replaced."""
        ...

    def drop_check(self, component: str, name: str) -> Future[Done]:
        """Forget a check."""
        ...

    def verify(self, component: str) -> Future[tuple[CheckOutcome, ...]]:
        """Replay a component's checks in a fresh instance of its active revision."""
        ...

    def close(self) -> None:
        """Let go of the runtime; an embedded one is stopped in bounded time."""
        ...
