"""Requests served by a component: answers, bodies both ways, every way to fail, and what is known of each."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Self

import pytest

from airssys_tui.api.commands import Grant, Stop
from airssys_tui.api.views.http import HostReason, HttpView, RequestView, RouteView
from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.core.units import MIB
from airssys_tui.runtime.incoming import body_receiving, gateway
from airssys_tui.runtime.incoming.request_call import RequestCall
from tests.support.command_line import eventually
from tests.support.http_client import Answer, Client, chunks, request
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World

ROUTED = '[http]\nroutes = ["/*"]\nmax_body = "4MiB"\n[supervision]\nmax_restarts = 1000\nbackoff = {initial = "1ms"}\n'
PATIENT = ROUTED + '[resources]\ndeadline = "20s"\nfuel_per_call = "unlimited"\n'


class Site:
    """A runtime that serves one component."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = world.runtime.probe.system.http.listeners[0].address.port

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **fields: str) -> Answer:
        with Client(self.port) as client:
            return client.ask(method, path, body, **fields)

    def view(self, requests: int = 100) -> HttpView:
        return self.world.runtime.http("", requests).result(30)

    def route(self) -> RouteView:
        (route,) = self.view().routes
        return route

    def newest(self, wanted: Callable[[RequestView], object] = bool) -> RequestView:
        """Return the newest request of which something is true, as soon as there is one."""
        eventually(lambda: any(map(wanted, self.view(1_000).requests)))
        return next(filter(wanted, self.view(1_000).requests))

    def flying(self, count: int) -> None:
        """Wait until so many requests are under way."""
        eventually(lambda: self.route().in_flight == count)

    def of(self, answer: Answer) -> RequestView:
        """Return the request of an answer."""
        return self.newest(lambda each: each.id == answer.id)


class Busy:
    """A call that goes on until it is let go: it waits for the rest of its body, which is too large to be kept."""

    def __init__(self, site: Site) -> None:
        self._left = body_receiving.SMALL
        self.client = Client(site.port)
        self.client.send(request("POST", "/read", content_length=str(self._left + 1)), b"x")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def end(self) -> Answer:
        """Send the rest; return the answer."""
        self.client.send(b"x" * self._left)
        return self.client.answer()


@pytest.fixture
def site(world: World) -> Site:
    world.put("c", http_guest(), PATIENT)
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    return Site(world)


