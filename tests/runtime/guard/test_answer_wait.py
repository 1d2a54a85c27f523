"""Calls that wait for the operator: each goes on with his answer, or ends in time, and holds up nobody else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import AnswerQuestion, Deny, Grant, Reload, Restart, Revoke, Stop
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.api.views.granting import AuditQuery, QuestionView
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.policy import AnsweredBy, PolicySource
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Variant
from airssys_tui.runtime.guard.waiting_calls import MOST_WAITING
from airssys_tui.store.paths import control_path
from tests.support.command_line import Answer
from tests.support.places import SAMPLES
from tests.support.world import PATIENCE, World

TAIL = (SAMPLES / "file-tail" / "file-tail.wasm").read_bytes()
LAST = "airssys:file-tail/tail@1.0.0#last"
WAITS = """\
[resources]
deadline = "10m"
[security]
wait_for_answer = "5m"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "a.log"
    written.write_text("one\ntwo\n")
    return written


def manifest(file: Path, rest: str = WAITS) -> str:
    return f'[capabilities]\nfilesystem = ["read:{file.parent}/*.log"]\nrationale = "looks at logs"\n{rest}'


def put(world: World, file: Path, rest: str = WAITS, name: str = "tail") -> None:
    world.put(name, TAIL, manifest(file, rest), version="1.0.0")


def begin(world: World, file: Path, name: str = "tail") -> Future[Any]:
    """Call it; return when it waits for an answer."""
    call = world.runtime.invoke(name, LAST, str(file), 1)
    world.wait_for(lambda _: waiting(world, name))
    return call


def waiting(world: World, name: str = "tail") -> bool:
    rights = world.runtime.probe.system.guards.find(name)
    return rights is not None and bool(rights.waits())


def question(world: World) -> QuestionView:
    (asked,) = world.runtime.questions().result(PATIENCE)
    return asked


def audited(world: World) -> list[AuditKind]:
    world.do(Stop("tail"))  # what was only counted is written
    entries = world.runtime.audit(AuditQuery(component="tail")).result(PATIENCE).entries
    assert world.runtime.verify_audit().result(PATIENCE).entry is None
    return [entry.kind for entry in entries]


@pytest.mark.parametrize("scope", [Scope.ONCE, Scope.SESSION, Scope.ALWAYS], ids=str)
def test_a_call_that_waits_goes_on_when_it_is_granted(world: World, file: Path, scope: Scope) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    asked = question(world)
    assert not call.done()
    assert asked.waits_in == LAST
    assert asked.waits_until is not None
    assert 200 < asked.waits_until - asked.at <= 301
    assert world.told("tail", "asked").startswith("asks for filesystem:read:")
    assert world.told("tail", "asked").endswith(": looks at logs; a call waits 5m00s for the answer")
    world.do(AnswerQuestion("tail", asked.id, scope))
    assert call.result(PATIENCE).value == ["two"]
    assert not waiting(world)
    kinds = audited(world)
    assert kinds.count(AuditKind.ASKED) == kinds.count(AuditKind.GRANTED) == 1
    assert kinds.count(AuditKind.USED_ONCE) == (scope is Scope.ONCE)
    assert AuditKind.DENIED not in kinds


def test_a_grant_of_less_than_is_asked_for_is_enough_if_it_covers_the_access(world: World, file: Path) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    world.do(Grant("tail", f"filesystem:read:{file}"))
    assert call.result(PATIENCE).value == ["two"]


@pytest.mark.parametrize("scope", [None, Scope.NEVER], ids=["closed", "never"])
def test_a_call_that_waits_ends_with_a_denial_when_it_is_refused(world: World, file: Path, scope: Scope | None) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    world.do(AnswerQuestion("tail", question(world).id, scope))
    refused = call.result(PATIENCE).value
    assert isinstance(refused, Variant)
    assert refused.case == "denied"
    assert world.runtime.questions().result(PATIENCE) == (), "what was answered is not asked again by the same call"
    kinds = audited(world)
    assert kinds.count(AuditKind.ASKED) == kinds.count(AuditKind.DENIED) == 1


def test_the_next_call_asks_again(world: World, file: Path) -> None:
    put(world, file)
    world.open()
    for _ in range(2):
        call = begin(world, file)
        world.do(AnswerQuestion("tail", question(world).id, None))
        assert call.result(PATIENCE).value.case == "denied"


