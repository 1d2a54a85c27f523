"""The part of the embedded runtime that answers questions about requests, and about the traces of calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from airssys_tui.api.request_trace import request_trace
from airssys_tui.api.views.http import MOST_REQUESTS, HttpView, RequestView
from airssys_tui.api.views.tracing import EndedSpan, TraceView
from airssys_tui.core.errors import UsageError
from airssys_tui.runtime.incoming.request_views import http_view, request_view
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.messaging.trace_path import trace_path
from airssys_tui.runtime.observing.custom_meters import ended_span, traces_of
from airssys_tui.runtime.system import System

T = TypeVar("T")


class RequestAnswers(ABC):
    """Answers about requests and traces, from memory."""

    _floor: Floor
    _system: System

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def traces(self, component: str, trace: str = "") -> Future[tuple[TraceView, ...]]:
        """Return the traces of a component, newest first; at most 64, or the one of an id."""

        async def ask() -> tuple[TraceView, ...]:
            if not component:
                return self._path(trace)
            name = self._system.router.find(component).name
            chosen = traces_of(self._floor.services.find(name), trace)
            wanted = {trace} if trace else {each.id for each in chosen}
            kept = self._system.http.recent.read(name)
            requests = {record.id: request_view(record) for record in kept if record.id in wanted}
            if trace in requests:
                return (request_trace(requests[trace], next(iter(chosen), None)),)
            return tuple(request_trace(requests[one.id], one) if one.id in requests else one for one in chosen)

        return self._on_loop(ask)

    def _path(self, trace: str) -> tuple[TraceView, ...]:
        """Return the path of a trace through all components."""
        if not trace:
            raise UsageError("name a component, or the id of a trace")
        system, find = self._system, self._floor.services.find
        told = [(each.name, one) for each in system.router for one in traces_of(find(each.name), trace)]
        requests = (each for each in system.http.recent.read() if each.id == trace)
        asked = [(each.component, request_trace(request_view(each), None)) for each in requests]
        found = trace_path(trace, system.post.hops.of(trace), told, asked)
        return () if found is None else (found,)

    def follow_spans(self, spans: Callable[[EndedSpan], None], requests: Callable[[RequestView], None]) -> None:
        """Call functions with each step that a component reports once it has ended, and each request that is over.

        They are called at once, on the thread of the component or of the server: they must neither block nor raise.
        """
        self._floor.services.follow_spans(lambda name, span: spans(ended_span(name, span)) if span.kept else None)
        self._system.http.recent.follower = lambda record: requests(request_view(record))

    def http(self, component: str = "", requests: int = 100) -> Future[HttpView]:
        """Return where requests come in, the routes with their meters, and the last requests."""

        async def ask() -> HttpView:
            if not 0 <= requests <= MOST_REQUESTS:
                raise UsageError(f"{requests} requests; from 0 to {MOST_REQUESTS} are answered")
            system = self._system
            name = system.router.find(component).name if component else ""
            return http_view(system.http, system.routes, system.router, name, requests)

        return self._on_loop(ask)