def test_a_request_is_answered_by_the_component(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LOOK", 60.0)  # else a slow machine finds that the call takes long
    with Client(site.port) as client:
        for number in (1, 2, 3):
            answer = client.ask("GET", "/c")
            assert (answer.status, answer.body) == (200, f"v1 {number:08}".encode())
            assert answer.headers["content-length"] == "11"
    eventually(lambda: site.route().requests == 3)
    route = site.route()
    assert (route.component, route.route, route.requests, route.classes) == ("c", "/*", 3, (0, 3, 0, 0, 0))
    assert (route.sent, route.received, route.reasons, route.in_flight) == (33, 0, (), 0)
    assert route.p50_ms
    site.world.wait_row("c", lambda row: row.meters.calls == 3)


def test_a_request_is_known_by_its_id_with_all_its_times(site: Site) -> None:
    answer = site.ask("/hello?a=b", x_request_id="mine")
    known = site.of(answer)
    assert (known.method, known.target, known.host, known.client) == ("GET", "/hello?a=b", "localhost", "127.0.0.1")
    assert (known.status, known.reason, known.sent, known.revision) == (200, None, 5, 1)
    assert known.queued_ms is not None
    assert known.head_ms is not None
    assert 0 <= known.queued_ms <= known.head_ms <= known.took_ms
    (trace,) = site.world.runtime.traces("c", answer.id).result(30)
    assert [span.name for span in trace.spans] == ["GET /hello?a=b", "queued", "response", "call of r1"]
    assert not trace.failed
    assert site.world.runtime.traces("c").result(30) == ()


def test_head_has_no_body(site: Site) -> None:
    with Client(site.port) as client:
        assert client.ask("HEAD", "/hello").body == b""
        assert client.ask("GET", "/hello").body == b"hello"


def test_a_status_without_a_body_has_none(site: Site) -> None:
    with Client(site.port) as client:
        answer = client.ask("GET", "/2")
        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers
        assert client.ask("GET", "/4").status == 404
    assert site.route().classes == (0, 1, 0, 1, 0)
    assert site.route().reasons == ()


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 3 * MIB])
def test_a_body_comes_back_as_it_was_sent(site: Site, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with Client(site.port) as client:
        assert client.ask("POST", "/echo", body).body == body
        client.send(request("POST", "/echo", transfer_encoding="chunked"), chunks(body[:7] or b"-", body[7:] or b"-"))
        assert client.answer().body == (body[:7] or b"-") + (body[7:] or b"-")
        assert client.ask("GET", "/c").status == 200


def test_a_body_is_sent_when_the_server_asks_for_it(site: Site) -> None:
    with Client(site.port) as client:
        client.send(request("POST", "/echo", content_length="5", expect="100-continue"))
        assert client.line() == b"HTTP/1.1 100 Continue\r\n"
        assert client.line() == b"\r\n"
        client.send(b"hello")
        assert client.answer().body == b"hello"


def test_a_large_response_is_whole(site: Site) -> None:
    answer = site.ask("/big")
    assert answer.body == bytes(MIB)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert site.of(answer).sent == MIB


def test_what_is_written_is_sent_while_the_component_waits(site: Site) -> None:
    with Client(site.port) as client:
        client.send(request("GET", "/wait"))
        while client.line() != b"\r\n":
            pass
        assert (client.line(), client.read(7)) == (b"5\r\n", b"first\r\n")
        assert site.route().in_flight == 1
        assert (client.line(), client.read(6)) == (b"4\r\n", b"then\r\n")
        assert client.line() == b"0\r\n"


def test_pipelined_requests_are_answered_in_order(site: Site) -> None:
    with Client(site.port) as client:
        client.send(*[request("POST", "/echo", b"%d" % number) for number in range(20)])
        assert [client.answer("POST").body for _ in range(20)] == [b"%d" % number for number in range(20)]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/trap", 502, "trap"),
        ("/x", 502, "trap"),
        ("/none", 502, "no-response"),
        ("/unfinished", 502, "no-response"),
        ("/odd", 502, "fault"),
        ("/fault", 403, "fault"),
        ("/internal", 500, "fault"),
    ],
)
def test_without_a_response_the_host_answers_and_says_why(
    site: Site, path: str, status: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "LOOK", 60.0)
    answer = site.ask(path)
    assert answer.status == status
    assert answer.body.endswith(f"request {answer.id}\n".encode())
    known = site.of(answer)
    assert (known.status, known.reason) == (status, reason)
    (trace,) = site.world.runtime.traces("c", answer.id).result(30)
    assert trace.failed is (status >= 500)
    assert site.ask("/hello").body == b"hello"
    assert [(each.reason, each.count) for each in site.route().reasons] == [(reason, 1)]


def test_a_response_that_is_not_ended_closes_the_connection(site: Site) -> None:
    with Client(site.port) as client:
        client.send(request("GET", "/k"))
        with pytest.raises(http.client.IncompleteRead) as caught:
            client.answer()
        assert caught.value.partial == b"first"
    known = site.newest(lambda each: each.reason == "cut-off")
    assert known.status == 200
    assert known.failed


def test_an_answer_that_comes_while_it_is_looked_for_is_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = RequestCall.outcome.fget
    assert looked is not None

    def look(call: RequestCall) -> object:
        found = looked(call)
        eventually(lambda: call.over)  # the worker is as fast as this
        return found

    monkeypatch.setattr(RequestCall, "outcome", property(look))
    assert site.ask("/c").body == b"v1 00000001"


