"""A guard for tests of doors, which decides by the rules and remembers; and a running call without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter_ns

from airssys_tui.core.capability.decision import decide
from airssys_tui.core.capability.grant import Denial, Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy


class RuledGuard:
    """Decides by the rules, with neither a store nor a cache.

    Args:
        granted: Permissions in text form that an operator granted for good.
        declared: What the manifest declares; the same as is granted if None.
        reserved: Folders that belong to the program.

    Attributes:
        grants: What is granted; may be changed at any time.
        candidate: Whether the revision does not serve yet.
        now: What the time is.
        asked: Accesses required, in order.
        denied: Denials counted, in order.
        meanwhile: Called with each access before it is decided: what somebody else does at that moment.
    """

    def __init__(self, *granted: str, declared: Iterable[str] | None = None, reserved: tuple[str, ...] = ()) -> None:
        permissions = [parse_permission(text) for text in granted]
        self.grants = [
            Grant(id=number, component="local/guest", permission=one, scope=Scope.ALWAYS, who="ada", at=0.0)
            for number, one in enumerate(permissions, 1)
        ]
        self.declared = tuple(permissions if declared is None else map(parse_permission, declared))
        self.policy = Policy(component="local/guest", reserved=reserved)
        self.candidate = False
        self.now = 1.0
        self.asked: list[Access] = []
        self.denied: list[Denial] = []
        self.meanwhile: Callable[[Access], None] = lambda _: None

    @property
    def reasons(self) -> list[Reason]:
        """Why accesses were denied."""
        return [denial.reason for denial in self.denied]

    def require(self, access: Access) -> Denial | None:
        self.asked.append(access)
        return self.again(access)

    def await_answer(self, _access: Access) -> int:
        return 0

    def again(self, access: Access) -> Denial | None:
        self.meanwhile(access)
        denial = self.look(access)
        if denial is not None:
            self.denied.append(denial)
        return denial

    def deny(self, denial: Denial) -> str:
        self.denied.append(denial)
        return denial.text

    def look(self, access: Access) -> Denial | None:
        return decide(access, self.declared, self.grants, self.policy, self.now, candidate=self.candidate)

    def in_force(self) -> tuple[Grant, ...]:
        return tuple(self.grants)

    def ask(self, permission: Permission, rationale: str) -> Denial | None:
        raise NotImplementedError


class StandingCall:
    """A call that runs for as long as it is let, with all the fuel there is."""

    def __init__(self) -> None:
        self.deadline_ns = perf_counter_ns() + 3_600_000_000_000
        self.cancelled = False
        self.charged = 0

    def charge(self, fuel: int) -> None:
        self.charged += fuel
