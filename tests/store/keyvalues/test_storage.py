"""Key-value storage: what is stored, the exact usage, what a crash and a candidate leave behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import DiskFull, SchemaTooNew, StorageRefusal, StoreError
from airssys_tui.core.keyvalue import (
    DeleteKey,
    Durability,
    Expect,
    KeyValues,
    Operation,
    SetKey,
    StorageUse,
    Value,
    WriteTerms,
    check_change,
    check_key,
    check_value,
    list_page,
    size_of,
)
from airssys_tui.store.keyvalues.changes import MOST_PUT, NamespaceChange
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.overlay import MAX_BYTES, Overlay
from airssys_tui.store.keyvalues.storage import Storage, connect

TERMS = WriteTerms(10_000)
FULL = WriteTerms(10_000, Durability.FULL)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    opened = Storage(tmp_path / "storage.db")
    yield opened
    opened.close()


@pytest.fixture(params=["stored", "candidate", "in memory"])
def values(request: pytest.FixtureRequest, storage: Storage) -> KeyValues:
    """Every implementation."""
    if request.param == "stored":
        return Namespace(storage, "local/one")
    return Overlay(Namespace(storage, "local/one") if request.param == "candidate" else None)


@pytest.mark.parametrize("terms", [TERMS, FULL])
def test_what_is_set_is_there_until_it_is_deleted(values: KeyValues, terms: WriteTerms) -> None:
    assert values.get("a") is None
    values.set("a", "text", terms)
    values.set("b", b"\0bytes", terms)
    values.set("nul", "a\0b", terms)
    assert (values.get("a"), values.get("b"), values.get("nul")) == ("text", b"\0bytes", "a\0b")
    assert values.exists("a")
    values.set("a", "ö", terms)
    assert values.usage() == StorageUse(1 + 2 + 1 + 6 + 3 + 3, 3)
    assert values.delete("a", terms)
    assert not values.delete("a", terms)
    assert not values.exists("a")
    assert values.usage() == StorageUse(13, 2)


def test_what_is_to_survive_a_power_failure_is_written_by_the_connection_that_waits_for_the_disk(
    storage: Storage,
) -> None:
    values, seen = Namespace(storage, "local/one"), list[str]()
    values.set("first", "1", FULL)
    assert storage._full is not None  # noqa: SLF001
    assert storage._full.execute("PRAGMA synchronous").fetchone() == (2,)  # noqa: SLF001
    storage._full.set_trace_callback(lambda said: seen.append(said.split()[0]))  # noqa: SLF001

    for change in (
        lambda: values.set("a", "1", FULL),
        lambda: values.apply((SetKey("a", "2"), SetKey("b", "2")), FULL),
        lambda: values.delete("a", FULL),
    ):
        seen.append("next")
        change()

    # Each is one statement, told again for each trigger, and so a transaction of its own.
    assert [word for word, _ in groupby(seen)] == ["next", "INSERT", "next", "INSERT", "next", "DELETE"]


def test_namespaces_are_apart(storage: Storage) -> None:
    one, two = Namespace(storage, "local/one"), Namespace(storage, "local/two")
    one.set("a", "mine", TERMS)
    assert two.get("a") is None
    assert two.keys("", None, 10) == ()
    assert not two.delete("a", TERMS)
    two.set("a", "yours", TERMS)
    assert one.get("a") == "mine"
    assert storage.components() == ("local/one", "local/two")


def test_nothing_is_made_until_something_is_stored(storage: Storage) -> None:
    values = Namespace(storage, "local/one")
    assert values.get("a") is None
    assert values.usage() == StorageUse()
    assert not values.delete("a", TERMS)
    assert not storage.path.exists()


def test_what_is_stored_is_there_for_the_next_process(tmp_path: Path) -> None:
    for expected in (None, "once", "once"):
        with closing(Storage(tmp_path / "storage.db")) as storage:
            values = Namespace(storage, "local/one")
            assert values.get("a") == expected
            values.set("a", "once", TERMS)
            assert values.usage() == StorageUse(5, 1)


def test_the_quota_is_exact(values: KeyValues) -> None:
    values.set("k", "x" * 99, WriteTerms(100))
    with pytest.raises(StorageRefusal, match="101 bytes exceed the limit of 100") as caught:
        values.set("k", "x" * 100, WriteTerms(100))
    assert caught.value.case == "quota-exceeded"
    assert values.get("k") == "x" * 99
    values.apply((DeleteKey("k"), SetKey("l", "y" * 99)), WriteTerms(100))
    assert values.usage() == StorageUse(100, 1)


def test_who_stores_more_than_a_new_quota_may_still_store_less(values: KeyValues) -> None:
    values.set("k", "x" * 999, TERMS)
    values.set("k", "x" * 500, WriteTerms(10))
    with pytest.raises(StorageRefusal):
        values.set("l", "", WriteTerms(10))
    assert values.delete("k", WriteTerms(10))
    assert values.usage() == StorageUse()


def test_a_change_is_made_whole_or_not_at_all(values: KeyValues) -> None:
    values.set("a", "1", TERMS)
    for failing, case in (
        ((SetKey("a", "2"), DeleteKey("b"), Expect("c", "x")), "conflict"),
        ((DeleteKey("a"), SetKey("b", "x" * 20_000)), "quota-exceeded"),
    ):
        with pytest.raises(StorageRefusal) as caught:
            values.apply(failing, TERMS)
        assert caught.value.case == case
        assert (values.get("a"), values.usage()) == ("1", StorageUse(2, 1))
    values.apply((Expect("a", "1"), SetKey("a", "2"), Expect("a", "2"), Expect("b", None), DeleteKey("b")), TERMS)
    assert values.get("a") == "2"


def test_text_and_bytes_are_never_the_same(values: KeyValues) -> None:
    values.set("a", "1", TERMS)
    with pytest.raises(StorageRefusal, match="another value"):
        values.apply((Expect("a", b"1"),), TERMS)
    with pytest.raises(StorageRefusal, match="a exists"):
        values.apply((Expect("a", None),), TERMS)
    with pytest.raises(StorageRefusal, match="b does not exist"):
        values.apply((Expect("b", ""),), TERMS)


def test_keys_are_listed_part_by_part_in_the_order_of_their_bytes(values: KeyValues) -> None:
    names = ["a", "a/1", "a/2", "a/z", "a/ä", "a/\U0001f600", "b"]
    for name in reversed(names):
        values.set(name, "", TERMS)
    found: list[str] = []
    page = list_page(values, "a/", None, 2)
    while True:
        found += page.keys
        if page.next is None:
            break
        # What comes and goes behind and before the cursor neither repeats nor hides the others.
        values.set("a/0", "", TERMS)
        page = list_page(values, "a/", page.next, 2)
    assert found == names[1:6]
    assert list_page(values, "", None, 1_000).keys == ("a", "a/0", *names[1:])


@pytest.mark.parametrize("cursor", ["", "x", "after:", "after:b", "after:" + "a" * 300])
def test_a_cursor_is_one_that_was_given(values: KeyValues, cursor: str) -> None:
    with pytest.raises(StorageRefusal) as caught:
        list_page(values, "a", cursor, 10)
    assert caught.value.case == "invalid-cursor"


@pytest.mark.parametrize("limit", [0, 1_001])
def test_a_listing_is_bounded(values: KeyValues, limit: int) -> None:
    with pytest.raises(StorageRefusal, match="1 to 1000"):
        list_page(values, "", None, limit)


@pytest.mark.parametrize("key", ["", "a\nb", "\x7f", "\x85", "ö" * 129])
def test_what_cannot_be_a_key(key: str) -> None:
    with pytest.raises(StorageRefusal) as caught:
        check_key(key)
    assert caught.value.case == "invalid-key"


def test_what_can_be_a_key_and_a_value() -> None:
    check_key("ö" * 128)
    check_key("a b\u00a0c")
    check_value("ö" * (512 * 1024))
    check_value(bytes(1024 * 1024))
    for value in ("ö" * (512 * 1024) + "x", bytes(1024 * 1024 + 1)):
        with pytest.raises(StorageRefusal, match="1048577 bytes"):
            check_value(value)


def test_a_change_is_bounded() -> None:
    check_change(tuple(DeleteKey("k") for _ in range(1_000)))
    check_change((SetKey("ab", bytes(1024 * 1024)), SetKey("ab", bytes(1024 * 1024 - 4))))
    with pytest.raises(StorageRefusal, match="1001 operations"):
        check_change(tuple(DeleteKey("k") for _ in range(1_001)))
    with pytest.raises(StorageRefusal, match="the change is 2097153 bytes"):
        check_change((SetKey("ab", bytes(1024 * 1024)), SetKey("ab", bytes(1024 * 1024 - 3))))


KEYS = st.sampled_from(["a", "ab", "b", "ä", "ab/c"])
VALUES = st.one_of(st.binary(max_size=40), st.text(max_size=20).filter(lambda text: text.isprintable()))
CHANGES = st.one_of(
    st.builds(SetKey, KEYS, VALUES),
    st.builds(DeleteKey, KEYS),
    st.builds(Expect, KEYS, st.one_of(st.none(), VALUES)),
)
STEPS = st.lists(
    st.one_of(
        CHANGES,
        st.lists(CHANGES, max_size=5).map(tuple),
        st.lists(st.builds(SetKey, KEYS, VALUES), max_size=MOST_PUT + 2).map(tuple),
        st.sampled_from(["reopen", "activate", "refuse"]),
    ),
    max_size=25,
)


def expected(model: dict[str, Value], operations: tuple[Operation, ...], quota: int) -> dict[str, Value] | None:
    after = dict(model)
    for operation in operations:
        if isinstance(operation, SetKey):
            after[operation.key] = operation.value
        elif isinstance(operation, DeleteKey):
            after.pop(operation.key, None)
        else:
            found = after.get(operation.key)
            if type(found) is not type(operation.value) or found != operation.value:
                return None
    used, before = total(after), total(model)
    return None if used > quota and used > before else after


def total(model: dict[str, Value]) -> int:
    return sum(size_of(key) + size_of(value) for key, value in model.items())


def perform(values: KeyValues, step: Operation | tuple[Operation, ...], terms: WriteTerms) -> None:
    if isinstance(step, SetKey):
        values.set(step.key, step.value, terms)
    elif isinstance(step, DeleteKey):
        values.delete(step.key, terms)
    else:
        values.apply(step if isinstance(step, tuple) else (step,), terms)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(steps=STEPS, quota=st.one_of(st.integers(0, 120), st.just(10_000)), durability=st.sampled_from(Durability))
def test_usage_is_exact_after_any_sequence(
    steps: list[Operation | tuple[Operation, ...] | str],
    quota: int,
    durability: Durability,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("any") / "storage.db"
    terms, model, revision = WriteTerms(quota, durability), dict[str, Value](), 0
    storage = Storage(path)
    try:
        values: KeyValues = Namespace(storage, "local/one")
        stored = dict(model)
        for step in steps:
            if step == "reopen":
                storage.close()
                storage = Storage(path)
                values, model = Namespace(storage, "local/one"), dict(stored)
            elif isinstance(step, str):
                revision += 1
                if isinstance(values, Overlay) and step == "activate":
                    base = Namespace(storage, "local/one")
                    base.stage(revision, values.changes, quota)
                    base.commit_staged(revision, terms)
                    values, stored = base, dict(model)
                else:
                    values, model = Overlay(Namespace(storage, "local/one")), dict(stored)
            else:
                after = expected(model, step if isinstance(step, tuple) else (step,), quota)
                if after is None:
                    with pytest.raises(StorageRefusal):
                        perform(values, step, terms)
                else:
                    perform(values, step, terms)
                    model = after
                if isinstance(values, Namespace):
                    stored = dict(model)
            assert values.usage() == StorageUse(total(model), len(model))
            assert {key: values.get(key) for key in values.keys("", None, 100)} == model
            assert [*values.keys("", None, 100)] == sorted(model, key=str.encode)
    finally:
        storage.close()


def test_a_candidate_leaves_nothing_until_it_serves(storage: Storage) -> None:
    values = Namespace(storage, "local/one")
    values.set("kept", "1", TERMS)
    overlay = Overlay(values)
    overlay.set("new", "2", TERMS)
    overlay.delete("kept", TERMS)
    assert (values.get("kept"), values.get("new")) == ("1", None)
    values.stage(7, overlay.changes, 100)
    assert (values.get("kept"), values.get("new"), values.usage()) == ("1", None, StorageUse(5, 1))
    assert values.commit_staged(7, TERMS) == 2
    assert (values.get("kept"), values.get("new"), values.usage()) == (None, "2", StorageUse(4, 1))
    assert values.commit_staged(7, TERMS) == 0


def test_a_candidate_that_would_pass_the_quota_is_not_staged(storage: Storage) -> None:
    values = Namespace(storage, "local/one")
    values.set("a", "x" * 50, TERMS)
    with pytest.raises(StorageRefusal, match="limit of 60"):
        values.stage(1, {"b": "x" * 10}, 60)
    assert values.commit_staged(1, TERMS) == 0
    assert values.usage() == StorageUse(51, 1)


def test_a_candidate_keeps_a_bounded_amount_in_memory() -> None:
    overlay, large = Overlay(), WriteTerms(10 * MAX_BYTES)
    for number in range(15):
        overlay.set(f"{number}", bytes(1024 * 1024), large)
    with pytest.raises(StorageRefusal, match="before it serves") as caught:
        overlay.set("15", bytes(1024 * 1024), large)
    assert caught.value.case == "unavailable"
    overlay.set("14", b"", large)
    overlay.set("15", bytes(1024 * 1024), large)


@pytest.mark.parametrize("activated", [True, False])
def test_a_crash_between_the_two_databases_is_settled_by_the_catalogs_word(tmp_path: Path, activated: bool) -> None:
    with closing(Storage(tmp_path / "storage.db")) as storage:
        values = Namespace(storage, "local/one")
        values.set("a", "old", TERMS)
        values.stage(3, {"a": "new"}, 100)
    with closing(Storage(tmp_path / "storage.db")) as storage:
        assert storage.recover(
            lambda component, revision: (component, revision, activated) == ("local/one", 3, True)
        ) == int(activated)
        values = Namespace(storage, "local/one")
        assert values.get("a") == ("new" if activated else "old")
        assert values.commit_staged(3, TERMS) == 0
        assert storage.recover(lambda _component, _revision: True) == 0


def test_changes_that_could_not_be_made_in_time_are_made_before_anything_else(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = Namespace(storage, "local/one")
    values.set("a", "old", TERMS)
    values.stage(3, {"a": "new"}, 100)
    real, full = NamespaceChange.put, True

    def put(change: NamespaceChange, changes: list[tuple[str, Value | None]]) -> None:
        if full:
            raise DiskFull("no room")
        real(change, changes)

    monkeypatch.setattr(NamespaceChange, "put", put)
    for use in (
        lambda: values.commit_staged(3, TERMS),
        lambda: values.get("a"),
        lambda: values.set("a", "later", TERMS),
        lambda: values.delete("a", TERMS),
        lambda: values.apply((), TERMS),
    ):
        with pytest.raises(DiskFull):
            use()
    full = False
    values.set("b", "later", TERMS)
    assert (values.get("a"), values.get("b"), values.usage()) == ("new", "later", StorageUse(10, 2))


def test_threads_take_turns_and_none_is_lost(storage: Storage) -> None:
    waits: list[int] = []

    class Wait:
        def __enter__(self) -> None:
            waits.append(1)

        def __exit__(self, *_: object) -> None:
            pass

    namespaces = [Namespace(storage, f"local/c{number}", Wait) for number in range(4)]

    def work(number: int) -> None:
        for step in range(100):
            namespaces[number % 4].set(f"{number}-{step}", "v", FULL if step % 10 == 0 else TERMS)
            assert namespaces[number % 4].get(f"{number}-{step}") == "v"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [values.usage().keys for values in namespaces] == [200] * 4
    assert len(waits) >= 80  # every change that waits for the disk, at least


def test_a_closed_storage_says_so(storage: Storage) -> None:
    values = Namespace(storage, "local/one")
    values.set("a", "1", TERMS)
    storage.close()
    for use in (
        lambda: values.get("a"),
        lambda: values.set("a", "2", TERMS),
        lambda: values.set("a", "2", FULL),
        lambda: values.apply((), TERMS),
    ):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_a_file_of_something_else_or_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "storage.db"
    with closing(connect(path, "NORMAL")) as connection:
        connection.execute("CREATE TABLE other (x)")
    with closing(Storage(path)) as storage, pytest.raises(StoreError, match="not a storage of this program"):
        Namespace(storage, "local/one").get("a")
    path.unlink()
    with closing(Storage(path)) as storage:
        Namespace(storage, "local/one").set("a", "1", TERMS)
    with closing(connect(path, "NORMAL")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with closing(Storage(path)) as storage, pytest.raises(SchemaTooNew, match="schema 99"):
        Namespace(storage, "local/one").get("a")


def test_a_damaged_file_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "storage.db"
    path.write_bytes(b"no database" * 1_000)
    with closing(Storage(path)) as storage, pytest.raises(StoreError, match="damaged"):
        Namespace(storage, "local/one").set("a", "1", TERMS)
