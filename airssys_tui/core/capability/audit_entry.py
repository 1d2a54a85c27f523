"""What the audit keeps: every answer about a permission, every use for the first time, every denial."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.text import Verbatim

GENESIS: Final = "0" * 64
"""The hash before the first entry."""


class AuditKind(StrEnum):
    """What happened; the values are recorded, they stay for ever."""

    GRANTED = "granted"
    REFUSED = "refused"
    """An operator answered with a standing refusal."""

    REVOKED = "revoked"
    USED_ONCE = "used-once"
    """A grant for one access was used up, before the access."""

    FIRST_USE = "first-use"
    """A revision used a permission for the first time."""

    DENIED = "denied"
    WOULD_DENY = "would-deny"
    """The mode ``observe`` let an access pass that is not granted."""

    ASKED = "asked"
    SETTLED = "settled"
    """A question was closed without an answer to it: dismissed, or withdrawn with its revision."""

    TRUSTED = "trusted"
    DISTRUSTED = "distrusted"
    POLICY = "policy"
    """The rules of the folder or of a policy file came into force, or ended."""

    RECOVERED = "recovered"
    """What a crash left was repaired."""

    DAMAGED = "damaged"
    """Earlier entries are not what was written."""

    NOT_DONE = "not-done"
    """What an earlier entry says could not be recorded, and did not take effect."""

    DROPPED = "dropped"
    """More happened at once than is kept."""

    TRIMMED = "trimmed"
    """The oldest entries were removed for space."""

    UNKNOWN = "unknown"
    """A kind of another version of the program."""

    @classmethod
    def _missing_(cls, value: object) -> AuditKind | None:
        return cls.UNKNOWN if isinstance(value, str) else None


class Head(msgspec.Struct, frozen=True):
    """How far an audit goes: the number of its last entry, and the hash of that one.

    Attributes:
        count: The number; 0 before the first entry.
        hash: SHA-256, 64 hexadecimal digits.
    """

    count: int = 0
    hash: str = GENESIS

    @property
    def text(self) -> str:
        """``COUNT:HASH``, to be kept elsewhere; :func:`parse_head` reads it."""
        return f"{self.count}:{self.hash}"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. What a guest or an operator wrote is kept as it was, cut where it is very long: show it sanitised.

    Attributes:
        n: Its number, from 1; 0 until it is written.
        at: When, in Unix seconds.
        kind: What happened.
        component: The component; empty for what concerns none.
        revision: The revision that acted.
        subject: The permission or the access, in the text form of a permission.
        who: Who answered; ``default``, ``trust:RULE`` or ``policy`` for a rule, empty for what a component did.
        reason: The reason of a denial, or the scope of an answer.
        text: In words: the rationale, the remedy.
        count: How often, for what is coalesced.
        expires_at: Until when a grant holds.
        prev: The hash of the entry before; set when it is written.
    """

    n: int = 0
    at: float
    kind: AuditKind
    component: Verbatim = ""
    revision: int | None = None
    subject: Verbatim = ""
    who: Verbatim = ""
    reason: str = ""
    text: Verbatim = ""
    count: int = 1
    expires_at: float | None = None
    prev: str = GENESIS


def parse_head(text: str) -> Head:
    """Read the text of a head.

    Raises:
        ValueError: If it is none.
    """
    count, colon, digest = text.strip().partition(":")
    if not colon or not count.isdecimal() or len(digest) != len(GENESIS) or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"expected COUNT:HASH as `audit head` prints it, got {text!r}")
    return Head(int(count), digest)
