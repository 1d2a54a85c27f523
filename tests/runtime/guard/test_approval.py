"""A later revision that wants more waits while the old one serves, and a rollback never widens."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.api.commands import Approve, Deny, Reload, Rollback
from airssys_tui.api.commands import Grant as GrantOrder
from airssys_tui.api.views.components import Awaiting, NoteKind
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.errors import GateRefusal, UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Outcome
from airssys_tui.store.audit.audit_reading import audit_page
from tests.support.components import Crafted
from tests.support.places import ROOT
from tests.support.world import World

HOME = '[capabilities]\nenvironment = ["HOME"]\n'
MORE = '[capabilities]\nenvironment = ["HOME", "LANG"]\nprocess = ["spawn:git"]\n'
LANG = Access(Kind.ENVIRONMENT, "", "LANG")


def give(world: World, permission: str, scope: Scope = Scope.ALWAYS) -> Grant:
    """Give a grant as an operator's command does."""
    floor, guards = world.runtime.probe.floor, world.runtime.probe.system.guards
    wanted = Grant(
        id=0, component="c", permission=parse_permission(permission), scope=scope, who="ada", at=floor.clock()
    )
    (given,) = guards.writer.record((), lambda: floor.state.grants.add_grants([wanted])).result(30)
    guards.of("c").add((given,))
    return given


@pytest.fixture
def waiting(world: World) -> World:
    """Give a world in which r1 of `c` serves and r2 waits for approval."""
    world.put("c", Crafted(salt="1"), HOME, version="1.0.0")
    world.open()
    assert world.call("c", "add", 7) == 7
    world.install("c", Crafted(salt="2"), MORE, version="2.0.0")
    return world


def guard_of(world: World):
    return world.runtime.probe.system.router.find("c").actor.serving.tenant.guard


def test_a_first_revision_starts_without_its_grants(world: World) -> None:
    world.put("c", Crafted(salt="1"), MORE, version="1.0.0")
    world.open()
    assert world.call("c", "add", 7) == 7
    assert [event.action for event in world.events("c")].count(EventAction.AWAITING_APPROVAL) == 0


def test_a_revision_that_wants_more_waits_while_the_old_one_serves(waiting: World) -> None:
    row = waiting.row("c")
    assert (row.version, row.revision, row.note.kind) == ("1.0.0", 1, NoteKind.HELD)
    assert row.note.text == "2.0.0 awaiting approval: it asks for process:spawn:git, environment:LANG"
    assert row.awaiting == Awaiting(2, "it asks for process:spawn:git, environment:LANG")
    assert waiting.call("c", "get") == 7
    assert waiting.outcomes("c")[2] is Outcome.FAILED
    (told,) = waiting.events("c", EventAction.AWAITING_APPROVAL)
    assert "r1 keeps serving" in told.text
    assert "airssys-tui approve c" in told.text
    story = " ".join(waiting.runtime.explain("c").result(30).sentences)
    assert "awaiting approval: it asks for process:spawn:git, environment:LANG" in story
    assert "airssys-tui approve c --revision 2" in story
    (view,) = [view for view in waiting.runtime.versions("c").result(30) if view.number == 2]
    assert view.reason.startswith("awaiting approval: ")


def test_it_waits_over_a_restart_and_a_newer_file_replaces_it(waiting: World) -> None:
    waiting.reopen()
    assert waiting.row("c").note.text.startswith("2.0.0 awaiting approval: ")
    assert waiting.call("c", "get") == 7
    waiting.install("c", Crafted(salt="3"), HOME, version="3.0.0")
    assert (waiting.row("c").version, waiting.row("c").note.text) == ("3.0.0", "")
    assert waiting.call("c", "get") == 7


def test_it_starts_with_what_is_granted(waiting: World) -> None:
    give(waiting, "environment:LANG")
    with pytest.raises(GateRefusal) as refused:
        waiting.do(Reload("c"))
    assert (refused.value.gate, refused.value.message) == (Gate.GRANTS, "it asks for process:spawn:git")
    give(waiting, "process:spawn:git", Scope.NEVER)
    waiting.do(Reload("c"))
    assert waiting.row("c").version == "2.0.0"
    assert guard_of(waiting).require(LANG) is None
    assert guard_of(waiting).require(Access(Kind.PROCESS, "spawn", "git")) is not None


def test_an_approval_starts_it_with_all_or_with_fewer(waiting: World) -> None:
    done = waiting.do(Approve("c", only=("environment:LANG",)))
    assert done.revision == 3
    assert (waiting.row("c").version, waiting.row("c").note.text) == ("2.0.0", "")
    assert waiting.row("c").awaiting is None
    assert waiting.call("c", "get") == 7
    guard = guard_of(waiting)
    assert guard.require(LANG) is None
    denial = guard.require(Access(Kind.PROCESS, "spawn", "git"))
    assert denial is not None
    assert denial.refused
    waiting.reopen()
    assert (waiting.row("c").version, guard_of(waiting).require(LANG)) == ("2.0.0", None)


