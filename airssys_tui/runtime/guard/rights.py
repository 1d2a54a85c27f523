"""What one component may do now, as one value that is replaced whole: every guard of it sees a change at once."""

from __future__ import annotations

import threading
from typing import Final, Protocol
from weakref import ref

import msgspec

from airssys_tui.core.capability.grant import Grant
from airssys_tui.core.capability.permission import Permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.core.text import Verbatim
from airssys_tui.runtime.guard.access_counts import AccessCounts
from airssys_tui.runtime.guard.answer_wait import WaitingCall

MOST_QUESTIONS: Final = 8
"""Open questions of one component."""


class Standing(msgspec.Struct, frozen=True):
    """What was answered about a component, at one moment.

    Attributes:
        policy: What holds without a question.
        grants: The answers of operators that are neither revoked nor used up.
        revoked: Numbers of grants for one access that were revoked after they had been used up.
        closed: Why nothing may be done, such as a catalog that cannot be read; empty if it may.
    """

    policy: Policy
    grants: tuple[Grant, ...] = ()
    revoked: frozenset[int] = frozenset()
    closed: str = ""


class Question(msgspec.Struct, frozen=True):
    """A question that is open.

    Attributes:
        id: Its number in the catalog; 0 until it is recorded.
        permission: What it asks for, in the text form of a permission.
        rationale: Why, in the component's words.
        revision: The revision that asked.
        at: When it was asked first.
        count: How often it was asked.
    """

    id: int
    permission: str
    rationale: Verbatim
    revision: int | None
    at: float
    count: int = 1


class Opening(Protocol):
    """A guard, as far as a change of rights touches it."""

    open_storage: StorageAccess | None


class Rights:
    """The rights of one component.

    Attributes:
        component: Its name.
        standing: What was answered; replaced under ``lock``, read without it.
        questions: The open questions, by their permission; used under ``lock``.
        counts: What it attempted; used under ``lock``.
        waiting: The calls that wait for an answer; used under ``lock``.
        told_waiting: When a call that waits was told of last, in Unix seconds; used under ``lock``.
        rationale: Why it needs what it declares, in the words of its manifest.
    """

    __slots__ = (
        *("_guards", "component", "counts", "lock", "questions", "rationale", "seen", "standing"),
        *("told_waiting", "waiting"),
    )

    def __init__(self, component: str, standing: Standing) -> None:
        self.component = component
        self.standing = standing
        self.lock = threading.RLock()
        self.questions: dict[str, Question] = {}
        self.counts = AccessCounts()
        self.rationale = ""
        self.seen: frozenset[tuple[int, Permission]] = frozenset()
        self.waiting: set[WaitingCall] = set()
        self.told_waiting = float("-inf")
        self._guards: tuple[ref[Opening], ...] = ()

    def attend(self, guard: Opening) -> None:
        """Tell a guard of changes for as long as it is there."""
        with self.lock:
            self._guards = (*(each for each in self._guards if each() is not None), ref(guard))

    def change(self, **fields: object) -> None:
        """Replace parts of the standing; every guard asks anew at its next decision, and calls that wait look again."""
        with self.lock:
            self.standing = msgspec.structs.replace(self.standing, **fields)
            for each in self._guards:
                guard = each()
                if guard is not None:
                    guard.open_storage = None
            for call in self.waiting:
                call.wake.set()

    def waits(self) -> tuple[WaitingCall, ...]:
        """Return the calls that wait for an answer, those that wait longest last."""
        with self.lock:
            return tuple(sorted(self.waiting, key=lambda each: each.until))

    def add(self, grants: tuple[Grant, ...]) -> None:
        """Add answers."""
        with self.lock:
            self.change(grants=(*self.standing.grants, *grants))

    def remove(self, ids: frozenset[int], *, revoked: bool) -> None:
        """Remove grants: revoked ones, or one that is used up."""
        with self.lock:
            kept = tuple(grant for grant in self.standing.grants if grant.id not in ids)
            self.change(grants=kept, revoked=self.standing.revoked | ids if revoked else self.standing.revoked)
