"""Bytes of connections: what the system has no room for is sent later, and nothing of it is lost or kept for ever."""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.host.doors.network.holdings import Sort
from airssys_tui.host.doors.network.sockets.byte_flow import MOST_LEFT, ByteFlow, Direction
from airssys_tui.host.doors.network.sockets.remainders import REMAINDERS, Remainders
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket, TcpState
from tests.support.network import PATIENCE
from tests.support.socket_door import Desk, refused

PIECE = bytes(range(256)) * (MOST_LEFT // 256)


def fill(desk: Desk, sender: TcpSocket) -> int:
    """Write until there is no room; return how many bytes were taken."""
    count = 0
    while sender.has_room():
        sender.send(desk.call, PIECE)
        count += len(PIECE)
    return count


def all_of(desk: Desk, taken: TcpSocket) -> bytes:
    """Read to the end."""
    pieces = []
    while piece := desk.await_bytes(taken):
        pieces.append(piece)
    return b"".join(pieces)


def test_what_is_left_is_sent_while_the_component_does_something_else(desk: Desk) -> None:
    began, taken = desk.pair()
    count = fill(desk, began)
    assert not began.may_send()
    assert len(REMAINDERS) == 1
    with refused("would-block"):
        began.send(desk.call, b"x")
    received = b""
    while len(received) < count:
        received += desk.await_bytes(taken)
    assert received == PIECE * (count // len(PIECE))
    assert began.may_send()
    assert began.has_room()


def test_more_than_the_bound_is_never_taken(desk: Desk) -> None:
    began, _ = desk.pair()
    with refused("would-block"):
        began.send(desk.call, bytes(MOST_LEFT + 1))


def test_ending_a_direction_loses_nothing(desk: Desk) -> None:
    began, taken = desk.pair()
    count = fill(desk, began)
    began.shutdown([Direction.SEND])
    began.shutdown([Direction.SEND])
    assert began.has_ended(Direction.SEND)
    assert all_of(desk, taken) == PIECE * (count // len(PIECE))


def test_dropping_a_connection_loses_nothing(desk: Desk) -> None:
    began, taken = desk.pair()
    count = fill(desk, began)
    began.drop()
    assert desk.door.holdings.count(Sort.CONNECTION) == 2, "it counts as long as something is left"
    assert all_of(desk, taken) == PIECE * (count // len(PIECE))
    wait_until(lambda: began.state is TcpState.CLOSED)
    assert desk.door.holdings.count(Sort.CONNECTION) == 1


def wait_until(met: Callable[[], bool]) -> None:
    end = perf_counter_ns() + int(PATIENCE * 1e9)
    wakes = threading.Event()
    while not met():
        assert perf_counter_ns() < end
        wakes.wait(0.001)


def test_nobody_waits_for_ever_for_one_who_does_not_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airssys_tui.host.doors.network.sockets.byte_flow.LINGER_NS", 1_000_000)
    began, _ = desk.pair()
    fill(desk, began)
    began.drop()
    wait_until(lambda: began.state is TcpState.CLOSED and not len(REMAINDERS))


def test_a_bound_that_comes_later_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = threading.Event()
    real = selectors.DefaultSelector.select

    def select(selector: selectors.BaseSelector, timeout: float | None = None) -> Any:
        if timeout is None:
            patient.set()
        return real(selector, timeout)  # type: ignore[arg-type]

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    monkeypatch.setattr("airssys_tui.host.doors.network.sockets.byte_flow.LINGER_NS", 1_000_000)
    began, _ = desk.pair()
    fill(desk, began)
    assert patient.wait(PATIENCE)
    began.drop()
    wait_until(lambda: began.state is TcpState.CLOSED)


def test_the_end_of_the_instance_ends_what_is_left(desk: Desk) -> None:
    began, _ = desk.pair()
    fill(desk, began)
    began.drop()
    desk.door.close()
    assert began.state is TcpState.CLOSED
    assert not len(REMAINDERS)


def test_the_thread_is_there_only_while_something_is_left(desk: Desk) -> None:
    began, taken = desk.pair()
    fill(desk, began)
    assert any(thread.name == "airssys-remainders" for thread in threading.enumerate())
    began.shutdown([Direction.SEND])
    all_of(desk, taken)
    wait_until(lambda: all(thread.name != "airssys-remainders" for thread in threading.enumerate()))


def test_without_a_thread_it_is_sent_when_the_component_comes_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    began, taken = desk.pair()
    count = fill(desk, began)
    assert not len(REMAINDERS)
    received = 0
    while received < count:
        began.may_send()
        received += len(desk.await_bytes(taken))
    assert began.has_room()
    fill(desk, began)
    began.drop()
    assert began.state is TcpState.CLOSED


def test_nothing_is_received_after_that_direction_was_ended(desk: Desk) -> None:
    began, taken = desk.pair()
    taken.send(desk.call, b"late")
    desk.call.wait((began.waitable(1),))
    began.shutdown([Direction.RECEIVE])
    assert began.receive(desk.call, 10) == b""
    assert began.has_ended(Direction.RECEIVE)
    assert not began.has_ended(Direction.SEND)


def test_a_reset_is_told_to_who_reads_and_ends_who_writes(desk: Desk) -> None:
    began, taken = desk.pair()
    with taken.using() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    taken.close()
    with refused("connection-reset"):
        desk.await_bytes(began)
    began.send(desk.call, b"x")
    assert began.has_ended(Direction.SEND)
    began.shutdown([Direction.SEND])


def test_a_reset_while_something_is_left_is_told_once(desk: Desk) -> None:
    began, taken = desk.pair()
    fill(desk, began)
    with taken.using() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    taken.close()
    wait_until(began.may_send)
    with refused("connection-reset"):
        began.has_room()
    assert began.has_room()


class _Stuttering:
    """A socket that takes as many bytes at a time as it is told, and between them none."""

    def __init__(self, takes: list[int]) -> None:
        self.takes = takes
        self.sent = b""

    def fileno(self) -> int:
        return -1

    def send(self, data: memoryview) -> int:
        count = min(self.takes.pop(0), len(data)) if self.takes else len(data)
        if not count:
            raise BlockingIOError(errno.EAGAIN, "no room")
        self.sent += bytes(data[:count])
        return count


@given(st.lists(st.integers(0, 40), max_size=60), st.lists(st.binary(max_size=100), max_size=10))
def test_bytes_arrive_in_order_whatever_the_system_takes(takes: list[int], pieces: list[bytes]) -> None:
    taking = _Stuttering(takes)
    flow = ByteFlow(taking, lambda: None)  # type: ignore[arg-type]
    for piece in pieces:
        while not flow.has_room():
            pass
        flow.send(piece)
    while not flow.may_go_on():
        pass
    assert taking.sent == b"".join(pieces)


class _Written:
    """What is left of a connection, to which something is added just when everything was sent."""

    def __init__(self, opened: socket.socket) -> None:
        self.opened = opened
        self.left = [False, True, False, False]
        self.ended = threading.Event()

    def fileno(self) -> int:
        return self.opened.fileno()

    def push(self) -> bool:
        return self.left.pop(0)

    def done(self) -> None:
        self.ended.set()


def test_what_is_written_just_when_all_was_sent_is_not_forgotten() -> None:
    remainders = Remainders()
    one, other = socket.socketpair()
    with one, other:
        written = _Written(one)
        remainders.keep(written)
        assert written.ended.wait(PATIENCE)
        assert not written.left
        wait_until(lambda: not len(remainders))
