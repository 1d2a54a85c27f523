"""An actor: callers hold it, and the instance behind it may change between any two calls.

WebAssembly instances are not re-entrant, and they are replaced all the time: by a reload, a rollback, a restart. So no
caller ever holds an instance. It posts work to the actor's mailbox and gets a future; the actor runs one piece of work
at a time on a worker thread, on whatever instance serves at that moment. The rules:

* One call at a time, in order; the host's own calls (health, state) go first.
* At most one turn of an actor is scheduled on the workers (``_scheduled``), so a component never holds more than one
  of them. A turn runs up to :data:`BATCH` calls, or calls for :data:`TURN_NS`, then queues again, so that a busy actor
  does not keep a worker from the others.
* To change the instance, the control loop calls :meth:`Actor.pause`, whose future ends at the next call boundary. Calls
  go on queueing. Then :meth:`Actor.switch` writes one pointer, and :meth:`Actor.resume` lets the mailbox run again.
* A trap kills the instance: the worker clears the pointer before the next call can take it, fails the host's own calls
  to that instance, and reports to supervision. Other calls stay in the mailbox for the next instance.
* An actor that does not accept calls (:meth:`Actor.accept`) fails its queued calls. An actor that waits for a restart
  accepts calls; one that was stopped or given up does not.

Everything done under the lock is short; no guest code runs while it is held.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter_ns
from typing import Any, Final

from airssys_tui.core.errors import CallDropped, MailboxFull, NotServing
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.task_queue import Task
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Counters

BATCH: Final = 64
"""Calls that one actor may run before another actor gets the worker."""

TURN_NS: Final = 2_000_000
"""Nanoseconds after which a turn begins no further call."""

Work = Callable[[Serving], Any]


class Envelope:
    """One queued piece of work and the future of its result; ``asked`` is set for the host's own calls."""

    __slots__ = ("asked", "future", "work")

    def __init__(self, work: Work, *, asked: bool) -> None:
        self.work = work
        self.asked = asked
        self.future: Future[Any] = Future()


class Actor:
    """Mailbox, counters and the pointer to the serving instance.

    Args:
        component: The component's name, for errors.
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
        self._task = Task(component, self._turn)
        self._trapped = trapped
        self._lock = threading.Lock()
        self._mailbox: deque[Envelope] = deque()
        self._serving: Serving | None = None
        self._open = False
        self._paused = False
        self._scheduled = False
        self._running = False
        self._boundary: list[Future[int]] = []

    @property
    def serving(self) -> Serving | None:
        """The instance that serves now, or None."""
        return self._serving

    @property
    def queued(self) -> int:
        """How many calls are queued."""
        return len(self._mailbox)

    def post(self, work: Work, *, first: bool = False) -> Future[Any]:
        """Queue a call.

        Args:
            work: What to run on the instance.
            first: Put it before all queued calls, even if the mailbox is full: for the host's own calls to the instance
                that serves now. If that instance is gone before the call runs, the call fails.

        Returns:
            The future of its result. It ends with :class:`~airssys_tui.core.traps.GuestTrap` if the guest trapped, and
            with :class:`~airssys_tui.core.errors.CallDropped` if the component went away before the call ran.

        Raises:
            NotServing: If the component does not accept calls.
            MailboxFull: If the mailbox is full.
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
                    f"{len(self._mailbox)} calls are already queued for {self.component}",
                    remedy="try again later, or raise [resources] mailbox",
                    component=self.component,
                )
            self._mailbox.append(envelope)
            self._schedule()
        return envelope.future

    def pause(self) -> Future[int]:
        """Stop at the next call boundary; calls go on queueing.

        Returns:
            A future that ends as soon as no call is running; its result is the number of queued calls.
        """
        reached: Future[int] = Future()
        with self._lock:
            self._paused = True
            if self._running:
                self._boundary.append(reached)
                return reached
        reached.set_result(len(self._mailbox))
        return reached

    def resume(self) -> None:
        """Run queued calls again after :meth:`pause`."""
        with self._lock:
            self._paused = False
            self._schedule()

    def switch(self, serving: Serving | None) -> Serving | None:
        """Replace the instance that serves. The actor must be paused, or not serving.

        Returns:
            The instance that served until now, for the caller to retire.
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
        """Remove the instance if it died outside a call of the mailbox, and return it."""
        with self._lock:
            dead = self._serving
            if dead is None or not dead.dead or self._running:
                return None
            self._serving = None
            asked = self._take_asked()
        self._fail(asked, "lost its instance before it could answer")
        return dead

    def accept(self, accepting: bool) -> None:
        """Set whether calls are accepted; when they are not, those queued fail."""
        with self._lock:
            self._open = accepting
        if not accepting:
            self.drop_queued()

    def drop_queued(self) -> int:
        """Fail every queued call with :class:`CallDropped`; return how many there were."""
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
        if self._mailbox and not self._scheduled and not self._paused and self._serving is not None:
            self._scheduled = True
            self._workers.schedule(self._task)

    def _turn(self) -> None:
        end = perf_counter_ns() + TURN_NS
        for _ in range(BATCH):
            with self._lock:
                serving = self._serving
                if self._paused or serving is None or not self._mailbox:
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
            if perf_counter_ns() > end:
                break
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
        self._fail(asked, "lost its instance before it could answer")
        return boundary
