from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from airssys_tui.core.identity import digest_of
from airssys_tui.store.artifacts import code_cache
from airssys_tui.store.artifacts.code_cache import CodeCache, CodeCounters
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.migrating import migrate
from airssys_tui.store.catalog.records import Activation
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.database import Database
from tests.support.catalogs import candidate

ONE, TWO, THREE = (digest_of(name) for name in (b"one", b"two", b"three"))


@pytest.fixture
def code(state: StateDirectory) -> CodeCache:
    cache = CodeCache(state.path / "code", state.catalog.database, max_bytes=100)
    cache.recover()
    return cache


def test_compiled_code_comes_back_for_its_engine_only(code: CodeCache) -> None:
    path = Path(code.put(ONE, "wasmtime 50", b"machine code"))
    assert code.get(ONE, "wasmtime 50") == path
    assert path.read_bytes() == b"machine code"
    assert code.get(ONE, "wasmtime 51") is None
    assert code.get(TWO, "wasmtime 50") is None
    assert code.counters == CodeCounters(hits=1, misses=2)


@pytest.mark.parametrize("change", [b"", b"machine cod\xe9", b"machine code "])
def test_code_that_was_changed_is_removed_and_never_handed_out(code: CodeCache, change: bytes) -> None:
    path = Path(code.put(ONE, "engine", b"machine code"))
    path.write_bytes(change)
    assert code.get(ONE, "engine") is None
    assert not path.exists()
    assert code.counters == CodeCounters(misses=1, rejected=1)
    assert code.size() == 0
    code.put(ONE, "engine", b"machine code")
    assert code.get(ONE, "engine") == path


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_code_that_cannot_be_read_now_is_a_miss_and_stays(
    code: CodeCache, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = code.put(ONE, "engine", b"machine code")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(code_cache, "open_file", fail)
        assert code.get(ONE, "engine") is None
    assert code.counters == CodeCounters(misses=1, rejected=1)
    assert code.get(ONE, "engine") == Path(path)


def test_code_of_another_artifact_in_its_place_is_refused(code: CodeCache) -> None:
    one, two = Path(code.put(ONE, "engine", b"safe")), Path(code.put(TWO, "engine", b"evil"))
    shutil.copy(two, one)
    assert code.get(ONE, "engine") is None
    assert code.get(TWO, "engine") == two


def test_a_deleted_file_is_a_miss(code: CodeCache) -> None:
    Path(code.put(ONE, "engine", b"x")).unlink()
    assert code.get(ONE, "engine") is None
    assert code.counters == CodeCounters(misses=1)
    assert code.size() == 0


def test_the_whole_cache_may_be_deleted(state: StateDirectory, code: CodeCache) -> None:
    code.put(ONE, "engine", b"x")
    shutil.rmtree(state.path / "code")
    assert code.get(ONE, "engine") is None
    path = Path(code.put(ONE, "engine", b"x"))
    assert code.get(ONE, "engine") == path


def test_the_least_recently_used_goes_first(code: CodeCache) -> None:
    code.put(ONE, "engine", b"1" * 40)
    code.put(TWO, "engine", b"2" * 40)
    assert code.get(ONE, "engine")
    code.put(THREE, "engine", b"3" * 40)
    assert code.get(TWO, "engine") is None
    assert code.get(ONE, "engine")
    assert code.get(THREE, "engine")
    assert (code.size(), code.counters.evicted) == (80, 1)


def test_pinned_code_stays_and_code_of_another_engine_does_not(code: CodeCache) -> None:
    code.pin({ONE, TWO})
    code.put(ONE, "old engine", b"0" * 30)
    code.put(ONE, "engine", b"1" * 30)
    code.put(TWO, "engine", b"2" * 40)
    code.put(THREE, "engine", b"3" * 50)
    assert code.get(ONE, "old engine") is None
    assert code.get(ONE, "engine")
    assert code.get(TWO, "engine")
    assert code.get(THREE, "engine")
    code.pin(())
    code.put(digest_of(b"four"), "engine", b"4" * 10)
    assert code.get(ONE, "engine") is None


def test_code_that_a_rollback_may_need_stays(state: StateDirectory, catalog: Catalog) -> None:
    contents = [f"release {number}" for number in range(12)]
    for content in contents:
        number = catalog.add_revision(candidate(content=content)).number
        catalog.activate(Activation(component="counter", revision=number, at=1.0))
    refused = catalog.add_revision(candidate(content="refused"))
    catalog.set_outcome("counter", refused.number, "failed", "at a gate")
    kept = [digest_of(content.encode()) for content in contents[2:]]
    assert catalog.retained_digests() == frozenset(kept)
    cache = CodeCache(state.path / "code", catalog.database, max_bytes=100, retained=catalog.retained_digests)
    cache.recover()
    for digest in (*kept, digest_of(b"refused"), digest_of(b"newest")):
        cache.put(digest, "engine", b"x" * 20)
    assert all(cache.get(digest, "engine") for digest in kept)
    assert cache.get(digest_of(b"refused"), "engine") is None


def test_code_larger_than_the_cache_is_kept_alone(code: CodeCache) -> None:
    code.put(ONE, "engine", b"1" * 10)
    assert Path(code.put(TWO, "engine", b"2" * 500)).is_file()
    assert code.get(ONE, "engine") is None
    assert code.get(TWO, "engine")


def test_removing_an_artifact_removes_its_code_of_every_engine(code: CodeCache) -> None:
    code.put(ONE, "a", b"x")
    code.put(ONE, "b", b"x")
    code.put(TWO, "a", b"x")
    assert code.remove(ONE) == 2
    assert code.get(ONE, "a") is None
    assert code.get(TWO, "a")


def test_files_and_records_that_have_lost_each_other_are_dropped(state: StateDirectory, code: CodeCache) -> None:
    kept = Path(code.put(ONE, "engine", b"1"))
    lost = Path(code.put(TWO, "engine", b"2"))
    lost.unlink()
    stray = kept.with_name(f"{'0' * 64}.cwasm")
    stray.write_bytes(b"nobody knows me")
    code.recover()
    assert not stray.exists()
    assert kept.exists()
    assert code.size() == 1


def test_code_survives_a_restart(state: StateDirectory, code: CodeCache) -> None:
    path = Path(code.put(ONE, "engine", b"1"))
    again = CodeCache(state.path / "code", state.catalog.database)
    again.recover()
    assert again.get(ONE, "engine") == path


class CacheMachine(RuleBasedStateMachine):
    """The cache against a dictionary: never other bytes than were put, never more than its size but for pins."""

    digests = st.sampled_from([ONE, TWO, THREE, digest_of(b"4")])

    base: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(dir=self.base))
        self.database = Database(self.root / "catalog.db")
        migrate(self.database)
        self.cache = CodeCache(self.root / "code", self.database, max_bytes=60)
        self.put_bytes: dict[str, bytes] = {}
        self.pins: set[str] = set()
        self.newest = ""

    @rule(digest=digests, size=st.integers(1, 40))
    def put(self, digest: str, size: int) -> None:
        self.put_bytes[digest] = bytes([size]) * size
        self.newest = digest
        self.cache.put(digest, "engine", self.put_bytes[digest])

    @rule(digest=digests)
    def get(self, digest: str) -> None:
        path = self.cache.get(digest, "engine")
        if path is None:
            self.put_bytes.pop(digest, None)
        else:
            assert path.read_bytes() == self.put_bytes[digest]

    @rule(digest=digests)
    def tamper(self, digest: str) -> None:
        path = self.cache.get(digest, "engine")
        if path is not None:
            path.write_bytes(path.read_bytes() + b"!")
            assert self.cache.get(digest, "engine") is None

    @rule(pins=st.sets(digests, max_size=2))
    def pin(self, pins: set[str]) -> None:
        self.pins = pins
        self.cache.pin(pins)

    @invariant()
    def bounded(self) -> None:
        kept = sum(path.stat().st_size for path in (self.root / "code").glob("*/*.cwasm"))
        assert self.cache.size() == kept

    @rule()
    def room_is_made(self) -> None:
        self.put("sha256:" + "f" * 64, 1)
        protected = sum(len(self.put_bytes.get(digest, b"")) for digest in self.pins | {self.newest})
        assert self.cache.size() <= max(60, protected)

    def teardown(self) -> None:
        self.database.close()


def test_the_cache_against_a_model(tmp_path: Path) -> None:
    class Machine(CacheMachine):
        base = tmp_path

    run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
