"""``wasi:http/types`` called by a real component: fields, messages, bodies, and what becomes of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import MOST_FIELDS, Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingRequest, IncomingResponse, OutgoingResponse
from airssys_tui.host.doors.exchange.message_bodies import UNFINISHED, FutureTrailers, IncomingBody
from airssys_tui.host.doors.exchange.response_slot import NO_ANSWER, ResponseSlot
from airssys_tui.host.wasi.stream_end import IoError
from tests.support.wasi.web_desk import CLOSED, STREAMS, WebDesk, web_desk

BROKEN = ExchangeFault(FaultCode.CONNECTION_TERMINATED)
REFUSED = {name: Err(Variant(name)) for name in ("invalid-syntax", "forbidden", "immutable")}


@pytest.fixture
def guest(engine: Engine) -> Iterator[WebDesk]:
    with web_desk(engine) as made:
        yield made


def trapped(caught: pytest.ExceptionInfo[GuestTrap], text: str) -> bool:
    return caught.value.trap.kind is TrapKind.HOST_ERROR and text in caught.value.trap.message


# fields


def test_fields(guest: WebDesk) -> None:
    made = guest.types("new-fields")
    assert guest.types("fields.entries", made) == []
    assert guest.types("fields.append", made, "X-One", b"1") == Ok()
    assert guest.types("fields.append", made, "x-one", b"\xff") == Ok()
    assert guest.types("fields.set", made, "B", [b"", b"2"]) == Ok()
    assert guest.types("fields.get", made, "x-ONE") == [b"1", b"\xff"]
    assert guest.types("fields.get", made, "nothing") == guest.types("fields.get", made, "\n") == []
    assert guest.types("fields.has", made, "b")
    assert not guest.types("fields.has", made, "c")
    assert not guest.types("fields.has", made, "")
    copy = guest.types("fields.clone", made)
    assert guest.types("fields.delete", made, "X-One") == Ok()
    assert guest.types("fields.delete", made, "x-none") == Ok()
    assert guest.types("fields.entries", made) == [("B", b""), ("B", b"2")]
    assert guest.types("fields.entries", copy) == [("X-One", b"1"), ("x-one", b"\xff"), ("B", b""), ("B", b"2")]
    guest.drop("fields", made)
    assert guest.types("fields.append", copy, "c", b"") == Ok(), "the copy is its own"


def test_fields_that_are_none(guest: WebDesk) -> None:
    made = guest.types("new-fields")
    for name, value, why in (
        ("a b", b"", "invalid-syntax"),
        ("a", b"\n", "invalid-syntax"),
        ("Host", b"", "forbidden"),
    ):
        assert guest.types("fields.from-list", [("ok", b""), (name, value)]) == REFUSED[why]
        assert guest.types("fields.append", made, name, value) == REFUSED[why]
        assert guest.types("fields.set", made, name, [value]) == REFUSED[why]
    assert guest.types("fields.delete", made, "") == REFUSED["invalid-syntax"]
    assert guest.types("fields.delete", made, "connection") == REFUSED["forbidden"]
    assert guest.types("fields.entries", made) == []


def test_more_fields_than_there_may_be(guest: WebDesk) -> None:
    made = guest.fields(*[("a", b"")] * MOST_FIELDS)
    with pytest.raises(GuestTrap) as caught:
        guest.types("fields.append", made, "a", b"")
    assert trapped(caught, "256 lines")


@pytest.mark.parametrize("kind", ["request", "response"])
def test_the_fields_of_a_message_cannot_be_changed(guest: WebDesk, kind: str) -> None:
    message = guest.types(f"new-outgoing-{kind}", guest.fields(("a", b"1")))
    fields, again = (guest.types(f"outgoing-{kind}.headers", message) for _ in range(2))
    assert fields != again
    assert guest.types("fields.append", fields, "b", b"") == REFUSED["immutable"]
    assert guest.types("fields.set", fields, "a", []) == REFUSED["immutable"]
    assert guest.types("fields.delete", fields, "a") == REFUSED["immutable"]
    guest.drop(f"outgoing-{kind}", message)
    assert guest.types("fields.get", again, "a") == [b"1"], "they outlive their message"
    copy = guest.types("fields.clone", fields)
    assert guest.types("fields.delete", copy, "a") == Ok()


# requests that a guest makes


def test_a_new_request(guest: WebDesk) -> None:
    made = guest.types("new-outgoing-request", guest.types("new-fields"))
    assert guest.types("outgoing-request.method", made) == Variant("get")
    for part in ("path-with-query", "scheme", "authority"):
        assert guest.types(f"outgoing-request.{part}", made) is None


@pytest.mark.parametrize(
    ("part", "value", "other"),
    [
        *(
            ("method", Variant(name), Variant("other", "a b"))
            for name in ("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch")
        ),
        ("method", Variant("other", "get"), Variant("other", "")),
        ("path-with-query", Some("/a?b"), Some("a b")),
        ("scheme", Some(Variant("HTTP")), Some(Variant("other", "1"))),
        ("scheme", Some(Variant("HTTPS")), Some(Variant("other", ""))),
        ("scheme", Some(Variant("other", "x+y")), Some(Variant("other", "x y"))),
        ("authority", Some("[::1]:80"), Some("a b")),
    ],
    ids=str,
)
def test_the_parts_of_a_request(guest: WebDesk, part: str, value: object, other: object) -> None:
    made = guest.types("new-outgoing-request", guest.types("new-fields"))
    assert guest.types(f"outgoing-request.set-{part}", made, value) == Ok()
    assert guest.types(f"outgoing-request.{part}", made) == value
    assert guest.types(f"outgoing-request.set-{part}", made, other) == Err()
    assert guest.types(f"outgoing-request.{part}", made) == value
    if isinstance(value, Some):
        assert guest.types(f"outgoing-request.set-{part}", made, None) == Ok()
        assert guest.types(f"outgoing-request.{part}", made) is None


def test_another_word_for_a_method_is_that_method(guest: WebDesk) -> None:
    made = guest.types("new-outgoing-request", guest.types("new-fields"))
    guest.types("outgoing-request.set-method", made, Variant("other", "PUT"))
    assert guest.types("outgoing-request.method", made) == Variant("put")


@pytest.mark.parametrize("name", ["connect", "first-byte", "between-bytes"])
def test_times(guest: WebDesk, name: str) -> None:
    made = guest.types("new-request-options")
    for value in (None, Some(0), Some(2**64 - 1), None):
        assert guest.types(f"request-options.set-{name}-timeout", made, value) == Ok()
        assert guest.types(f"request-options.{name}-timeout", made) == value


# responses that a guest makes


def test_a_response(guest: WebDesk) -> None:
    made = guest.types("new-outgoing-response", guest.fields(("a", b"1")))
    assert guest.types("outgoing-response.status-code", made) == 200
    assert guest.types("outgoing-response.set-status-code", made, 404) == Ok()
    assert guest.types("outgoing-response.set-status-code", made, 99) == Err()
    assert guest.types("outgoing-response.status-code", made) == 404


def test_a_response_is_handed_over(guest: WebDesk) -> None:
    told: list[None] = []
    slot = ResponseSlot(lambda: told.append(None))
    number = guest.give("response-outparam", slot)
    made = guest.types("new-outgoing-response", guest.fields(("a", b"1")))
    body = guest.types("outgoing-response.body", made).value
    assert guest.types("response-outparam.set", number, Ok(made)) is None
    assert len(told) == 1
    response = slot.outcome
    assert isinstance(response, OutgoingResponse)
    assert list(response.fields.entries()) == [("a", b"1")]
    assert response.body is not None
    stream = guest.types("outgoing-body.write", body).value
    assert guest.write(stream, b"body") == Ok()
    assert guest.finish(body, stream, guest.fields(("x", b"y"))) == Ok()
    pipe = response.body.pipe
    assert pipe.read(100) == b"body"
    assert pipe.over
    assert pipe.trailers is not None
    assert list(pipe.trailers.entries()) == [("x", b"y")]


def test_a_reader_that_is_slow_keeps_the_guest_waiting(guest: WebDesk) -> None:
    pipe, stream = answering(guest)
    fill(guest, stream)
    assert guest.call(STREAMS + "[method]output-stream.check-write", stream) == Ok(0)
    with pytest.raises(GuestTrap) as caught:
        guest.call(STREAMS + "[method]output-stream.blocking-flush", stream, deadline=0.02)
    assert caught.value.trap.kind is TrapKind.DEADLINE
    assert guest.tenant.blocked >= 1
    assert pipe.moved == 65_536


def test_a_reader_that_reads_lets_the_guest_go_on(guest: WebDesk) -> None:
    pipe, stream = answering(guest)
    fill(guest, stream)
    guest.tenant.at_block.append(lambda: threading.Thread(target=pipe.read, args=(65_536,)).start())
    assert guest.write(stream, b"more") == Ok()
    assert pipe.read(100) == b"more"


def fill(guest: WebDesk, stream: int) -> None:
    """Write until there is no room."""
    for _ in range(15):
        assert guest.write(stream, bytes(4_096)) == Ok()
    assert guest.call(STREAMS + "[method]output-stream.check-write", stream) == Ok(4_096)
    assert guest.call(STREAMS + "[method]output-stream.write", stream, bytes(4_096)) == Ok()


def answering(guest: WebDesk) -> tuple[BodyPipe, int]:
    """Have the guest answer; return the pipe of its body and the stream that it writes to."""
    slot = ResponseSlot(lambda: None)
    number = guest.give("response-outparam", slot)
    made = guest.types("new-outgoing-response", guest.fields())
    body = guest.types("outgoing-response.body", made).value
    guest.types("response-outparam.set", number, Ok(made))
    assert isinstance(slot.outcome, OutgoingResponse)
    assert slot.outcome.body is not None
    return slot.outcome.body.pipe, guest.types("outgoing-body.write", body).value


def test_a_reader_that_leaves_is_a_closed_stream(guest: WebDesk) -> None:
    pipe, stream = answering(guest)
    assert guest.write(stream, b"read") == Ok()
    pipe.abandon()
    assert guest.call(STREAMS + "[method]output-stream.check-write", stream) == CLOSED
    assert guest.write(stream, b"lost") == CLOSED


def test_a_guest_that_ends_leaves_an_incomplete_body(guest: WebDesk) -> None:
    pipe, stream = answering(guest)
    guest.write(stream, b"half")
    guest.close()
    assert pipe.read(100) == b"half"
    assert pipe.fault == UNFINISHED


def test_a_response_outparam_that_is_dropped(guest: WebDesk) -> None:
    slot = ResponseSlot(lambda: None)
    guest.drop("response-outparam", guest.give("response-outparam", slot))
    assert slot.outcome == NO_ANSWER


def test_interim_responses(guest: WebDesk) -> None:
    sent: list[tuple[int, Fields]] = []
    slot = ResponseSlot(lambda: None, lambda status, fields: sent.append((status, fields)))
    number = guest.give("response-outparam", slot)
    hints = guest.fields(("link", b"</a>"))
    assert guest.types("response-outparam.send-informational", number, 103, hints) == Ok()
    assert [(status, list(fields.entries())) for status, fields in sent] == [(103, [("link", b"</a>")])]
    wrong = guest.types("response-outparam.send-informational", number, 200, guest.fields())
    assert wrong == Err(Variant("HTTP-protocol-error"))
    unable = guest.give("response-outparam", ResponseSlot(lambda: None))
    answer = guest.types("response-outparam.send-informational", unable, 103, guest.fields())
    assert answer.value.case == "internal-error"


FAULTS = [
    *(ExchangeFault(code) for code in FaultCode),
    ExchangeFault(FaultCode.DNS_ERROR, "NXDOMAIN", 3),
    ExchangeFault(FaultCode.DNS_ERROR, number=65_535),
    ExchangeFault(FaultCode.TLS_ALERT_RECEIVED, "unknown_ca", 48),
    ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=2**64 - 1),
    ExchangeFault(FaultCode.RESPONSE_BODY_SIZE, number=0),
    ExchangeFault(FaultCode.REQUEST_HEADER_SECTION_SIZE, number=2**32 - 1),
    ExchangeFault(FaultCode.REQUEST_TRAILER_SECTION_SIZE, number=1),
    ExchangeFault(FaultCode.REQUEST_HEADER_SIZE, "a", 9),
    ExchangeFault(FaultCode.REQUEST_HEADER_SIZE, "a"),
    ExchangeFault(FaultCode.REQUEST_TRAILER_SIZE, "a", 9),
    ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=1),
    ExchangeFault(FaultCode.RESPONSE_TRAILER_SECTION_SIZE, number=1),
    ExchangeFault(FaultCode.RESPONSE_HEADER_SIZE, "a", 9),
    ExchangeFault(FaultCode.RESPONSE_TRAILER_SIZE, number=9),
    ExchangeFault(FaultCode.RESPONSE_TRANSFER_CODING, "gzip"),
    ExchangeFault(FaultCode.RESPONSE_CONTENT_CODING, "br"),
    ExchangeFault(FaultCode.INTERNAL_ERROR, "why"),
]


def test_every_fault_crosses_in_both_directions(guest: WebDesk) -> None:
    for fault in FAULTS:
        pipe = BodyPipe()
        pipe.fail(fault)
        number = guest.give("future-trailers", FutureTrailers(pipe, lambda: None))
        outward = guest.types("future-trailers.get", number).value.value
        assert isinstance(outward, Err)
        assert outward.value.case == fault.code
        slot = ResponseSlot(lambda: None)
        guest.types("response-outparam.set", guest.give("response-outparam", slot), outward)
        assert slot.outcome == fault


def test_a_number_that_does_not_fit_is_the_largest(guest: WebDesk) -> None:
    pipe = BodyPipe()
    pipe.fail(ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=2**40))
    number = guest.give("future-trailers", FutureTrailers(pipe, lambda: None))
    assert guest.types("future-trailers.get", number).value.value.value.payload == Some(2**32 - 1)


# bodies that a guest writes


def test_a_body_is_given_once(guest: WebDesk) -> None:
    request = guest.types("new-outgoing-request", guest.fields())
    body = guest.types("outgoing-request.body", request).value
    assert guest.types("outgoing-request.body", request) == Err()
    stream = guest.types("outgoing-body.write", body).value
    assert guest.types("outgoing-body.write", body) == Err()
    guest.drop("output-stream", stream)
    assert guest.types("outgoing-body.write", body) == Err()
    guest.drop("outgoing-body", body)


def test_a_length_that_is_none_has_no_body(guest: WebDesk) -> None:
    request = guest.types("new-outgoing-request", guest.fields(("content-length", b"many")))
    assert guest.types("outgoing-request.body", request) == Err()


@pytest.mark.parametrize(
    ("kind", "case"), [("request", "HTTP-request-body-size"), ("response", "HTTP-response-body-size")]
)
def test_a_promised_length_is_kept(guest: WebDesk, kind: str, case: str) -> None:
    promised = [("content-length", b"4")]
    body = guest.types(f"outgoing-{kind}.body", guest.types(f"new-outgoing-{kind}", guest.fields(*promised))).value
    stream = guest.types("outgoing-body.write", body).value
    assert guest.write(stream, b"two") == Ok()
    assert guest.finish(body, stream) == Err(Variant(case, Some(3)))
    body = guest.types(f"outgoing-{kind}.body", guest.types(f"new-outgoing-{kind}", guest.fields(*promised))).value
    stream = guest.types("outgoing-body.write", body).value
    failed = guest.write(stream, b"12345")
    assert failed.value.case == "last-operation-failed"
    assert guest.types("http-error-code", failed.value.payload) == Some(Variant(case, Some(5)))
    assert guest.call("io/error#[method]error.to-debug-string", failed.value.payload) == f"{case}: 5"
    assert guest.write(stream, b"") == CLOSED
    assert guest.finish(body, stream) == Err(Variant(case, Some(5)))


@pytest.mark.parametrize("how", ["finish", "drop"])
def test_a_body_that_is_sent_cannot_end_before_its_stream(guest: WebDesk, how: str) -> None:
    request = guest.types("new-outgoing-request", guest.fields())
    body, _ = guest.opened(request)
    with pytest.raises(GuestTrap) as caught:
        guest.finish(body, None) if how == "finish" else guest.drop("outgoing-body", body)
    assert trapped(caught, "before its")


def test_a_request_that_is_dropped_takes_its_body_along(guest: WebDesk) -> None:
    request = guest.types("new-outgoing-request", guest.fields())
    body, stream = guest.opened(request)
    guest.drop("outgoing-request", request)
    assert guest.write(stream, b"for nobody") == CLOSED
    assert guest.finish(body, stream) == Ok()


# messages that a guest receives


def incoming(guest: WebDesk, pipe: BodyPipe, **parts: object) -> int:
    said: dict[str, object] = {"scheme": None, "authority": None, "fields": Fields.received([("A", b"1")]), **parts}
    method, target = said.pop("method", "GET"), said.pop("target", None)
    return guest.give("incoming-request", IncomingRequest(method, target, body=IncomingBody(pipe), **said))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "value"),
    [("GET", Variant("get")), ("get", Variant("other", "get")), ("BREW", Variant("other", "BREW"))],
)
def test_a_request_that_came(guest: WebDesk, method: str, value: Variant) -> None:
    made = incoming(guest, BodyPipe(), method=method, target="/a?b", scheme="https", authority="example.com")
    assert guest.types("incoming-request.method", made) == value
    assert guest.types("incoming-request.path-with-query", made) == Some("/a?b")
    assert guest.types("incoming-request.scheme", made) == Some(Variant("HTTPS"))
    assert guest.types("incoming-request.authority", made) == Some("example.com")
    fields = guest.types("incoming-request.headers", made)
    assert guest.types("fields.entries", fields) == [("A", b"1")]
    assert guest.types("fields.delete", fields, "a") == REFUSED["immutable"]


def test_a_request_of_which_little_is_known(guest: WebDesk) -> None:
    made = incoming(guest, BodyPipe())
    for part in ("path-with-query", "scheme", "authority"):
        assert guest.types(f"incoming-request.{part}", made) is None


def test_a_body_that_comes_from_another_thread(guest: WebDesk) -> None:
    pipe = BodyPipe()
    request = incoming(guest, pipe)
    body = guest.types("incoming-request.consume", request).value
    assert guest.types("incoming-request.consume", request) == Err()
    stream = guest.types("incoming-body.stream", body).value
    assert guest.types("incoming-body.stream", body) == Err()
    assert guest.call(STREAMS + "[method]input-stream.read", stream, 100) == Ok(b"")
    guest.tenant.at_block.append(lambda: threading.Timer(0, pipe.write, (b"later",)).start())
    assert guest.call(STREAMS + "[method]input-stream.blocking-read", stream, 3) == Ok(b"lat")
    assert guest.call(STREAMS + "[method]input-stream.blocking-skip", stream, 10) == Ok(2)
    pipe.end(Fields([("x", b"y")], frozen=True))
    assert guest.call(STREAMS + "[method]input-stream.read", stream, 100) == CLOSED
    guest.drop("input-stream", stream)
    future = guest.types("incoming-body.finish", body)
    found = guest.types("future-trailers.get", future)
    assert isinstance(found, Some)
    trailers = found.value.value.value.value
    assert guest.types("fields.entries", trailers) == [("x", b"y")]
    assert guest.types("fields.delete", trailers, "x") == REFUSED["immutable"]
    assert guest.types("future-trailers.get", future) == Some(Err())


def test_trailers_are_waited_for(guest: WebDesk) -> None:
    pipe = BodyPipe()
    body = guest.types("incoming-request.consume", incoming(guest, pipe)).value
    future = guest.types("incoming-body.finish", body)
    assert guest.types("future-trailers.get", future) is None
    pollable = guest.types("future-trailers.subscribe", future)
    assert not guest.call("io/poll#[method]pollable.ready", pollable)
    pipe.write(bytes(1_000))
    assert not guest.call("io/poll#[method]pollable.ready", pollable), "the body is not waited for"
    guest.tenant.at_block.append(lambda: threading.Timer(0, pipe.end).start())
    guest.call("io/poll#[method]pollable.block", pollable)
    assert guest.types("future-trailers.get", future) == Some(Ok(Ok(None)))


def test_a_pollable_that_outlives_its_future_is_ready(guest: WebDesk) -> None:
    pipe = BodyPipe()
    body = guest.types("incoming-request.consume", incoming(guest, pipe)).value
    future = guest.types("incoming-body.finish", body)
    pollable = guest.types("future-trailers.subscribe", future)
    guest.drop("future-trailers", future)
    assert guest.call("io/poll#[method]pollable.ready", pollable)
    assert pipe.abandoned


def test_a_body_that_breaks(guest: WebDesk) -> None:
    pipe = BodyPipe()
    response = guest.give("incoming-response", IncomingResponse(206, Fields.received([]), IncomingBody(pipe)))
    assert guest.types("incoming-response.status", response) == 206
    body, stream = guest.body(response)
    pipe.write(b"half")
    pipe.fail(BROKEN)
    got, end = guest.read(stream, 3)
    assert got == b"half"
    assert end.value.case == "last-operation-failed"
    assert guest.types("http-error-code", end.value.payload) == Some(Variant("connection-terminated"))
    assert guest.call(STREAMS + "[method]input-stream.read", stream, 1) == CLOSED
    guest.drop("input-stream", stream)
    future = guest.types("incoming-body.finish", body)
    assert guest.types("future-trailers.get", future) == Some(Ok(Err(Variant("connection-terminated"))))


@pytest.mark.parametrize("how", ["finish", "drop"])
def test_a_body_that_came_cannot_end_before_its_stream(guest: WebDesk, how: str) -> None:
    pipe = BodyPipe()
    body = guest.types("incoming-request.consume", incoming(guest, pipe)).value
    guest.types("incoming-body.stream", body)
    with pytest.raises(GuestTrap) as caught:
        guest.types("incoming-body.finish", body) if how == "finish" else guest.drop("incoming-body", body)
    assert trapped(caught, "before its")
    assert pipe.abandoned


@pytest.mark.parametrize("kind", ["incoming-request", "incoming-response"])
def test_a_message_that_is_dropped_gives_its_body_up(guest: WebDesk, kind: str) -> None:
    pipe = BodyPipe()
    body = IncomingBody(pipe)
    message = (
        IncomingRequest("GET", None, scheme=None, authority=None, fields=Fields(), body=body)
        if kind == "incoming-request"
        else IncomingResponse(200, Fields(), body)
    )
    guest.drop(kind, guest.give(kind, message))
    assert pipe.abandoned


def test_an_error_of_something_else_has_no_code(guest: WebDesk) -> None:
    assert guest.types("http-error-code", guest.give("error", IoError("of a file", filesystem="io"))) is None
