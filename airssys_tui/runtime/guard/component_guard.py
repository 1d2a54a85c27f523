"""The guard of one instance: decisions are made by the rules of the core, kept as long as they hold, and counted.

An allowed access is remembered with the moment until which it is allowed. A change of the component's rights replaces
its ``Standing``; a guard that sees another one than before forgets everything that it remembered. So a revocation holds
at the very next call, and an access that is allowed again and again costs a look into a dictionary.

What the answer of an operator makes durable waits for the disk, as a grant for one access does, which is used up before
the access. Everything else goes to the disk later.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from airssys_tui.core.capability.coverage import is_covered
from airssys_tui.core.capability.decision import Judgement, as_access, command, in_force, judge
from airssys_tui.core.capability.grant import Denial, Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission
from airssys_tui.core.capability.policy import AnsweredBy, Mode
from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.runtime.guard.answer_wait import AnswerPatience, WaitingCall
from airssys_tui.runtime.guard.rights import MOST_QUESTIONS, Rights

MOST_REMEMBERED: Final = 1_024
"""Accesses that an instance remembers."""

MOST_OPENED: Final = 256
"""Accesses by a grant that is used up, which go on counting for what they opened."""

MOST_IN_FORCE: Final = 256
"""Grants that a component is told of."""

FRESH: Final = 60.0
"""Seconds after which an allowed access is decided anew, so that its use is noted."""

_OBSERVABLE: Final = frozenset({Reason.UNDECLARED, Reason.NOT_GRANTED, Reason.EXPIRED})
"""Reasons that the mode ``observe`` lets pass; what is forbidden or refused for good stays denied."""

_ASKABLE: Final = frozenset({Reason.NOT_GRANTED, Reason.EXPIRED})


class Records(Protocol):
    """Where a guard records what it decided."""

    session: str

    def now(self) -> float:
        """Return Unix seconds."""
        ...

    def use_up(self, rights: Rights, grant: Grant, access: Access, revision: int) -> bool | None:
        """Use up a grant for one access, durably.

        Returns:
            Whether it was done now; None if that cannot be recorded.
        """
        ...

    def denied(self, rights: Rights, denial: Denial, revision: int, *, observed: bool) -> None:
        """Record a denial, or what would be one."""
        ...

    def used(self, rights: Rights, access: Access, permission: Permission, grant: Grant, revision: int) -> None:
        """Record that something was used that a permission declares and a grant allows."""
        ...

    def ask(
        self, rights: Rights, permission: Permission, rationale: str, revision: int, waits: WaitingCall | None = None
    ) -> bool:
        """Ask the operator, perhaps for a call that waits; return False if too many questions are open."""
        ...

    def admit(self, rights: Rights, waiting: WaitingCall, revision: int) -> bool:
        """Show that a call waits for an answer; return False if too many wait."""
        ...

    def dismiss(self, rights: Rights, waiting: WaitingCall) -> None:
        """Note that a call waits no longer."""
        ...


class ComponentGuard:
    """The guard of one instance. Used on the thread that runs the instance.

    Args:
        rights: The component's rights.
        declared: What its manifest declares.
        records: Where decisions are recorded.
        revision: The revision of the instance; 0 if it has none.
        candidate: Whether it does not serve yet.
        wait_for_answer: Seconds that a call waits for the operator's answer at most; 0 for never.

    Attributes:
        patience: How long its calls wait for answers.
    """

    def __init__(
        self,
        rights: Rights,
        declared: tuple[Permission, ...],
        records: Records,
        revision: int,
        *,
        candidate: bool = True,
        wait_for_answer: float = 0.0,
    ) -> None:
        self._rights = rights
        self._declared = declared
        self._records = records
        self._revision = revision
        self._candidate = candidate
        self._standing = rights.standing
        self._now = records.now
        self._allowed: dict[Access, float] = {}
        self._kept: dict[Access, float] = {}
        self._opened: dict[Access, Grant] = {}
        self._questions: dict[Permission, str] = {}
        self.patience = AnswerPatience(wait_for_answer)
        self.open_storage: StorageAccess | None = None
        rights.attend(self)

    def serve(self) -> None:
        """Note that the instance serves from now on; what it asked as a candidate is asked now."""
        self._candidate = False
        self._forget()
        asked, self._questions = self._questions, {}
        for permission, rationale in asked.items():
            self.ask(permission, rationale)

    def retire(self) -> None:
        """Note that another instance serves: this one may read at most, and has no effect."""
        self.open_storage = None
        self._candidate = True
        self._forget()
        self._opened.clear()

    def require(self, access: Access) -> Denial | None:
        """Decide one access, immediately before its effect; see ``host.guard``."""
        if self._standing is not self._rights.standing:
            self._forget()
        until = self._allowed.get(access)
        if until is not None and self._now() < until:
            return None
        return self._decide(access)

    def await_answer(self, access: Access) -> int:
        """Wait for the operator's answer about an access, if the component asked to; see ``host.guard``."""
        patience = self.patience
        if not patience.waits:
            return 0
        wanted = self._awaited(access)
        waiting = patience.begin(wanted) if wanted is not None else None
        if wanted is None or waiting is None:
            return 0
        rights, records = self._rights, self._records
        if not records.admit(rights, waiting, self._revision):
            return 0
        try:
            if not records.ask(rights, wanted, rights.rationale, self._revision, waiting):
                return 0
            waited = patience.wait(waiting, wanted, lambda: self._is_answered(access, waiting.permission))
        finally:
            records.dismiss(rights, waiting)
        if self._awaited(access) is None:
            patience.allow(wanted)
        return waited

    def _awaited(self, access: Access) -> Permission | None:
        """Return the declared permission about which an operator is asked for an access; None if nobody is."""
        rights = self._rights
        if self._candidate or access.kind is Kind.STORAGE:
            return None
        if rights.standing.policy.answered_by is not AnsweredBy.OPERATOR:
            return None
        denial = self._judge(access).denial
        if denial is None or denial.refused or denial.reason not in _ASKABLE or self._passes_over(denial):
            return None
        return next((each for each in self._declared if is_covered(access, each)), None)

    def _is_answered(self, access: Access, question: str) -> bool:
        with self._rights.lock:
            return question not in self._rights.questions or self._awaited(access) is None

    def again(self, access: Access) -> Denial | None:
        """Decide about something that this instance opened by an access; see ``host.guard``."""
        if self._standing is not self._rights.standing:
            self._forget()
        until = self._allowed.get(access) or self._kept.get(access)
        if until is not None and self._now() < until:
            return None
        grant = self._opened.get(access)
        if grant is None:
            return self._decide(access, once=False)
        return self._decide_opened(access, grant)

    def deny(self, denial: Denial) -> str:
        """Count and audit a denial that a door found for itself."""
        self._records.denied(self._rights, denial, self._revision, observed=False)
        return denial.text

    def look(self, access: Access | Permission) -> Denial | None:
        """Decide without counting, auditing or using up anything; see ``host.guard``."""
        judgement = self._judge(access)
        if judgement.denial is not None and self._passes_over(judgement.denial):
            return None
        return judgement.denial

    def in_force(self) -> tuple[Grant, ...]:
        """Return everything that is declared and granted now; at most 256."""
        standing = self._rights.standing
        if standing.closed:
            return ()
        found = in_force(self._declared, standing.grants, standing.policy, self._now(), session=self._records.session)
        return found[:MOST_IN_FORCE]

    def ask(self, permission: Permission, rationale: str) -> Denial | None:
        """Ask the operator for something that is declared and not granted; never waits."""
        denial = self._judge(permission).denial
        if denial is None or denial.refused or denial.reason not in _ASKABLE:
            return denial
        if self._candidate:
            room = permission in self._questions or len(self._questions) < MOST_QUESTIONS
            if room:
                self._questions[permission] = rationale
        else:
            room = self._records.ask(self._rights, permission, rationale, self._revision)
        if room:
            return denial
        crowded = f"{MOST_QUESTIONS} questions of the component are open; the operator has to answer them first"
        return Denial(denial.access, Reason.CAPACITY, crowded)

    def _forget(self) -> None:
        self._standing = self._rights.standing
        self._allowed.clear()
        self._kept.clear()

    def _judge(self, asked: Access | Permission, grants: tuple[Grant, ...] | None = None) -> Judgement:
        standing = self._rights.standing
        if standing.closed:
            access = asked if isinstance(asked, Access) else as_access(asked)
            return Judgement(Denial(access, Reason.CAPACITY, standing.closed))
        return judge(
            asked,
            self._declared,
            standing.grants if grants is None else grants,
            standing.policy,
            self._now(),
            candidate=self._candidate,
            session=self._records.session,
        )

    def _decide(self, access: Access, *, once: bool = True) -> Denial | None:
        while True:
            if self._standing is not self._rights.standing:
                self._forget()
            judgement = self._judge(access)
            denial, grant = judgement.denial, judgement.grant
            if denial is not None or grant is None:
                return self._denied(denial or Denial(access, Reason.NOT_GRANTED))
            if grant.scope is not Scope.ONCE:
                self._remember(self._allowed, access, judgement.until)
                if access.kind is Kind.STORAGE and judgement.until is None:
                    self._open_storage(access)
                self._note_use(access, grant)
                return None
            if not once:
                return self._denied(
                    Denial(access, Reason.NOT_GRANTED, command("grant", grant.component, grant.permission))
                )
            used = self._records.use_up(self._rights, grant, access, self._revision)
            if used is None:
                return self._denied(Denial(access, Reason.CAPACITY, "the host cannot write its audit at the moment"))
            if used:
                self._open(access, grant)
                self._note_use(access, grant)
                return None

    def _decide_opened(self, access: Access, grant: Grant) -> Denial | None:
        """Decide by the grants in force, and by the one that is used up."""
        standing = self._rights.standing
        lasting = msgspec.structs.replace(grant, scope=Scope.ALWAYS, used_at=None)
        grants = standing.grants if grant.id in standing.revoked else (*standing.grants, lasting)
        judgement = self._judge(access, tuple(each for each in grants if each.scope is not Scope.ONCE))
        if judgement.denial is not None:
            return self._denied(judgement.denial)
        self._remember(self._kept, access, judgement.until)
        return None

    def _open_storage(self, access: Access) -> None:
        """Let further accesses to the storage pass without a decision, unless an answer has changed meanwhile."""
        with self._rights.lock:
            if self._standing is self._rights.standing and self.open_storage is not StorageAccess.READ_WRITE:
                self.open_storage = StorageAccess(access.action)

    def _open(self, access: Access, grant: Grant) -> None:
        if len(self._opened) >= MOST_OPENED:
            del self._opened[next(iter(self._opened))]
        self._opened[access] = grant

    def _remember(self, where: dict[Access, float], access: Access, until: float | None) -> None:
        if len(where) >= MOST_REMEMBERED:
            where.clear()
        fresh = self._now() + FRESH
        where[access] = fresh if until is None else min(until, fresh)

    def _note_use(self, access: Access, grant: Grant) -> None:
        permission = next((each for each in self._declared if is_covered(access, each)), grant.permission)
        self._records.used(self._rights, access, permission, grant, self._revision)

    def _passes_over(self, denial: Denial) -> bool:
        return (
            self._rights.standing.policy.mode is Mode.OBSERVE
            and denial.reason in _OBSERVABLE
            and not denial.refused
            and not self._candidate
        )

    def _denied(self, denial: Denial) -> Denial | None:
        """Record a denial, and ask the operator for what the manifest declares."""
        observed = self._passes_over(denial)
        self._records.denied(self._rights, denial, self._revision, observed=observed)
        if denial.reason in _ASKABLE and not denial.refused and not observed:
            wanted = next((each for each in self._declared if is_covered(denial.access, each)), None)
            # A call that has waited for it has asked already; the question is open still, or was answered with a no.
            asked = denial.access.kind is Kind.STORAGE or (wanted is not None and self.patience.is_over(wanted))
            if wanted is not None and not asked:
                self.ask(wanted, self._rights.rationale)
        return None if observed else denial
