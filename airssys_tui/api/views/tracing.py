"""Traces: the steps of a call, as its component reported them; show its texts sanitised."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from airssys_tui.core.text import Verbatim


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """A span: one step of a call.

    Attributes:
        number: From 1 within its trace, in the order of the starts.
        parent: Number of the enclosing span; None at the top of the call.
        name: Name of the step.
        start_ms: Milliseconds from the start of the trace.
        took_ms: Duration in milliseconds; None while it has not ended.
        annotations: Keys and values that the component added.
        error: Why it failed; empty if it did not fail.
    """

    number: int
    parent: int | None = None
    name: Verbatim
    start_ms: float
    took_ms: float | None = None
    annotations: tuple[tuple[Verbatim, Verbatim], ...] = ()
    error: Verbatim = ""


class EndedSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span that has ended, as those get it who follow them; show its texts sanitised.

    Attributes:
        component: Whose step it is.
        export: The export that was called.
        trace: Id of its trace, 32 hexadecimal digits, which messages, links and requests over HTTP pass on.
        call: Tells the calls of one trace apart.
        number: From 1 within its call; 0 for one that had no room in its trace.
        parent: Number of the enclosing span; 0 at the top of the call.
        name: Name of the step.
        started: Unix nanoseconds.
        ended: Unix nanoseconds.
        annotations: Keys and values that the component added.
        error: Why it failed; empty if it did not fail.
    """

    component: str
    export: Verbatim
    trace: str
    call: int
    number: int
    parent: int
    name: Verbatim
    started: int
    ended: int
    annotations: tuple[tuple[Verbatim, Verbatim], ...] = ()
    error: Verbatim = ""


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """The trace of one call.

    Attributes:
        id: 32 hexadecimal digits.
        export: The export that was called.
        at: Unix time when its first span began.
        took_ms: Milliseconds from ``at`` to the last known end of a span.
        failed: Whether any span failed.
        spans: At most 256, in the order of their starts.
        dropped: Spans and annotations dropped because the trace was full.
    """

    id: str
    export: Verbatim
    at: float
    took_ms: float
    failed: bool = False
    spans: tuple[SpanView, ...] = ()
    dropped: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether any span has not ended."""
        return any(span.took_ms is None for span in self.spans)

    def tree(self) -> Iterator[tuple[int, SpanView]]:
        """Yield the spans as a tree from the top, each with its depth; a span whose parent is missing is at the top."""
        known = {span.number for span in self.spans}
        children: dict[int | None, list[SpanView]] = {}
        for span in self.spans:
            # A parent starts before its children; accepting any other order could follow a cycle.
            parent = span.parent if span.parent in known and (span.parent or 0) < span.number else None
            children.setdefault(parent, []).append(span)
        waiting = [(0, span) for span in reversed(children.pop(None, []))]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting += [(depth + 1, child) for child in reversed(children.pop(span.number, []))]
