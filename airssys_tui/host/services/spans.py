"""Traces of calls as a component reports them, step by step: bounded; show its texts sanitised."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from sys import getsizeof
from typing import Final

from airssys_tui.core.text import bounded

MAX_TRACES: Final = 64
MAX_SPANS: Final = 256
MAX_ANNOTATIONS: Final = 32
MAX_NAME: Final = 128
MAX_TEXT: Final = 1_024
MAX_TOLD: Final = 64 * 1_024
"""Maximum characters of a trace's annotations and messages; more are dropped and counted."""

MAX_BYTES: Final = 1_024 * 1_024
"""Bytes of memory of a component's kept traces; the oldest go first. The newest is kept whatever its size."""

SPAN_BYTES: Final = 600
"""Bytes of memory of one span without its texts, the engine's handle included; measured."""


class Span:
    """One step of a call.

    Attributes:
        number: From 1, within its trace.
        parent: Number of the parent span; 0 for the call itself.
        name: The step's name.
        started_ns: Nanoseconds since the start of the trace.
        ended_ns: Nanoseconds from the start of the trace to the end of the step; None while it is open.
        annotations: Keys and values that the component attached.
        error: Why it failed; empty unless it did.
        kept: Whether its trace shows it; texts of other spans are dropped.
    """

    __slots__ = ("_trace", "annotations", "ended_ns", "error", "kept", "name", "number", "parent", "started_ns")

    def __init__(self, trace: Trace, number: int, parent: int, name: str) -> None:
        self._trace = trace
        self.kept = True
        self.number = number
        self.parent = parent
        self.name = bounded(name, MAX_NAME)
        self.started_ns = trace.now()
        self.ended_ns: int | None = None
        self.annotations: list[tuple[str, str]] = []
        self.error = ""

    @property
    def trace(self) -> Trace:
        """The trace it belongs to."""
        return self._trace

    def annotate(self, key: str, value: str) -> None:
        """Add an annotation; dropped and counted when there is no room."""
        note = bounded(key, MAX_NAME), bounded(value, MAX_TEXT)
        if self.kept and len(self.annotations) < MAX_ANNOTATIONS and self._trace.takes(*note):
            self.annotations.append(note)
        else:
            self._trace.dropped += 1

    def fail(self, message: str) -> None:
        """Mark the span as failed; without room for the message only the failure itself is kept."""
        said = bounded(message, MAX_TEXT)
        self.error = said if said.strip() and self.kept and self._trace.takes(said) else "failed"

    def finish(self) -> None:
        """End the span; later calls have no effect."""
        if self.ended_ns is None:
            self.ended_ns = self._trace.now()
            if self._trace.follower is not None:
                self._trace.follower(self)


class Trace:
    """The spans of one call.

    Attributes:
        id: 32 hexadecimal digits.
        export: The export that was called.
        at: Unix time of the start of its first span.
        spans: In order of their start.
        dropped: Number of spans and annotations dropped.
        bytes: Bytes of memory that it is counted with.
        follower: Called with each span that ends, on the thread that runs the instance; None if nobody follows.
        began_ns: Start of its first span, in nanoseconds of ``perf_counter_ns``: it tells the traces of one id apart.
    """

    __slots__ = ("_told", "at", "began_ns", "bytes", "dropped", "export", "follower", "id", "spans")

    def __init__(self, id_: str, export: str) -> None:
        self.bytes = SPAN_BYTES
        self.id = id_
        self.export = export
        self.at = time.time()
        self.began_ns = time.perf_counter_ns()
        self.follower: Callable[[Span], None] | None = None
        self.spans: list[Span] = []
        self.dropped = 0
        self._told = 0

    def now(self) -> int:
        """Return nanoseconds since the start of the trace."""
        return time.perf_counter_ns() - self.began_ns

    def takes(self, *texts: str) -> bool:
        """Reserve room for more texts; return whether there was enough."""
        characters = sum(map(len, texts))
        if self._told + characters > MAX_TOLD:
            return False
        self._told += characters
        self.bytes += sum(map(getsizeof, texts))
        return True

    def forget(self) -> None:
        """Give up what it keeps, because nobody can see it any more; the guest may still hold its spans."""
        spans, self.spans = self.spans, []
        for span in spans:
            span.kept = False
            span.annotations.clear()
            span.error = ""
        self._told = MAX_TOLD

    def break_off(self, why: str) -> None:
        """End all open spans because the instance is gone; the most recently started one records why."""
        going_on = [span for span in self.spans if span.ended_ns is None]
        if going_on and not going_on[-1].error:
            going_on[-1].fail(why)
        for span in reversed(going_on):
            span.finish()

    def start(self, name: str, parent: Span | None) -> Span:
        """Start a span; above the limit it works like any other but is not kept."""
        known = parent.number if parent is not None and parent.trace is self else 0
        span = Span(self, len(self.spans) + 1, known, name)
        if len(self.spans) < MAX_SPANS:
            self.spans.append(span)
            self.bytes += SPAN_BYTES + getsizeof(span.name)
        else:
            self.dropped += 1
            span.kept = False
            span.number = known
        return span


