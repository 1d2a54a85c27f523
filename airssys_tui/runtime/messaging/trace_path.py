"""The path of a trace through several components: the hops of its messages, and the steps that components reported.

A message that was sent while another one was handled belongs below it, and so do the steps that its component reported
meanwhile. What belongs below nothing is at the top: the call by hand or the request over HTTP with which it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.text import one_line
from airssys_tui.runtime.messaging.hops import Hop

SLACK: Final = 0.002
"""Seconds by which two readings of the clock may differ."""


class _Placed(msgspec.Struct, frozen=True):
    """A part of the path that has its number: who was at work there, and since when (Unix seconds)."""

    number: int
    component: str
    began: float


class _Path:
    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._placed: list[_Placed] = []
        self.spans: list[SpanView] = []

    def parent(self, component: str, at: float) -> int | None:
        """Return the newest part in which a component was at work at some moment, or last before it.

        A component does one thing at a time, so that is what it did then.
        """
        fitting = [each for each in self._placed if each.component == component and each.began <= at + SLACK]
        return max(fitting, key=lambda each: each.began).number if fitting else None

    def add_steps(self, component: str, trace: TraceView) -> None:
        """Add what a component reported of one call."""
        before, parent = len(self.spans), self.parent(component, trace.at)
        began = (trace.at - self._origin) * 1000
        for span in trace.spans:
            self.spans.append(
                msgspec.structs.replace(
                    span,
                    number=span.number + before,
                    parent=parent if span.parent is None else span.parent + before,
                    start_ms=span.start_ms + began,
                )
            )
        if parent is None and trace.spans:
            self._placed.append(_Placed(before + 1, component, trace.at))

    def add_hop(self, hop: Hop) -> None:
        """Add a message that was handled."""
        number = len(self.spans) + 1
        waited = (hop.began_ns - hop.sent_ns) / 1e6
        what = f"{hop.kind} {hop.topic}" if hop.topic is not None else hop.kind
        self.spans.append(
            SpanView(
                number=number,
                parent=self.parent(hop.sender, hop.sent_ns / 1e9),
                name=f"{hop.sender or 'operator'} → {hop.to}: {what}",
                start_ms=hop.began_ns / 1e6 - self._origin * 1000,
                took_ms=(hop.ended_ns - hop.began_ns) / 1e6,
                annotations=(("waited", f"{max(0.0, waited):.2f} ms"),),
                error=one_line(hop.error, 300) if hop.error else "",
            )
        )
        self._placed.append(_Placed(number, hop.to, hop.began_ns / 1e9))


def trace_path(
    trace: str, hops: Sequence[Hop], told: Iterable[tuple[str, TraceView]], begun: Iterable[tuple[str, TraceView]] = ()
) -> TraceView | None:
    """Return the path of a trace, or None if nothing is known of it.

    Args:
        trace: Its id.
        hops: Its hops, in the order in which they began.
        told: What components reported of it: the component, and one call.
        begun: Calls with which it may have begun, such as a request over HTTP.
    """
    reported = sorted(told, key=lambda each: each[1].at)
    roots = sorted(begun, key=lambda each: each[1].at)
    starts = [each.at for _, each in (*roots, *reported)] + [hop.began_ns / 1e9 for hop in hops]
    if not starts:
        return None
    path = _Path(min(starts))
    for component, root in roots:
        path.add_steps(component, root)
    waiting = list(reported)
    for hop in hops:
        while waiting and waiting[0][1].at < hop.began_ns / 1e9:
            path.add_steps(*waiting.pop(0))
        path.add_hop(hop)
    for component, each in waiting:
        path.add_steps(component, each)
    spans = tuple(path.spans)
    return TraceView(
        id=trace,
        export="messages",
        at=min(starts),
        took_ms=max((span.start_ms + (span.took_ms or 0.0) for span in spans), default=0.0),
        failed=any(span.error for span in spans),
        spans=spans,
        dropped=sum(each.dropped for _, each in (*roots, *reported)),
    )
