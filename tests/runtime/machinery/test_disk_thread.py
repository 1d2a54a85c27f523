"""Commits that are ready together: one transaction, each by itself in error, and told only when it is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import Queue

import pytest

from airssys_tui.core.errors import DiskFull, StoreError, UnknownComponent
from airssys_tui.runtime.machinery.disk_thread import MOST, DiskThread
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.disk.database import TransactionLost

PATIENCE = 20.0


class Counted:
    """The catalog, with a count of its transactions and something that happens when one ends.

    Attributes:
        transactions: The commits of each transaction that was begun.
        ending: Called when all writes of a transaction are done, before it becomes durable.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.transactions: list[int] = []
        self.ending: Callable[[], None] = lambda: None

    @contextmanager
    def together(self) -> Iterator[None]:
        self.transactions.append(0)
        with self._catalog.together():
            yield
            self.ending()

    @contextmanager
    def part(self) -> Iterator[None]:
        with self._catalog.part():
            yield

    def meet(self, name: str) -> None:
        """Write a component, and count that."""
        self.transactions[-1] += 1
        self._catalog.upsert_component(name, name)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog.open(tmp_path / "catalog.db")
    yield opened
    opened.close()


@pytest.fixture
def counted(catalog: Catalog) -> Counted:
    return Counted(catalog)


@pytest.fixture
def disk(counted: Counted) -> Iterator[DiskThread]:
    thread = DiskThread(counted)
    yield thread
    thread.close()


@contextmanager
def held(disk: DiskThread) -> Iterator[None]:
    """Keep the thread busy, so that what is submitted in the block is ready together."""
    go, busy = threading.Event(), threading.Event()

    def wait() -> None:
        busy.set()
        go.wait(PATIENCE)

    disk.submit(wait)
    assert busy.wait(PATIENCE)
    try:
        yield
    finally:
        go.set()


def met(catalog: Catalog) -> list[str]:
    return [record.id for record in catalog.components()]


def test_commits_that_are_ready_together_share_a_transaction(
    disk: DiskThread, catalog: Catalog, counted: Counted
) -> None:
    names = [f"each-{number}" for number in range(5)]
    with held(disk):
        done = [disk.commit(lambda name=name: counted.meet(name)) for name in names]
    for future in done:
        future.result(PATIENCE)
    assert counted.transactions == [5]
    assert met(catalog) == names


def test_who_is_named_with_a_commit_is_told_on_the_thread(disk: DiskThread) -> None:
    told: Queue[tuple[str, str]] = Queue()
    disk.commit(lambda: "done", lambda ended: told.put((threading.current_thread().name, ended.result())))
    assert told.get(timeout=30) == ("disk", "done")


def test_nobody_is_told_before_the_transaction_is_durable(disk: DiskThread, catalog: Catalog, counted: Counted) -> None:
    told: list[bool] = []
    done: list[Future[None]] = []
    counted.ending = lambda: told.extend(future.done() for future in done)
    with held(disk):
        done += [disk.commit(lambda name=name: catalog.upsert_component(name, name)) for name in "abc"]
    for future in done:
        future.result(PATIENCE)
    assert told == [False, False, False]


def test_one_that_fails_takes_back_only_what_it_wrote(disk: DiskThread, catalog: Catalog) -> None:
    def fails() -> None:
        catalog.upsert_component("half", "half")
        catalog.set_desired("nobody", "stopped")

    with held(disk):
        before = disk.commit(lambda: catalog.upsert_component("before", "before"))
        failing = disk.commit(fails)
        after = disk.commit(lambda: catalog.upsert_component("after", "after"))
    before.result(PATIENCE)
    after.result(PATIENCE)
    with pytest.raises(UnknownComponent):
        failing.result(PATIENCE)
    assert met(catalog) == ["after", "before"]


def test_a_group_is_taken_back_at_most_once_for_one_that_fails(
    disk: DiskThread, catalog: Catalog, counted: Counted
) -> None:
    with held(disk):
        done = [disk.commit(lambda name=name: counted.meet(name)) for name in "abc"]
        failing = disk.commit(lambda: catalog.set_desired("nobody", "stopped"))
    for future in done:
        future.result(PATIENCE)
    with pytest.raises(UnknownComponent):
        failing.result(PATIENCE)
    assert len(counted.transactions) == 2


def test_a_transaction_that_cannot_become_durable_is_taken_apart(
    disk: DiskThread, catalog: Catalog, counted: Counted
) -> None:
    def full() -> None:
        raise DiskFull("no space left")

    counted.ending = full
    with held(disk):
        done = [disk.commit(lambda name=name: catalog.upsert_component(name, name)) for name in "ab"]
    for future in done:
        future.result(PATIENCE)
    assert met(catalog) == ["a", "b"]


def test_a_write_that_ends_the_whole_transaction_costs_the_others_nothing(disk: DiskThread, catalog: Catalog) -> None:
    def full() -> None:
        with catalog.database.transaction("bind-folder") as connection:
            connection.execute("ROLLBACK")
            raise DiskFull("no space left")

    with held(disk):
        before = disk.commit(lambda: catalog.upsert_component("before", "before"))
        failing = disk.commit(full)
    before.result(PATIENCE)
    with pytest.raises(StoreError):
        failing.result(PATIENCE)
    assert met(catalog) == ["before"]


def test_other_jobs_keep_their_place_among_commits(disk: DiskThread, catalog: Catalog, counted: Counted) -> None:
    with held(disk):
        disk.commit(lambda: catalog.upsert_component("a", "a"))
        first = disk.submit(lambda: met(catalog))
        disk.commit(lambda: counted.meet("b"))
        disk.commit(lambda: counted.meet("c"))
        second = disk.submit(lambda: met(catalog))
    assert (first.result(PATIENCE), second.result(PATIENCE)) == (["a"], ["a", "b", "c"])
    assert counted.transactions == [2]


def test_a_group_has_a_bound_and_a_cancelled_commit_is_not_run(
    disk: DiskThread, catalog: Catalog, counted: Counted
) -> None:
    with held(disk):
        done = [disk.commit(lambda number=number: counted.meet(f"each-{number:03}")) for number in range(MOST + 3)]
        assert done[1].cancel()
    for future in (done[0], *done[2:]):
        future.result(PATIENCE)
    assert counted.transactions == [MOST - 1, 3]
    assert "each-001" not in met(catalog)


def test_what_was_submitted_runs_before_the_thread_ends(catalog: Catalog) -> None:
    disk = DiskThread(catalog)
    with held(disk):
        last = disk.commit(lambda: catalog.upsert_component("last", "last"))
    disk.close()
    assert last.done()
    with pytest.raises(RuntimeError):
        disk.submit(lambda: None)


def test_a_part_is_lost_with_its_transaction(catalog: Catalog) -> None:
    def lose() -> None:
        parts: AbstractContextManager[None] = catalog.part()
        with catalog.together(), parts, catalog.database.transaction("bind-folder") as connection:
            connection.execute("ROLLBACK")
            raise DiskFull("no space left")

    with pytest.raises(TransactionLost):
        lose()
