"""The scene of permissions: one component asks, one waits for approval, one tries what nobody granted it."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.commands import AddTrust
from airssys_tui.api.grant_matrix import Usage
from airssys_tui.api.played.rights import Declared
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.components import Note, NoteKind
from airssys_tui.api.views.granting import DenialView, QuestionView
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.text import sanitise

RATES: Final = "network:connect:api.example.com:443"
NEWS: Final = "network:connect:news.example.com:443"
READ: Final = "filesystem:read:/srv/rates/**"
WRITE: Final = "filesystem:write:/srv/rates/*"
STORE: Final = "storage:read-write"
_GRANT: Final = "airssys-tui grant"

TRIED: Final = (
    ("filesystem:read:/etc/shadow", Reason.FORBIDDEN, 1, ""),
    ("network:connect:169.254.169.254:80", Reason.UNDECLARED, 4, 'network = ["connect:169.254.169.254:80"]'),
    ("process:spawn:sh", Reason.NOT_GRANTED, 12, f"{_GRANT} snoop process:spawn:sh"),
    ("filesystem:read:/home/ada/notes", Reason.EXPIRED, 2, f"{_GRANT} snoop filesystem:read:/home/ada/notes"),
)
"""What a component was denied: the access, why it was denied, how often, and what would allow it."""


def ask(runtime: PlayedRuntime) -> PlayedRuntime:
    """Give the components of the scene ``mixed`` permissions, questions and denials."""
    now, rights = runtime.clock(), runtime.rights
    rights.declare(
        "fetcher",
        Declared(
            permissions=(
                "filesystem:read:/srv/rates/**",
                "filesystem:write:/srv/rates/*",
                RATES,
                NEWS,
                "storage:read-write",
            ),
            rationale="daily rates",
            waiting=(NEWS,),
            candidate=5,
            questions=(
                QuestionView(
                    id=1, component="fetcher", permission=RATES, at=now - 28.0, rationale="daily rates", revision=4
                ),
            ),
            denials=_denials(now),
            uses=(Usage("filesystem:read:/srv/rates/today.csv", now - 12.0), Usage(STORE, now - 12.0)),
        ),
    )
    rights.give("fetcher", WRITE, at=now - 9 * 86_400.0)
    rights.give("fetcher", READ, rationale="the rates are there")
    rights.declare("counter", Declared(permissions=(STORE,), uses=(Usage(STORE, now - 1.0),)))
    _snoop(runtime, now)
    runtime.edit("fetcher", note=Note(NoteKind.INFO, sanitise(f"r5 waits for approval: {NEWS}")))
    _audited(runtime, now)
    return runtime


def _audited(runtime: PlayedRuntime, now: float) -> None:
    """Say what the audit has about this besides the answers, oldest first."""
    rights = runtime.rights
    about = {"component": "snoop", "revision": 1}
    for access, reason, count, remedy in TRIED:
        rights.note(
            AuditKind.DENIED, at=now - 690.0, subject=access, reason=reason.value, count=count, text=remedy, **about
        )
    about = {"component": "fetcher", "revision": 4}
    rights.note(
        AuditKind.DENIED,
        at=now - 600.0,
        subject="environment:HOME",
        reason=Reason.UNDECLARED.value,
        text='environment = ["HOME"]',
        **about,
    )
    rights.note(AuditKind.ASKED, at=now - 28.0, subject=RATES, text="daily rates", **about)
    rights.note(AuditKind.FIRST_USE, at=now - 12.0, subject="filesystem:read:/srv/rates/today.csv", **about)
    text = f"{_GRANT} fetcher {RATES}"
    rights.note(
        AuditKind.DENIED, at=now - 2.0, subject=RATES, reason=Reason.NOT_GRANTED.value, count=3, text=text, **about
    )
    rights.trust(AddTrust("vendor", ("network:connect:*.vendor.example:443",), source="/components/greeter/**"), "ada")


def _denials(now: float) -> tuple[DenialView, ...]:
    return (
        DenialView(
            access=RATES,
            reason=Reason.NOT_GRANTED,
            count=3,
            first_at=now - 28.0,
            last_at=now - 2.0,
            remedy=f"{_GRANT} fetcher {RATES}",
            revision=4,
        ),
        DenialView(
            access="environment:HOME",
            reason=Reason.UNDECLARED,
            count=1,
            first_at=now - 600.0,
            last_at=now - 600.0,
            remedy='environment = ["HOME"]',
            revision=4,
        ),
    )


def _snoop(runtime: PlayedRuntime, now: float) -> None:
    runtime.rights.declare(
        "snoop",
        Declared(
            permissions=("filesystem:read:/home/**", "filesystem:write:/etc/passwd", "process:spawn:*"),
            rationale="none of your business",
            denials=tuple(
                DenialView(
                    access=access,
                    reason=reason,
                    count=count,
                    first_at=now - 700.0,
                    last_at=now - 690.0 + number,
                    remedy=remedy,
                    revision=1,
                )
                for number, (access, reason, count, remedy) in enumerate(TRIED)
            ),
        ),
    )
    runtime.rights.give("snoop", "filesystem:read:/home/ada/**", expires_at=now - 60.0)
    runtime.rights.give("snoop", "process:spawn:git", Scope.NEVER, rationale="it has no business there")
