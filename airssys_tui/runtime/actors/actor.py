"""An actor: the thing that callers hold. The instance inside it is what changes.

The actor owns the mailbox, the counters and the order of calls. Hot reload, rollback and restart prepare another
instance, hold the mailbox at a call boundary and write one pointer: no caller ever points at an instance.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from airssys_tui.core.errors import CallDropped, MailboxFull, NotServing
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Counters

BATCH: Final = 64
"""Calls that one actor may run before it lets another one have the worker."""

Work = Callable[[Serving], Any]


class Envelope:
    """One queued piece of work and the future of who waits for it."""

    __slots__ = ("asked", "future", "work")

    def __init__(self, work: Work, *, asked: bool) -> None:
        self.work = work
        self.asked = asked
        self.future: Future[Any] = Future()


class Actor:
    """Mailbox, counters and the pointer to what serves.

    Args:
        component: Text form of the identity, for errors.
        workers: Where calls run.
        capacity: Calls that may wait.
        trapped: Called on the worker when a call trapped, after the caller has its error.
    """

    def __init__(
        self, component: str, workers: Workers, capacity: int, trapped: Callable[[Serving, GuestTrap], None]
    ) -> None:
        self.component = component
        self.capacity = capacity
        self.counters = Counters()
        self.costs = CallCosts()
        self._workers = workers
        self._trapped = trapped
        self._lock = threading.Lock()
        self._mailbox: deque[Envelope] = deque()
        self._serving: Serving | None = None
        self._open = False
        self._held = False
        self._scheduled = False
        self._running = False
        self._boundary: list[Future[int]] = []

    @property
    def serving(self) -> Serving | None:
        """What serves now; nothing when no instance lives."""
        return self._serving

    @property
    def queued(self) -> int:
        """How many calls wait."""
        return len(self._mailbox)

    def post(self, work: Work, *, first: bool = False) -> Future[Any]:
        """Queue a call.

        Args:
            work: What to run on the instance.
            first: Before everything that waits, whatever the mailbox's bound: for what the host itself asks of the
                instance that serves now. When that one goes, so does what was asked of it.

        Returns:
            The future of its result. It ends with :class:`~airssys_tui.core.traps.GuestTrap` when the guest trapped,
            and with :class:`~airssys_tui.core.errors.CallDropped` when the component went away before the call ran.

        Raises:
            NotServing: If the component does not accept calls.
            MailboxFull: If too many calls wait already.
        """
        envelope = Envelope(work, asked=first)
        with self._lock:
            if not self._open or (first and self._serving is None):
                raise NotServing(
                    f"{self.component} does not accept calls now", remedy="start it first", component=self.component
                )
            if first:
                self._mailbox.appendleft(envelope)
                self._schedule()
                return envelope.future
            if len(self._mailbox) >= self.capacity:
                self.counters.dropped += 1
                raise MailboxFull(
                    f"{len(self._mailbox)} calls wait for {self.component} already",
                    remedy="try again later, or raise [resources] mailbox",
                    component=self.component,
                )
            self._mailbox.append(envelope)
            self._schedule()
        return envelope.future

    def hold(self) -> Future[int]:
        """Stop at the next call boundary; calls go on queueing.

        Returns:
            A future that ends, with the number of calls waiting, when no call is running any more.
        """
        reached: Future[int] = Future()
        with self._lock:
            self._held = True
            if self._running:
                self._boundary.append(reached)
                return reached
        reached.set_result(len(self._mailbox))
        return reached

    def release(self) -> None:
        """Go on after a :meth:`hold`."""
        with self._lock:
            self._held = False
            self._schedule()

    def switch(self, serving: Serving | None) -> Serving | None:
        """Write the pointer. The actor must be held, or not serving.

        Returns:
            What served until now, for the caller to retire.
        """
        with self._lock:
            before, self._serving = self._serving, serving
            if serving is not None:
                self._open = True
                self.capacity = serving.manifest.limits.mailbox
                serving.costs = self.costs
                self.costs.begin(serving.revision)
                if before is None or before.revision != serving.revision:
                    self.counters.begin_revision(serving.revision)
            self._schedule()
        return before

    def drop_dead(self) -> Serving | None:
        """Let go of an instance that died outside a call of the mailbox; return it, if it was so."""
        with self._lock:
            dead = self._serving
            if dead is None or not dead.dead or self._running:
                return None
            self._serving = None
            asked = self._take_asked()
        self._fail(asked, "lost its instance before it could be asked")
        return dead

    def accept(self, accepting: bool) -> None:
        """Accept calls or not; one that waits for a restart accepts them, one that stopped does not."""
        with self._lock:
            self._open = accepting
        if not accepting:
            self.drop_queued()

    def drop_queued(self) -> int:
        """Fail every waiting call with :class:`CallDropped`; return how many there were."""
        with self._lock:
            waiting = list(self._mailbox)
            self._mailbox.clear()
            self.counters.dropped += len(waiting)
        self._fail(waiting, "stopped before the call ran")
        return len(waiting)

    def _take_asked(self) -> list[Envelope]:
        asked = [envelope for envelope in self._mailbox if envelope.asked]
        if asked:
            self._mailbox = deque(envelope for envelope in self._mailbox if not envelope.asked)
        return asked

    def _fail(self, envelopes: list[Envelope], why: str) -> None:
        for envelope in envelopes:
            if envelope.future.set_running_or_notify_cancel():
                envelope.future.set_exception(CallDropped(f"{self.component} {why}", component=self.component))

    def _schedule(self) -> None:
        if self._mailbox and not self._scheduled and not self._held and self._serving is not None:
            self._scheduled = True
            self._workers.schedule(self._turn)

    def _turn(self) -> None:
        for _ in range(BATCH):
            with self._lock:
                serving = self._serving
                if self._held or serving is None or not self._mailbox:
                    self._scheduled = False
                    return
                envelope = self._mailbox.popleft()
                self._running = True
            trap = self._run(envelope, serving)
            boundary = self._finish(serving, trap)
            for reached in boundary:
                reached.set_result(len(self._mailbox))
            if trap is not None:
                self._trapped(serving, trap)
        with self._lock:
            self._scheduled = False
            self._schedule()

    def _run(self, envelope: Envelope, serving: Serving) -> GuestTrap | None:
        if not envelope.future.set_running_or_notify_cancel():
            return None
        try:
            result = envelope.work(serving)
        except GuestTrap as trap:
            envelope.future.set_exception(trap)
            return trap if serving.dead else None
        except BaseException as error:  # noqa: BLE001 - the worker boundary: the error belongs to the caller
            envelope.future.set_exception(error)
            return None
        envelope.future.set_result(result)
        return None

    def _finish(self, serving: Serving, trap: GuestTrap | None) -> Sequence[Future[int]]:
        asked: list[Envelope] = []
        with self._lock:
            self._running = False
            if trap is None and not self._boundary:  # nearly always
                return ()
            if trap is not None and self._serving is serving:
                self._serving = None
                asked = self._take_asked()
            boundary, self._boundary = self._boundary, []
        self._fail(asked, "lost its instance before it could be asked")
        return boundary
