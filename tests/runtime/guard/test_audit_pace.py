"""Nothing waits for a long look at the audit, nothing is half done when who asked goes away, and every wait ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import AddTrust, Approve, Command, Deny, RemoveTrust, Revoke, Stop
from airssys_tui.api.commands import Grant as GrantOrder
from airssys_tui.api.views.granting import AuditQuery
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.errors import StoreError
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.history import recorded_rights
from airssys_tui.store.audit.audit_log import AuditLog
from tests.support.components import Crafted
from tests.support.granting import HOME, Office
from tests.support.world import PATIENCE, World

DECLARED = '[capabilities]\nenvironment = ["HOME", "LANG"]\n'
VARIABLE = "environment:HOME"
GRANT = GrantOrder("c", VARIABLE, Scope.ALWAYS)
TRUST = AddTrust("here", (VARIABLE,), source="/**")


@pytest.fixture
def serving(world: World) -> World:
    world.put("c", Crafted(salt="1"), DECLARED, version="1.0.0")
    world.open()
    return world


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def may(world: World) -> bool:
    guard = world.runtime.probe.system.router.find("c").actor.serving.tenant.guard
    return guard.look(HOME) is None


def is_told(world: World) -> bool:
    rows = world.runtime.grants("c").result(PATIENCE).rows
    return next(row.standing for row in rows if row.permission == VARIABLE) == "granted"


def hold_disk(world: World, let_go: threading.Event) -> None:
    held = threading.Event()

    def hold() -> None:
        held.set()
        assert let_go.wait(PATIENCE)

    world.runtime.probe.floor.on_disk(hold)
    assert held.wait(PATIENCE)


@pytest.mark.parametrize(
    ("commands", "allowed"),
    [
        pytest.param((GRANT,), True, id="grant"),
        pytest.param((TRUST,), True, id="trust"),
        pytest.param((GRANT, Revoke("c", VARIABLE)), False, id="revoke"),
        pytest.param((GRANT, Deny("c", VARIABLE)), False, id="deny"),
        pytest.param((GRANT, Deny("c", VARIABLE), Revoke("c", VARIABLE)), False, id="revoke-both"),
        pytest.param((TRUST, RemoveTrust("here")), False, id="distrust"),
    ],
)
def test_an_answer_whose_asker_goes_away_is_recorded_and_in_force(
    commands: tuple[Command, ...],
    allowed: bool,
    serving: World,
    let_go: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    *before, command = commands
    for each in before:
        serving.do(each)
    writer, reached = serving.runtime.probe.system.guards.writer, threading.Event()
    record = writer.record

    def recorded(entries: Any, effect: Any) -> Any:
        hold_disk(serving, let_go)
        try:
            return record(entries, effect)
        finally:
            reached.set()

    monkeypatch.setattr(writer, "record", recorded)
    asked = serving.runtime.submit(command)
    assert reached.wait(PATIENCE)
    asked.cancel()
    monkeypatch.undo()
    last = writer.record((), lambda: "done")
    let_go.set()
    assert last.result(PATIENCE) == "done"
    with pytest.raises(CancelledError):
        asked.result(PATIENCE)
    serving.do(GrantOrder("c", "environment:LANG"))  # its turn comes after the answer
    assert (may(serving), is_told(serving)) == (allowed, allowed)
    assert serving.runtime.verify_audit().result(PATIENCE).entry is None
    serving.reopen()
    assert (may(serving), is_told(serving)) == (allowed, allowed)


def test_an_approval_whose_asker_goes_away_deploys_at_the_next_start(serving: World, let_go: threading.Event) -> None:
    serving.install("c", Crafted(salt="2"), DECLARED.replace('"LANG"', '"LANG", "USER"'), version="2.0.0")
    hold_disk(serving, let_go)
    asked = serving.runtime.submit(Approve("c"))
    asked.cancel()
    let_go.set()
    serving.reopen()
    rights = serving.runtime.grants("c").result(PATIENCE)
    given = {answer.permission for row in rights.rows for answer in row.answers}
    assert (serving.row("c").version == "2.0.0") is bool(given)


@pytest.mark.parametrize("many", [1, 65, 200])
def test_what_waits_for_an_audit_that_cannot_be_written_is_told_so(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)

    def fail(_self: AuditLog, _entries: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(AuditLog, "append", fail)
    entry = AuditEntry(at=1.0, kind=AuditKind.GRANTED, component="local/c", subject="x")
    go = threading.Event()
    office.disk.submit(go.wait)
    waiting = [office.desk.writer.record([entry], lambda: None) for _ in range(many)]
    go.set()
    for _ in range(many):  # what the runtime does twice a second
        office.disk.submit(office.desk.flush).result(PATIENCE)
    assert {type(each.exception(PATIENCE)) for each in waiting} == {StoreError}
    late = [office.desk.writer.record([entry], lambda: None) for _ in range(many)]
    office.close()
    assert {type(each.exception(PATIENCE)) for each in late} == {StoreError}


@pytest.fixture
def held_reading(let_go: threading.Event, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every reading of the audit until it is let go; return an event that says that one has begun."""
    begun = threading.Event()

    def held(real: Callable[..., Any]) -> Callable[..., Any]:
        def read(*args: Any, **said: Any) -> Any:
            begun.set()
            assert let_go.wait(PATIENCE)
            return real(*args, **said)

        return read

    for name in ("audit_page", "audit_tail", "verify_audit"):
        monkeypatch.setattr(recorded_rights, name, held(getattr(recorded_rights, name)))
    return begun


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(lambda world: world.runtime.verify_audit(), id="verify"),
        pytest.param(lambda world: world.runtime.audit(AuditQuery()), id="tail"),
        pytest.param(lambda world: world.runtime.audit(AuditQuery(component="nobody", after=0)), id="follow"),
    ],
)
def test_nothing_waits_for_a_long_look_at_the_audit(
    look: Callable[[World], Any], serving: World, let_go: threading.Event, held_reading: threading.Event
) -> None:
    serving.do(GrantOrder("c", "environment:LANG"))
    looking = look(serving)
    assert held_reading.wait(PATIENCE)
    serving.do(GrantOrder("c", VARIABLE, Scope.ONCE))
    guard = serving.runtime.probe.system.router.find("c").actor.serving.tenant.guard
    assert guard.require(HOME) is None  # it is used up, durably, before the access
    serving.install("c", Crafted(salt="2"), DECLARED, version="2.0.0")
    assert serving.row("c").version == "2.0.0"
    serving.do(Stop("c"))
    assert serving.row("c").state is State.STOPPED
    assert not looking.done()
    let_go.set()
    assert looking.result(PATIENCE)


def test_an_audit_whose_oldest_file_goes_while_it_is_verified_is_whole(
    serving: World, let_go: threading.Event, held_reading: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AuditLog.__init__, "__kwdefaults__", {"max_file": 500, "max_files": 2})
    looking = serving.runtime.verify_audit()
    assert held_reading.wait(PATIENCE)
    for _ in range(8):
        serving.do(GRANT)
        serving.do(Revoke("c", VARIABLE))
    serving.runtime.questions().result(PATIENCE)
    assert (
        serving.runtime.probe.floor.on_disk(serving.runtime.probe.floor.state.grants.audit_base).result(PATIENCE).count
    )
    let_go.set()
    verdict = looking.result(PATIENCE)
    assert (verdict.entry, verdict.what) == (None, "")
    assert verdict.base.count
