"""A guard by hand for tests of doors, and a running call without an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from time import perf_counter_ns

from airssys_tui.core.capability.grant import Denial, Grant, Reason
from airssys_tui.core.capability.permission import Access, Permission, parse_permission

_FORBIDDEN = ("/etc/**", "/proc/**", "/dev/**", "/sys/**", "/boot/**")
_HARMLESS = {"read", "list"}


class HandGuard:
    """Decides by permissions in text form, by other means than the product; remembers what it was asked and denied.

    Attributes:
        granted: The permissions; may be changed at any time.
        declared: What is declared; what is granted if None.
        candidate: Whether the revision does not serve yet.
        asked: Accesses required, in order.
        denied: Denials counted, in order.
        meanwhile: Called with each access before it is decided: what somebody else does at that moment.
    """

    def __init__(self, *granted: str, declared: Iterable[str] | None = None) -> None:
        self.granted = [parse_permission(text) for text in granted]
        self.declared = None if declared is None else [parse_permission(text) for text in declared]
        self.candidate = False
        self.asked: list[Access] = []
        self.denied: list[Denial] = []
        self.meanwhile: Callable[[Access], None] = lambda _: None

    @property
    def reasons(self) -> list[Reason]:
        """Why accesses were denied."""
        return [denial.reason for denial in self.denied]

    def require(self, access: Access) -> Denial | None:
        self.asked.append(access)
        self.meanwhile(access)
        denial = self.look(access)
        if denial is not None:
            self.denied.append(denial)
        return denial

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
        if access.action in {"write", "delete"} and _matches(_FORBIDDEN, access.subject):
            return Denial(access, Reason.FORBIDDEN)
        if "/.ssh/" in access.subject or access.subject.startswith("/etc/shadow"):
            return Denial(access, Reason.FORBIDDEN)
        if self.declared is not None and not _covered(access, self.declared):
            return Denial(access, Reason.UNDECLARED, access.permission().manifest_line)
        if not _covered(access, self.granted):
            return Denial(access, Reason.NOT_GRANTED, "a grant")
        if self.candidate and access.action not in _HARMLESS:
            return Denial(access, Reason.CANDIDATE)
        return None

    def in_force(self) -> tuple[Grant, ...]:
        return ()

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


def _covered(access: Access, permissions: list[Permission]) -> bool:
    return any(
        (one.kind, one.action) == (access.kind, access.action) and _matches((one.subject,), access.subject)
        for one in permissions
    )


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    """Match globs of which nothing but ``*`` and ``**`` is special."""
    expressions = (re.escape(one).replace(r"\*\*", ".*").replace(r"\*", "[^/]*") for one in patterns)
    return any(re.fullmatch(one, path, re.DOTALL) for one in expressions)
