"""The part of the embedded runtime that answers questions about permissions, from what is recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from airssys_tui.api.views.granting import AuditPage, AuditQuery, AuditVerdict, GrantsView, QuestionView, TrustView
from airssys_tui.runtime.history.recorded_rights import (
    audit_entries,
    audit_verdict,
    open_questions,
    recorded_policies,
    rights_of,
    source_path,
    trust_view,
)
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.system import System

T = TypeVar("T")


class RightsAnswers(ABC):
    """Answers about permissions; every one is read on the disk thread."""

    _floor: Floor
    _system: System

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def grants(self, component: str) -> Future[GrantsView]:
        """Return what a component declares and what of it is granted."""

        async def ask() -> GrantsView:
            floor, found = self._floor, self._system.router.find(component)
            source = source_path(floor.folder, found.files.key)

            def read() -> GrantsView:
                policies = recorded_policies(floor.state)
                return rights_of(floor.state, found.name, now=floor.clock(), policies=policies, source=source)

            return await floor.disk(read)

        return self._on_loop(ask)

    def questions(self) -> Future[tuple[QuestionView, ...]]:
        """Return the open questions of all components, oldest first."""
        return self._on_loop(lambda: self._floor.disk(open_questions, self._floor.state))

    def trust(self) -> Future[TrustView]:
        """Return the default policy and the trust rules."""

        async def ask() -> TrustView:
            floor = self._floor
            sources = {each.name: source_path(floor.folder, each.files.key) for each in self._system.router}
            return await floor.disk(lambda: trust_view(floor.state, recorded_policies(floor.state), sources))

        return self._on_loop(ask)

    def audit(self, query: AuditQuery) -> Future[AuditPage]:
        """Return entries of the audit, oldest first."""
        return self._on_loop(lambda: self._floor.disk(audit_entries, self._floor.state, query))

    def verify_audit(self, head: str = "") -> Future[AuditVerdict]:
        """Compare the audit with what was written."""
        return self._on_loop(lambda: self._floor.disk(audit_verdict, self._floor.state, head))
