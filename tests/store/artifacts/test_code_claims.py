"""Claims on code that is compiled: one holder at a time, of all processes, until the last that inherited it ended."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from airssys_tui.store.artifacts import code_claims
from airssys_tui.store.artifacts.code_claims import claimed


def never() -> bool:
    return False


def test_a_claim_has_one_holder_at_a_time_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.claim"
    with claimed(path, never) as first, claimed(path, never) as second:
        assert first is not None
        assert second is None
        with claimed(tmp_path / "b.claim", never) as other:
            assert other is not None
    assert list(tmp_path.iterdir()) == []
    with claimed(path, never) as third:
        assert third is not None


def test_who_waits_gets_it_next_even_though_its_file_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_claims, "POLL", 0.001)
    path, waiting, got = tmp_path / "a.claim", threading.Event(), []

    def wait() -> bool:
        waiting.set()
        return True

    def take() -> None:
        with claimed(path, wait) as descriptor:
            got.append(descriptor is not None and path.exists())

    with claimed(path, never):
        thread = threading.Thread(target=take)
        thread.start()
        assert waiting.wait(20)
        assert got == []
    thread.join()
    assert got == [True]


def test_a_child_that_inherited_it_holds_it_when_its_parent_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.claim"
    with claimed(path, never) as descriptor:
        assert descriptor is not None
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(descriptor,))
        copy = os.dup(descriptor)
        os.link(path, tmp_path / "kept")
    os.close(copy)
    (tmp_path / "kept").rename(path)  # a parent that is killed does not remove it
    with child, claimed(path, never) as second:
        assert second is None
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
        with claimed(path, never) as third:
            assert third is not None


def test_where_no_lock_can_be_made_there_is_no_claim(tmp_path: Path) -> None:
    with claimed(tmp_path / "missing" / "a.claim", never) as descriptor:
        assert descriptor is None
    (tmp_path / "a.claim").symlink_to(tmp_path / "b")
    with claimed(tmp_path / "a.claim", never) as descriptor:
        assert descriptor is None
