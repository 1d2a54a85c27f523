"""What is to be audited, on its way to the disk: entries first, then the writes to the catalog that they are about.

A *recording* is both: its future ends when the entries are in the log, synced, and its effect is in the catalog, in one
transaction with the head of the log. Recordings that are ready together share the wait for the log and the transaction,
and each effect stands alone: one that fails is taken back by itself, and an entry says that it was not done.

A *note* is an entry that nobody waits for: a denial, a first use. Notes are written with the next recording, or by
:meth:`AuditWriter.flush`, which the runtime calls twice a second; they are bounded, and dropped ones are counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.errors import StoreError
from airssys_tui.store.audit.audit_log import AuditLog, repair_entries
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.database import TransactionLost

T = TypeVar("T")

MOST: Final = 64
"""Recordings that share a transaction."""

MOST_NOTES: Final = 512
"""Notes written at once."""

KEPT_NOTES: Final = 4_096
"""Notes that may wait; further ones are dropped and counted."""


class _Recording:
    __slots__ = ("effect", "entries", "error", "future", "result")

    def __init__(self, entries: Sequence[AuditEntry], effect: Callable[[], Any]) -> None:
        self.entries = tuple(entries)
        self.effect = effect
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()  # it is made in any case, whether or not anybody waits for it
        self.result: Any = None
        self.error: BaseException | None = None

    def end(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class AuditWriter:
    """Writes the audit of one runtime. Any thread may use it; the disk thread does the work.

    Args:
        state: The state directory.
        submit: Runs a function on the disk thread.
        clock: Unix seconds.
        tell: Called with what an operator has to know: what was repaired, what cannot be written.
    """

    def __init__(
        self,
        state: StateDirectory,
        submit: Callable[[Callable[[], None]], Future[None]],
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._state = state
        self._submit = submit
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: deque[_Recording] = deque()
        self._notes: deque[AuditEntry] = deque()
        self._dropped = 0
        self._scheduled = False
        self._log: AuditLog | None = None
        self._failing = False

    def record(self, entries: Sequence[AuditEntry], effect: Callable[[], T]) -> Future[T]:
        """Write entries, then what they record; the future ends when both are durable.

        Args:
            entries: The entries; none for a write that is only to be made with others.
            effect: Writes the catalog and nothing else, on the disk thread.
        """
        recording = _Recording(entries, effect)
        with self._lock:
            self._waiting.append(recording)
        self._schedule()
        return recording.future

    def note(self, entry: AuditEntry, *, soon: bool = False) -> None:
        """Have an entry written that nobody waits for.

        Args:
            entry: The entry.
            soon: Whether it is written at once instead of with the next flush.
        """
        with self._lock:
            if len(self._notes) >= KEPT_NOTES:
                self._dropped += 1
                return
            self._notes.append(entry)
        if soon:
            self._schedule()

    def flush(self) -> None:
        """Have the notes written, if there are any."""
        if self._waiting or self._notes or self._dropped:
            self._schedule()

    def finish(self) -> None:
        """Write everything that waits, or say that it cannot be written; on the disk thread."""
        while self._waiting or ((self._notes or self._dropped) and not self._failing):
            self._drain()

    def _schedule(self) -> None:
        with self._lock:
            if self._scheduled:
                return
            self._scheduled = True
        try:
            self._submit(self._drain)
        except RuntimeError:  # the disk thread is closed: the runtime has ended
            with self._lock:
                self._scheduled = False
                batch = list(self._waiting)
                self._waiting.clear()
            for each in batch:
                each.error = StoreError("the runtime is closed, so nothing can be audited any more")
                each.end()

    def _drain(self) -> None:
        """Write what waits; on the disk thread."""
        with self._lock:
            self._scheduled = False
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            notes = [self._notes.popleft() for _ in range(min(MOST_NOTES, len(self._notes)))]
            dropped, self._dropped = self._dropped, 0
            more = bool(self._waiting or self._notes)
        if dropped:
            text = f"{dropped} entries about denials and uses were dropped: too many at once"
            notes.append(AuditEntry(at=self._clock(), kind=AuditKind.DROPPED, text=text, count=dropped))
        try:
            self._write(batch, notes)
        except Exception as error:  # noqa: BLE001 - the thread boundary: nobody may take it for done
            self._give_back(notes)
            for each in batch:
                each.error = error
            self._fail(error)
        for each in batch:
            each.end()
        if more and not self._failing:
            self._schedule()

    def _write(self, batch: list[_Recording], notes: list[AuditEntry]) -> None:
        log = self._opened()
        repairs = repair_entries(log.found, self._clock()) if log.untold else []
        entries = [*repairs, *notes, *(entry for each in batch for entry in each.entries)]
        head = log.append(entries) if entries else log.head
        for repair in repairs:
            self._tell(f"audit: {repair.text}")
        notes.clear()
        first = head.count - sum(len(each.entries) for each in batch) + 1
        try:
            with self._state.catalog.together():
                for each in batch:
                    self._run(each)
                self._state.grants.set_audit_head(head)
        except StoreError as error:
            for each in batch:
                each.error = error
            self._fail(error)  # the entries are in the log: who opens it next says that they were not done
            return
        self._failing = False
        self._note_undone(batch, first)
        if log.begun:
            self._remove_oldest(log)

    def _run(self, recording: _Recording) -> None:
        def run() -> None:
            with self._state.catalog.part():
                recording.result = recording.effect()

        try:
            run()
        except TransactionLost:
            raise
        except Exception as error:  # noqa: BLE001 - the thread boundary: the error belongs to the waiting caller
            recording.error = error

    def _note_undone(self, batch: list[_Recording], first: int) -> None:
        """Say of which entries the effect failed."""
        for each in batch:
            if each.error is not None and each.entries:
                text = f"entry {first} was not done: {each.error}"
                self.note(AuditEntry(at=self._clock(), kind=AuditKind.NOT_DONE, text=text), soon=True)
            first += len(each.entries)

    def _opened(self) -> AuditLog:
        if self._log is None:
            self._log = AuditLog(self._state.audit, self._state.grants.audit_head())
        return self._log

    def _remove_oldest(self, log: AuditLog) -> None:
        surplus = log.surplus()
        if surplus is None:
            return
        file, base = surplus
        self._state.grants.set_audit_head(log.head, base)
        log.remove(file)
        text = f"entries up to {base.count} were removed for space"
        self.note(AuditEntry(at=self._clock(), kind=AuditKind.TRIMMED, text=text, count=base.count))

    def _give_back(self, notes: list[AuditEntry]) -> None:
        with self._lock:
            room = max(0, KEPT_NOTES - len(self._notes))
            self._dropped += max(0, len(notes) - room)
            self._notes.extendleft(reversed(notes[: min(room, len(notes))]))

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            self._tell(f"the audit cannot be written, so nothing can be granted or used once: {error}")
        self._failing = True
        # Its state on the disk is not certain: the next attempt looks at it again.
        self._log = None
