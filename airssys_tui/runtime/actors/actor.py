"""An actor: callers hold it, and the instance behind it may change between any two calls.

WebAssembly instances are not re-entrant, and they are replaced all the time: by a reload, a rollback, a restart. So no
caller ever holds an instance. It posts work to the actor's mailbox and gets a reply; the actor runs one piece of work
at a time on a worker thread, on whatever instance serves at that moment. The rules:

* One call at a time, in order; the host's own calls (health, state) go first.
* At most one turn of an actor is scheduled on the workers (``_scheduled``), so a component never holds more than one
  of them. A turn runs up to :data:`BATCH` calls, or calls for :data:`TURN_NS`, then queues again if anything waits for
  the worker, so that a busy actor does not keep it from the others.
* Whoever waits for the result of one call (:meth:`Actor.request`) runs it on their own thread when the actor is idle,
  in place of a turn: going to a worker and back takes ten times as long as a short call.
* To change the instance, the control loop calls :meth:`Actor.pause`, whose future ends at the next call boundary. Calls
  go on queueing. Then :meth:`Actor.switch` writes one pointer, and :meth:`Actor.resume` lets the mailbox run again.
* A guest that waits for the answer of another one runs its call on its own worker (:meth:`Actor.run_within`) when the
  other one is idle and quick; a few calls may run within one another so.
* A trap kills the instance: the worker clears the pointer before the next call can take it, fails the host's own calls
  to that instance, and reports to supervision. Other calls stay in the mailbox for the next instance, and so does a
  message that is to be delivered again.
* An actor that does not accept calls (:meth:`Actor.accept`) fails those queued; one that waits for a restart does.

Everything done under the lock is short; no guest code runs while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import perf_counter_ns
from typing import Any, Final, TypeVar

from airssys_tui.core.errors import CallDropped, NotServing
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actors.mailbox import FULL, TAKEN, Intake, Mailbox
from airssys_tui.runtime.actors.quickness import MOST_WITHIN, is_quick
from airssys_tui.runtime.actors.reply import QUEUED, Reply
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.machinery.caller_threads import CALLER
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.worker_lane import Task
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Counters

BATCH: Final = 64
"""Calls that one actor may run before another actor gets the worker."""

TURN_NS: Final = 2_000_000
"""Nanoseconds after which a turn begins no further call."""

T = TypeVar("T")


class Actor:
    """Mailbox, counters and the pointer to the serving instance.

    Args:
        component: The component's name, for errors.
        workers: Where calls run.
        capacity: Calls that may wait.
        trapped: Called when a call trapped, on the thread that ran it.

    Attributes:
        lock: The lock of its replies and of its mailbox.
        mailbox: What waits.
    """

    def __init__(
        self, component: str, workers: Workers, capacity: int, trapped: Callable[[Serving, GuestTrap], None]
    ) -> None:
        self.component = component
        self.counters = Counters()
        self.costs = CallCosts()
        self._workers = workers
        self._task = Task(component, self._turn)
        self._trapped = trapped
        self.lock = self._lock = threading.Lock()
        self._mailbox = self.mailbox = Mailbox(capacity)
        self._serving: Serving | None = None
        self._open = False
        self._paused = False
        self._scheduled = False
        self._running = False
        self._boundary: list[Future[int]] = []

    @property
    def busy(self) -> bool:
        """Whether a call runs or waits."""
        return self._scheduled or bool(self._mailbox)

    @property
    def serving(self) -> Serving | None:
        """The instance that serves now, or None."""
        return self._serving

    @property
    def accepts_calls(self) -> bool:
        """Whether calls are accepted."""
        return self._open

    @property
    def queued(self) -> int:
        """How many calls are queued."""
        return len(self._mailbox)

    def post(self, work: Callable[[Serving], T], *, first: bool = False) -> Reply[T]:
        """Queue a call.

        Args:
            work: What to run on the instance.
            first: Put it before all queued calls, even if the mailbox is full: for the host's own calls to the instance
                that serves now. If that instance is gone before the call runs, the call fails.

        Returns:
            Its reply. It ends with :class:`~airssys_tui.core.traps.GuestTrap` if the guest trapped, and with
            :class:`~airssys_tui.core.errors.CallDropped` if the component went away before the call ran.

        Raises:
            NotServing: If the component does not accept calls.
            MailboxFull: If the mailbox is full.
        """
        reply = Reply(work, self._lock, asked=first)
        with self._lock:
            if not self._open or (first and self._serving is None):
                raise NotServing(
                    f"{self.component} does not accept calls now",
                    remedy=f"see why: airssys-tui explain {self.component}",
                    component=self.component,
                )
            mailbox = self._mailbox
            if first:
                mailbox.appendleft(reply)
            elif len(mailbox) < mailbox.capacity or mailbox.made_room(TURN_NS):
                mailbox.append(reply)
            else:
                self.counters.dropped += 1
                raise mailbox.full(self.component)
            if not self._scheduled:
                self._schedule()
        return reply

    def take(self, message: Reply[Any] | None, *, surely: bool = False) -> Intake:
        """Queue a message; its end is its own business.

        Args:
            message: The message, with the lock of this actor; None to make room for one that comes ``surely``.
            surely: Whether there is always room for it: the number of such messages has a bound of its own.
        """
        displaced: list[Reply[Any]] = []
        size = 0 if message is None else message.size
        with self._lock:
            if not self._open:
                return Intake.CLOSED
            mailbox = self._mailbox
            full = not surely and not mailbox.takes(size) and not mailbox.made_room(TURN_NS, size)
            if full:
                displaced = mailbox.displace(size)
                full = not mailbox.takes(size)
                self.counters.dropped += len(displaced)
            if message is not None and not full:
                mailbox.append(message)
                mailbox.bytes += size
                if not self._scheduled:
                    self._schedule()
        for each in displaced:
            each.fail(mailbox.full(self.component))
        return FULL if full else TAKEN

    def run_within(self, message: Reply[Any], within: float) -> bool:
        """Run a call for a guest that waits for it on this thread, in place of a turn; return whether it was run.

        It is if this thread is a worker, the actor is idle, and the call surely or probably ends within some seconds:
        one that runs here cannot be given up.
        """
        if CALLER.depth >= MOST_WITHIN - 1 or not self._workers.here:
            return False
        serving = self._claim(within, quick=is_quick(self.counters, self._serving))
        if serving is None:
            return False
        message.begin()
        free, CALLER.free = CALLER.free, False
        CALLER.depth += 1
        trap: GuestTrap | None = None
        try:
            trap = self._run(message, serving)
        finally:
            CALLER.depth -= 1
            CALLER.free = free
            self._leave(serving, trap)
            with self._lock:
                self._scheduled = False
                self._schedule()
        return True

    def request(self, work: Callable[[Serving], T], timeout: float | None = None) -> T:
        """Run a call and return its result: on this thread if nothing else is to run and it may, or on a worker.

        The rules are the same either way: one call at a time, in order, metered, with its deadline and its fuel; a trap
        reaches supervision. A call on this thread takes no worker's place, however long it runs. Not on an event loop.

        Args:
            work: What to run on the instance.
            timeout: Seconds to wait; for ever if not given. A call whose deadline is later runs on a worker.

        Raises:
            TimeoutError: If there is no result by then; the call goes on.
            NotServing: If the component does not accept calls.
            MailboxFull: If the mailbox is full.
            CallDropped: If the component went away before the call ran.
            GuestTrap: If the guest trapped.
        """
        if CALLER.free:
            serving = self._claim(timeout)
            if serving is not None:
                return self._run_here(work, serving)
        return self.post(work).result(timeout)

    def _claim(self, timeout: float | None, *, quick: bool = False) -> Serving | None:
        """Take the instance for a call on this thread, if it is idle and the call ends in time by itself, or soon."""
        with self._lock:
            serving = self._serving
            if serving is None or self._scheduled or self._paused or self._mailbox or not self._open:
                return None
            if not quick and not serving.ends_within(timeout):
                return None
            self._scheduled = self._running = True
        return serving

    def _run_here(self, work: Callable[[Serving], T], serving: Serving) -> T:
        trap: GuestTrap | None = None
        CALLER.free = False
        try:
            return work(serving)
        except GuestTrap as error:
            trap = error if serving.dead else None
            raise
        finally:
            CALLER.free = True
            self._leave(serving, trap)
            with self._lock:
                self._scheduled = False
                self._schedule()

    def pause(self) -> Future[int]:
        """Stop at the next call boundary; calls go on queueing. A call that waits for an answer waits no longer.

        Returns a future that ends as soon as no call is running; its result is the number of queued calls.
        """
        reached: Future[int] = Future()
        reached.set_running_or_notify_cancel()  # a worker ends it, whether or not anybody waits
        with self._lock:
            self._paused = True
            if self._serving is not None:
                self._serving.hurry(True)
            if self._running:
                self._boundary.append(reached)
                return reached
        reached.set_result(len(self._mailbox))
        return reached

    def resume(self) -> None:
        """Run queued calls again after :meth:`pause`."""
        with self._lock:
            self._paused = False
            if self._serving is not None:
                self._serving.hurry(False)
            self._schedule()

    def switch(self, serving: Serving | None) -> Serving | None:
        """Replace the instance that serves. The actor must be paused, or not serving.

        Returns the instance that served until now, for the caller to retire.
        """
        with self._lock:
            before, self._serving = self._serving, serving
            if serving is not None:
                self._open = True
                self._mailbox.capacity = serving.manifest.limits.mailbox
                self._mailbox.overflow = serving.manifest.overflow
                serving.costs, serving.post = self.costs, self.post
                self.costs.begin(serving.revision, serving.tier)
                if before is None or (before.revision, before.tier) != (serving.revision, serving.tier):
                    self.counters.begin_revision(serving.revision)
                first = serving.first_work()
                if first is not None:
                    self._mailbox.appendleft(Reply(first, self._lock, asked=True))
            self._schedule()
        return before

    def drop_dead(self) -> Serving | None:
        """Remove the instance if it died outside a call of the mailbox, and return it."""
        with self._lock:
            dead = self._serving
            if dead is None or not dead.dead or self._running:
                return None
            self._serving = None
            asked = self._mailbox.take_asked()
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
            dropped = len(self._mailbox)
            waiting, room = self._mailbox.take_all()
            self.counters.dropped += dropped
        self._fail(waiting, "stopped before the call ran")
        for wake in room:
            wake()
        return dropped

    def _fail(self, replies: list[Reply[Any]], why: str) -> None:
        for reply in replies:
            reply.fail(CallDropped(f"{self.component} {why}", component=self.component))

    def _schedule(self) -> None:
        if self._mailbox and not self._scheduled and not self._paused and self._serving is not None:
            self._scheduled = True
            self._workers.schedule(self._task)

    def _turn(self) -> None:
        while self._run_batch():
            if not self._workers.renew():
                with self._lock:
                    self._scheduled = False
                    self._schedule()
                return

    def _run_batch(self) -> bool:
        """Run queued calls; return whether the batch is over, and not the mailbox."""
        end = perf_counter_ns() + TURN_NS
        for _ in range(BATCH):
            with self._lock:
                serving = self._serving
                if self._paused or serving is None or not self._mailbox:
                    self._scheduled = False
                    return False
                reply = self._mailbox.popleft()
                self._mailbox.bytes -= reply.size
                begun = self._running = reply.begin()
                wake = self._mailbox.next_for_room() if self._mailbox.room else None
            if wake is not None:
                wake()
            if not begun:
                continue
            self._leave(serving, self._run(reply, serving))
            if perf_counter_ns() > end:
                break
        return True

    def _run(self, reply: Reply[Any], serving: Serving) -> GuestTrap | None:
        try:
            result = reply.content(serving)
        except GuestTrap as trap:
            if not self._put_back(reply, trap):
                reply.fail(trap)
            return trap if serving.dead else None
        except BaseException as error:  # noqa: BLE001 - the worker boundary: the error belongs to the caller
            if not self._put_back(reply, error):
                reply.fail(error)
            return None
        reply.finish(result)
        return None

    def _put_back(self, reply: Reply[Any], error: BaseException) -> bool:
        """Queue a message again, before all others, if it is to be delivered again and the component goes on."""
        with self._lock:
            again = self._open and reply.outlives(error)
            if again:
                reply.state = QUEUED
                self._mailbox.appendleft(reply)
                self._mailbox.bytes += reply.size
        return again

    def _leave(self, serving: Serving, trap: GuestTrap | None) -> None:
        """Reach a call boundary; with a trap, the instance serves no more."""
        asked: list[Reply[Any]] = []
        with self._lock:
            self._running = False
            if trap is None and not self._boundary:  # nearly always
                return
            if trap is not None and self._serving is serving:
                self._serving = None
                asked = self._mailbox.take_asked()
            boundary, self._boundary = self._boundary, []
        self._fail(asked, "lost its instance before it could answer")
        for reached in boundary:
            reached.set_result(len(self._mailbox))
        if trap is not None:
            self._trapped(serving, trap)
