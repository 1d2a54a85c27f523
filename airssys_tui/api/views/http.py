"""Requests over HTTP: where they come in, the routes with their meters, and the last requests; show texts sanitised."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.text import GuestText, Verbatim

MOST_REQUESTS = 1_000
"""Requests that one answer has at most."""


class HostReason(StrEnum):
    """Why the host answers, or nobody does."""

    BAD_REQUEST = "bad-request"
    NO_ROUTE = "no-route"
    NOT_GRANTED = "not-granted"
    SLOW_BODY = "slow-body"
    BODY_TOO_LARGE = "body-too-large"
    PATH_TOO_LONG = "path-too-long"
    HEAD_TOO_LARGE = "head-too-large"
    MAILBOX_FULL = "mailbox-full"
    NOT_SERVING = "not-serving"
    QUEUED_TOO_LONG = "queued-too-long"
    CANCELLED = "cancelled"
    TRAP = "trap"
    NO_RESPONSE = "no-response"
    FAULT = "fault"
    DEADLINE = "deadline"
    INTERNAL = "internal"
    CLIENT_LEFT = "client-left"
    """The client went away first, so there is no answer."""
    CLIENT_SLOW = "client-slow"
    """The client did not take its response in the time of the call, or in that of the host; it was hung up on."""
    CUT_OFF = "cut-off"
    """The component had begun its response and did not end it: the connection is closed, which tells the client."""
    STOPPED = "stopped"
    """The runtime stopped before there was a response: the connection is closed."""
    OTHER = "other"
    """A reason that another version of the program knows."""

    @classmethod
    def _missing_(cls, value: object) -> HostReason | None:
        return cls.OTHER if isinstance(value, str) else None


CONNECTION_ENDED: Final = frozenset(
    {HostReason.CLIENT_LEFT, HostReason.CLIENT_SLOW, HostReason.CUT_OFF, HostReason.STOPPED}
)
"""Why a connection ended before its response did."""


class ListenerView(msgspec.Struct, frozen=True):
    """An address at which requests are to come in.

    Attributes:
        address: Address and port, such as ``127.0.0.1:8080``.
        problem: Why nothing comes in there; empty if it is open.
    """

    address: str
    problem: GuestText = GuestText("")


class ReasonCount(msgspec.Struct, frozen=True):
    """How often the host answered in place of a component, or nobody did, for one reason."""

    reason: HostReason
    count: int


class RouteView(msgspec.Struct, frozen=True, kw_only=True):
    """One route of a component and what came in by it since the runtime started.

    Attributes:
        component: Who claims it.
        route: Host and path, such as ``api.example.com/v1/*``.
        taken_by: The component that has it instead; empty if this one has it.
        requests: Requests that are over.
        per_second: Requests a second over the last sample.
        in_flight: Requests under way.
        classes: Responses by class of status, from 1xx to 5xx, answers of the host included.
        reasons: Why the host answered, or nobody did.
        p50_ms: Median latency, from the arrival of a request to the end of its response, in milliseconds.
        p95_ms: 95th percentile of the latency.
        p99_ms: 99th percentile of the latency.
        seconds: Sum of the latencies.
        buckets: Requests at most as long as each of ``LATENCY_BOUNDS``; empty before the first one.
        queued_p95_ms: 95th percentile of the time in the mailbox.
        received: Bytes of bodies of requests.
        sent: Bytes of bodies of responses.
    """

    component: str
    route: Verbatim
    taken_by: str = ""
    requests: int = 0
    per_second: float = 0.0
    in_flight: int = 0
    classes: tuple[int, ...] = (0, 0, 0, 0, 0)
    reasons: tuple[ReasonCount, ...] = ()
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    seconds: float = 0.0
    buckets: tuple[int, ...] = ()
    queued_p95_ms: float | None = None
    received: int = 0
    sent: int = 0


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """One request that is over.

    Attributes:
        id: 32 hexadecimal digits: the field ``x-request-id`` of its response, and the id of its trace.
        at: Unix time at which it came in.
        component: Who answered it; empty if no route covers it.
        route: The route.
        method: Its method.
        target: Its path and query, cut at 256 characters.
        host: The host that the client named.
        client: The client's address.
        status: Status of the response; 0 without one.
        reason: Why the host answered, or nobody did; None for a response of the component.
        detail: More about that.
        queued_ms: Milliseconds in the mailbox; None if its call never began.
        head_ms: Milliseconds from its arrival to the beginning of its response; None without one.
        took_ms: Milliseconds from its arrival to the end of its response.
        received: Bytes of its body.
        sent: Bytes of the response's body.
        revision: The revision that answered; None if none did.
    """

    id: str
    at: float
    component: str = ""
    route: Verbatim = ""
    method: Verbatim = ""
    target: Verbatim = ""
    host: Verbatim = ""
    client: str = ""
    status: int = 0
    reason: HostReason | None = None
    detail: Verbatim = ""
    queued_ms: float | None = None
    head_ms: float | None = None
    took_ms: float = 0.0
    received: int = 0
    sent: int = 0
    revision: int | None = None

    @property
    def failed(self) -> bool:
        """Whether it has no response, or one with a status of 500 or more."""
        return not self.status or self.status >= 500 or self.reason in CONNECTION_ENDED

    @property
    def why(self) -> str:
        """Why the host answered, or nobody did, with more about that; empty for a response of the component."""
        return f"{self.reason}: {self.detail}".removesuffix(": ") if self.reason else ""


class HttpView(msgspec.Struct, frozen=True, kw_only=True):
    """Requests over HTTP of one runtime.

    Attributes:
        listeners: Where they come in; empty if that is configured nowhere.
        routes: Every claimed route, by component.
        unrouted: Requests that no route covers, or that are malformed.
        unrouted_per_second: These in a second, over the last sample.
        without_route: Components that answer requests and have no route.
        requests: The last requests, newest first.
    """

    listeners: tuple[ListenerView, ...] = ()
    routes: tuple[RouteView, ...] = ()
    unrouted: int = 0
    unrouted_per_second: float = 0.0
    without_route: tuple[str, ...] = ()
    requests: tuple[RequestView, ...] = ()
