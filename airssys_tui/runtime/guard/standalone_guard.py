"""The guard of an instance without a runtime around it: the default policy holds, and nobody can be asked."""

from __future__ import annotations

import time

from airssys_tui.core.capability.grant import Denial, Grant
from airssys_tui.core.capability.permission import Access, Permission, permissions_of
from airssys_tui.core.capability.policy import AnsweredBy, PolicySource
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.runtime.guard.answer_wait import WaitingCall
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.rights import Rights, Standing


class _Unrecorded:
    """Records nothing."""

    session = ""

    def now(self) -> float:
        return time.time()

    def use_up(self, _rights: Rights, _grant: Grant, _access: Access, _revision: int) -> bool | None:
        return None

    def denied(self, rights: Rights, denial: Denial, revision: int, *, observed: bool) -> None:
        """Record nothing: whoever made the instance sees the error."""

    def used(self, rights: Rights, access: Access, permission: Permission, grant: Grant, revision: int) -> None:
        """Record nothing."""

    def ask(
        self,
        _rights: Rights,
        _permission: Permission,
        _rationale: str,
        _revision: int,
        _waits: WaitingCall | None = None,
    ) -> bool:
        return False

    def admit(self, _rights: Rights, _waiting: WaitingCall, _revision: int) -> bool:
        return False

    def dismiss(self, rights: Rights, waiting: WaitingCall) -> None:
        """Record nothing."""


def standalone_guard(manifest: Manifest) -> ComponentGuard:
    """Return a guard that grants what the default policy grants, and nothing else."""
    name = str(manifest.id)
    rights = Rights(name, Standing(PolicySource(answered_by=AnsweredBy.NOBODY).of(name)))
    return ComponentGuard(rights, permissions_of(manifest.capabilities), _Unrecorded(), 0)
