"""A guard by the rules of the core, for tests of doors: nothing is stored, and nobody is asked."""

from __future__ import annotations

from airssys_tui.core.capability.decision import Judgement, in_force, judge
from airssys_tui.core.capability.grant import Denial, Grant, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy

POLICY = Policy(component="local/probe")


class RuleGuard:
    """A guard by the rules of the core, with what a test declares and grants.

    Attributes:
        declared: What the manifest declares.
        grants: What the operator answered; may be changed at any time.
        candidate: Whether the revision does not serve yet.
        denied: The denials that were counted.
        used: The grants for one access that were used up.
    """

    def __init__(self, *declared: str, granted: tuple[str, ...] | None = None, candidate: bool = False) -> None:
        self.declared = tuple(map(parse_permission, declared))
        self.grants: list[Grant] = []
        self.candidate = candidate
        self.denied: list[Denial] = []
        self.used: list[Access] = []
        for text in declared if granted is None else granted:
            self.grant(text)

    def grant(self, text: str, scope: Scope = Scope.ALWAYS, expires_at: float | None = None) -> None:
        """Answer as an operator."""
        number = len(self.grants) + 1
        permission = parse_permission(text)
        self.grants.append(
            Grant(
                id=number,
                component="local/probe",
                permission=permission,
                scope=scope,
                who="test",
                at=0.0,
                expires_at=expires_at,
            )
        )

    def revoke(self) -> None:
        """Take back every grant."""
        self.grants.clear()

    def look(self, access: Access | Permission) -> Denial | None:
        return self._judge(access).denial

    def _judge(self, asked: Access | Permission) -> Judgement:
        return judge(asked, self.declared, self.grants, POLICY, 1.0, candidate=self.candidate)

    def require(self, access: Access) -> Denial | None:
        found = self._judge(access)
        if found.denial is not None:
            self.denied.append(found.denial)
        elif found.grant is not None and found.grant.scope is Scope.ONCE:
            self.grants.remove(found.grant)
            self.used.append(access)
        return found.denial

    def await_answer(self, _access: Access) -> int:
        return 0

    def again(self, access: Access) -> Denial | None:
        return None if access in self.used else self.require(access)

    def deny(self, denial: Denial) -> str:
        self.denied.append(denial)
        return denial.text

    def in_force(self) -> tuple[Grant, ...]:
        return in_force(self.declared, self.grants, POLICY, 1.0)

    def ask(self, permission: Permission, _rationale: str) -> Denial | None:
        return self._judge(permission).denial