def test_a_wait_is_over_in_time_and_its_question_stays(world: World, file: Path) -> None:
    put(world, file, '[security]\nwait_for_answer = "20ms"\n')
    world.open()
    refused = world.call("tail", LAST, str(file), 1).value
    assert refused.case == "denied"
    assert question(world).waits_until is None
    assert audited(world).count(AuditKind.DENIED) == 1


def test_a_call_without_the_key_is_denied_at_once(world: World, file: Path) -> None:
    put(world, file, '[resources]\ndeadline = "10m"\n')
    world.open()
    assert world.call("tail", LAST, str(file), 1).value.case == "denied"
    assert not [event for event in world.events("tail", "asked") if "waits" in event.text]


@pytest.mark.parametrize("command", [Stop("tail"), Restart("tail"), Reload("tail")], ids=["stop", "restart", "reload"])
def test_a_call_does_not_wait_while_its_instance_is_to_go(world: World, file: Path, command: Any) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    if isinstance(command, Reload):
        world.put("tail", TAIL, manifest(file) + "[config]\nnew = 1\n", version="1.0.1")
    world.do(command)
    assert call.result(PATIENCE).value.case == "denied", "it returns, and is not cut off"
    assert not world.events("tail", "cancelled")


def test_a_call_that_waits_can_be_cancelled(world: World, file: Path) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    serving = world.runtime.probe.component("tail").actor.serving
    assert serving is not None
    serving.cancel()
    with pytest.raises(GuestTrap) as caught:
        call.result(PATIENCE)
    assert caught.value.trap.kind is TrapKind.CANCELLED
    world.wait_for(lambda _: not waiting(world))


def test_a_runtime_that_closes_waits_for_nobody(world: World, file: Path) -> None:
    put(world, file)
    world.open()
    call = begin(world, file)
    world.close()
    assert call.done()


def test_revoking_ends_no_wait_and_denying_does(world: World, file: Path) -> None:
    put(world, file)
    world.open()
    world.do(Grant("tail", "filesystem:read:/elsewhere.log"))
    call = begin(world, file)
    world.do(Revoke("tail", "filesystem:read:/elsewhere.log"))
    assert waiting(world)
    world.do(Deny("tail", f"filesystem:read:{file.parent}/*.log"))
    assert call.result(PATIENCE).value.case == "denied"


@pytest.mark.parametrize("by", [AnsweredBy.POLICY_FILE, AnsweredBy.NOBODY], ids=str)
def test_nobody_is_waited_for_where_nobody_can_answer(world: World, file: Path, by: AnsweredBy) -> None:
    put(world, file)
    world.open(policy=PolicySource(answered_by=by))
    assert world.call("tail", LAST, str(file), 1).value.case == "denied"
    assert not [event for event in world.events("tail", "asked") if "waits" in event.text]


def test_calls_that_wait_are_bounded_and_hold_up_nobody(world: World, file: Path) -> None:
    names = [f"tail-{number}" for number in range(MOST_WAITING)]
    for name in (*names, "late", "other"):
        put(world, file, name=name)
    world.open(workers=2)
    calls = [begin(world, file, name) for name in names]
    assert world.call("late", LAST, str(file), 1).value.case == "denied", "one too many"
    assert any(f"{MOST_WAITING} calls wait already" in event.text for event in world.events("late", "asked"))
    world.do(Grant("other", f"filesystem:read:{file}"))
    assert world.call("other", LAST, str(file), 1).value == ["two"]
    assert all(not call.done() for call in calls)
    for name in names:
        world.do(Grant(name, f"filesystem:read:{file}"))
    assert [call.result(PATIENCE).value for call in calls] == [["two"]] * MOST_WAITING
    assert begin(world, file, "late")


def test_the_program_says_which_call_waits_and_answers_it(
    world: World, file: Path, command: Callable[..., Answer]
) -> None:
    put(world, file)
    world.open()
    with contextlib.closing(ControlServer(world.runtime, control_path(world.state_dir), folder=str(world.folder))):
        call = begin(world, file)
        told = command("grants", "tail").out
        assert f"     a call of {LAST} waits for the answer, " in told
        assert "a call waits for an answer" in command("grants").out
        assert command("grant", "tail", f"filesystem:read:{file}").code == 0
        assert call.result(PATIENCE).value == ["two"]
        assert "waits" not in command("grants", "tail").out
