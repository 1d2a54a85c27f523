"""The pipe of a body: what is written is what is read, never more than it keeps, and either end can be waited for."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields
from tests.support.network import StandingCall

BROKEN = ExchangeFault(FaultCode.CONNECTION_TERMINATED)
TRAILERS = Fields([("x", b"y")])


def waits_for(waitable: Waitable) -> bool:
    """Return whether the thread of a call would wait."""
    return not StandingCall().wait((waitable, Waitable(due_ns=0)))[:-1]


@given(st.integers(1, 20), st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_what_is_written_is_read_in_order_and_never_more_than_fits(
    capacity: int, steps: list[tuple[bool, int]]
) -> None:
    pipe = BodyPipe(capacity)
    reading, writing = pipe.until_readable(), pipe.until_writable()
    sent, got = b"", b""
    for writes, count in steps:
        if writes:
            data = bytes((len(sent) + each) % 251 for each in range(count))
            room = pipe.room
            taken = pipe.write(data)
            assert taken == min(room, count)
            sent += data[:taken]
        else:
            data = pipe.read(count)
            assert len(data) <= count
            got += data
        here = len(sent) - len(got)
        assert pipe.waiting == here <= capacity
        assert waits_for(reading) == (here == 0)
        assert waits_for(writing) == (pipe.room == 0)
        assert pipe.room in {0, capacity - here}
        assert not pipe.over
    pipe.end(TRAILERS)
    assert not waits_for(reading)
    got += pipe.read(capacity)
    assert (got, pipe.moved) == (sent, len(sent))
    assert pipe.over
    assert pipe.trailers is TRAILERS


def test_a_full_pipe_has_room_again_when_a_quarter_is_free() -> None:
    pipe = BodyPipe(100)
    assert pipe.write(bytes(200)) == 100
    pipe.read(24)
    assert (pipe.room, pipe.write(b"x")) == (0, 0)
    pipe.read(1)
    assert pipe.room == 25


def test_an_end_comes_after_everything_that_was_written() -> None:
    pipe = BodyPipe()
    pipe.write(b"rest")
    pipe.fail(BROKEN)
    assert (pipe.over, pipe.fault, pipe.trailers) == (False, None, None)
    assert pipe.read(3) == b"res"
    assert not pipe.over
    assert pipe.read(3) == b"t"
    assert (pipe.over, pipe.fault) == (True, BROKEN)
    assert pipe.read(3) == b""


def test_only_the_first_end_counts() -> None:
    pipe = BodyPipe()
    pipe.end()
    pipe.fail(BROKEN)
    assert pipe.over
    assert pipe.fault is None
    with pytest.raises(ValueError, match="ended"):
        pipe.write(b"x")


def test_who_discards_learns_the_end_and_stops_nobody() -> None:
    pipe = BodyPipe(4)
    reading = pipe.until_readable()
    pipe.write(b"full")
    assert not waits_for(reading)
    pipe.discard()
    assert waits_for(reading)
    assert pipe.write(b"more") == 4
    assert (pipe.room, pipe.read(9), pipe.over) == (4, b"", False)
    pipe.end(TRAILERS)
    assert not waits_for(reading)
    assert pipe.trailers is TRAILERS
    assert pipe.moved == 8


def test_a_reader_that_leaves_frees_the_writer() -> None:
    pipe = BodyPipe(4)
    writing = pipe.until_writable()
    pipe.write(b"full")
    assert waits_for(writing)
    pipe.abandon()
    assert not waits_for(writing)
    assert pipe.abandoned


def test_an_end_frees_a_writer_that_another_thread_failed() -> None:
    pipe = BodyPipe(4)
    writing = pipe.until_writable()
    pipe.write(b"full")
    pipe.fail(BROKEN)
    assert not waits_for(writing)
    assert pipe.closed


def test_two_threads_that_wait_move_everything() -> None:
    pipe = BodyPipe(1_000)
    data = bytes(range(256)) * 200

    def write() -> None:
        call, left = StandingCall(), memoryview(data)
        while left:
            call.wait((pipe.until_writable(),))
            left = left[pipe.write(left[:700]) :]
        pipe.end()

    writer = threading.Thread(target=write)
    writer.start()
    call, got = StandingCall(), b""
    while not pipe.over:
        call.wait((pipe.until_readable(),))
        got += pipe.read(300)
    writer.join()
    assert got == data


def test_a_loop_is_told() -> None:
    pipe = BodyPipe(1_000)
    data = bytes(range(256)) * 200

    def write() -> None:
        call, left = StandingCall(), memoryview(data)
        while left:
            call.wait((pipe.until_writable(),))
            left = left[pipe.write(left[:700]) :]
        pipe.end()

    async def read() -> bytes:
        loop, here, got = asyncio.get_running_loop(), asyncio.Event(), b""
        pipe.on_readable(lambda: loop.call_soon_threadsafe(here.set))
        while not pipe.over:
            here.clear()
            got += pipe.read(300)
            if not pipe.waiting and not pipe.over:
                await here.wait()
        return got

    writer = threading.Thread(target=write)
    writer.start()
    assert asyncio.run(read()) == data
    writer.join()


def test_it_tells_only_what_is_new() -> None:
    pipe, told = BodyPipe(4), []
    pipe.on_readable(lambda: told.append("read"))
    pipe.on_writable(lambda: told.append("write"))
    assert told == ["write"], "there is room already"
    pipe.write(b"ab")
    pipe.write(b"cd")
    assert told == ["write", "read"], "it was readable already"
    pipe.read(1)
    assert told == ["write", "read", "write"]
    pipe.read(9)
    pipe.end()
    assert told == ["write", "read", "write", "read", "write"]
    pipe.on_readable(lambda: told.append("again"))
    assert told[-1] == "again", "what is over already"


class Filling:
    """A driver that brings one byte each time."""

    def __init__(self) -> None:
        self.pipe = BodyPipe(2, driver=self)
        self.callers: list[Any] = []

    def advance(self, caller: Any) -> None:
        self.callers.append(caller)
        self.pipe.write(b"x")

    def waitable(self) -> Waitable:
        return Waitable(due_ns=7)


def test_whoever_waits_drives() -> None:
    driver = Filling()
    pipe = driver.pipe
    assert pipe.until_readable() == pipe.until_writable() == Waitable(due_ns=7)
    assert pipe.is_readable("caller")
    assert pipe.is_readable("caller")
    assert driver.callers == ["caller"], "nobody drives what is there already"
    pipe.write(b"y")
    assert not pipe.is_writable("caller")
    assert driver.callers == ["caller"] * 2
    assert pipe.read(2) == b"xy"
    assert pipe.is_writable("caller")
    assert driver.callers == ["caller"] * 2


def test_without_a_driver_nobody_drives() -> None:
    pipe = BodyPipe(1)
    assert not pipe.is_readable(None)
    assert pipe.is_writable(None)
