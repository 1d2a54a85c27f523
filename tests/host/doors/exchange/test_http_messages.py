"""Requests and responses: what may be set, and what is given once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import FieldRefusal, Fields
from airssys_tui.host.doors.exchange.http_messages import (
    IncomingRequest,
    IncomingResponse,
    OutgoingRequest,
    OutgoingResponse,
)
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody
from airssys_tui.host.doors.exchange.response_slot import NO_ANSWER, ResponseSlot


@pytest.mark.parametrize(
    ("part", "text"),
    [
        *(("method", text) for text in ("GET", "get", "M-SEARCH", "x" * 60)),
        *(("target", text) for text in (None, "", "/", "/a/b?c=%20&d=[e]", "?q", "*")),
        *(("scheme", text) for text in (None, "http", "HTTPS", "a+b.c-9")),
        *(
            ("authority", text)
            for text in (None, "a", "a.example:80", "127.0.0.1", "[::1]:65535", "user:pw@host", "a_b", "%41")
        ),
    ],
)
def test_parts_that_can_be_set(part: str, text: str | None) -> None:
    request = OutgoingRequest(Fields())
    assert getattr(request, f"set_{part}")(text)
    assert getattr(request, part) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        *(("method", text) for text in ("", "G T", "GET\r\n", "GÉT", "a:b")),
        *(("target", text) for text in ("a", "/a b", "/a#b", "/\r\nx: y", "/ä", "/\\", "/\x7f", "**")),
        *(("scheme", text) for text in ("", "9p", "http:", "ht tp", "é")),
        *(
            ("authority", text)
            for text in ("", "a b", "a:0", "a:65536", "a:", "a:x", "[::1", "a/b", "a?b", "a\r\n", "a@b@c", ":80", "é")
        ),
    ],
)
def test_parts_that_cannot_be_set(part: str, text: str) -> None:
    request = OutgoingRequest(Fields())
    before = getattr(request, part)
    assert not getattr(request, f"set_{part}")(text)
    assert getattr(request, part) == before


@given(st.text(max_size=8))
def test_no_part_can_end_a_line(text: str) -> None:
    request = OutgoingRequest(Fields())
    for part in ("method", "target", "scheme", "authority"):
        if getattr(request, f"set_{part}")(text):
            assert text.isascii()
            assert text.isprintable()
            assert " " not in text


@pytest.mark.parametrize("status", [100, 200, 999])
def test_a_status(status: int) -> None:
    response = OutgoingResponse(Fields())
    assert response.status == 200
    assert response.set_status(status)
    assert response.status == status


@pytest.mark.parametrize("status", [0, 99, 1000, 65_535])
def test_what_is_no_status(status: int) -> None:
    response = OutgoingResponse(Fields())
    assert not response.set_status(status)
    assert response.status == 200


@pytest.mark.parametrize(
    ("kind", "code"), [(OutgoingRequest, FaultCode.REQUEST_BODY_SIZE), (OutgoingResponse, FaultCode.RESPONSE_BODY_SIZE)]
)
def test_a_body_is_given_once_and_keeps_its_promise(
    kind: type[OutgoingRequest | OutgoingResponse], code: FaultCode
) -> None:
    fields = Fields([("Content-Length", b"2")])
    message = kind(fields)
    with pytest.raises(FieldRefusal):
        fields.append("x", b"y")
    body = message.open_body()
    assert body is message.body
    assert message.open_body() is None
    assert body is not None
    assert body.finish() == ExchangeFault(code, number=0)


@pytest.mark.parametrize("kind", [OutgoingRequest, OutgoingResponse])
def test_a_length_that_is_none_has_no_body(kind: type[OutgoingRequest | OutgoingResponse]) -> None:
    message = kind(Fields([("content-length", b"x")]))
    assert message.open_body() is None
    assert message.body is None


def incoming(kind: type[IncomingRequest | IncomingResponse], body: IncomingBody) -> IncomingRequest | IncomingResponse:
    if kind is IncomingRequest:
        return IncomingRequest("GET", "/", scheme="http", authority=None, fields=Fields(), body=body)
    return IncomingResponse(200, Fields(), body)


@pytest.mark.parametrize("kind", [IncomingRequest, IncomingResponse])
def test_a_body_is_consumed_once(kind: type[IncomingRequest | IncomingResponse]) -> None:
    body = IncomingBody(BodyPipe())
    message = incoming(kind, body)
    assert message.consume() is body
    assert message.consume() is None
    message.drop()
    assert not body.pipe.abandoned, "it is the component's now"


@pytest.mark.parametrize("kind", [IncomingRequest, IncomingResponse])
def test_a_message_is_given_up_with_its_body(kind: type[IncomingRequest | IncomingResponse]) -> None:
    body = IncomingBody(BodyPipe())
    incoming(kind, body).drop()
    assert body.pipe.abandoned


def test_the_first_answer_counts() -> None:
    told: list[None] = []
    slot = ResponseSlot(lambda: told.append(None))
    response = OutgoingResponse(Fields())
    slot.set(response)
    slot.set(ExchangeFault(FaultCode.INTERNAL_ERROR))
    slot.drop()
    assert slot.outcome is response
    assert len(told) == 1


def test_a_slot_that_is_dropped_is_an_answer() -> None:
    told: list[None] = []
    slot = ResponseSlot(lambda: told.append(None))
    slot.drop()
    assert slot.outcome == NO_ANSWER
    assert len(told) == 1


def test_interim_responses_are_for_servers_that_send_them() -> None:
    told: list[tuple[int, Fields]] = []
    fields = Fields()
    slot = ResponseSlot(lambda: None, lambda status, hints: told.append((status, hints)))
    assert slot.inform(103, fields) is None
    assert told == [(103, fields)]
    assert slot.inform(200, fields) == ExchangeFault(FaultCode.PROTOCOL_ERROR)
    assert slot.inform(99, fields) == ExchangeFault(FaultCode.PROTOCOL_ERROR)
    slot.set(OutgoingResponse(Fields()))
    assert slot.inform(103, fields) == ExchangeFault(FaultCode.PROTOCOL_ERROR), "it is too late"
    unable = ResponseSlot(lambda: None).inform(103, fields)
    assert unable is not None
    assert unable.code is FaultCode.INTERNAL_ERROR
    assert len(told) == 1


def test_a_fault_is_one_line() -> None:
    assert str(ExchangeFault(FaultCode.DNS_ERROR, "NXDOMAIN", 3)) == "DNS-error: NXDOMAIN, 3"
    assert str(ExchangeFault(FaultCode.DNS_TIMEOUT)) == "DNS-timeout"
