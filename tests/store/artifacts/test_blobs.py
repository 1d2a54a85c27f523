from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import BlobCorrupt, DiskFull, IdentityError, StoreError
from airssys_tui.core.identity import digest_of
from airssys_tui.store.artifacts.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    opened = Blobs(tmp_path / "blobs")
    opened.recover()
    return opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Blobs:
    opened = Blobs(tmp_path_factory.mktemp("blobs"))
    opened.recover()
    return opened


@given(st.binary(max_size=2_000))
@settings(max_examples=30)
def test_what_is_put_is_got(shared: Blobs, data: bytes) -> None:
    digest = shared.put(data)
    assert digest == digest_of(data)
    assert shared.get(digest) == data
    assert shared.has(digest)
    assert shared.size(digest) == len(data)
    assert digest in shared.digests()


def test_putting_twice_writes_once(blobs: Blobs) -> None:
    digest = blobs.put(b"wasm")
    first = blobs.path(digest).stat()
    assert blobs.put(b"wasm") == digest
    assert (blobs.path(digest).stat().st_ino, blobs.path(digest).stat().st_mtime_ns) == (
        first.st_ino,
        first.st_mtime_ns,
    )


@pytest.mark.parametrize("damage", [b"", b"wasn", b"wasm and more"])
def test_a_damaged_blob_is_not_handed_out_and_is_repaired_by_putting_it(blobs: Blobs, damage: bytes) -> None:
    digest = blobs.put(b"wasm")
    blobs.path(digest).write_bytes(damage)
    with pytest.raises(BlobCorrupt) as caught:
        blobs.get(digest)
    assert caught.value.remedy
    assert blobs.put(b"wasm") == digest
    assert blobs.get(digest) == b"wasm"


def test_a_blob_that_is_not_kept_is_an_error(blobs: Blobs) -> None:
    absent = digest_of(b"absent")
    assert not blobs.has(absent)
    with pytest.raises(StoreError, match="is missing"):
        blobs.get(absent)
    with pytest.raises(StoreError):
        blobs.size(absent)
    assert not blobs.remove(absent)


def test_a_removed_blob_is_gone(blobs: Blobs) -> None:
    digest = blobs.put(b"wasm")
    assert blobs.remove(digest)
    assert not blobs.has(digest)
    assert tuple(blobs.digests()) == ()


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "a" * 64, "sha256:" + "A" * 64])
def test_nothing_but_a_digest_becomes_a_path(blobs: Blobs, text: str) -> None:
    with pytest.raises(IdentityError):
        blobs.path(text)


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EROFS, StoreError)]
)
@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_write_that_fails_leaves_nothing(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, call: str, code: int, kind: type[StoreError]
) -> None:
    kept = blobs.put(b"kept")

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(f"airssys_tui.store.disk.durable.os.{call}", fail)
        with pytest.raises(StoreError) as caught:
            blobs.put(b"new")
    assert type(caught.value) is kind
    assert caught.value.retryable == (kind is DiskFull)
    assert caught.value.remedy
    assert tuple(blobs.digests()) == (kept,)
    assert blobs.recover() == 0
    assert blobs.get(blobs.put(b"new")) == b"new"


def test_what_a_crash_left_unfinished_is_swept(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put(b"wasm")
    (tmp_path / "blobs" / "unfinished" / "abc.123").write_bytes(b"half")
    assert blobs.recover() == 1
    assert tuple(blobs.digests()) == (digest,)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_a_listing_that_fails_is_an_error_of_the_store(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    blobs.put(b"wasm")

    def fail(*_given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("airssys_tui.store.artifacts.blobs.Path.glob", fail)
    with pytest.raises(StoreError, match=r"cannot list the blobs|not permitted|denied"):
        list(blobs.digests())


def test_a_disk_that_does_not_say_whether_there_is_a_blob_is_not_one_without_it(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = blobs.put(b"wasm")

    def fail(*_given: object, **_named: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("airssys_tui.store.disk.durable.os.lstat", fail)
    for ask in (blobs.has, blobs.size):
        with pytest.raises(StoreError, match="cannot find the blob"):
            ask(digest)
