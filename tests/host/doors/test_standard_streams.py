"""Standard streams over every kind of descriptor: nothing blocks, nothing is lost, the end is the end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from airssys_tui.host.doors import standard_streams
from airssys_tui.host.doors.standard_streams import StandardInput, StandardOutput, StreamOver, lead_to_one


@pytest.fixture(params=["pipe", "socket", "shared"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Two ends: a pipe that is opened anew, a socket, and a pipe on a system that cannot open it anew."""
    if request.param == "shared":
        monkeypatch.setattr(standard_streams, "_OPENED", "/nowhere")
    if request.param == "socket":
        pair = socket.socketpair()
        return pair[0].detach(), pair[1].detach()
    return os.pipe()


def close(*numbers: int) -> None:
    for number in numbers:
        os.close(number)


def test_input_is_there_or_not_and_ends(ends: tuple[int, int]) -> None:
    reads, writes = ends
    source = StandardInput(reads)
    assert (source.is_ready(), source.read(10), source.terminal) == (False, b"", False)
    assert source.waitable().descriptor >= 0
    os.write(writes, b"twelve bytes")
    assert source.is_ready()
    assert (source.read(5), source.read(100)) == (b"twelv", b"e bytes")
    os.close(writes)
    assert source.is_ready()
    with pytest.raises(StreamOver):
        source.read(1)
    source.close()
    os.close(reads)


def test_output_that_is_not_taken_waits_in_order(ends: tuple[int, int]) -> None:
    reads, writes = ends
    target = StandardOutput(writes)
    every = bytes(range(256)) * 4_096
    assert not target.write(every)
    assert not target.write(b"!")
    got = bytearray()
    while not target.write():
        got += os.read(reads, 100_000)
        target.await_room(0.0)
    target.close()
    os.close(writes)
    while data := os.read(reads, 100_000):
        got += data
    assert bytes(got) == every + b"!"
    os.close(reads)


def test_a_reader_that_is_gone_stays_gone(ends: tuple[int, int]) -> None:
    reads, writes = ends
    target = StandardOutput(writes)
    assert target.write(b"x")
    os.close(reads)
    kept: list[int] = []
    for _ in range(3):
        with pytest.raises(StreamOver) as gone:
            target.write(b"y")
        kept.append(len(gone.traceback))
    assert len(set(kept)) == 1, "what was written is not kept by the tracebacks"
    target.close()
    os.close(writes)


def test_the_flags_of_what_others_share_stay_as_they_are() -> None:
    reads, writes = os.pipe()
    streams = StandardInput(reads), StandardOutput(writes)
    assert os.get_blocking(reads)
    assert os.get_blocking(writes)
    for stream in streams:
        stream.close()
    close(reads, writes)


def test_a_file_is_read_where_it_stands_and_written_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    reads = os.open(file, os.O_RDONLY)
    os.lseek(reads, 4, os.SEEK_SET)
    source = StandardInput(reads)
    assert (source.is_ready(), source.read(3)) == (True, b"456")
    assert os.lseek(reads, 0, os.SEEK_CUR) == 7  # the next program of a script goes on here
    writes = os.open(file, os.O_WRONLY | os.O_APPEND)
    target = StandardOutput(writes)
    assert target.write(b"abc")
    assert source.read(100) == b"789abc"
    with pytest.raises(StreamOver):
        source.read(1)
    close(reads, writes)


def test_a_pipe_with_a_name_tells_of_its_end(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reads = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reads, True)
    writes = os.open(fifo, os.O_WRONLY)
    os.write(writes, b"x")
    os.close(writes)
    source = StandardInput(reads)
    assert source.read(10) == b"x"
    assert source.is_ready()
    with pytest.raises(StreamOver):
        source.read(10)
    os.close(reads)


def test_a_terminal_that_takes_nothing_blocks_nobody() -> None:
    master, slave = os.openpty()
    target = StandardOutput(slave)
    assert target.terminal
    while target.write(b"x" * 1_000):
        pass
    while not target.write():
        os.read(master, 10_000)
    target.close()
    close(master, slave)


def test_an_output_that_is_full_says_so() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    target = StandardOutput(full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            target.write(b"x")
    target.close()
    os.close(full)


def test_what_is_not_there_is_at_its_end() -> None:
    assert StandardInput(None).is_ready()
    with pytest.raises(StreamOver):
        StandardInput(None).read(1)
    with pytest.raises(StreamOver):
        StandardOutput(None).write(b"x")
    assert StandardOutput(None).write()


def test_out_and_error_of_one_pipe_keep_their_order(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    again, other = os.dup(writes), os.open(tmp_path, os.O_RDONLY)
    assert lead_to_one(writes, again)
    assert not lead_to_one(writes, other)
    assert not lead_to_one(writes, None)
    close(reads, writes, again, other)
