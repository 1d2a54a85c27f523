"""The guard of an instance: what it remembers never outlives what was granted, and everything is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Denial, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.errors import StoreError
from tests.support.granting import HOME, NAME, READ, WRITE, Office

ALL = ("environment:HOME", "filesystem:read:/data/**", "filesystem:write:/data/**", "storage:read-write")
STORED = Access(Kind.STORAGE, "read")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def reason(denial: Denial | None) -> Reason | None:
    return denial.reason if denial is not None else None


def test_a_grant_and_its_revocation_hold_at_the_next_access(office: Office) -> None:
    guard = office.guard(ALL)
    assert reason(guard.require(HOME)) is Reason.NOT_GRANTED
    given = office.grant("environment:HOME")
    assert [guard.require(HOME) for _ in range(3)] == [None] * 3
    office.desk.of(NAME).remove(frozenset({given.id}), revoked=True)
    assert reason(guard.require(HOME)) is Reason.NOT_GRANTED


def test_a_remembered_access_ends_with_its_grant(office: Office) -> None:
    guard = office.guard(ALL)
    office.grant("environment:HOME", expires_at=1_010.0)
    assert guard.require(HOME) is None
    office.now = 1_009.9
    assert guard.require(HOME) is None
    office.now = 1_010.0
    assert reason(guard.require(HOME)) is Reason.EXPIRED


def test_once_is_once_and_lasts_for_what_it_opened(office: Office) -> None:
    guard, other = office.guard(ALL), office.guard(ALL)
    given = office.grant("filesystem:read:/data/**", Scope.ONCE)
    assert guard.require(READ) is None
    assert reason(guard.require(READ)) is Reason.NOT_GRANTED
    assert [guard.again(READ), guard.again(READ)] == [None, None]
    assert reason(other.again(READ)) is Reason.NOT_GRANTED
    office.desk.of(NAME).remove(frozenset({given.id}), revoked=True)
    assert reason(guard.again(READ)) is Reason.NOT_GRANTED
    kinds = [entry.kind for entry in office.audit()]
    assert kinds.count(AuditKind.USED_ONCE) == 1
    assert kinds.index(AuditKind.USED_ONCE) == 0
    (kept,) = office.state.grants.grants()
    assert kept.used_at == office.now


def test_again_uses_up_nothing(office: Office) -> None:
    guard = office.guard(ALL)
    office.grant("filesystem:read:/data/**", Scope.ONCE)
    assert reason(guard.again(READ)) is Reason.NOT_GRANTED
    assert guard.require(READ) is None


def test_a_refusal_for_good_ends_what_a_used_up_grant_opened(office: Office) -> None:
    guard = office.guard(ALL)
    office.grant("filesystem:read:/data/**", Scope.ONCE)
    assert guard.require(READ) is None
    office.grant("filesystem:read:/data/**", Scope.NEVER)
    assert reason(guard.again(READ)) is Reason.NOT_GRANTED


def test_one_of_ten_threads_uses_a_grant_for_one_access(office: Office) -> None:
    office.grant("environment:HOME", Scope.ONCE)
    guards = [office.guard(ALL) for _ in range(10)]
    start, allowed = threading.Barrier(10), []

    def attempt(number: int) -> None:
        start.wait()
        allowed.append(guards[number].require(HOME) is None)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(allowed) == [False] * 9 + [True]
    assert [entry.kind for entry in office.audit()].count(AuditKind.USED_ONCE) == 1


def test_what_cannot_be_audited_is_not_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.grant("environment:HOME", Scope.ONCE)

    def fail(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr("airssys_tui.store.audit.audit_log.AuditLog.append", fail)
    denial = office.guard(ALL).require(HOME)
    assert reason(denial) is Reason.CAPACITY
    assert office.told != []
    monkeypatch.undo()
    assert [each.used_at for each in office.state.grants.grants()] == [None]


def test_an_effect_that_fails_is_said_in_the_audit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.grant("environment:HOME", Scope.ONCE)
    monkeypatch.setattr(type(office.state.grants), "use_up_grant", lambda *_: False)
    assert reason(office.guard(ALL).require(HOME)) is Reason.CAPACITY
    kinds = [entry.kind for entry in office.audit()]
    assert kinds[:2] == [AuditKind.USED_ONCE, AuditKind.NOT_DONE] or AuditKind.NOT_DONE in kinds
    assert office.verify().fault is None


def test_a_candidate_reads_what_is_granted_and_does_nothing_else(office: Office) -> None:
    for each in ("filesystem:read:/data/**", "filesystem:write:/data/**", "environment:HOME"):
        office.grant(each)
    guard = office.guard(ALL, serves=False)
    assert [guard.require(READ), guard.require(HOME), guard.require(STORED)] == [None] * 3
    assert reason(guard.require(WRITE)) is Reason.CANDIDATE
    guard.serve()
    assert guard.require(WRITE) is None
    guard.retire()
    assert reason(guard.require(WRITE)) is Reason.CANDIDATE


def test_the_default_policy_can_be_taken_back(office: Office) -> None:
    guard = office.guard(ALL)
    assert guard.require(STORED) is None
    assert [grant.who for grant in guard.in_force()] == ["default"]
    office.grant("storage:read-write", Scope.NEVER)
    assert reason(guard.require(STORED)) is Reason.NOT_GRANTED
    assert guard.in_force() == ()


def test_another_policy_holds_at_once(office: Office) -> None:
    guard = office.guard(ALL)
    assert guard.require(STORED) is None
    office.desk.follow(PolicySource(default=()))
    assert reason(guard.require(STORED)) is Reason.NOT_GRANTED


def test_observing_lets_pass_and_records_and_not_what_was_refused(office: Office) -> None:
    guard = office.guard(ALL)
    office.desk.follow(PolicySource(observed=("local/*",)))
    assert [guard.require(HOME), guard.look(HOME)] == [None, None]
    assert guard.require(Access(Kind.PROCESS, "spawn", "/bin/sh")) is None
    assert reason(guard.require(Access(Kind.FILESYSTEM, "read", "/etc/shadow"))) is Reason.FORBIDDEN
    office.grant("environment:HOME", Scope.NEVER)
    assert reason(guard.require(HOME)) is Reason.NOT_GRANTED
    kinds = [entry.kind for entry in office.audit()]
    assert kinds.count(AuditKind.WOULD_DENY) == 2
    assert "would be denied" in " ".join(event.text for event in office.journal.page(0, 100).events)


def test_denials_are_coalesced_counted_and_audited_with_their_number(office: Office) -> None:
    guard = office.guard(ALL)
    for _ in range(50):
        guard.require(HOME)
    told = [event for event in office.journal.page(0, 100).events if event.action == "denied"]
    assert len(told) == 1
    (entry,) = [entry for entry in office.audit() if entry.kind is AuditKind.DENIED]
    assert (entry.count, entry.reason, entry.subject) == (50, "not-granted", "environment:HOME")
    assert "airssys-tui grant" in entry.text
    (row,) = office.state.grants.denials(NAME)
    assert (row.count, row.revision) == (50, 1)


def test_a_flood_of_different_denials_is_bounded_and_complete(office: Office) -> None:
    guard = office.guard(())
    for number in range(500):
        guard.require(Access(Kind.ENVIRONMENT, "", f"V{number}"))
    entries = [entry for entry in office.audit() if entry.kind is AuditKind.DENIED]
    assert len(entries) < 100
    assert sum(entry.count for entry in entries) == 500
    assert office.desk.of(NAME).counts.denied == 500


def test_the_first_use_of_a_permission_by_a_revision_is_audited_once(office: Office) -> None:
    office.grant("filesystem:read:/data/**")
    for revision in (1, 1, 2):
        guard = office.guard(ALL, revision=revision)
        assert guard.require(READ) is None
        assert guard.require(Access(Kind.FILESYSTEM, "read", "/data/b")) is None
    used = [(entry.revision, entry.subject) for entry in office.audit() if entry.kind is AuditKind.FIRST_USE]
    assert used == [(1, "filesystem:read:/data/**"), (2, "filesystem:read:/data/**")]
    assert [use.access for use in office.state.grants.uses(NAME)] == [
        "filesystem:read:/data/a",
        "filesystem:read:/data/b",
    ]


def test_what_is_declared_and_denied_asks_once_and_eight_questions_are_open(office: Office) -> None:
    guard = office.guard(tuple(f"environment:V{number}" for number in range(12)))
    for _ in range(3):
        guard.require(Access(Kind.ENVIRONMENT, "", "V0"))
    rights = office.desk.of(NAME)
    assert [(each.permission, each.count) for each in rights.questions.values()] == [("environment:V0", 3)]
    for number in range(1, 8):
        denial = guard.ask(parse_permission(f"environment:V{number}"), "please \x1b[2J")
        assert reason(denial) is Reason.NOT_GRANTED
    assert reason(guard.ask(parse_permission("environment:V9"), "")) is Reason.CAPACITY
    assert reason(guard.ask(parse_permission("environment:V1"), "")) is Reason.NOT_GRANTED
    assert reason(guard.ask(parse_permission("environment:OTHER"), "")) is Reason.UNDECLARED
    office.audit()
    assert [each.id for each in rights.questions.values()] == list(range(1, 9))
    assert len(office.state.grants.open_questions(NAME)) == 8


def test_a_candidate_asks_when_it_serves(office: Office) -> None:
    guard = office.guard(ALL, serves=False)
    assert reason(guard.ask(parse_permission("environment:HOME"), "to go home")) is Reason.NOT_GRANTED
    assert office.desk.of(NAME).questions == {}
    guard.serve()
    assert [each.rationale for each in office.desk.of(NAME).questions.values()] == ["to go home"]


def test_everything_but_a_session_is_there_for_the_next_runtime(office: Office) -> None:
    office.grant("environment:HOME")
    office.grant("filesystem:read:/data/**", Scope.SESSION)
    guard = office.guard(ALL)
    guard.require(WRITE)
    assert guard.require(READ) is None
    office.close()
    office.open()
    guard = office.guard(ALL)
    assert guard.require(HOME) is None
    assert reason(guard.require(READ)) is Reason.NOT_GRANTED
    assert "filesystem:write:/data/**" in office.desk.of(NAME).questions
    assert office.verify().fault is None


def test_grants_that_cannot_be_read_grant_nothing(office: Office) -> None:
    office.grant("environment:HOME")
    with office.state.catalog.database.transaction("add-grants") as connection:
        connection.execute(
            """INSERT INTO grants (component, permission, scope, who, at, rationale, session)
               VALUES ('local/d', 'process:everything', 'never', 'x', 1.0, '', '')"""
        )
    office.close()
    office.open()
    guard = office.guard(ALL)
    assert [reason(guard.require(each)) for each in (HOME, STORED)] == [Reason.CAPACITY] * 2
    assert guard.in_force() == ()
