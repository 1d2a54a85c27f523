"""Code kept for commands without a runtime: whole or not at all, bounded, and only where nobody else can write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airssys_tui.core.identity import digest_of
from airssys_tui.store.artifacts.code_files import CodeFiles

ONE, TWO, THREE = (digest_of(text) for text in (b"1", b"2", b"3"))
ENGINE = "wasmtime-50-linux-abc"


def test_what_is_kept_is_returned_for_that_artifact_and_engine_only(tmp_path: Path) -> None:
    files = CodeFiles(tmp_path / "code")
    assert files.get(ONE, ENGINE) is None
    files.put(ONE, ENGINE, b"machine code")
    assert files.get(ONE, ENGINE) == b"machine code"
    assert files.get(TWO, ENGINE) is None
    assert files.get(ONE, "other") is None
    assert (tmp_path / "code").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data + b"!", lambda _: b"", lambda _: b"x" * 40]
)
def test_damaged_code_is_not_returned(tmp_path: Path, damage) -> None:
    files = CodeFiles(tmp_path)
    files.put(ONE, ENGINE, b"machine code")
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert files.get(ONE, ENGINE) is None
    files.put(ONE, ENGINE, b"machine code")
    assert files.get(ONE, ENGINE) == b"machine code"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_read(tmp_path: Path, make) -> None:
    files = CodeFiles(tmp_path)
    files.put(ONE, ENGINE, b"machine code")
    (file,) = tmp_path.iterdir()
    file.unlink()
    make(file)
    assert files.get(ONE, ENGINE) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_is_not_used(tmp_path: Path, mode: int) -> None:
    files = CodeFiles(tmp_path)
    files.put(ONE, ENGINE, b"machine code")
    tmp_path.chmod(mode)
    assert files.get(ONE, ENGINE) is None
    files.put(TWO, ENGINE, b"more")
    tmp_path.chmod(0o700)
    assert files.get(TWO, ENGINE) is None
    assert files.get(ONE, ENGINE) == b"machine code"


def test_a_link_to_a_directory_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    CodeFiles(tmp_path / "link").put(ONE, ENGINE, b"machine code")
    assert list((tmp_path / "real").iterdir()) == []


def test_the_least_recently_used_files_go_first(tmp_path: Path) -> None:
    files = CodeFiles(tmp_path, max_bytes=250)
    for at, digest in enumerate((ONE, TWO)):
        files.put(digest, ENGINE, bytes(80))
        path = next(path for path in tmp_path.iterdir() if digest[7:] in path.name)
        os.utime(path, (at + 1, at + 1))
    assert files.get(ONE, ENGINE) is not None, "used again: TWO is the oldest now"
    files.put(THREE, ENGINE, bytes(80))
    assert [files.get(digest, ENGINE) is not None for digest in (ONE, TWO, THREE)] == [True, False, True]
    files.put(TWO, ENGINE, bytes(300))
    assert files.get(TWO, ENGINE) is None, "larger than everything together may be"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = CodeFiles(tmp_path / "file" / "code")
    files.put(ONE, ENGINE, b"machine code")
    assert files.get(ONE, ENGINE) is None
