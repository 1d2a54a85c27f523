"""The one view of a revision: what is recorded, safe on a terminal, and the facts beside it."""

from __future__ import annotations

from airssys_tui.api.views.revisions import RevisionView, revision_view
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Cause, Outcome, Revision

RECORDED = Revision(
    component="counter",
    number=3,
    digest="sha256:d",
    manifest_digest="sha256:m",
    version="1.2.0",
    size=100,
    cause=Cause.ROLLBACK,
    who="operator\x1b[2J",
    created_at=5.0,
    origin=1,
    note="why\nnot",
    outcome=Outcome.SUPERSEDED,
    outcome_reason="r4 took over",
    outcome_at=9.0,
    activated_at=6.0,
    stable=True,
)


def test_every_field_of_the_view_comes_from_the_revision_or_from_beside_it() -> None:
    beside = {
        "pinned": True,
        "gates": ((Gate.COMPILE, 41.0),),
        "state_bytes": 8,
        "state_at": 7.0,
        "fuel_per_call": 2.5,
        "calls": 4,
    }
    view = revision_view(RECORDED, **beside)
    empty = {None, "", ()}
    assert not [name for name in RevisionView.__struct_fields__ if getattr(view, name) in empty]
    assert {name: getattr(view, name) for name in beside} == beside
    assert (view.at, view.activated_at, view.ended_at, view.origin) == (5.0, 6.0, 9.0, 1)


def test_what_was_written_by_others_is_one_safe_line() -> None:
    view = revision_view(RECORDED)
    assert "\x1b" not in view.who
    assert view.note == RECORDED.note, "a note is data"
