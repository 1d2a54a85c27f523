"""The worker threads: the only threads that run guest code, with stacks deep enough for it.

A guest's call cannot be suspended, but the interpreter's lock is free while it runs, and the operating system shares
the cores among threads. So the pool is fair in time by its *places*: at most :attr:`Workers.count` threads take tasks.

* A task that is about to block in the host announces it with :meth:`Workers.blocking`, or with
  :meth:`Workers.waiting` if nobody knows for how long, and a task that has run for longer than :data:`LONG_MS` while
  others wait is *handed off* by the monitor. In each case another thread takes the place; there are bounds. A wait past
  its bound is refused, so that those that wait never keep the last place from the others. While another thread of the
  lane rests, the one for a task that blocks is not called yet: most blocks are a write to the disk, over before anybody
  misses the thread. A thread that was handed off runs on with a lower priority, and ends with its task. One that
  blocked and is one too many afterwards stands by, to be called the next time: components that wait for files, sockets
  and programs would start and end a thread for each wait, which takes as long as a short call.
* The monitor sleeps until a task waits while no thread is free.
* Candidates (their ``init``, trial loads and probes) have a lane with places of its own: they do not keep a place from
  components that serve.
* Control work (save, shut down, drop) is urgent: it goes before the turns that wait.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from time import perf_counter_ns
from typing import Any, Final, TypeVar

from airssys_tui.core.errors import HostFault
from airssys_tui.runtime.machinery import priority
from airssys_tui.runtime.machinery.deep_threads import spawn
from airssys_tui.runtime.machinery.worker_lane import Lane, Place, Task

T = TypeVar("T")

LONG_MS: Final = 10
"""Milliseconds that a task may run while others wait, until another thread takes its place."""

MAX_WAITING: Final = 512
"""Threads of a lane that block in the host; for each of them another one runs. One that waits costs its stack's
pages only."""

MAX_HANDED: Final = 64
"""Threads of a lane that were handed off and have not ended."""

MAX_STANDING_BY: Final = MAX_WAITING
"""Threads of a lane that stand by. The end of a thread takes as long as that of a call: when hundreds of waits end at
once, their callers would wait for the ends of threads."""

STANDS_BY: Final = 5.0
"""Seconds for which a thread stands by until it ends."""

EACH_LATER: Final = 0.01
"""Seconds for which each thread stands by longer than the one before it, so that they do not end at once."""

CANDIDATE_PLACES: Final = 2
CROWDED_EVERY: Final = 60.0
"""Seconds between two reports that no more tasks can be handed off."""

_LESS: Final = "stop some of the components that wait"


class Way(Enum):
    """How a function gets to a worker."""

    TURN = "turn"
    """In order with the turns of components."""
    CONTROL = "control"
    """Before the turns of components."""
    CANDIDATE = "candidate"
    """On the places for what does not serve yet."""


class _Blocking(contextlib.AbstractContextManager[None]):
    """The block of :meth:`Workers.blocking`."""

    __slots__ = ("_bounded", "_place", "_pool")

    def __init__(self, pool: Workers, place: Place, *, bounded: bool) -> None:
        self._pool = pool
        self._place = place
        self._bounded = bounded

    def __enter__(self) -> None:
        self._pool.block(self._place, bounded=self._bounded)

    def __exit__(self, *_: object) -> None:
        self._pool.unblock(self._place)


_NOT_ANNOUNCED: Final = contextlib.nullcontext()


class _Here(threading.local):
    place: Place | None = None


_HERE: Final = _Here()
"""Its attribute ``place`` is the place of the current thread, if it is a worker."""

Hog = tuple[str, float]
"""A component and the seconds that its task has been running."""


class Workers:
    """A pool of threads for guest calls.

    Args:
        count: Threads that may run guest code at once; the number of cores if not given, at least 2.
        crowded: Called, on the monitor's thread, when tasks wait and no more can be handed off: with those that run
            longest, longest first.
    """

    def __init__(self, count: int | None = None, crowded: Callable[[list[Hog]], None] = lambda _: None) -> None:
        self.count = count or max(2, os.cpu_count() or 2)
        self._turns = Lane(self.count)
        self._candidates = Lane(CANDIDATE_PLACES)
        self._lanes = (self._turns, self._candidates)
        self._crowded = crowded
        self._told = -CROWDED_EVERY
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._names = 0
        self._closed = False
        self._wake = threading.Event()
        self._end = threading.Event()
        with self._lock:
            for _ in range(self.count):
                self._start_thread(self._turns)
            self._start_thread(self._candidates)
        self._monitor = threading.Thread(target=self._watch, name="monitor", daemon=True)
        self._monitor.start()

    @property
    def busy(self) -> int:
        """Threads that run a component's turn or control work now, without those handed off."""
        lane = self._turns
        return max(0, len(lane.places) - len(lane.resting) - lane.handed - len(lane.standing_by))

    @property
    def handed(self) -> int:
        """Threads that were handed off: their tasks run for longer than :data:`LONG_MS`."""
        return sum(lane.handed for lane in self._lanes)

    def schedule(self, task: Task) -> None:
        """Run a component's turn on some worker."""
        lane = self._turns
        lane.queue.put(task)
        if not lane.resting:
            self._rouse()

    @property
    def here(self) -> bool:
        """Whether the calling thread is one of these."""
        return _HERE.place is not None

    def renew(self) -> bool:
        """Let the task that the calling worker runs begin anew, as if it had been scheduled again and taken at once.

        Returns:
            Whether it may: no other task waits, and the worker keeps its place.
        """
        place = _HERE.place
        if place is None or place.handed or not place.lane.queue.empty or place.lane.taking > place.lane.count:
            return False
        place.since = perf_counter_ns()
        return True

    def submit(self, function: Callable[..., T], *args: Any, owner: str = "", way: Way = Way.CONTROL) -> Future[T]:
        """Run a function on some worker and return its future.

        Args:
            function: The function.
            args: Its arguments.
            owner: The component it runs for.
            way: How it gets to a worker.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args)
            except BaseException as error:  # noqa: BLE001 - the worker boundary: the error belongs to the future's reader
                future.set_exception(error)
            else:
                future.set_result(result)

        lane = self._candidates if way is Way.CANDIDATE else self._turns
        lane.queue.put(Task(owner, run), urgent=way is Way.CONTROL)
        if not lane.resting:
            if lane is self._candidates:
                with self._lock:
                    self._man(lane)
            self._rouse()
        return future

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the calling worker is about to block in the host, briefly; another may take its place.

        On any other thread there is nothing to announce.
        """
        place = _HERE.place
        return _NOT_ANNOUNCED if place is None else _Blocking(self, place, bounded=False)

    def waiting(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the calling worker is about to wait for as long as its call may take.

        Entering it raises :class:`HostFault` if :data:`MAX_WAITING` threads block already, or no other thread can be
        had that would go on.
        """
        place = _HERE.place
        return _NOT_ANNOUNCED if place is None else _Blocking(self, place, bounded=True)

    def block(self, place: Place, *, bounded: bool) -> None:
        """Count a worker as one that blocks.

        Raises:
            HostFault: If it is ``bounded`` and the bound is reached.
        """
        lane = place.lane
        with self._lock:
            if bounded and not place.blocked and lane.blocked >= MAX_WAITING:
                raise HostFault(f"{lane.blocked} calls wait in the host already", remedy=_LESS)
            self._count(place, 1)
            if not place.handed and not lane.resting:  # else the last one that rests has it replaced
                self._man(lane)
                if bounded and lane.taking < 1:
                    self._count(place, -1)
                    raise HostFault("the process has no room for a thread that would go on meanwhile", remedy=_LESS)

    def unblock(self, place: Place) -> None:
        """Take back one :meth:`block`."""
        with self._lock:
            self._count(place, -1)

    def _count(self, place: Place, by: int) -> None:
        """Count one block more or less; one that was handed off is among those that block while it does."""
        before = bool(place.blocked)
        place.blocked += by
        if before != bool(place.blocked):
            place.lane.blocked += by
            place.lane.handed -= by * place.handed

    def close(self, timeout: float) -> bool:
        """End the threads after their present task; wait at most ``timeout`` seconds for all of them.

        Returns:
            Whether every thread ended. The others are daemons and end with the process.
        """
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            for lane in self._lanes:
                for _ in lane.places:
                    lane.queue.put(None)
                while lane.standing_by:
                    lane.standing_by.pop().called.release()
        self._end.set()
        self._wake.set()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _man(self, lane: Lane) -> None:
        """Call or start a thread for a lane that lacks one, if the bound and the system allow; the lock is held."""
        if self._closed or lane.taking >= lane.count or lane.blocked > MAX_WAITING:
            return
        if lane.standing_by:
            lane.standing_by.pop().called.release()
        else:
            with contextlib.suppress(RuntimeError):  # no room for another thread: the others go on
                self._start_thread(lane)

    def _start_thread(self, lane: Lane) -> None:
        self._names += 1
        place = Place(lane)
        self._threads.add(spawn(lambda: self._work(place), f"worker-{self._names}"))
        lane.places.add(place)

    def _work(self, place: Place) -> None:
        _HERE.place = place
        place.thread = threading.get_native_id()
        lane = place.lane
        try:
            while True:
                lane.resting.add(place)
                task = lane.queue.get()
                lane.resting.discard(place)
                if task is None:
                    break
                place.task = task
                place.since = perf_counter_ns()
                if not lane.resting:
                    self._last(lane)
                task.run()
                task = None  # what it held, such as an instance that is gone, is not kept until the next one
                with self._lock:
                    place.since, place.task = 0, None
                    stays = not place.handed and lane.taking <= lane.count
                    stands_by = not (stays or place.handed) and self._stand_by(place)
                if not stays and not (stands_by and self._is_called(place)):
                    return
        finally:
            with self._lock:
                self._leave(place)

    def _stand_by(self, place: Place) -> bool:
        """Let a thread stand by that is one too many, if there is room; the lock is held."""
        lane = place.lane
        if self._closed or len(lane.standing_by) >= MAX_STANDING_BY:
            return False
        lane.standing_by.append(place)
        return True

    def _is_called(self, place: Place) -> bool:
        """Wait for a while to be called; return whether it was."""
        if place.called.acquire(timeout=STANDS_BY + EACH_LATER * len(place.lane.standing_by)):
            return True
        with self._lock:
            if place in place.lane.standing_by:
                place.lane.standing_by.remove(place)
                return False
        return place.called.acquire()  # it was called at the last moment

    def _last(self, lane: Lane) -> None:
        """Find others for the tasks to come: the last thread that rested has taken one."""
        if lane.blocked:
            with self._lock:
                self._man(lane)
        if not lane.queue.empty:
            self._rouse()

    def _leave(self, place: Place) -> None:
        """Take a thread that ends out of the books; the lock is held. A second time changes nothing."""
        lane = place.lane
        self._threads.discard(threading.current_thread())
        if place in lane.places:
            lane.places.remove(place)
            lane.handed -= place.handed

    def _rouse(self) -> None:
        """Wake the monitor: a task waits while no thread is free."""
        if not self._wake.is_set():
            self._wake.set()

    def _watch(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            if self._end.wait(LONG_MS / 2000):
                return
            if all(lane.queue.empty for lane in self._lanes):
                # First cleared, then looked at again: a task that came in between has set it after that.
                self._wake.clear()
                if all(lane.queue.empty for lane in self._lanes):
                    continue
                self._wake.set()
            for lane in self._lanes:
                if not lane.queue.empty:
                    self._relieve(lane)

    def _relieve(self, lane: Lane) -> None:
        """Hand off the tasks of a lane that have been running for too long, as far as the bound allows."""
        before = perf_counter_ns() - LONG_MS * 1_000_000
        with self._lock:
            if self._closed:
                return
            late = [p for p in lane.places if 0 < p.since < before and not p.handed and not p.blocked]
            for place in late[: max(0, MAX_HANDED - lane.handed)]:
                place.handed = True
                lane.handed += 1
                priority.lower(place.thread)
                self._man(lane)
            full = lane.handed >= MAX_HANDED and any(not place.handed for place in late)
        if full and time.monotonic() - self._told >= CROWDED_EVERY:
            self._told = time.monotonic()
            self._crowded(self._hogs(lane))

    def _hogs(self, lane: Lane) -> list[Hog]:
        now = perf_counter_ns()
        with self._lock:
            running = [(place.task.owner, place.since) for place in lane.places if place.task and place.since]
        return [(owner, (now - since) / 1e9) for owner, since in sorted(running, key=lambda each: each[1])]
