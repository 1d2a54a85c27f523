"""What calls did, step by step, in the component's own words: traces of spans, bounded and safe to show."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from typing import Final

from airssys_tui.core.text import GuestText, one_line

MAX_TRACES: Final = 64
MAX_SPANS: Final = 256
MAX_ANNOTATIONS: Final = 32
MAX_NAME: Final = 128
MAX_TEXT: Final = 1_024
MAX_TOLD: Final = 64 * 1_024
"""Characters of all the annotations and messages of a trace: more are dropped and counted."""


class Span:
    """One step of a call.

    Attributes:
        number: From 1, within its trace.
        parent: Number of the span it is a step of; 0 for the call itself.
        name: What it is.
        started_ns: Nanoseconds since the trace began.
        ended_ns: Likewise; none while it goes on.
        annotations: What is worth knowing of it.
        error: Why it failed; empty when it did not.
    """

    __slots__ = ("_trace", "annotations", "ended_ns", "error", "name", "number", "parent", "started_ns")

    def __init__(self, trace: Trace, number: int, parent: int, name: str) -> None:
        self._trace = trace
        self.number = number
        self.parent = parent
        self.name = one_line(name, MAX_NAME)
        self.started_ns = trace.now()
        self.ended_ns: int | None = None
        self.annotations: list[tuple[GuestText, GuestText]] = []
        self.error = GuestText("")

    @property
    def trace(self) -> Trace:
        """The trace it belongs to."""
        return self._trace

    def annotate(self, key: str, value: str) -> None:
        """Add what is worth knowing; more than is kept is dropped and counted."""
        note = one_line(key, MAX_NAME), one_line(value, MAX_TEXT)
        if len(self.annotations) < MAX_ANNOTATIONS and self._trace.takes(len(note[0]) + len(note[1])):
            self.annotations.append(note)
        else:
            self._trace.dropped += 1

    def fail(self, message: str) -> None:
        """Mark it as failed; only that it did is kept where there is no room for the message."""
        said = one_line(message, MAX_TEXT)
        self.error = said if said and self._trace.takes(len(said)) else GuestText("failed")

    def finish(self) -> None:
        """End it; only the first time counts."""
        if self.ended_ns is None:
            self.ended_ns = self._trace.now()


class Trace:
    """The spans of one call.

    Attributes:
        id: 32 hexadecimal digits.
        export: The export that was called.
        at: Unix time when its first span began.
        spans: In the order in which they began.
        dropped: Spans and annotations that were not kept.
    """

    __slots__ = ("_began", "_told", "at", "dropped", "export", "id", "spans")

    def __init__(self, id_: str, export: str) -> None:
        self.id = id_
        self.export = export
        self.at = time.time()
        self._began = time.perf_counter_ns()
        self.spans: list[Span] = []
        self.dropped = 0
        self._told = 0

    def now(self) -> int:
        """Return nanoseconds since it began."""
        return time.perf_counter_ns() - self._began

    def takes(self, characters: int) -> bool:
        """Return whether there is room for so many characters more, and keep it for them."""
        if self._told + characters > MAX_TOLD:
            return False
        self._told += characters
        return True

    def break_off(self, why: str) -> None:
        """End every span that goes on: the instance that would have is gone. The one begun last says why."""
        going_on = [span for span in self.spans if span.ended_ns is None]
        for span in going_on:
            span.finish()
        if going_on and not going_on[-1].error:
            going_on[-1].fail(why)

    def start(self, name: str, parent: Span | None) -> Span:
        """Begin a span; one more than is kept works like any other and is forgotten."""
        known = parent.number if parent is not None and parent.trace is self else 0
        span = Span(self, len(self.spans) + 1, known, name)
        if len(self.spans) < MAX_SPANS:
            self.spans.append(span)
        else:
            self.dropped += 1
            span.number = known
        return span


class Traces:
    """The last traces of one component. May be used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Trace] = deque(maxlen=MAX_TRACES)

    def keep(self, trace: Trace) -> None:
        """Keep a trace, in the place of the oldest."""
        with self._lock:
            self._kept.append(trace)

    def take_in(self, other: Traces) -> None:
        """Go on with the traces of another one."""
        for trace in other.read():
            self.keep(trace)

    def read(self) -> tuple[Trace, ...]:
        """Return what is kept, oldest first."""
        with self._lock:
            return tuple(self._kept)


class Tracer:
    """Knows the call that an instance is in. Used by the thread that runs the instance.

    Args:
        traces: Where traces go.
    """

    __slots__ = ("_export", "_id", "_trace", "traces")

    def __init__(self, traces: Traces) -> None:
        self.traces = traces
        self._export = ""
        self._id = ""
        self._trace: Trace | None = None

    def enter(self, export: str) -> None:
        """Notice that another call begins."""
        self._export = export
        self._id = ""
        self._trace = None

    @property
    def id(self) -> str:
        """Identity of the trace of the call that runs."""
        if not self._id:
            self._id = secrets.token_hex(16)
        return self._id

    @property
    def told(self) -> str:
        """Identity of the trace of the call that runs, or ran last; empty when it told of no step."""
        return self._trace.id if self._trace is not None else ""

    def break_off(self, why: str) -> None:
        """End what the call began: it trapped, and nothing of the instance is left that could."""
        if self._trace is not None:
            self._trace.break_off(why)

    def start(self, name: str, parent: Span | None) -> Span:
        """Begin a span of the call that runs. A parent of an earlier call makes it a child of this one."""
        if self._trace is None:
            self._trace = Trace(self.id, self._export)
            self.traces.keep(self._trace)
        return self._trace.start(name, parent)
