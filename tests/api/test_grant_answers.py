"""What commands about permissions come to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from airssys_tui.api.commands import AddTrust, AnswerQuestion, Approve, Deny, Grant, GrantCommand, Revoke
from airssys_tui.api.grant_answers import Answerer, Plan, plan, trust_rule
from airssys_tui.api.grant_matrix import Known
from airssys_tui.api.views.granting import QuestionView
from airssys_tui.core.capability import grant as answers
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.capability.policy import Answer, PolicySource
from airssys_tui.core.errors import UsageError

READ, NET, STORE = "filesystem:read:/data/**", "network:connect:api.example.com:443", "storage:read-write"
IN = "filesystem:read:/data/in/*"
ADA = Answerer("ada", "now")


def stored(number: int, text: str, scope: Scope = Scope.ALWAYS, **more: Any) -> answers.Grant:
    made = answers.Grant(
        id=number, component="fetcher", permission=parse_permission(text), scope=scope, who="eve", at=1.0
    )
    return msgspec.structs.replace(made, **more)


def asked(number: int, text: str) -> QuestionView:
    return QuestionView(id=number, component="fetcher", permission=text, at=1.0)


def known(*grants: answers.Grant, **more: Any) -> Known:
    fields: dict[str, Any] = {
        "component": "fetcher",
        "revision": 2,
        "declared": tuple(map(parse_permission, (READ, NET, STORE))),
        "policy": PolicySource().of("fetcher"),
        "now": 100.0,
        "grants": grants,
        "session": "now",
    }
    return Known(**(fields | more))


def planned(command: GrantCommand, given: Known | None = None) -> Plan:
    return plan(command, given or known(), ADA)


def added(found: Plan) -> list[tuple[str, str]]:
    return [(str(grant.permission), grant.scope.value) for grant in found.grants]


def test_a_grant_is_added_with_its_terms() -> None:
    found = planned(Grant("fetcher", NET, Scope.SESSION, 3_600.0, "daily rates"))
    (grant,) = found.grants
    assert (grant.who, grant.at, grant.expires_at, grant.session) == ("ada", 100.0, 3_700.0, "now")
    assert (str(grant.permission), grant.rationale) == (NET, "daily rates")
    assert found.text == f"{NET} granted to fetcher until the runtime ends, at most for 1h00m"
    assert planned(Grant("fetcher", NET, seconds=60.0)).text == f"{NET} granted to fetcher for 1m00s"
    assert planned(Grant("fetcher", NET)).grants[0].session == ""


def test_a_grant_settles_the_questions_that_it_answers_and_lifts_refusals_within_it() -> None:
    given = known(
        stored(5, IN, Scope.NEVER), stored(6, NET, Scope.NEVER), questions=(asked(1, IN), asked(2, NET), asked(3, "?"))
    )
    found = planned(Grant("fetcher", READ), given)
    assert (found.revokes, found.settles) == ((5,), (1,))


def test_a_grant_of_what_is_not_declared_says_that_it_has_no_effect_yet() -> None:
    assert "has no effect yet" in planned(Grant("fetcher", "process:spawn:git")).text
    assert "no effect" not in planned(Grant("fetcher", "filesystem:read:/**")).text


def test_a_grant_before_there_is_a_revision_does_not_speak_of_a_manifest() -> None:
    found = planned(Grant("fetcher", NET), known(revision=None, declared=()))
    assert found.text.endswith("; it has no revision, so it has no effect yet")


def test_never_refuses_for_good() -> None:
    assert planned(Grant("fetcher", NET, Scope.NEVER)).grants == planned(Deny("fetcher", NET)).grants
    assert added(planned(Deny("fetcher", NET))) == [(NET, "never")]


def test_revoking_takes_back_what_is_about_the_permission_or_a_part_of_it() -> None:
    given = known(stored(5, READ), stored(6, IN, Scope.NEVER), stored(7, NET))
    assert planned(Revoke("fetcher", READ), given).revokes == (5, 6)
    assert planned(Revoke("fetcher", IN), given).revokes == (6,)
    assert planned(Revoke("fetcher"), given).revokes == (5, 6, 7)
    assert planned(Revoke("fetcher", grant=7), given).revokes == (7,)


def test_what_a_rule_grants_is_refused_instead() -> None:
    found = planned(Revoke("fetcher", STORE))
    assert added(found) == [(STORE, "never")]
    assert "granted by a rule: now refused" in found.text
    again = planned(Revoke("fetcher", STORE), known(stored(5, STORE, Scope.NEVER)))
    assert (again.grants, again.revokes) == ((), (5,)), "the rule holds again"


WAITING = {"candidate": 3, "waiting": (parse_permission(NET),), "questions": (asked(1, READ), asked(2, NET))}


def test_an_approval_grants_all_that_is_asked_for() -> None:
    found = planned(Approve("fetcher"), known(**WAITING))
    assert added(found) == [(NET, "always"), (READ, "always")]
    assert (found.settles, found.candidate) == ((1, 2), True)


@pytest.mark.parametrize("shown", [(NET, READ), (STORE, READ, NET)], ids=["the-same", "less-by-now"])
def test_an_approval_of_what_was_shown_grants_no_more_than_that(shown: tuple[str, ...]) -> None:
    found = planned(Approve("fetcher", shown=shown, revision=3), known(**WAITING))
    assert added(found) == [(NET, "always"), (READ, "always")]


def test_an_approval_of_some_refuses_the_others() -> None:
    found = planned(Approve("fetcher", only=(NET,)), known(**WAITING))
    assert added(found) == [(NET, "always"), (READ, "never")]
    narrower = planned(Approve("fetcher", only=(IN,)), known(**WAITING))
    assert added(narrower) == [(IN, "always"), (NET, "never")]
    assert narrower.candidate is True


def test_a_denial_of_everything_refuses_the_revision_that_waits() -> None:
    found = planned(Deny("fetcher"), known(**WAITING))
    assert added(found) == [(NET, "never"), (READ, "never")]
    assert found.candidate is False
    assert planned(Deny("fetcher"), known(questions=(asked(1, READ),))).candidate is None


@pytest.mark.parametrize("scope", [Scope.ONCE, Scope.SESSION, Scope.ALWAYS, Scope.NEVER])
def test_a_question_is_answered(scope: Scope) -> None:
    found = planned(AnswerQuestion("fetcher", 2, scope), known(**WAITING))
    assert added(found) == [(NET, scope.value)]
    assert found.settles == (2,)


def test_a_question_is_closed_without_an_answer() -> None:
    found = planned(AnswerQuestion("fetcher", 2, None), known(**WAITING))
    assert (found.grants, found.settles) == ((), (2,))
    odd = known(questions=(asked(3, "of another version"),))
    assert planned(AnswerQuestion("fetcher", 3, None), odd).settles == (3,)


REFUSING = PolicySource(answers=(Answer(component="*", permissions=(parse_permission(READ),), scope=Scope.NEVER),)).of(
    "fetcher"
)


@pytest.mark.parametrize(
    ("command", "given", "said"),
    [
        (Grant("fetcher", "network:api"), known(), "not a permission"),
        (Grant("fetcher", "filesystem:write:/etc/**"), known(), "nobody can be granted"),
        (Grant("fetcher", NET, seconds=0.5), known(), "1 s to 10 years"),
        (Grant("fetcher", NET, rationale="x" * 1_025), known(), "at most 1024 characters"),
        (Grant("fetcher", IN), known(stored(5, READ, Scope.NEVER)), "refused to fetcher for good"),
        (Grant("fetcher", IN), known(policy=REFUSING), "refused to fetcher for good"),
        (Grant("fetcher", NET), known(*(stored(n, IN) for n in range(256))), "256 answers in force already"),
        (Revoke("fetcher", NET), known(), "no answer about"),
        (Revoke("fetcher", grant=7), known(stored(5, NET)), "no answer 7"),
        (Revoke("fetcher"), known(), "no answer in force"),
        (Approve("fetcher"), known(), "asks for nothing"),
        (Approve("fetcher", only=(STORE,)), known(**WAITING), "does not ask for"),
        (Approve("fetcher", revision=2), known(**WAITING), "r3 of fetcher waits by now, not r2"),
        (Approve("fetcher", revision=3), known(**(WAITING | {"candidate": None})), "no revision of fetcher waits"),
        (Approve("fetcher", shown=(NET,)), known(**WAITING), f"asks for something else by now: {READ}"),
        (Approve("fetcher", (NET,), shown=(NET,)), known(**WAITING), f"asks for something else by now: {READ}"),
        (Deny("fetcher"), known(), "asks for nothing"),
        (AnswerQuestion("fetcher", 9, Scope.ONCE), known(**WAITING), "no open question 9"),
    ],
)
def test_what_is_not_possible_is_said(command: GrantCommand, given: Known, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(command, given)
    assert said in caught.value.message
    assert caught.value.remedy or said in {"nobody can be granted", "at most 1024 characters"}


def test_a_trust_rule_is_checked() -> None:
    rule = trust_rule(AddTrust("vendor", (NET, NET), source="/srv/**"), "ada", 5.0)
    assert (rule.name, rule.who, rule.at, len(rule.permissions)) == ("vendor", "ada", 5.0, 1)
    with pytest.raises(UsageError, match="source or a key"):
        trust_rule(AddTrust("vendor", (NET,)), "ada", 5.0)
