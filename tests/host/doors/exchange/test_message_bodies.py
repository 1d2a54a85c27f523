"""Bodies as components have them: once, in order, with the length that was promised."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import HostFault
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.message_bodies import UNFINISHED, IncomingBody, OutgoingBody

BROKEN = ExchangeFault(FaultCode.CONNECTION_TERMINATED)


class Counted:
    """An incoming body that counts how often it was given up."""

    def __init__(self) -> None:
        self.closed = 0
        self.pipe = BodyPipe()
        self.body = IncomingBody(self.pipe, self._close)

    def _close(self) -> None:
        self.closed += 1


# what is received


def test_a_stream_is_given_once() -> None:
    counted = Counted()
    assert counted.body.stream() is counted.pipe
    assert counted.body.stream() is None
    counted.body.unstream()
    assert counted.body.stream() is None


@pytest.mark.parametrize("trailers", [None, Fields([("x", b"y")])])
def test_trailers_come_when_everything_came(trailers: Fields | None) -> None:
    counted = Counted()
    counted.pipe.write(b"nobody reads it")
    future = counted.body.finish()
    assert not future.is_ready(None)
    counted.pipe.end(trailers)
    assert future.is_ready(None)
    assert future.take() is trailers
    assert future.taken
    assert future.is_ready(None)
    future.drop()
    assert counted.closed == 1


def test_a_body_that_breaks_ends_as_a_fault() -> None:
    counted = Counted()
    future = counted.body.finish()
    counted.pipe.fail(BROKEN)
    assert future.take() == BROKEN


def test_a_body_is_not_finished_while_its_stream_is_there() -> None:
    counted = Counted()
    counted.body.stream()
    with pytest.raises(HostFault, match="before its input-stream"):
        counted.body.finish()
    assert counted.pipe.abandoned
    assert counted.closed == 1


def test_a_body_that_is_given_up_frees_its_writer() -> None:
    counted = Counted()
    counted.body.drop()
    assert counted.pipe.abandoned
    assert counted.closed == 1


# what is sent


def test_what_was_promised_is_written() -> None:
    body = OutgoingBody(4, FaultCode.REQUEST_BODY_SIZE)
    assert body.stream() is body
    assert body.stream() is None
    assert body.write(b"four") is None
    body.unstream()
    assert body.finish(Fields([("x", b"y")])) is None
    assert body.pipe.read(9) == b"four"
    assert body.pipe.over
    trailers = body.pipe.trailers
    assert trailers is not None
    assert trailers.has("x")


def test_less_than_was_promised() -> None:
    body = OutgoingBody(5, FaultCode.RESPONSE_BODY_SIZE)
    body.write(b"four")
    fault = ExchangeFault(FaultCode.RESPONSE_BODY_SIZE, number=4)
    assert body.finish() == fault
    body.pipe.read(9)
    assert body.pipe.fault == fault


def test_more_than_was_promised() -> None:
    body = OutgoingBody(3, FaultCode.REQUEST_BODY_SIZE)
    fault = ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=4)
    assert body.write(b"four") == fault
    assert body.pipe.fault == fault
    assert body.pipe.moved == 0
    assert body.write(b"more") == ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=8)


def test_nothing_was_promised() -> None:
    body = OutgoingBody(None, FaultCode.REQUEST_BODY_SIZE)
    body.write(b"anything")
    assert body.finish() is None


def test_a_body_that_is_dropped_is_incomplete() -> None:
    body = OutgoingBody(None, FaultCode.REQUEST_BODY_SIZE)
    body.drop()
    assert body.pipe.fault == UNFINISHED
    assert body.write(b"late") is None
    assert body.pipe.moved == 0


def test_a_body_is_not_finished_while_somebody_may_write() -> None:
    body = OutgoingBody(None, FaultCode.REQUEST_BODY_SIZE)
    body.stream()
    with pytest.raises(HostFault, match="before its output-stream"):
        body.finish()
    assert body.pipe.fault == UNFINISHED
