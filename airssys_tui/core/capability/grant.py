"""What an operator granted or refused for good, and why an access is denied."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airssys_tui.core.capability.permission import Access, Permission
from airssys_tui.core.text import Verbatim


class Scope(StrEnum):
    """How long an answer holds."""

    ONCE = "once"
    """For one access; used up before it takes effect."""

    SESSION = "session"
    """Until the runtime that was asked ends."""

    ALWAYS = "always"
    """Until it expires or is revoked."""

    NEVER = "never"
    """A standing refusal: nobody is asked again until it is revoked."""


class Reason(StrEnum):
    """Why an access is denied: the first that applies, in the order in which they are checked."""

    FORBIDDEN = "forbidden"
    UNDECLARED = "undeclared"
    NOT_GRANTED = "not-granted"
    EXPIRED = "expired"
    QUOTA = "quota"
    CAPACITY = "capacity"
    CANDIDATE = "candidate"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of an operator.

    Attributes:
        id: Its number in the catalog, never used again.
        component: The component's identity as text.
        permission: What it is about; may be narrower than what is declared.
        scope: How long it holds.
        who: Who answered, ``default`` or ``trust:RULE`` for what a rule granted.
        at: When, in Unix seconds.
        expires_at: Until when, in Unix seconds; None for no end.
        rationale: Why, in the operator's words.
        session: The runtime that a grant for a session is bound to; empty for others.
        used_at: When a grant for one access was used up; None while it is not.
        calls: How many calls the component had finished by then, in all runs.
    """

    id: int
    component: str
    permission: Permission
    scope: Scope
    who: str
    at: float
    expires_at: float | None = None
    rationale: Verbatim = ""
    session: str = ""
    used_at: float | None = None
    calls: int = 0


class Denial(msgspec.Struct, frozen=True):
    """One denial.

    Attributes:
        access: What was attempted.
        reason: Why it is denied.
        remedy: The line of the manifest or the command that would allow it; empty when nothing can.
        refused: Whether the operator refused it for good; the remedy takes that back.
    """

    access: Access
    reason: Reason
    remedy: str = ""
    refused: bool = False

    @property
    def text(self) -> str:
        """One sentence for the component and the operator, which starts with the reason."""
        said = {
            Reason.FORBIDDEN: "nobody can be granted this",
            Reason.UNDECLARED: f"{self.remedy} under [capabilities] in the manifest would allow it",
            Reason.NOT_GRANTED: f"refused for good; {self.remedy} takes that back"
            if self.refused
            else f"{self.remedy} would allow it",
            Reason.EXPIRED: f"the grant has expired; {self.remedy} would allow it",
            Reason.QUOTA: self.remedy or "the component uses as much as it may",
            Reason.CAPACITY: self.remedy or "the host has no room for more at the moment",
            Reason.CANDIDATE: "a candidate does not act on the world before it serves",
        }[self.reason]
        return f"{self.reason}: {said}"
