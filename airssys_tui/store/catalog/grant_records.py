"""The rows of grants, questions, denials and trust as frozen values; all times are in Unix seconds."""

from __future__ import annotations

import msgspec

from airssys_tui.core.capability.grant import Grant


class GrantRecord(Grant, frozen=True, kw_only=True):
    """A grant with its revocation.

    Attributes:
        revoked_at: When it was revoked; None while it is not.
        revoked_by: Who revoked it.
        revoked_because: Why, in the operator's words.
    """

    revoked_at: float | None = None
    revoked_by: str = ""
    revoked_because: str = ""


class QuestionRecord(msgspec.Struct, frozen=True):
    """A question of a component.

    Attributes:
        component: Text form of the identity.
        permission: What it asks for, in the text form of a permission.
        at: When it was asked first.
        rationale: Why, in the component's words; guest text.
        revision: The revision that asked first.
        id: Assigned by the catalog.
        answer: ``granted``, ``denied`` or ``withdrawn``; None while it is open.
        answered_at: When it was closed.
        who: Who closed it.
    """

    component: str
    permission: str
    at: float
    rationale: str = ""
    revision: int | None = None
    id: int = 0
    answer: str | None = None
    answered_at: float | None = None
    who: str = ""


class DenialRecord(msgspec.Struct, frozen=True):
    """Denials of one access for one reason.

    Attributes:
        component: Text form of the identity.
        access: The access, in the text form of the narrowest permission that covers it.
        reason: The reason; see ``core.capability.grant.Reason``.
        count: How often.
        first_at: The first time.
        last_at: The last time.
        remedy: What would allow it.
        revision: The revision that was denied last.
    """

    component: str
    access: str
    reason: str
    count: int
    first_at: float
    last_at: float
    remedy: str = ""
    revision: int | None = None


class UseRecord(msgspec.Struct, frozen=True):
    """The use of something that is granted.

    Attributes:
        component: Text form of the identity.
        access: What was used, in the text form of the narrowest permission that covers it.
        revision: The revision that used it last.
        first_at: When it was used first.
        last_at: When it was used last.
        calls: How many calls the component had finished by then, in all runs.
    """

    component: str
    access: str
    revision: int
    first_at: float
    last_at: float
    calls: int = 0


class TrustRecord(msgspec.Struct, frozen=True):
    """A trust rule, as JSON, and who set it."""

    id: int
    rule: str
    who: str
    at: float


class ApprovalRecord(msgspec.Struct, frozen=True):
    """An operator's answer to files that wait at the gate ``grants``.

    Attributes:
        component: Text form of the identity.
        digest: Digest of the artifact.
        manifest_digest: Digest of the meaning of its manifest.
        answer: ``approved`` or ``denied``.
        who: Who answered.
        at: When.
        rationale: Why, in the operator's words.
    """

    component: str
    digest: str
    manifest_digest: str
    answer: str
    who: str
    at: float
    rationale: str = ""
