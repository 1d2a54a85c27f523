"""A desk of grants on a real state directory, without components, for tests of the guard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from airssys_tui.core.capability.audit_entry import AuditEntry
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.runtime.guard.audit_writer import AuditWriter
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.machinery.disk_thread import DiskThread
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.store.audit.audit_reading import Verification, audit_page, verify_audit
from airssys_tui.store.directory import StateDirectory

NAME = "local/c"
HOME = Access(Kind.ENVIRONMENT, "", "HOME")
READ = Access(Kind.FILESYSTEM, "read", "/data/a")
WRITE = Access(Kind.FILESYSTEM, "write", "/data/a")


class Office:
    """A desk with its disk thread; ``now`` is the time.

    Args:
        directory: Where the state directory is.
    """

    def __init__(self, directory: Path) -> None:
        self.now = 1_000.0
        self.directory = directory
        self.told: list[str] = []
        self.open()

    def open(self) -> None:
        (self.directory / "components").mkdir(parents=True, exist_ok=True)
        self.state = StateDirectory.open(
            self.directory / "state", folder=self.directory / "components", clock=lambda: self.now
        )
        self.disk = DiskThread(self.state.catalog)
        self.journal = Journal(lambda: self.now)
        writer = AuditWriter(self.state, self.disk.submit, lambda: self.now, self.told.append)
        self.desk = GrantDesk(self.state, writer, self.journal, contextlib.nullcontext, clock=lambda: self.now)
        self.disk.submit(self.desk.read).result()

    def close(self) -> None:
        self.disk.submit(self.desk.finish).result()
        self.disk.close()
        self.state.close()

    def guard(self, declared: Iterable[str], *, revision: int = 1, serves: bool = True) -> ComponentGuard:
        permissions = tuple(map(parse_permission, declared))
        guard = ComponentGuard(self.desk.of(NAME), permissions, self.desk, revision)
        if serves:
            guard.serve()
        return guard

    def grant(self, permission: str, scope: Scope = Scope.ALWAYS, **fields: object) -> Grant:
        """Give a grant as the catalog would, without an operator."""
        session = self.desk.session if scope is Scope.SESSION else ""
        values = {"component": NAME, "who": "operator", "at": self.now, "session": session, **fields}
        wanted = Grant(id=0, permission=parse_permission(permission), scope=scope, **values)
        (given,) = self.disk.submit(lambda: self.state.grants.add_grants([wanted])).result()
        self.desk.of(NAME).add((given,))
        return given

    def audit(self) -> tuple[AuditEntry, ...]:
        """Return everything audited so far."""
        self.disk.submit(self.desk.finish).result()
        return audit_page(self.state.audit, limit=10_000)

    def verify(self) -> Verification:
        return verify_audit(self.state.audit, self.state.grants.audit_head(), base=self.state.grants.audit_base())
