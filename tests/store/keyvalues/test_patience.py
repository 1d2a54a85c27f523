"""How long an operation on the storage waits: half of what is left of its caller's time, and never without end."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from airssys_tui.core.errors import StoreBusy, StoreError
from airssys_tui.core.keyvalue import Durability, KeyValues, SetKey, WriteTerms
from airssys_tui.store.disk.database import BUSY_SECONDS
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.overlay import Overlay
from airssys_tui.store.keyvalues.patience import insist, patience
from airssys_tui.store.keyvalues.storage import Storage

TERMS = WriteTerms(10_000)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with closing(Storage(tmp_path / "storage.db")) as opened:
        yield opened


def soon(seconds: float = 0.2) -> int:
    return time.perf_counter_ns() + int(seconds * 1e9)


def test_it_is_half_of_what_is_left_and_bounded() -> None:
    assert 4.0 < patience(soon(9.0)) <= 4.5
    assert patience(soon(1_000.0)) == BUSY_SECONDS
    assert patience(soon(-1.0)) == 0.0
    assert patience(None) == BUSY_SECONDS


@pytest.mark.parametrize("durability", Durability)
@pytest.mark.parametrize("candidate", [False, True])
def test_every_operation_keeps_to_the_deadline_of_its_caller(
    storage: Storage, durability: Durability, candidate: bool
) -> None:
    namespace = Namespace(storage, "local/one")
    namespace.set("a", "1", TERMS)
    values: KeyValues = Overlay(namespace) if candidate else namespace
    terms = WriteTerms(10_000, durability)
    operations = [
        lambda: values.get("b", soon()),
        lambda: values.exists("b", soon()),
        lambda: values.keys("", None, 10, soon()),
        lambda: values.usage(soon()),
        lambda: values.set("b", "2", terms, soon()),
        lambda: values.delete("b", terms, soon()),
        lambda: values.apply((SetKey("b", "2"),), terms, soon()),
    ]
    with storage.changing(Durability.NORMAL):  # keeps readers and writers out
        for operation in operations[: 4 if candidate else None]:
            began = time.perf_counter()
            with pytest.raises(StoreBusy):
                _in_thread(operation)
            assert time.perf_counter() - began < BUSY_SECONDS
    for operation in operations:
        operation()


def test_staged_changes_that_could_not_be_applied_are_applied_within_the_deadline_of_the_next_caller(
    storage: Storage,
) -> None:
    namespace = Namespace(storage, "local/one")
    namespace.stage(2, {"a": "1"}, 10_000)
    with closing(sqlite3.connect(storage.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            namespace.commit_staged(2, TERMS, soon())
        with pytest.raises(StoreBusy):
            namespace.get("a", soon())
    assert namespace.get("a", soon()) == "1"


def test_staged_changes_are_not_forgotten_while_another_change_is_under_way(storage: Storage) -> None:
    waits = threading.Event()

    @contextmanager
    def waiting() -> Iterator[None]:
        waits.set()
        yield

    namespace = Namespace(storage, "local/one", waiting)
    namespace.stage(2, {"a": "1", "b": "staged"}, 10_000)
    with closing(sqlite3.connect(storage.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=namespace.set, args=("b", "2", TERMS, soon(120.0)))
        writer.start()
        assert waits.wait(30)
        with pytest.raises(StoreBusy, match="another change is not done yet"):
            namespace.commit_staged(2, TERMS, soon())
    writer.join(30)
    assert namespace.get("a", soon(30.0)) == "1"
    assert namespace.get("b", soon(30.0)) == "staged"
    assert namespace.usage().keys == 2


def test_closing_ends_every_wait(storage: Storage) -> None:
    namespace = Namespace(storage, "local/one")
    namespace.set("a", "1", TERMS)
    with closing(sqlite3.connect(storage.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waits = threading.Event()
        said: list[BaseException] = []

        class Waiting:
            def __enter__(self) -> None:
                waits.set()

            def __exit__(self, *_: object) -> None:
                return

        def write() -> None:
            try:
                storage.write("DELETE FROM entries", (), Durability.NORMAL, Waiting, soon(120.0))
            except StoreError as error:
                said.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        assert waits.wait(30)
        storage.close()
        writer.join(30)
        assert [str(error) for error in said] == [f"the storage {storage.path} is closed"]


def test_only_a_lock_is_waited_for() -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise sqlite3.OperationalError("no such table")

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        insist(fail, None, None)
    assert len(tries) == 1


def test_another_error_while_it_waits_ends_the_wait() -> None:
    errors = [sqlite3.OperationalError("database is locked"), sqlite3.OperationalError("disk I/O error")]
    errors[0].sqlite_errorcode = sqlite3.SQLITE_BUSY
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise errors[min(len(tries), len(errors)) - 1]

    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        insist(fail, None, soon(1.0))
    assert len(tries) == 2


def _in_thread(work: object) -> None:
    """Run something on another thread: locks of this one would not be waited for."""
    said: list[BaseException] = []

    def run() -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - handed to the test
            said.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    if said:
        raise said[0]
