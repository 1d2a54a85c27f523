"""Grants in the catalog: nothing is lost, rewritten or used twice."""

from __future__ import annotations

import threading

import msgspec
import pytest

from airssys_tui.core.capability.audit_entry import Head
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.accesses import DENIAL_ROWS, USE_ROWS
from airssys_tui.store.catalog.grant_records import DenialRecord, QuestionRecord, UseRecord
from airssys_tui.store.catalog.grant_tables import GrantTables
from airssys_tui.store.directory import StateDirectory

GIT = "process:spawn:git"


def grant(scope: Scope = Scope.ALWAYS, permission: str = GIT, **fields: object) -> Grant:
    values = {"component": "counter", "who": "operator", "at": 10.0, **fields}
    return Grant(id=0, permission=parse_permission(permission), scope=scope, **values)


@pytest.fixture
def grants(state: StateDirectory) -> GrantTables:
    return state.grants


@pytest.mark.parametrize(
    "text",
    [
        "filesystem:read:/data/**",
        "network:connect:api.example.com:443",
        "network:listen:127.0.0.1:*",
        "storage:read-write",
        "messaging:send:local/*",
        "environment:HOME",
    ],
)
def test_a_grant_comes_back_as_it_was(text: str, grants: GrantTables) -> None:
    given = grant(permission=text, rationale="for the \x1b[31mbuild", expires_at=99.0)
    (added,) = grants.add_grants([given])
    assert added == msgspec.structs.replace(given, id=added.id)
    (kept,) = grants.standing_grants("")
    assert kept.revoked_at is None
    assert Grant(**{name: getattr(kept, name) for name in Grant.__struct_fields__}) == added


def test_a_revocation_is_a_row_and_the_grant_stays(grants: GrantTables) -> None:
    (added,) = grants.add_grants([grant()])
    assert grants.revoke_grants([added.id], who="ada", at=20.0, rationale="no more") == 1
    assert grants.revoke_grants([added.id], who="bob", at=30.0) == 0
    assert grants.standing_grants("") == ()
    (kept,) = grants.grants("counter")
    assert (kept.revoked_at, kept.revoked_by, kept.revoked_because) == (20.0, "ada", "no more")
    with pytest.raises(StoreError, match="no grant 7"):
        grants.revoke_grants([7], who="ada")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM grants",
        "UPDATE grants SET permission = 'environment:HOME'",
        "UPDATE grants SET scope = 'always'",
        "UPDATE grants SET expires_at = NULL",
        "UPDATE grants SET used_at = 1.0 WHERE id = 1",
        "UPDATE grants SET used_at = NULL WHERE id = 1",
        "UPDATE grants SET used_at = 1.0 WHERE id = 2",
        "UPDATE grants SET used_at = 1.0 WHERE id = 3",
        "DELETE FROM revocations",
        "UPDATE revocations SET who = 'nobody'",
        "INSERT OR REPLACE INTO revocations (id, who, at, rationale) VALUES (2, 'x', 1.0, '')",
        "DELETE FROM trust_rules",
    ],
)
def test_the_schema_itself_keeps_the_answers(statement: str, state: StateDirectory, grants: GrantTables) -> None:
    grants.add_grants([grant(Scope.ONCE), grant(Scope.ONCE, permission="environment:HOME"), grant()])
    assert grants.use_up_grant(1, 11.0)
    grants.revoke_grants([2], who="ada")
    grants.add_trust("{}", who="ada")
    before = state.catalog.database.rows("SELECT * FROM grants"), grants.grants()
    with pytest.raises(StoreError), state.catalog.database.transaction("trust") as connection:
        connection.execute(statement)
    assert (state.catalog.database.rows("SELECT * FROM grants"), grants.grants()) == before


