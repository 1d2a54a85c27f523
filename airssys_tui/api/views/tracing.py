"""What calls did, step by step, as components tell it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from airssys_tui.core.text import GuestText


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a call.

    Attributes:
        number: From 1, within its trace, in the order in which they began.
        parent: Number of the step it is a part of; none for a step of the call itself.
        name: What it is.
        start_ms: Milliseconds from the trace's beginning.
        took_ms: Milliseconds; none while it goes on.
        annotations: What is worth knowing of it: keys and values.
        error: Why it failed; empty when it did not.
    """

    number: int
    parent: int | None = None
    name: GuestText
    start_ms: float
    took_ms: float | None = None
    annotations: tuple[tuple[GuestText, GuestText], ...] = ()
    error: GuestText = GuestText("")


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """One call that told what it did.

    Attributes:
        id: 32 hexadecimal digits.
        export: The export that was called.
        at: Unix time when its first span began.
        took_ms: Milliseconds from then to the last end that is known.
        failed: Whether a span failed.
        spans: At most 256, in the order in which they began.
        dropped: Spans and annotations that were more than is kept.
    """

    id: str
    export: GuestText
    at: float
    took_ms: float
    failed: bool = False
    spans: tuple[SpanView, ...] = ()
    dropped: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether a step has not ended."""
        return any(span.took_ms is None for span in self.spans)

    def tree(self) -> Iterator[tuple[int, SpanView]]:
        """Yield the steps as a tree from the top, each with its depth; whose parent is not there is at the top."""
        known = {span.number for span in self.spans}
        children: dict[int | None, list[SpanView]] = {}
        for span in self.spans:
            # A parent began before its steps: whatever claims otherwise would go round in circles.
            parent = span.parent if span.parent in known and (span.parent or 0) < span.number else None
            children.setdefault(parent, []).append(span)
        waiting = [(0, span) for span in reversed(children.pop(None, []))]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting += [(depth + 1, child) for child in reversed(children.pop(span.number, []))]