def test_the_deadline_is_504(world: World) -> None:
    world.put("c", http_guest(), ROUTED + '[resources]\ndeadline = "50ms"\nfuel_per_call = "unlimited"\n')
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    for path in ("/spin", "/long"):
        answer = site.ask(path)
        assert (answer.status, site.of(answer).reason) == (504, "deadline")
    assert site.ask("/hello").body == b"hello"


def test_a_full_mailbox_is_503_and_what_waits_is_answered(world: World) -> None:
    world.put("c", http_guest(), PATIENT + "mailbox = 2\n")
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    actor = world.runtime.probe.system.router.find("c").actor
    with Busy(site) as busy, Client(site.port) as one, Client(site.port) as two:
        site.flying(1)
        eventually(lambda: actor.queued == 0)
        one.send(request("GET", "/c"))
        two.send(request("GET", "/c"))
        eventually(lambda: actor.queued == 2)
        answer = site.ask("/c")
        assert (answer.status, answer.headers["retry-after"], site.of(answer).reason) == (503, "1", "mailbox-full")
        assert [busy.end().status, one.answer().status, two.answer().status] == [200, 200, 200]


def test_a_request_that_waits_too_long_is_503_and_never_runs(site: Site) -> None:
    site.world.runtime.probe.system.http._server.gateway._queue_ns = 50_000_000  # noqa: SLF001 - as `queue_time` says
    with Busy(site) as busy:
        site.flying(1)
        answer = site.ask("/c")
        assert (answer.status, site.of(answer).reason) == (503, "queued-too-long")
        assert busy.end().status == 200
    assert site.ask("/c").body == b"v1 00000001"


def test_a_stopped_component_is_503(site: Site) -> None:
    site.world.do(Stop("c"))
    answer = site.ask("/hello")
    assert (answer.status, answer.headers["retry-after"], site.of(answer).reason) == (503, "5", "not-serving")


def test_a_client_that_leaves_takes_its_queued_request_along(site: Site) -> None:
    with Busy(site) as busy:
        site.flying(1)
        leaving = Client(site.port)
        leaving.send(request("GET", "/c"))
        site.flying(2)
        leaving.close()
        known = site.newest(lambda each: each.reason == "client-left")
        assert (known.status, known.queued_ms) == (0, None)
        assert busy.end().status == 200
    assert site.ask("/c").body == b"v1 00000001"


def test_a_client_that_leaves_ends_the_bodies_of_its_call(site: Site) -> None:
    leaving = Client(site.port)
    leaving.send(request("POST", "/echo", content_length=str(3 * MIB)), b"x" * 100)
    site.flying(1)
    leaving.close()
    assert site.newest(lambda each: each.reason == "client-left")
    assert site.ask("/hello").body == b"hello"
    assert site.world.row("c").restarts == 0


def test_a_body_that_turns_out_too_large_is_413_whatever_the_component_says(world: World) -> None:
    world.put("c", http_guest(), PATIENT.replace("4MiB", "100B"))
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    with Client(site.port) as client:
        client.send(request("POST", "/read", transfer_encoding="chunked"), chunks(b"x" * 101))
        answer = client.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert site.of(answer).reason == "body-too-large"


def test_a_body_that_does_not_arrive_in_time_is_408_and_no_call(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_receiving, "BODY_TIME", 0.05)
    with Client(site.port) as client:
        client.send(request("POST", "/c", content_length="5"), b"abc")
        answer = client.answer()
    assert (answer.status, site.of(answer).reason) == (408, "slow-body")
    assert site.ask("/c").body == b"v1 00000001"


def test_a_client_that_takes_nothing_is_hung_up_on_and_harms_nobody(world: World) -> None:
    world.put("c", http_guest(), PATIENT.replace("20s", "2s"))
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    with Client(site.port) as lazy:
        lazy.send(request("GET", "/big") * 64)
        known = site.newest(lambda each: each.reason == "client-slow")
        assert known.status == 200
        assert known.failed
    assert site.ask("/hello").body == b"hello"
    assert world.row("c").meters.errors == 0


