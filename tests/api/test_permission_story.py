"""What the guard knows of a component, in sentences."""

from __future__ import annotations

import msgspec

from airssys_tui.api.permission_story import permission_sentences
from airssys_tui.api.played.asking import NEWS, RATES, ask
from airssys_tui.api.played.scenes import NOON, mixed
from airssys_tui.api.views.granting import DenialView, GrantsView, PermissionRow, Standing
from airssys_tui.core.capability.grant import Reason

NET = "network:connect:api.example.com:443"
HOME = "environment:HOME"
LOGS = "filesystem:read:/tmp/*.log"


def view(*rows: PermissionRow, **more: object) -> GrantsView:
    return GrantsView(component="fetcher", revision=1, rows=rows, **more)


def denial(access: str, **more: object) -> DenialView:
    fields = {"reason": Reason.NOT_GRANTED, "count": 1, "first_at": 90.0, "last_at": 97.0, "remedy": ""}
    return DenialView(access=access, **{**fields, **more})


def test_nothing_is_said_of_what_asks_for_nothing() -> None:
    assert permission_sentences(view(), 100.0) == ()


def test_what_is_granted_and_what_would_grant_the_rest() -> None:
    granted = PermissionRow(permission="storage:read", standing=Standing.GRANTED)
    missing = PermissionRow(permission=LOGS, standing=Standing.NOT_GRANTED)
    refused = PermissionRow(permission=HOME, standing=Standing.REFUSED)
    assert permission_sentences(view(granted, missing, refused), 100.0) == (
        "It declares 3 permissions; 1 is granted: storage:read.",
        f"{LOGS} is not granted; to grant it: `airssys-tui grant fetcher '{LOGS}'`.",
        f"Refused for good or forbidden: {HOME}.",
    )


def test_denials_with_what_would_allow_them() -> None:
    missing = PermissionRow(permission=NET, standing=Standing.NOT_GRANTED)
    denials = (
        denial(NET, count=3, remedy=f"airssys-tui grant fetcher {NET}"),
        denial(HOME, reason=Reason.UNDECLARED, remedy='environment = ["HOME"]'),
    )
    told = permission_sentences(view(missing, denials=denials), 100.0)
    assert told[0] == "It declares 1 permission; none is granted."
    line = 'to declare it, write under [capabilities]: environment = ["HOME"]'
    assert told[2:] == (
        f"It was denied {NET} (not-granted) 3 times, the last time 3.0s ago.",
        f"It was denied {HOME} (undeclared) 3.0s ago; {line}.",
    )


def test_many_are_counted() -> None:
    rows = tuple(PermissionRow(permission=f"environment:V{n}", standing=Standing.NOT_GRANTED) for n in range(9))
    told = permission_sentences(view(*rows, denials=tuple(denial(row.permission) for row in rows)), 100.0)
    assert "4 more are not granted: `airssys-tui grants fetcher`." in told
    assert "4 more denials: `airssys-tui grants fetcher`." in told
    assert len(told) == 13


def test_a_revision_that_waits_says_what_for() -> None:
    runtime = ask(mixed())
    known = runtime.grants("fetcher").result(0)
    told = " ".join(permission_sentences(known, NOON))
    assert f"r5 waits for approval of {NEWS}: `airssys-tui approve fetcher --revision 5`." in told
    assert f"{NEWS} is not granted" not in told
    assert f"{RATES} is not granted" in told
    observed = msgspec.structs.replace(known, mode="observe")
    assert "only recorded" in " ".join(permission_sentences(observed, NOON))
    story = runtime.explain("fetcher").result(0).sentences
    assert set(permission_sentences(known, NOON)) <= set(story)
