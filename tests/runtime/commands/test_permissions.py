"""What operators answer holds from the next access on and survives the runtime; an approval deploys what waited."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.api.commands import (
    AddTrust,
    AnswerQuestion,
    Approve,
    Deny,
    Grant,
    RemoveTrust,
    Revoke,
)
from airssys_tui.api.views.granting import AuditQuery, GrantsView, Standing
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.capability.policy import Mode
from airssys_tui.core.errors import UsageError
from tests.support.components import Crafted
from tests.support.world import World

HOME = '[capabilities]\nenvironment = ["HOME"]\n'
MORE = '[capabilities]\nenvironment = ["HOME", "LANG"]\nprocess = ["spawn:git"]\n'
READ_HOME = Access(Kind.ENVIRONMENT, "", "HOME")
READ_LANG = Access(Kind.ENVIRONMENT, "", "LANG")
GIT = Access(Kind.PROCESS, "spawn", "/usr/bin/git", names=("git",))


@pytest.fixture
def serving(world: World) -> World:
    """Give a world in which r1 of `c`, which declares a variable, serves."""
    world.put("c", Crafted(salt="1"), HOME, version="1.0.0")
    world.open()
    assert world.call("c", "add", 7) == 7
    return world


@pytest.fixture
def waiting(serving: World) -> World:
    """Give the same world with r2, which declares more and waits."""
    serving.install("c", Crafted(salt="2"), MORE, version="2.0.0")
    return serving


def guard(world: World) -> Any:
    return world.runtime.probe.system.router.find("c").actor.serving.tenant.guard


def view(world: World) -> GrantsView:
    return world.runtime.grants("c").result(30)


def audited(world: World) -> list[tuple[AuditKind, str]]:
    page = world.runtime.audit(AuditQuery(component="c", after=0)).result(30)
    return [(entry.kind, entry.subject) for entry in page.entries]


def test_a_grant_and_its_revocation_hold_at_the_very_next_access(serving: World) -> None:
    assert guard(serving).require(READ_HOME).reason is Reason.NOT_GRANTED
    serving.do(Grant("c", "environment:HOME"))
    assert guard(serving).require(READ_HOME) is None
    serving.do(Revoke("c", "environment:HOME"))
    assert guard(serving).require(READ_HOME).reason is Reason.NOT_GRANTED
    serving.do(Deny("c", "environment:HOME"))
    assert guard(serving).require(READ_HOME).refused
    serving.reopen()
    assert guard(serving).require(READ_HOME).refused, "it is recorded"
    assert (AuditKind.REVOKED, "environment:HOME") in audited(serving)


def test_a_grant_for_one_access_is_used_up_by_it(serving: World) -> None:
    serving.do(Grant("c", "environment:HOME", Scope.ONCE))
    assert guard(serving).require(READ_HOME) is None
    assert guard(serving).require(READ_HOME) is not None
    assert view(serving).rows[0].standing is Standing.NOT_GRANTED


def test_a_grant_for_a_session_ends_with_the_runtime(serving: World) -> None:
    serving.do(Grant("c", "environment:HOME", Scope.SESSION))
    assert guard(serving).require(READ_HOME) is None
    serving.reopen()
    assert guard(serving).require(READ_HOME) is not None


def test_a_denial_is_a_question_that_can_be_answered(serving: World) -> None:
    assert guard(serving).require(READ_HOME) is not None
    (question,) = serving.runtime.questions().result(30)
    assert (question.component, question.permission, question.count) == ("c", "environment:HOME", 1)
    serving.do(AnswerQuestion("c", question.id, Scope.ALWAYS))
    assert guard(serving).require(READ_HOME) is None
    assert serving.runtime.questions().result(30) == ()
    with pytest.raises(UsageError):
        serving.do(AnswerQuestion("c", question.id, Scope.ALWAYS))


def test_an_approval_lets_the_revision_serve_that_waited(waiting: World) -> None:
    before = view(waiting)
    assert (before.revision, before.candidate) == (1, 2)
    assert {row.permission for row in before.rows if row.waits} == {"environment:LANG", "process:spawn:git"}
    done = waiting.runtime.submit(Approve("c")).result(30)
    assert "granted to c" in done.text
    assert waiting.row("c").version == "2.0.0"
    assert waiting.call("c", "get") == 7
    assert guard(waiting).require(READ_LANG) is None
    assert guard(waiting).require(GIT) is None


def test_an_approval_of_some_starts_it_with_fewer(waiting: World) -> None:
    waiting.do(Approve("c", only=("environment:LANG",)))
    assert waiting.row("c").version == "2.0.0"
    assert guard(waiting).require(READ_LANG) is None
    assert guard(waiting).require(GIT).refused
    assert view(waiting).candidate is None


def test_a_denial_leaves_the_old_one_serving(waiting: World) -> None:
    waiting.do(Deny("c"))
    assert waiting.row("c").version == "1.0.0"
    with pytest.raises(UsageError):
        waiting.do(Approve("c"))


def test_a_trust_rule_holds_at_once_and_survives_the_runtime(serving: World) -> None:
    serving.do(AddTrust("here", ("environment:HOME",), source=f"{serving.folder}/**"))
    assert guard(serving).require(READ_HOME) is None
    serving.reopen()
    assert guard(serving).require(READ_HOME) is None
    assert view(serving).rows[0].answers[0].who == "trust:here"
    serving.do(RemoveTrust("here"))
    assert guard(serving).require(READ_HOME) is not None


STORE = '[capabilities]\nstorage = "read-write"\n'
STORING = Access(Kind.STORAGE, "read-write")


def test_the_folder_says_what_is_granted_by_default(serving: World) -> None:
    serving.install("c", Crafted(salt="4"), STORE, version="4.0.0")
    assert guard(serving).require(STORING) is None
    serving.close()
    (serving.folder / "airssys.toml").write_text("[trust]\ndefault = []\n")
    serving.open()
    assert serving.runtime.trust().result(30).default == ()
    assert guard(serving).require(STORING).reason is Reason.NOT_GRANTED
    serving.do(Grant("c", "storage:read-write"))
    assert guard(serving).require(STORING) is None


def test_what_cannot_be_read_grants_nothing_by_default(serving: World) -> None:
    serving.install("c", Crafted(salt="4"), STORE, version="4.0.0")
    serving.close()
    (serving.folder / "airssys.toml").write_text("[trust]\ndefalt = []\n")
    serving.open()
    assert guard(serving).require(STORING).reason is Reason.NOT_GRANTED
    (told,) = [event for event in serving.runtime.events().events if "airssys.toml" in event.text]
    assert "did you mean 'default'?" in told.text


def test_a_component_that_is_observed_is_not_denied(serving: World) -> None:
    assert guard(serving).require(READ_HOME) is not None
    serving.close()
    (serving.folder / "airssys.toml").write_text('[trust]\nobserve = ["c"]\n')
    serving.open()
    assert guard(serving).require(READ_HOME) is None
    assert view(serving).mode is Mode.OBSERVE
    assert [denial.access for denial in view(serving).denials] == ["environment:HOME"]


def test_the_state_directory_is_out_of_reach(serving: World) -> None:
    everything = parse_permission("filesystem:read:/**")
    serving.install("c", Crafted(salt="3"), '[capabilities]\nfilesystem = ["read:/**"]\n', version="3.0.0")
    serving.do(Approve("c"))
    assert str(everything) in {row.permission for row in view(serving).rows}
    catalog = Access(Kind.FILESYSTEM, "read", f"{serving.state_dir}/catalog.db")
    assert guard(serving).require(catalog).reason is Reason.FORBIDDEN
    assert guard(serving).require(Access(Kind.FILESYSTEM, "read", "/etc/hostname")) is None
