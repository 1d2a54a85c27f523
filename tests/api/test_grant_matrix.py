"""The matrix of declared and granted permissions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from airssys_tui.api.grant_matrix import Known, Usage, counted, grants_view
from airssys_tui.api.views.granting import DenialView, QuestionView, Standing
from airssys_tui.core.capability.grant import Grant, Reason, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.capability.policy import PolicySource

READ, NET, STORE = "filesystem:read:/data/**", "network:connect:api.example.com:443", "storage:read-write"
NOW = 1_000.0


def grant(text: str = READ, scope: Scope = Scope.ALWAYS, **more: Any) -> Grant:
    return Grant(
        **{
            "id": 1,
            "component": "fetcher",
            "permission": parse_permission(text),
            "scope": scope,
            "who": "ada",
            "at": 1.0,
        }
        | more
    )


def known(*grants: Grant, declared: tuple[str, ...] = (READ, NET, STORE), **more: Any) -> Known:
    return Known(
        component="fetcher",
        revision=2,
        declared=tuple(map(parse_permission, declared)),
        policy=PolicySource().of("fetcher"),
        now=NOW,
        grants=grants,
        session="now",
        **more,
    )


@pytest.mark.parametrize(
    ("answers", "standing"),
    [
        ((), Standing.NOT_GRANTED),
        ((grant(),), Standing.GRANTED),
        ((grant("filesystem:read:/**"),), Standing.GRANTED),
        ((grant("filesystem:read:/data/in/*"),), Standing.PARTLY),
        ((grant(expires_at=999.0),), Standing.EXPIRED),
        ((grant(expires_at=999.0), grant("filesystem:read:/data/a")), Standing.PARTLY),
        ((grant(scope=Scope.SESSION, session="before"),), Standing.NOT_GRANTED),
        ((grant(scope=Scope.SESSION, session="now"),), Standing.GRANTED),
        ((grant(), grant(scope=Scope.NEVER)), Standing.REFUSED),
        ((grant(), grant("filesystem:read:/data/secret", Scope.NEVER)), Standing.PARTLY),
    ],
)
def test_what_holds_for_a_declared_permission(answers: tuple[Grant, ...], standing: Standing) -> None:
    row = grants_view(known(*answers)).rows[0]
    assert row.permission == READ
    assert row.standing is standing
    assert len(row.answers) == len(answers)


def test_what_nobody_can_be_granted_is_said_so() -> None:
    view = grants_view(known(declared=("filesystem:write:/etc/passwd",)))
    assert [row.standing for row in view.rows] == [Standing.FORBIDDEN]


def test_what_rules_grant_is_shown_with_them() -> None:
    row = grants_view(known()).rows[2]
    assert row.standing is Standing.GRANTED
    assert [(answer.who, answer.id, answer.idle) for answer in row.answers] == [("default", 0, False)]


def test_an_answer_about_what_is_not_declared_allows_nothing_and_is_shown_apart() -> None:
    view = grants_view(known(grant("process:spawn:git")))
    assert [answer.permission for answer in view.beyond] == ["process:spawn:git"]
    assert all(answer.permission != "process:spawn:git" for row in view.rows for answer in row.answers)


def test_uses_say_what_is_idle_and_what_would_do() -> None:
    uses = (
        Usage("filesystem:read:/data/in/a", 990.0),
        Usage("storage:read-write", 990.0),
        Usage("not a permission", 1.0),
    )
    view = grants_view(known(grant(), grant(NET, id=2), uses=uses))
    assert [row.answers[0].last_used_at for row in view.rows] == [990.0, None, 990.0]
    assert view.tighter == ('filesystem = ["read:/data/in/a"]', 'storage = "read-write"')
    later = grants_view(msgspec.structs.replace(known(grant(), uses=uses), now=NOW + 8 * 86_400))
    assert later.rows[0].answers[0].idle


def test_a_question_counts_what_was_denied_meanwhile() -> None:
    questions = (
        QuestionView(id=1, component="fetcher", permission=NET, at=1.0),
        QuestionView(id=2, component="fetcher", permission=READ, at=2.0),
    )
    denials = (
        DenialView(access=NET, reason=Reason.NOT_GRANTED, count=3, first_at=1.0, last_at=2.0),
        DenialView(access="storage:read", reason=Reason.QUOTA, count=9, first_at=1.0, last_at=2.0),
    )
    assert [question.count for question in counted(questions, denials)] == [3, 0]


def test_what_a_revision_waits_for_is_marked() -> None:
    view = grants_view(known(candidate=3, waiting=(parse_permission(NET),)))
    assert [row.waits for row in view.rows] == [False, True, False]
    assert view.candidate == 3
