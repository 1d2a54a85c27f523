"""The part of the embedded runtime that answers questions about permissions, from what is recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec

from airssys_tui.api.grant_matrix import grants_view
from airssys_tui.api.views.granting import AuditPage, AuditQuery, AuditVerdict, GrantsView, QuestionView, TrustView
from airssys_tui.runtime.history.recorded_rights import (
    audit_entries,
    audit_heads,
    audit_verdict,
    open_questions,
    trust_view,
)
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.system import System

T = TypeVar("T")


class RightsAnswers(ABC):
    """Answers about permissions, from the disk thread; the files of the audit are read beside it, which takes long."""

    _floor: Floor
    _system: System

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def grants(self, component: str) -> Future[GrantsView]:
        """Return what a component declares and what of it is granted."""

        async def ask() -> GrantsView:
            view = grants_view(await self._system.permissions.known(self._system.router.find(component).name))
            return msgspec.structs.replace(view, questions=tuple(map(self._with_wait, view.questions)))

        return self._on_loop(ask)

    def questions(self) -> Future[tuple[QuestionView, ...]]:
        """Return the open questions of all components, oldest first."""

        async def ask() -> tuple[QuestionView, ...]:
            self._system.guards.flush()  # the disk thread writes what was only counted so far before it reads
            return tuple(map(self._with_wait, await self._floor.disk(open_questions, self._floor.state)))

        return self._on_loop(ask)

    def _with_wait(self, question: QuestionView) -> QuestionView:
        """Say which call waits for the answer, and until when."""
        rights = self._system.guards.find(question.component)
        waits = [each for each in rights.waits() if each.permission == question.permission] if rights else []
        if not waits:
            return question
        component = self._system.router.named(question.component)
        serving = component.actor.serving if component is not None else None
        call = serving.in_flight if serving is not None else None
        inside = call.export if call is not None else ""
        return msgspec.structs.replace(question, waits_until=waits[-1].until, waits_in=inside)

    def trust(self) -> Future[TrustView]:
        """Return the default policy and the trust rules."""

        async def ask() -> TrustView:
            floor, router, policies = self._floor, self._system.router, self._system.guards.policies
            find = router.source_in(floor.folder)
            sources = {each.name: find(each.name) for each in router}
            return await floor.disk(trust_view, floor.state, policies, sources, floor.settings.policy_file)

        return self._on_loop(ask)

    def audit(self, query: AuditQuery) -> Future[AuditPage]:
        """Return entries of the audit, oldest first."""

        async def ask() -> AuditPage:
            floor = self._floor
            heads = await floor.disk(audit_heads, floor.state)
            page = await floor.files(audit_entries, floor.state, query, heads)
            if page.entries and page.entries[-1].n > heads.head.count:  # written meanwhile, and counted by now
                heads = await floor.disk(audit_heads, floor.state)
                page = msgspec.structs.replace(page, head=heads.head)
            return page

        return self._on_loop(ask)

    def verify_audit(self, head: str = "") -> Future[AuditVerdict]:
        """Compare the audit with what was written."""

        async def ask() -> AuditVerdict:
            floor = self._floor
            heads = await floor.disk(audit_heads, floor.state)
            while True:
                found = await floor.files(audit_verdict, floor.state, head, heads)
                before, heads = heads, await floor.disk(audit_heads, floor.state)
                if found.entry is None or heads.base == before.base:  # else files were removed for space meanwhile
                    return found

        return self._on_loop(ask)
