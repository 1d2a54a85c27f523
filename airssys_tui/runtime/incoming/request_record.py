"""What is known of the last requests: a bounded number, those that failed for longer than those that did not."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from airssys_tui.api.views.http import CONNECTION_ENDED, HostReason
from airssys_tui.core.text import bounded
from airssys_tui.runtime.incoming.request_head import RequestHead

KEPT: Final = 1_000
"""Requests that are kept."""

KEPT_FAILED: Final = 500
"""Requests with a status of 500 or more, or without any, that are kept besides."""

LONGEST: Final = 256
"""Characters of a path, a host or a method that are kept."""


class RequestRecord:
    """One request and what came of it. Written on the loop of the server, but for the moment when its call began.

    Args:
        id: Its id, 32 hexadecimal digits, which is also that of its trace.
        at: Unix time at which it came in.
        arrived_ns: The same, in nanoseconds of ``perf_counter_ns``.

    Attributes:
        component: Who answers it; empty if nobody does.
        route: The route that covers it, as text.
        method: Its method.
        target: Its path and query, perhaps cut.
        host: The host that the client named.
        client: The client's address.
        status: The status of the response; 0 while there is none.
        reason: Why the host answered, or nobody did; None for a response of the component.
        detail: More about that, for the operator.
        began_ns: When the component's call began; 0 before.
        head_ns: When the response began; 0 before.
        ended_ns: When it was over; 0 before.
        received: Bytes of its body.
        sent: Bytes of the response's body.
        revision: The revision that answered it; None if none did.
    """

    __slots__ = (
        *("arrived_ns", "at", "began_ns", "client", "component", "detail", "ended_ns", "head_ns", "host", "id"),
        *("method", "reason", "received", "revision", "route", "sent", "status", "target"),
    )

    def __init__(self, id: str, at: float, arrived_ns: int) -> None:  # noqa: A002 - what it is called
        self.id = id
        self.at = at
        self.arrived_ns = arrived_ns
        self.component = self.route = self.method = self.target = self.host = self.client = self.detail = ""
        self.status = self.began_ns = self.head_ns = self.ended_ns = self.received = self.sent = 0
        self.reason: HostReason | None = None
        self.revision: int | None = None

    def ask(self, head: RequestHead) -> None:
        """Note what is asked for."""
        self.method = bounded(head.method, LONGEST)
        self.target = bounded(head.target, LONGEST)
        self.host = bounded(head.authority or "", LONGEST)
        self.client = head.client

    @property
    def failed(self) -> bool:
        """Whether it has no response, or one with a status of 500 or more."""
        return self.status >= 500 or self.reason in CONNECTION_ENDED


class RecentRequests:
    """The last requests of a runtime that are over. Any thread may use it.

    Attributes:
        follower: Called with each request that is over, at once, on the loop of the server; None without one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[RequestRecord] = deque(maxlen=KEPT)
        self._failed: deque[RequestRecord] = deque(maxlen=KEPT_FAILED)
        self.follower: Callable[[RequestRecord], None] | None = None

    def keep(self, record: RequestRecord) -> None:
        """Keep a request that is over."""
        with self._lock:
            self._kept.append(record)
            if record.failed:
                self._failed.append(record)
        if self.follower is not None:
            self.follower(record)

    def read(self, component: str = "") -> tuple[RequestRecord, ...]:
        """Return the kept requests, of one component or of all, newest first."""
        with self._lock:
            found = {record.id: record for record in (*self._failed, *self._kept)}
        chosen = [record for record in found.values() if component in {"", record.component}]
        return tuple(sorted(chosen, key=lambda record: record.ended_ns, reverse=True))
