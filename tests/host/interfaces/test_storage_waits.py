"""Whoever locks the storage, a guest gets a typed answer before its call's deadline, and nobody else waits with it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from airssys_tui.core.keyvalue import Durability
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.store.directory import STORAGE_FILE
from airssys_tui.store.keyvalues import patience
from tests.support.places import FIXTURES
from tests.support.world import PATIENCE, World

SERVICES = (FIXTURES / "services" / "services.wasm").read_bytes()
DOOR = "fixture:services/storage-door@1.0.0#"
DEADLINE = "3s"
"""Less than SQLite used to wait, and long enough for a busy machine."""

ALLOWED = '[capabilities]\nstorage = "read-write"\n[resources]\n'
ONE = Variant("text", "1")
BUSY = Err(Variant("unavailable", "the storage failed: busy"))


def ask(world: World, function: str, *args: Any, name: str = "keeper") -> Any:
    return world.call(name, DOOR + function, *args)


@pytest.fixture
def keeper(request: pytest.FixtureRequest, world: World) -> World:
    durability = getattr(request, "param", "normal")
    manifest = f'{ALLOWED}deadline = "{DEADLINE}"\ndurability = "{durability}"\n'
    world.put("keeper", SERVICES, manifest, version="1.0.0")
    world.put("other", SERVICES, manifest, version="1.0.0")
    world.open()
    return world


@pytest.fixture
def lock(world: World) -> Iterator[Callable[..., sqlite3.Connection]]:
    """Lock the storage as another process would; return what holds it."""
    with ExitStack() as stack:

        def hold(*first: str) -> sqlite3.Connection:
            path = world.state_dir / STORAGE_FILE
            other = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)))
            for statement in (*first, "BEGIN IMMEDIATE"):
                other.execute(statement)
            return other

        yield hold


CHANGES: dict[str, tuple[Any, ...]] = {
    "set": ("a", ONE),
    "delete": ("a",),
    "apply": ([Variant("set", {"key": "a", "value": ONE}), Variant("delete", "b")],),
}


@pytest.mark.parametrize("keeper", ["normal", "full"], indirect=True)
@pytest.mark.parametrize("function", CHANGES)
def test_a_change_of_a_locked_storage_is_a_typed_answer_before_the_deadline(
    keeper: World, lock: Callable[..., sqlite3.Connection], function: str
) -> None:
    assert ask(keeper, "set", "a", Variant("text", "0")) == Ok()
    other = lock()
    assert ask(keeper, function, *CHANGES[function]) == BUSY
    assert ask(keeper, "get", "a") == Ok(Some(Variant("text", "0")))
    assert keeper.row("keeper").restarts == 0
    assert "locked by another process" in keeper.told("keeper", "trouble")
    other.rollback()
    assert isinstance(ask(keeper, function, *CHANGES[function]), Ok)


@pytest.mark.parametrize(
    ("first", "function", "args"),
    [
        ((), "set", ("a", ONE)),
        (("PRAGMA journal_mode = WAL",), "get", ("a",)),
        (("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL"), "usage", ()),
    ],
    ids=["fresh", "without tables", "held alone"],
)
def test_the_first_use_of_a_locked_storage_is_a_typed_answer_too(
    keeper: World, lock: Callable[..., sqlite3.Connection], first: tuple[str, ...], function: str, args: tuple[Any, ...]
) -> None:
    other = lock(*first)
    assert ask(keeper, function, *args) == BUSY
    assert keeper.row("keeper").restarts == 0
    other.close()
    assert isinstance(ask(keeper, function, *args), Ok)


def test_a_lock_that_is_released_in_time_only_delays(
    keeper: World, lock: Callable[..., sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(keeper, "set", "a", Variant("text", "0")) == Ok()
    other = lock()
    monkeypatch.setattr(patience.time, "sleep", lambda _: other.rollback() if other.in_transaction else None)
    assert ask(keeper, "set", "a", ONE) == Ok()
    assert ask(keeper, "get", "a") == Ok(Some(ONE))


def test_others_read_while_one_waits(
    keeper: World, lock: Callable[..., sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(keeper, "set", "a", ONE, name="other") == Ok()
    assert ask(keeper, "set", "a", ONE) == Ok()
    other = lock()
    waits, go_on = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        waits.set()
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(patience.time, "sleep", sleep)
    writing = keeper.runtime.invoke("keeper", DOOR + "set", "a", ONE)
    assert waits.wait(PATIENCE)
    assert ask(keeper, "get", "a", name="other") == Ok(Some(ONE))
    assert not writing.done()
    other.rollback()
    go_on.set()
    assert writing.result(PATIENCE) == Ok()


def test_a_writer_in_another_thread_is_waited_for_within_the_deadline_as_well(keeper: World) -> None:
    assert ask(keeper, "set", "a", ONE) == Ok()
    storage = keeper.runtime.probe.floor.state.storage
    with storage.changing(Durability.FULL):
        assert ask(keeper, "set", "a", ONE) == BUSY
    assert ask(keeper, "set", "a", ONE) == Ok()


def test_a_runtime_closes_while_a_guest_waits(
    keeper: World, lock: Callable[..., sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(keeper, "set", "a", ONE) == Ok()
    lock()
    waits = threading.Event()
    pause = patience.time.sleep

    def sleep(seconds: float) -> None:
        waits.set()
        pause(seconds)

    monkeypatch.setattr(patience.time, "sleep", sleep)
    monkeypatch.setattr(patience, "BUSY_SECONDS", 10 * PATIENCE)
    writing = keeper.runtime.invoke("keeper", DOOR + "set", "a", ONE)
    assert waits.wait(PATIENCE)
    keeper.close()
    assert writing.done()