class Traces:
    """The most recent traces of one component. Thread-safe.

    Attributes:
        follower: Called with each span that ends, at once, on the thread that runs the instance; None without one.
    """

    def __init__(self) -> None:
        self.follower: Callable[[Span], None] | None = None
        self._lock = threading.Lock()
        self._kept: list[Trace] = []  # a deque takes ten times the memory while it is empty

    def __len__(self) -> int:
        """Return the number of kept traces."""
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes of memory of the kept traces."""
        return sum(trace.bytes for trace in self.read())

    def keep(self, trace: Trace) -> None:
        """Keep a trace; at a limit it replaces the oldest ones."""
        with self._lock:
            self._kept.append(trace)
            size = sum(kept.bytes for kept in self._kept)
            while len(self._kept) > 1 and (len(self._kept) > MAX_TRACES or size > MAX_BYTES):
                oldest = self._kept.pop(0)
                size -= oldest.bytes
                oldest.forget()

    def take_in(self, other: Traces) -> None:
        """Copy the traces of another instance."""
        for trace in other.read():
            self.keep(trace)

    def read(self) -> tuple[Trace, ...]:
        """Return the kept traces, oldest first."""
        with self._lock:
            return tuple(self._kept)


class Tracer:
    """Tracks the current call of an instance. Used by the thread that runs the instance.

    Args:
        traces: Receives the traces.
    """

    __slots__ = ("_export", "_id", "_next", "_trace", "traces")

    def __init__(self, traces: Traces) -> None:
        self.traces = traces
        self._export = ""
        self._id = ""
        self._next = ""
        self._trace: Trace | None = None

    def name_next(self, id_: str) -> None:
        """Set the trace id of the next call, which somebody else knows already; 32 hexadecimal digits."""
        self._next = id_

    def enter(self, export: str) -> None:
        """Record the start of another call."""
        self._export = export
        self._id, self._next = self._next, ""
        self._trace = None

    @property
    def id(self) -> str:
        """Trace id of the current call."""
        if not self._id:
            self._id = secrets.token_hex(16)
        return self._id

    @property
    def known(self) -> str:
        """Trace id of the current call if anybody knows it; empty if nobody has asked for it yet."""
        return self._id

    @property
    def told(self) -> str:
        """Trace id of the current or last call; empty if it reported no step."""
        return self._trace.id if self._trace is not None else ""

    def break_off(self, why: str) -> None:
        """End the open spans of the call, which the instance cannot end because the call trapped."""
        if self._trace is not None:
            self._trace.break_off(why)

    def start(self, name: str, parent: Span | None) -> Span:
        """Start a span of the current call. A parent from an earlier call is replaced by the current call itself."""
        if self._trace is None:
            self._trace = Trace(self.id, self._export)
            self._trace.follower = self.traces.follower
            self.traces.keep(self._trace)
        return self._trace.start(name, parent)