def test_an_approval_of_what_was_shown_grants_nothing_to_a_newer_file(waiting: World) -> None:
    rights = waiting.runtime.grants("c").result(30)
    shown = tuple(row.permission for row in rights.rows if row.waits)
    waiting.install("c", Crafted(salt="3"), MORE.replace("spawn:git", "spawn:*"), version="3.0.0")
    for approval in (Approve("c", shown=shown), Approve("c", revision=rights.candidate)):
        with pytest.raises(UsageError, match="by now"):
            waiting.do(approval)
    assert (waiting.row("c").version, waiting.call("c", "get")) == ("1.0.0", 7)
    assert not any(row.answers for row in waiting.runtime.grants("c").result(30).rows)
    again = waiting.runtime.grants("c").result(30)
    shown = tuple(row.permission for row in again.rows if row.waits)
    waiting.do(Approve("c", shown=shown, revision=again.candidate))
    assert waiting.row("c").version == "3.0.0"


def test_a_denial_refuses_it_at_the_gate_also_after_a_restart(waiting: World) -> None:
    waiting.do(Deny("c"))
    assert waiting.row("c").note.kind is NoteKind.REFUSED
    assert waiting.row("c").note.text == "2.0.0 refused at grants: denied by operator"
    assert waiting.row("c").awaiting is None
    assert waiting.runtime.grants("c").result(30).candidate is None
    waiting.reopen()
    assert waiting.row("c").note.text == "2.0.0 refused at grants: denied by operator"
    assert (waiting.row("c").version, waiting.call("c", "get")) == ("1.0.0", 7)


def test_granting_the_last_of_it_starts_it(waiting: World) -> None:
    waiting.do(GrantOrder("c", "environment:LANG"))
    assert waiting.row("c").version == "1.0.0"
    waiting.do(GrantOrder("c", "process:spawn:*"))
    assert (waiting.row("c").version, waiting.row("c").note.text) == ("2.0.0", "")


@pytest.mark.parametrize(
    ("point", "version"),
    [
        ("audit/append/after-sync", "1.0.0"),
        ("catalog/add-grants/before-commit", "1.0.0"),
        ("catalog/answer-candidate/before-commit", "1.0.0"),
        ("catalog/answer-candidate/after-commit", "2.0.0"),
        ("guard/approved", "2.0.0"),
        ("deploy/committed", "2.0.0"),
    ],
)
def test_a_kill_during_an_approval_leaves_it_waiting_or_approved(point: str, version: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.approval_subject", str(tmp_path), point],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    world = World(tmp_path)
    world.open()
    try:
        assert world.row("c").version == version
        grants = world.runtime.grants("c").result(30)
        given = {answer.permission for row in grants.rows for answer in row.answers}
        assert given == (set() if version == "1.0.0" else {"environment:LANG", "process:spawn:git"})
        assert world.runtime.verify_audit().result(30).entry is None
        if version == "1.0.0":
            assert grants.candidate == 2
            world.do(Approve("c"))
        assert (world.row("c").version, world.call("c", "get")) == ("2.0.0", 0)
    finally:
        world.close()


def test_what_is_granted_or_was_declared_before_does_not_wait(waiting: World) -> None:
    give(waiting, "environment:LANG")
    give(waiting, "process:spawn:*")
    waiting.do(Reload("c"))
    assert waiting.row("c").version == "2.0.0"
    waiting.install("c", Crafted(salt="4"), MORE, version="4.0.0")
    assert waiting.row("c").version == "4.0.0"


def test_a_rollback_does_not_wait_and_never_widens(world: World) -> None:
    world.put("c", Crafted(salt="1"), MORE, version="1.0.0")
    world.open()
    given = give(world, "environment:LANG")
    assert guard_of(world).require(LANG) is None
    world.install("c", Crafted(salt="2"), HOME, version="2.0.0")
    assert guard_of(world).require(LANG) is not None
    world.runtime.probe.system.guards.of("c").remove(frozenset({given.id}), revoked=True)
    diff = world.runtime.preview_rollback("c", 1).result(30).diff
    lines = [(line.change, line.text) for line in diff.lines if line.subject == "capabilities"]
    assert lines == [
        ("added", "process:spawn:git · not granted, it runs without"),
        ("changed", "environment:HOME · not granted, it runs without"),
        ("added", "environment:LANG · not granted, it runs without"),
    ]
    world.do(Rollback("c", to=1))
    assert world.row("c").version == "1.0.0"
    assert guard_of(world).require(LANG) is not None


def test_the_events_and_the_audit_tell_of_denials(waiting: World) -> None:
    assert guard_of(waiting).require(Access(Kind.ENVIRONMENT, "", "HOME")) is not None
    (told,) = waiting.events("c", "denied")
    assert told.text == "environment:HOME was denied: not-granted: airssys-tui grant c environment:HOME would allow it"
    (asked,) = waiting.events("c", "asked")
    assert asked.text == "asks for environment:HOME"
    state_dir = waiting.state_dir
    waiting.close()
    assert {entry.kind for entry in audit_page(state_dir / "audit")} == {AuditKind.ASKED, AuditKind.DENIED}
