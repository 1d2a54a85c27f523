"""Only regular files are read, never more than the bound, and nothing that a path leads to makes the reader wait."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from airssys_tui.core import regular_file
from airssys_tui.core.regular_file import (
    FileAbsent,
    FileError,
    FileTooLarge,
    FileUnavailable,
    NotRegular,
    open_regular,
    read_regular,
    read_regular_text,
)
from airssys_tui.core.text import escaped

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_within_the_bound_is_read_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "f").write_bytes(b"x" * size)
    assert read_regular(tmp_path / "f", 100) == b"x" * size


@pytest.mark.parametrize("size", [101, 10 * 1024**3])
def test_a_larger_file_is_refused_without_reading_it(tmp_path: Path, size: int) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(size)  # sparse: it takes no room
    said = "more than 100" if size == 101 else str(size)
    with pytest.raises(FileTooLarge, match=f"has {said} bytes; at most 100"):
        read_regular(tmp_path / "f", 100)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_a_file_that_claims_to_be_empty_is_read_no_further_than_the_bound() -> None:
    assert Path("/proc/self/maps").stat().st_size == 0
    with pytest.raises(FileTooLarge, match="more than 100 bytes"):
        read_regular("/proc/self/maps", 100)


def test_a_file_that_grows_while_it_is_read_ends_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    fstat = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        with path.open("ab") as file:
            file.write(b"y" * 5_000)
        return found

    monkeypatch.setattr(regular_file.os, "fstat", grow)
    with pytest.raises(FileTooLarge):
        read_regular(path, 1_000)


def _pipe(path: Path) -> str:
    os.mkfifo(path)
    return "a named pipe"


def _socket(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return "a socket"


def _folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


def _endless(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "a device"


def _waiting(path: Path) -> str:
    path.symlink_to("/dev/tty")
    return "a device"


@pytest.mark.parametrize("make", [_pipe, _socket, _folder, _endless, _waiting])
def test_what_is_no_regular_file_is_told_by_its_kind(tmp_path: Path, make: object) -> None:
    kind = make(tmp_path / "f")  # type: ignore[operator]
    with pytest.raises(NotRegular, match=kind):
        read_regular(tmp_path / "f", 100)


def test_a_pipe_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    writer = threading.Thread(target=lambda: os.close(os.open(tmp_path / "f", os.O_WRONLY)), daemon=True)
    writer.start()
    for _ in range(3):
        with pytest.raises(NotRegular):
            read_regular(tmp_path / "f", 100)
    assert writer.is_alive()  # nobody opened the other end
    reader = os.open(tmp_path / "f", os.O_RDONLY | os.O_NONBLOCK)
    writer.join(30)  # the other end stays open for a writer that comes late
    os.close(reader)
    assert not writer.is_alive()


def test_a_file_that_becomes_a_pipe_between_two_looks_is_refused_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    opening, opened = os.open, []

    def swap(where: object, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        assert flags & os.O_NONBLOCK
        opened.append(opening(where, flags))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(regular_file.os, "open", swap)
    with pytest.raises(NotRegular, match="a named pipe"):
        read_regular(path, 100)
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(opened[0])


def test_the_descriptor_neither_waits_nor_leaks(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with open_regular(tmp_path / "f", 100) as file:
        assert not os.get_inheritable(file.fileno())
        assert stat.S_ISREG(os.fstat(file.fileno()).st_mode)


@pytest.mark.parametrize("name", ["nothing", "file/below", "a\0b"])
def test_only_what_does_not_exist_is_absent(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileAbsent):
        read_regular(tmp_path / name, 100)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE, errno.EWOULDBLOCK])
@pytest.mark.parametrize("call", ["stat", "open", "fstat"])
def test_any_other_error_says_nothing_about_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(regular_file.os, call, fail)
        with pytest.raises(FileUnavailable) as caught:
            read_regular(tmp_path / "f", 100)
    assert (caught.value.number, caught.value.retryable) == (number, True)
    assert os.strerror(number) in caught.value.message


def test_a_link_loop_and_an_endless_name_can_be_told_from_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileUnavailable, match="symbolic links") as caught:
        read_regular(tmp_path / "loop", 100)
    assert caught.value.number == errno.ELOOP
    with pytest.raises(FileUnavailable, match="too long"):
        read_regular(tmp_path / ("x" * 300), 100)


def test_text_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("Zoë".encode())
    assert read_regular_text(tmp_path / "f", 100) == "Zoë"
    (tmp_path / "f").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_regular_text(tmp_path / "f", 100)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain.wasm", "plain.wasm"),
        ("Zoë 日本.wasm".encode(), "Zoë 日本.wasm"),
        (b"bad\xff.wasm", r"bad\xff.wasm"),
        (b"a\nb\x1b[2J", r"a\x0ab\x1b[2J"),
        ("x\u202emsaw.\u2028".encode(), r"x\u202emsaw.\u2028"),
        ("tag\U000e0041".encode(), r"tag\U000e0041"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
    ],
)
def test_names_are_shown_escaped(name: bytes, shown: str) -> None:
    assert escaped(os.fsdecode(name)) == shown


def test_errors_show_names_escaped(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"bad\\xff\.wasm"):
        read_regular(tmp_path / os.fsdecode(b"bad\xff.wasm"), 100)