def test_once_is_once_under_ten_threads(grants: GrantTables) -> None:
    grants.add_grants([grant(Scope.ONCE)])
    start, won = threading.Barrier(10), []

    def use() -> None:
        start.wait()
        won.append(grants.use_up_grant(1, 11.0))

    threads = [threading.Thread(target=use) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 9 + [True]


def test_what_is_revoked_expired_or_not_for_once_cannot_be_used_up(grants: GrantTables) -> None:
    grants.add_grants([grant(Scope.ONCE), grant(Scope.ONCE, expires_at=11.0), grant()])
    grants.revoke_grants([1], who="ada")
    assert [grants.use_up_grant(number, 11.0) for number in (1, 2, 3, 4)] == [False] * 4


def test_a_grant_for_a_session_stands_in_that_one_only(grants: GrantTables) -> None:
    grants.add_grants([grant(Scope.SESSION, session="one"), grant(Scope.NEVER)])
    assert [each.scope for each in grants.standing_grants("one")] == [Scope.SESSION, Scope.NEVER]
    assert [each.scope for each in grants.standing_grants("other")] == [Scope.NEVER]


def test_a_question_is_open_once_and_closed_by_its_answer(grants: GrantTables) -> None:
    question = QuestionRecord(component="counter", permission=GIT, rationale="to \x07look", revision=2, at=5.0)
    assert grants.ask(question) == grants.ask(question) == 1
    (kept,) = grants.open_questions("counter")
    assert (kept.rationale, kept.answer) == ("to \x07look", None)
    grants.add_grants([grant()], settles=[1])
    assert grants.open_questions() == ()
    assert [(each.answer, each.who) for each in grants.questions("counter")] == [("granted", "operator")]
    assert grants.ask(question) == 2
    assert grants.settle_question(2, "denied", who="ada")
    assert not grants.settle_question(2, "withdrawn", who="ada")


def test_denials_are_counted_and_bounded(grants: GrantTables, state: StateDirectory) -> None:
    def denial(access: str, at: float, count: int = 1) -> DenialRecord:
        return DenialRecord(
            component="counter", access=access, reason="undeclared", count=count, first_at=at, last_at=at
        )

    grants.count_denials([denial(GIT, 1.0), denial(GIT, 3.0, 4)])
    (kept,) = grants.denials("counter")
    assert (kept.count, kept.first_at, kept.last_at) == (5, 1.0, 3.0)
    grants.count_denials([denial(f"environment:V{number}", 10.0 + number) for number in range(DENIAL_ROWS)])
    assert GIT not in {each.access for each in grants.denials("counter")}
    assert state.catalog.trimmed("denials", "counter") == 1


def test_uses_are_kept_first_and_last_and_bounded(grants: GrantTables) -> None:
    grants.note_uses([UseRecord("counter", GIT, 1, 1.0, 1.0), UseRecord("counter", GIT, 2, 5.0, 6.0)])
    assert grants.uses("counter") == (UseRecord("counter", GIT, 2, 1.0, 6.0),)
    grants.note_uses([UseRecord("counter", f"environment:V{n:04}", 2, 7.0, 7.0) for n in range(USE_ROWS + 9)])
    assert len(grants.uses("counter")) == USE_ROWS


def test_trust_ends_and_is_not_forgotten(grants: GrantTables, state: StateDirectory) -> None:
    rule = grants.add_trust('{"source":"a"}', who="ada")
    assert [each.rule for each in grants.trust_rules()] == ['{"source":"a"}']
    assert grants.remove_trust(rule, who="bob")
    assert not grants.remove_trust(rule, who="bob")
    assert grants.trust_rules() == ()
    assert state.catalog.database.count("SELECT count(*) FROM trust_rules") == 1


def test_the_head_of_the_audit_is_kept(grants: GrantTables) -> None:
    assert grants.audit_head() == Head()
    grants.set_audit_head(Head(5, "a" * 64))
    grants.set_audit_head(Head(6, "b" * 64), Head(2, "c" * 64))
    assert (grants.audit_head(), grants.audit_base()) == (Head(6, "b" * 64), Head(2, "c" * 64))


def test_a_row_that_is_not_valid_is_no_grant_and_no_silence(grants: GrantTables, state: StateDirectory) -> None:
    with state.catalog.database.transaction("add-grants") as connection:
        connection.execute(
            """INSERT INTO grants (component, permission, scope, who, at, rationale, session)
               VALUES ('counter', 'process:everything', 'always', 'x', 1.0, '', '')"""
        )
    with pytest.raises(StoreError, match="grant 1 is not valid"):
        grants.standing_grants("")