def test_a_client_that_sends_slowly_gets_408_and_harms_nobody(world: World) -> None:
    world.put("c", http_guest(), PATIENT.replace("20s", "1s"))
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    assert site.ask("/read", "POST", b"x").body == b"read"
    with Client(site.port) as slow:
        slow.send(request("POST", "/read", content_length=str(MIB)), b"x" * 100)
        answer = slow.answer()
        assert (answer.status, site.of(answer).reason) == (408, "slow-body")
    assert site.ask("/c").body == b"v1 00000001"
    assert world.row("c").meters.errors == 0


def test_requests_are_in_the_log_of_the_component(site: Site) -> None:
    answer = site.ask("/hello")
    failed = site.ask("/trap")
    site.of(failed)
    lines = site.world.events("c", "request")
    assert "GET /hello 200 5 bytes" in lines[0].text
    assert lines[0].text.endswith(f"127.0.0.1 {answer.id}")
    assert (lines[0].level, lines[0].kind) == ("info", "log")
    assert "GET /trap 502 trap: unreachable" in lines[1].text
    assert lines[1].level == "warning"


def test_other_addresses_need_a_grant_and_say_which(world: World) -> None:
    world.put("c", http_guest(), PATIENT + '[capabilities]\nnetwork = ["listen:0.0.0.0:*"]\n')
    world.open(http=(ListenAddress("0.0.0.0", 0),))
    site = Site(world)
    answer = site.ask("/hello")
    assert (answer.status, site.of(answer).reason) == (403, "not-granted")
    assert f"airssys-tui grant c network:listen:0.0.0.0:{site.port}" in site.of(answer).detail
    assert world.runtime.questions().result(30)
    world.do(Grant("c", "network:listen:0.0.0.0:*"))
    assert site.ask("/hello").body == b"hello"


def test_hosts_and_paths_decide_who_answers(world: World) -> None:
    world.put("any", http_guest("a1"), ROUTED)
    world.put("named", http_guest("n1"), '[http]\nroutes = ["/*"]\nhosts = ["*.example.com"]\n')
    world.put("path", http_guest("p1"), '[http]\nroutes = ["/c/deep/*"]\n')
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    assert site.ask("/c").body[:2] == b"a1"
    assert site.ask("/c/deep").body[:2] == b"p1"
    assert site.ask("/c/deep", host="api.example.com:8080").body[:2] == b"n1"
    assert site.ask("/c/%64eep/x").body[:2] == b"p1"


def test_components_answer_side_by_side(world: World) -> None:
    world.put("one", http_guest("a1"), PATIENT)
    world.put("two", http_guest("b1"), '[http]\nroutes = ["/c/*"]\n')
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    site = Site(world)
    with Busy(site) as busy:
        eventually(lambda: site.view().routes[0].in_flight == 1)
        assert site.ask("/c").body[:2] == b"b1"
        assert site.view().routes[0].in_flight == 1
        assert busy.end().status == 200


def test_closing_answers_what_is_under_way(world: World) -> None:
    world.put("c", http_guest(), PATIENT)
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=30.0)
    site = Site(world)
    with Client(site.port) as client:
        client.send(request("GET", "/long"))
        site.flying(1)
        closing = threading.Thread(target=site.world.close)
        closing.start()
        assert client.answer().body == b"hello"
        assert client.read() == b""
        closing.join()


def test_a_request_that_a_stop_cuts_short_has_a_reason(world: World) -> None:
    world.put("c", http_guest(), PATIENT)
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=0.2)
    site = Site(world)
    with Busy(site):
        eventually(lambda: site.view().routes[0].in_flight == 1)
        front = world.runtime.probe.system.http
        world.close()
        (known,) = front.recent.read()
        assert (known.status, known.reason, known.failed) == (0, HostReason.STOPPED, True)
        assert front.traffic.of("c", "/*").reasons == {HostReason.STOPPED: 1}
