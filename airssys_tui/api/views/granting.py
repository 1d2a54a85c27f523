"""What a component may reach, as a front end sees it: permissions, questions, denials, trust and the audit.

Permissions are in their text form, ``KIND:ACTION:SUBJECT``, which commands take. They come from manifests and guests:
show them sanitised.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry, Head
from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.capability.policy import Mode
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import Verbatim

MOST_ENTRIES: Final = 1_000
"""Entries of the audit in one answer at most."""


class Standing(StrEnum):
    """What holds for a declared permission now."""

    GRANTED = "granted"
    """A grant in force covers it whole."""

    PARTLY = "partly granted"
    """Grants in force cover parts of it."""

    NOT_GRANTED = "not granted"
    REFUSED = "refused"
    """The operator refused it for good."""

    EXPIRED = "expired"
    FORBIDDEN = "forbidden"
    """Nobody can be granted it."""


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of an operator or of a rule.

    Attributes:
        id: Its number; 0 for what a rule says, which is stored as no answer.
        permission: What it is about.
        scope: How long it holds; ``never`` for a refusal.
        who: Who answered; ``default``, ``policy`` or ``trust:RULE`` for a rule.
        at: When, in Unix seconds; 0.0 for what a rule says.
        expires_at: Until when, in Unix seconds; None for no end.
        rationale: Why, in the operator's words.
        in_force: Whether it holds now.
        last_used_at: When something that it covers was used last; None for never.
        idle: Whether nothing has used it for long.
    """

    id: int
    permission: Verbatim
    scope: Scope
    who: Verbatim
    at: float
    expires_at: float | None = None
    rationale: Verbatim = ""
    in_force: bool = True
    last_used_at: float | None = None
    idle: bool = False


class PermissionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A declared permission with the answers that concern it.

    Attributes:
        permission: What is declared.
        standing: What holds for it.
        answers: The answers that cover it or a part of it, those in force first.
        waits: Whether a revision waits for an answer to it.
    """

    permission: Verbatim
    standing: Standing
    answers: tuple[GrantView, ...] = ()
    waits: bool = False


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """An open question of a component.

    Attributes:
        id: Its number.
        component: Who asks.
        permission: What it asks for.
        at: When it asked first, in Unix seconds.
        rationale: Why, in the component's words, or in those of its manifest.
        revision: The revision that asked first.
        count: How often something was denied that the permission covers.
        waits_until: Until when a call waits for the answer, in Unix seconds; None if none does.
        waits_in: The export whose call waits; empty if none does.
    """

    id: int
    component: str
    permission: Verbatim
    at: float
    rationale: Verbatim = ""
    revision: int | None = None
    count: int = 0
    waits_until: float | None = None
    waits_in: Verbatim = ""


class DenialView(msgspec.Struct, frozen=True, kw_only=True):
    """Denials of one access for one reason.

    Attributes:
        access: What was attempted, as the narrowest permission that covers it.
        reason: Why it was denied.
        count: How often.
        first_at: The first time, in Unix seconds.
        last_at: The last time, in Unix seconds.
        remedy: What would allow it: a command, or a line of the manifest; empty if nothing can.
        revision: The revision that was denied last.
    """

    access: Verbatim
    reason: Reason
    count: int
    first_at: float
    last_at: float
    remedy: Verbatim = ""
    revision: int | None = None


class GrantsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one component's permissions.

    Attributes:
        component: Text form of the identity.
        revision: The revision that serves; None if none does.
        candidate: The revision that waits for approval; None if none does.
        mode: What a denial does.
        rationale: Why the manifest declares what it declares.
        rows: The declared permissions in the order of the manifest; those of the waiting revision if one waits.
        beyond: Answers about what is not declared; they allow nothing.
        questions: The open questions, oldest first.
        denials: The denials, the latest first; at most 200.
        tighter: The lines under ``[capabilities]`` that would have been enough so far; empty if nothing can go.
    """

    component: str
    revision: int | None
    candidate: int | None = None
    mode: Mode = Mode.ENFORCE
    rationale: Verbatim = ""
    rows: tuple[PermissionRow, ...] = ()
    beyond: tuple[GrantView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    denials: tuple[DenialView, ...] = ()
    tighter: tuple[Verbatim, ...] = ()


class TrustRuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A trust rule.

    Attributes:
        name: Its name.
        source: A path glob of the files that it trusts; empty for any.
        key: The public key that it trusts; empty for any.
        permissions: What its components may do, if they declare it.
        who: Who added it.
        at: When, in Unix seconds.
        components: The components that it trusts now.
    """

    name: str
    source: Verbatim
    key: str
    permissions: tuple[Verbatim, ...]
    who: Verbatim = ""
    at: float = 0.0
    components: tuple[str, ...] = ()


class TrustView(msgspec.Struct, frozen=True, kw_only=True):
    """What is granted without a question.

    Attributes:
        default: The kinds of permissions that are granted once declared.
        rules: The trust rules, oldest first.
        policy_file: The policy file of a run without anyone to ask; empty if there is none.
    """

    default: tuple[str, ...]
    rules: tuple[TrustRuleView, ...] = ()
    policy_file: Verbatim = ""


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the audit to return.

    Attributes:
        component: Text form of an identity; None for all entries.
        after: The oldest entries with a higher number than this, for following; None for the newest entries.
        before: The newest entries with a lower number than this, for paging back; None for no end. Not with ``after``.
        limit: Maximum number of entries.
    """

    component: str | None = None
    after: int | None = None
    before: int | None = None
    limit: int = 200

    def require_sound(self) -> None:
        """Check the query.

        Raises:
            UsageError: The limit is out of bounds, or both ends are named.
        """
        if not 0 < self.limit <= MOST_ENTRIES:
            raise UsageError(f"an answer has 1 to {MOST_ENTRIES} entries of the audit, not {self.limit}")
        if self.after is not None and self.before is not None:
            raise UsageError("entries of the audit are asked for after a number or before one, not both")


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the audit.

    Attributes:
        entries: Oldest first.
        head: The last entry of all, to be kept elsewhere.
        base: The last entry that was removed for space.
        since: The lowest number that was looked at, for paging back; 0 when the query had ``after``. One request looks
            at a bounded part of the audit, so older entries about a component may exist even if this page has none.
    """

    entries: tuple[AuditEntry, ...]
    head: Head
    base: Head = Head()
    since: int = 0

    @property
    def older(self) -> bool:
        """Whether entries are kept that are older than what was looked at."""
        return self.since > self.base.count + 1


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the audit is what was written.

    Attributes:
        head: The last entry that is what was written.
        entry: The number of the first entry that is not; None if all are.
        what: What is wrong with it.
        base: The last entry that was removed for space.
    """

    head: Head
    entry: int | None = None
    what: str = ""
    base: Head = Head()
