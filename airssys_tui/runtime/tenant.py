"""The component at the other end of a host call: its configuration, its log, its share of waiting."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Final

from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.manifest import Manifest
from airssys_tui.engine.wasi import Output
from airssys_tui.runtime.journal import Journal
from airssys_tui.runtime.workers import Workers

LINES_PER_SECOND: Final = 1_000


class ComponentTenant:
    """What host functions know of one component. Used on worker threads.

    Args:
        component: Text form of the identity.
        manifest: Its manifest.
        journal: Where its lines go.
        workers: Where a wait is announced.
    """

    def __init__(self, component: str, manifest: Manifest, journal: Journal, workers: Workers) -> None:
        self._component = component
        self._config = tuple((entry.key, entry.value) for entry in manifest.config)
        self._journal = journal
        self._workers = workers
        self._lock = threading.Lock()
        self._second = 0
        self._lines = 0
        self._dropped = 0

    @property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The manifest's ``[config]`` table as keys and JSON texts."""
        return self._config

    def log(self, level: Level, message: str, fields: Sequence[tuple[str, str]]) -> None:
        """Keep one line, at most :data:`LINES_PER_SECOND`; what is dropped is counted and said."""
        said = self._admit()
        if said is None:
            return
        if said:
            self._write_dropped(said)
        tail = " ".join(f"{key}={value}" for key, value in fields)
        self._write(level, f"{message}  {tail}" if tail else message)

    def hear(self, revision: int, output: Output) -> None:
        """Put what a revision of it wrote to stdout and stderr into its log, line by line, under the same bound."""
        for stream, text in output.chunks:
            lines = text.splitlines()
            for index, line in enumerate(lines):
                said = self._admit()
                if said is None:
                    with self._lock:
                        self._dropped += len(lines) - index - 1
                    break
                if said:
                    self._write_dropped(said)
                self._write(Level.INFO, line, revision=revision, action=stream)
        if output.dropped:
            text = f"{output.dropped} bytes of output were dropped: more at once than is kept"
            self._write(Level.WARNING, text, revision=revision, action="dropped")

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to wait in the host."""
        return self._workers.blocking()

    def _write_dropped(self, lines: int) -> None:
        self._write(Level.WARNING, f"{lines} log lines were dropped: more than {LINES_PER_SECOND} in a second")

    def _write(self, level: Level, text: str, *, revision: int | None = None, action: str = "log") -> None:
        self._journal.emit(
            EventKind.LOG,
            text,
            component=self._component,
            revision=revision,
            level=level,
            action=action,
            durable=False,
        )

    def _admit(self) -> int | None:
        """Return how many lines were dropped before this one, or nothing when this one is dropped too."""
        second = int(time.monotonic())
        with self._lock:
            dropped = 0
            if second != self._second:
                dropped, self._dropped = self._dropped, 0
                self._second, self._lines = second, 0
            self._lines += 1
            if self._lines > LINES_PER_SECOND:
                self._dropped += 1
                return None
        return dropped
