"""Permissions in the simulated runtime: the scene of the Grants screen, and what answers do to it."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import AnswerQuestion, Approve, Deny, Undo
from airssys_tui.api.played import asking, scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.granting import AuditQuery, GrantsView, Standing
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.lifecycle import State


@pytest.fixture
def runtime() -> PlayedRuntime:
    return scenes.asking()


def grants(runtime: PlayedRuntime, name: str = "fetcher") -> GrantsView:
    return runtime.grants(name).result(0)


def standings(view: GrantsView) -> dict[str, Standing]:
    return {row.permission: row.standing for row in view.rows}


def test_the_scene_has_every_standing(runtime: PlayedRuntime) -> None:
    fetcher, snoop = grants(runtime), grants(runtime, "snoop")
    assert standings(fetcher) == {
        asking.READ: Standing.GRANTED,
        asking.WRITE: Standing.GRANTED,
        asking.RATES: Standing.NOT_GRANTED,
        asking.NEWS: Standing.NOT_GRANTED,
        asking.STORE: Standing.GRANTED,
    }
    assert [row.permission for row in fetcher.rows if row.waits] == [asking.NEWS]
    assert [answer.permission for row in fetcher.rows for answer in row.answers if answer.idle] == [asking.WRITE]
    assert [(question.permission, question.count) for question in fetcher.questions] == [(asking.RATES, 3)]
    assert set(standings(snoop).values()) == {Standing.NOT_GRANTED, Standing.FORBIDDEN}
    assert runtime.questions().result(0) == fetcher.questions


def test_an_approval_lets_the_revision_serve_that_waited(runtime: PlayedRuntime) -> None:
    runtime.submit(Approve("fetcher", only=(asking.NEWS,))).result(0)
    view = grants(runtime)
    assert (view.revision, view.candidate, view.questions) == (5, None, ())
    assert standings(view)[asking.NEWS] is Standing.GRANTED
    assert standings(view)[asking.RATES] is Standing.REFUSED
    assert runtime.get("fetcher").view.state is State.RUNNING


def test_a_denial_leaves_the_one_that_serves(runtime: PlayedRuntime) -> None:
    runtime.submit(Deny("fetcher")).result(0)
    view = grants(runtime)
    assert (view.revision, view.candidate) == (4, None)
    assert {standings(view)[each] for each in (asking.NEWS, asking.RATES)} == {Standing.REFUSED}


def test_a_question_is_answered_for_one_access(runtime: PlayedRuntime) -> None:
    (question,) = runtime.questions().result(0)
    runtime.submit(AnswerQuestion("fetcher", question.id, Scope.ONCE)).result(0)
    assert standings(grants(runtime))[asking.RATES] is Standing.GRANTED
    entry = runtime.audit(AuditQuery()).result(0).entries[-1]
    assert (entry.kind, entry.subject, entry.reason) == (AuditKind.GRANTED, asking.RATES, "once")


def test_an_answer_is_not_undone(runtime: PlayedRuntime) -> None:
    runtime.submit(Deny("fetcher")).result(0)
    with pytest.raises(AirssysError):
        runtime.submit(Undo()).result(0)


def test_a_head_that_was_kept_elsewhere_is_compared(runtime: PlayedRuntime) -> None:
    head = runtime.audit(AuditQuery(limit=1)).result(0).head
    assert runtime.verify_audit(head.text).result(0).entry is None
    assert runtime.verify_audit(f"{head.count}:{'0' * 64}").result(0).entry == head.count
    assert runtime.verify_audit(f"{head.count + 1}:{head.hash}").result(0).entry == head.count + 1
