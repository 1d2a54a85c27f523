"""The guards of instances without a runtime around them, where nobody can be asked.

The default policy holds; a command in the foreground has, beyond that, what the options of its command line grant.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import msgspec

from airssys_tui.core.capability.grant import Denial, Grant, Scope
from airssys_tui.core.capability.permission import Access, Permission, permissions_of
from airssys_tui.core.capability.policy import AnsweredBy, PolicySource
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.runtime.guard.answer_wait import WaitingCall
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.rights import Rights, Standing

MOST_TOLD: Final = 20
"""Different denials of a command that are told at its end."""

BY_OPTION: Final = "option"
"""Who granted what an option of the command line grants."""


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


class ToldDenial(msgspec.Struct, frozen=True):
    """What a command was denied.

    Attributes:
        permission: The narrowest permission that covers it.
        reason: Why; see :class:`~airssys_tui.core.capability.grant.Reason`.
        remedy: The option that would allow it, or what else is to be known; empty if nothing would.
        count: How often.
    """

    permission: str
    reason: str
    remedy: str
    count: int = 1


class DenialBook(_Unrecorded):
    """Keeps what a command was denied, to be told at its end.

    Attributes:
        dropped: Denials that are not kept, since there were too many different ones.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, ToldDenial] = {}
        self.dropped = 0

    @property
    def found(self) -> tuple[ToldDenial, ...]:
        """Return them, in the order in which they first occurred."""
        with self._lock:
            return tuple(self._found.values())

    def denied(self, _rights: Rights, denial: Denial, _revision: int, *, observed: bool) -> None:  # noqa: ARG002
        """Keep it."""
        permission = str(denial.access.permission())
        with self._lock:
            known = self._found.get(permission)
            if known is not None:
                self._found[permission] = msgspec.structs.replace(known, count=known.count + 1)
            elif len(self._found) < MOST_TOLD:
                self._found[permission] = ToldDenial(permission, denial.reason, denial.remedy)
            else:
                self.dropped += 1


def foreground_guard(
    manifest: Manifest, stated: tuple[Permission, ...], book: DenialBook, reserved: tuple[str, ...]
) -> ComponentGuard:
    """Return a guard that grants what the options of a command line state, and what the default policy does.

    Args:
        manifest: The manifest of the command.
        stated: What the options grant, and declare by that.
        book: Keeps what is denied.
        reserved: Absolute folders of the program that nobody may reach.
    """
    name = str(manifest.id)
    policy = PolicySource(answered_by=AnsweredBy.COMMAND_LINE, reserved=reserved).of(name)
    grants = tuple(
        Grant(id=number, component=name, permission=each, scope=Scope.ALWAYS, who=BY_OPTION, at=0.0)
        for number, each in enumerate(stated, 1)
    )
    declared = tuple(dict.fromkeys((*stated, *permissions_of(manifest.capabilities))))
    return ComponentGuard(Rights(name, Standing(policy, grants)), declared, book, 0, candidate=False)
