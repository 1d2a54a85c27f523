"""What the host keeps for one instance in fields and bodies is bounded together, however many handles there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Ok, Some
from airssys_tui.engine import kept_bytes
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.kept_bytes import HandleLimit
from airssys_tui.host.doors.exchange.body_pipe import CAPACITY, BodyPipe
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingRequest
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody
from tests.support.wasi.web_desk import WebDesk, web_desk

VALUE = b"x" * 30_000


@pytest.fixture
def guest(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebDesk]:
    monkeypatch.setattr(kept_bytes, "MOST_KEPT", 3 * CAPACITY)
    with web_desk(engine) as made:
        yield made


def _clones(guest: WebDesk) -> None:
    made = guest.fields(("a", VALUE))
    for _ in range(6):
        guest.types("fields.clone", made)


def _lists(guest: WebDesk) -> None:
    for _ in range(7):
        guest.fields(("a", VALUE))


def _appends(guest: WebDesk) -> None:
    kept = [guest.types("new-fields") for _ in range(7)]
    for each in kept:
        assert guest.types("fields.append", each, "a", VALUE) == Ok()


def _sets(guest: WebDesk) -> None:
    kept = [guest.types("new-fields") for _ in range(7)]
    for each in kept:
        assert guest.types("fields.set", each, "a", [VALUE]) == Ok()


def _messages(guest: WebDesk) -> None:
    for _ in range(7):
        guest.types("new-outgoing-request", guest.fields(("a", VALUE)))


def _take(guest: WebDesk, pipe: BodyPipe, *fields: tuple[str, bytes]) -> int:
    request = IncomingRequest(
        "GET", "/", scheme=None, authority=None, fields=Fields.received(fields), body=IncomingBody(pipe)
    )
    handle: int = guest.instance.call("take-incoming-request", request).value
    return handle


@pytest.mark.parametrize("keep", [_clones, _lists, _appends, _sets, _messages], ids=lambda one: one.__name__)
def test_one_too_many_is_a_trap_that_says_so(guest: WebDesk, keep: Callable[[WebDesk], None]) -> None:
    with pytest.raises(GuestTrap) as caught:
        keep(guest)
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT
    assert "the host keeps " in caught.value.trap.message
    assert f"at most {3 * CAPACITY}" in caught.value.trap.message


def test_one_request_too_many_is_not_handed_over(guest: WebDesk) -> None:
    for _ in range(3):
        _take(guest, BodyPipe())
    with pytest.raises(HandleLimit, match=f"no room for {CAPACITY} bytes"):
        _take(guest, BodyPipe())
    guest.drop("incoming-request", 1)
    _take(guest, BodyPipe())


def test_what_is_dropped_counts_no_more(guest: WebDesk) -> None:
    for _ in range(20):
        guest.drop("fields", guest.fields(("a", VALUE)))
        body, stream = guest.opened(request := guest.types("new-outgoing-request", guest.fields(("a", VALUE))))
        guest.drop("output-stream", stream)
        guest.drop("outgoing-body", body)
        guest.drop("outgoing-request", request)


def test_two_handles_of_the_same_fields_count_once(guest: WebDesk) -> None:
    request = guest.types("new-outgoing-request", guest.fields(("a", VALUE)))
    for _ in range(20):
        guest.types("outgoing-request.headers", request)
    assert guest.instance.resources.use.bytes < 2 * CAPACITY + 22 * 4_096


def test_a_body_that_came_whole_counts_as_it_is(guest: WebDesk) -> None:
    for _ in range(20):
        pipe = BodyPipe()
        pipe.write(b"short")
        pipe.end()
        _take(guest, pipe)


def test_one_byte_too_many_of_bodies_is_an_error_of_the_stream(guest: WebDesk) -> None:
    streams = [guest.opened(guest.types("new-outgoing-request", guest.types("new-fields")))[1] for _ in range(4)]
    for stream in streams[:3]:
        for _ in range(CAPACITY // 4_096 - 1):
            assert guest.write(stream, b"x" * 4_096) == Ok()
    for _ in range(3):
        assert guest.write(streams[3], b"x" * 4_096) == Ok()
    failed = guest.write(streams[3], b"x")
    assert failed.value.case == "last-operation-failed"
    code = guest.types("http-error-code", failed.value.payload)
    assert isinstance(code, Some)
    assert code.value.case == "internal-error"
    assert f"the host keeps {3 * CAPACITY} for handles" in code.value.payload.value


def test_a_body_of_any_length_passes_if_somebody_takes_it(guest: WebDesk) -> None:
    request = guest.types("new-outgoing-request", guest.types("new-fields"))
    _, stream = guest.opened(request)
    (pipe,) = {one.pipe for one, _ in guest.instance.resources.values.values() if hasattr(one, "pipe")}
    for _ in range(5 * CAPACITY // 4_096):
        assert guest.write(stream, b"x" * 4_096) == Ok()
        assert len(pipe.read(CAPACITY)) == 4_096
