"""A real component stores: across the boundary, under its quota, over reloads, rollbacks, restarts and refusals."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.keyvalue import WriteTerms
from airssys_tui.core.lifecycle import State
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.store.directory import STORAGE_FILE
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.storage import Storage
from tests.support.places import FIXTURES
from tests.support.world import World

SERVICES = (FIXTURES / "services" / "services.wasm").read_bytes()
DOOR = "fixture:services/storage-door@1.0.0#"
ALLOWED = '[capabilities]\nstorage = "read-write"\n'
NAME = "keeper"


def text(value: str) -> Variant:
    return Variant("text", value)


def ask(world: World, function: str, *args: Any, name: str = NAME) -> Any:
    return world.call(name, DOOR + function, *args)


@pytest.fixture
def keeper(world: World) -> World:
    """A folder with a component that may read and write its storage."""
    world.put("keeper", SERVICES, ALLOWED, version="1.0.0")
    world.open()
    return world


def test_every_function_crosses_the_boundary(keeper: World) -> None:
    assert ask(keeper, "get", "a") == Ok(None)
    assert ask(keeper, "set", "a", text("wörds")) == Ok()
    assert ask(keeper, "set", "b", Variant("binary", b"\0\xff")) == Ok()
    assert ask(keeper, "get", "a") == Ok(Some(text("wörds")))
    assert ask(keeper, "get", "b") == Ok(Some(Variant("binary", b"\0\xff")))
    assert ask(keeper, "exists", "b") == Ok(True)
    assert ask(keeper, "delete", "b") == Ok(True)
    assert ask(keeper, "delete", "b") == Ok(False)
    assert ask(keeper, "exists", "b") == Ok(False)
    assert ask(keeper, "usage") == Ok({"bytes": 7, "limit": 10 * 1024 * 1024, "keys": 1})
    operations = [
        Variant("expect", {"key": "a", "value": Some(text("wörds"))}),
        Variant("expect", {"key": "c", "value": None}),
        Variant("set", {"key": "c", "value": text("new")}),
        Variant("set", {"key": "d", "value": Variant("binary", b"1")}),
        Variant("delete", "a"),
    ]
    assert ask(keeper, "apply", operations) == Ok()
    assert ask(keeper, "apply", operations) == Err(Variant("conflict", "a does not exist"))
    page = ask(keeper, "list-keys", "", None, 1).value
    assert page["keys"] == ["c"]
    assert ask(keeper, "list-keys", "", page["next"], 1) == Ok({"keys": ["d"], "next": None})


@pytest.mark.parametrize(
    ("function", "args", "case"),
    [
        ("get", ("",), "invalid-key"),
        ("set", ("k" * 257, Variant("text", "")), "invalid-key"),
        ("delete", ("a\nb",), "invalid-key"),
        ("set", ("k", Variant("text", "x" * (1024 * 1024 + 1))), "too-large"),
        ("set", ("k", Variant("text", "x" * 1000)), "quota-exceeded"),
        ("list-keys", ("", Some("nonsense"), 10), "invalid-cursor"),
        ("list-keys", ("", None, 0), "too-large"),
        ("apply", ([Variant("delete", "k")] * 1_001,), "too-large"),
    ],
)
def test_what_cannot_be_done_is_a_typed_answer_and_the_component_lives(
    world: World, function: str, args: tuple[Any, ...], case: str
) -> None:
    world.put("keeper", SERVICES, f'{ALLOWED}[resources]\nstorage = "1000B"\n')
    world.open()
    answer = ask(world, function, *args)
    assert isinstance(answer, Err)
    assert answer.value.case == case
    assert ask(world, "usage").value["bytes"] == 0
    assert world.row(NAME).restarts == 0


def test_the_quota_is_the_manifests_and_exact(world: World) -> None:
    world.put("keeper", SERVICES, f'{ALLOWED}[resources]\nstorage = "100B"\n')
    world.open()
    assert ask(world, "set", "k", text("x" * 99)) == Ok()
    refused = ask(world, "set", "l", text(""))
    assert refused == Err(
        Variant("quota-exceeded", "101 bytes exceed the limit of 100: raise `storage` under [resources]")
    )
    assert ask(world, "usage") == Ok({"bytes": 100, "limit": 100, "keys": 1})


@pytest.mark.parametrize(("declared", "reads"), [("", False), ('[capabilities]\nstorage = "read"\n', True)])
def test_what_is_not_declared_is_denied_with_the_line_that_would_allow_it(
    world: World, declared: str, reads: bool
) -> None:
    world.put("keeper", SERVICES, declared)
    world.open()
    wanted = 'undeclared: storage = "{}" under [capabilities] in the manifest would allow it'
    denied = Err(Variant("denied", wanted.format("read-write")))
    assert ask(world, "set", "a", text("")) == denied
    assert ask(world, "delete", "a") == denied
    assert ask(world, "apply", []) == denied
    for function, args, answer in (
        ("get", ("a",), None),
        ("exists", ("a",), False),
        ("list-keys", ("", None, 1), {"keys": [], "next": None}),
        ("usage", (), {"bytes": 0, "limit": 10 * 1024 * 1024, "keys": 0}),
    ):
        expected = Ok(answer) if reads else Err(Variant("denied", wanted.format("read")))
        assert ask(world, function, *args) == expected
    assert len(world.events(NAME, "denied")) == (1 if reads else 2)  # the first of each tells; the others are counted
    assert 'storage = "read-write"' in world.events(NAME, "denied")[0].text


def test_components_cannot_see_each_other(keeper: World) -> None:
    keeper.install("other", SERVICES, ALLOWED)
    assert ask(keeper, "set", "a", text("mine")) == Ok()
    assert ask(keeper, "get", "a", name="other") == Ok(None)
    assert ask(keeper, "set", "a", text("yours"), name="other") == Ok()
    assert ask(keeper, "get", "a") == Ok(Some(text("mine")))


def test_what_is_stored_outlives_instances_reloads_rollbacks_restarts_and_processes(keeper: World) -> None:
    ask(keeper, "set", "a", text("1"))
    keeper.do(Restart(NAME))
    assert ask(keeper, "get", "a") == Ok(Some(text("1")))
    keeper.install("keeper", SERVICES, ALLOWED + "[config]\nother = 1\n", version="1.1.0")
    assert keeper.row(NAME).revision == 2
    assert ask(keeper, "get", "a") == Ok(Some(text("1")))
    ask(keeper, "set", "a", text("2"))
    keeper.do(Rollback(NAME, to=1))
    assert ask(keeper, "get", "a") == Ok(Some(text("2")))  # a rollback takes no change back
    keeper.do(Stop(NAME))
    keeper.do(Start(NAME))
    assert ask(keeper, "get", "a") == Ok(Some(text("2")))
    keeper.reopen()
    assert ask(keeper, "get", "a") == Ok(Some(text("2")))
    keeper.crash()
    assert ask(keeper, "get", "a") == Ok(Some(text("2")))


def test_a_refused_candidate_leaves_no_trace(keeper: World) -> None:
    ask(keeper, "set", "started", text("never"))
    before = ask(keeper, "usage")
    keeper.install("keeper", SERVICES, ALLOWED + '[config]\nremember = "me"\nrefuse = true\n', version="2.0.0")
    assert keeper.row(NAME).revision == 1
    assert ask(keeper, "get", "started") == Ok(Some(text("never")))
    assert ask(keeper, "usage") == before
    keeper.crash()
    assert ask(keeper, "get", "started") == Ok(Some(text("never")))


def test_what_a_candidate_stores_takes_effect_when_it_serves(keeper: World) -> None:
    keeper.install("keeper", SERVICES, ALLOWED + '[config]\nremember = "me"\n', version="2.0.0")
    assert keeper.row(NAME).revision == 2
    assert ask(keeper, "get", "started") == Ok(Some(text('"me"')))
    assert ask(keeper, "set", "later", text("direct")) == Ok()
    keeper.crash()
    assert ask(keeper, "get", "later") == Ok(Some(text("direct")))


def test_a_candidate_whose_changes_pass_the_quota_is_refused_and_leaves_no_trace(world: World) -> None:
    world.put("keeper", SERVICES, f'{ALLOWED}[resources]\nstorage = "1000B"\n', version="1.0.0")
    world.open()
    ask(world, "set", "a", text("x" * 500))
    manifest = f'{ALLOWED}[resources]\nstorage = "505B"\n[config]\nremember = "me"\n'
    world.install("keeper", SERVICES, manifest, version="2.0.0")
    assert world.row(NAME).revision == 1
    assert "init" in world.row(NAME).note.text  # its storage said so while it was rehearsed
    assert ask(world, "usage").value["bytes"] == 501


def test_an_instance_that_was_replaced_changes_nothing_any_more(keeper: World) -> None:
    keeper.install("keeper", SERVICES, ALLOWED, version="2.0.0")
    assert ask(keeper, "exists", "ended") == Ok(False)
    keeper.do(Stop(NAME))  # one that is stopped is not replaced: its last word counts
    keeper.do(Start(NAME))
    assert ask(keeper, "exists", "ended") == Ok(True)


def test_full_durability_is_the_manifests_choice(world: World) -> None:
    world.put("keeper", SERVICES, f'{ALLOWED}[resources]\ndurability = "full"\n')
    world.open()
    assert ask(world, "set", "a", text("1")) == Ok()
    assert ask(world, "apply", [Variant("delete", "a")]) == Ok()
    assert ask(world, "usage").value["keys"] == 0


def test_a_component_in_trouble_with_its_disk_gets_an_answer_and_the_operator_is_told(keeper: World) -> None:
    keeper.runtime.probe.floor.state.storage.close()
    answer = ask(keeper, "set", "a", text("1"))
    assert answer == Err(Variant("failed", "the storage failed: store"))
    assert "closed" in keeper.told(NAME, "trouble")


def test_a_start_that_fails_leaves_no_trace(world: World) -> None:
    world.put("keeper", SERVICES, ALLOWED + '[config]\nremember = "me"\nrefuse = true\n')
    world.open()
    assert world.row(NAME).state is State.FAILED
    with pytest.raises(GateRefusal):
        world.do(Reload(NAME))
    assert world.runtime.probe.floor.state.storage.components() == ()


def test_a_kill_between_changes_leaves_no_half_of_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("keeper", SERVICES, f'{ALLOWED}[resources]\ndeadline = "1h"\nfuel_per_call = "unlimited"\n')
    seen = []
    for _ in range(3):
        command = [sys.executable, "-m", "tests.support.churner", tmp_path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "begun\n"
                wait_for_rounds(tmp_path / "state" / STORAGE_FILE)
            finally:
                process.kill()  # wherever it stands then
        with closing(Storage(tmp_path / "state" / STORAGE_FILE)) as storage:
            values = Namespace(storage, NAME)
            left, right = values.get("left"), values.get("right")
            assert left == right
            assert left is not None
            expected = len("left") + len("right") + len(left) + len(right or "")
            assert (values.usage().bytes, values.usage().keys) == (expected, 2)
            seen.append(int(left))
            values.delete("left", WriteTerms(1_000))
            values.delete("right", WriteTerms(1_000))
    assert min(seen) > 20


def wait_for_rounds(path: Path) -> None:
    with closing(Storage(path)) as storage:
        values = Namespace(storage, NAME)
        while int(values.get("left") or 0) <= 20:
            pass
