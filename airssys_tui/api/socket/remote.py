"""A runtime in another process, behind its control socket, with the same protocol as one in this process.

A client that follows keeps a mirror, fed by what the server pushes: ``snapshot`` and ``events`` answer from it at once.
When the runtime goes away they raise :class:`~airssys_tui.core.errors.Disconnected`, questions fail with it, and a
thread tries to reach it again; what was seen stays, and numbers go on where they were.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.api import wire
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.frames import (
    STATUS,
    Access,
    Answer,
    Ask,
    Bye,
    Failure,
    Moment,
    Part,
    Refused,
    ServingReport,
    Welcome,
    frame,
)
from airssys_tui.api.socket.link import Link, hello
from airssys_tui.api.socket.methods import METHODS, Method
from airssys_tui.api.socket.mirror import Mirror
from airssys_tui.api.socket.ticks import ticked
from airssys_tui.api.socket.wire_errors import error_of
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import EventPage, Snapshot
from airssys_tui.core.errors import AirssysError, Disconnected, Unreachable, UsageError
from airssys_tui.core.events import Event

PATIENCE: Final = 5.0
"""Seconds for a runtime to say welcome and, to one who follows, how it is."""

BACKOFF: Final = (0.1, 2.0)
"""Seconds until the first and, doubling, until every later attempt to reach a runtime that went away."""

SILENCE: Final = 7.0
"""Seconds after which a runtime that says nothing, not even that it is there, counts as gone."""


@dataclass(frozen=True, slots=True)
class _Loss:
    at: float
    pid: int
    reason: str


class RemoteRuntime(RuntimeApi):
    """The runtime behind a control socket; open it with :meth:`open`.

    The methods of the protocol that are not written out here are made from its annotations.
    """

    def __init__(self, path: Path, access: Access, client: str, *, follow: bool) -> None:
        self._path = path
        self._hello = hello(access, client, follow=follow)
        self._follow = follow
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pending: dict[int, tuple[Future[Any], Callable[[msgspec.Raw], Any]]] = {}
        self._mirror = Mirror()
        self._rows: list[ComponentView] = []
        self._events: list[Event] = []
        self._known = False
        self._loss: _Loss | None = None
        self._closed = threading.Event()
        self._heard = time.monotonic()
        self._link = Link(path, self._hello, PATIENCE)
        self._welcome = self._link.welcome
        self._thread: threading.Thread | None = None

    @classmethod
    def open(
        cls, path: Path, *, access: Access = Access.FULL, client: str = "client", follow: bool = False
    ) -> RemoteRuntime:
        """Connect to a runtime.

        Args:
            path: Its control socket.
            access: What will be asked of it; with ``read`` it refuses commands and calls.
            client: What it calls this one in its messages.
            follow: Keep a mirror of it, and reconnect when it goes away.

        Raises:
            NothingRuns: Nobody listens there.
            Unreachable: It cannot be spoken to; see the subclasses.
        """
        remote = cls(path, access, client, follow=follow)
        try:
            remote._learn(remote._link)
        except BaseException:
            remote._link.close()
            raise
        remote._thread = threading.Thread(target=remote._run, name="control-client", daemon=True)
        remote._thread.start()
        return remote

    @property
    def welcome(self) -> Welcome:
        """What the runtime said of itself when it was last reached: its process, its folder, its version."""
        return self._welcome

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the runtime as it is known; without a mirror, ask it.

        Raises:
            Disconnected: It went away, or says nothing any more.
        """
        if not self._follow:
            found: Snapshot = self._now("snapshot", since)
            return found
        self._check()
        return self._mirror.snapshot(since)

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events above ``after``, oldest first; without a mirror, ask for them.

        Raises:
            Disconnected: It went away, or says nothing any more.
        """
        if not self._follow:
            found: EventPage = self._now("events", after, limit)
            return found
        self._check()
        return self._mirror.events(after, limit)

    def status(self) -> Future[ServingReport]:
        """Return how the control socket is used."""
        return self._send(STATUS, msgspec.Raw(wire.pack(None)), wire.unpacker(ServingReport))

    def close(self) -> None:
        """Let go of the runtime, which goes on; closing twice does nothing."""
        self._closed.set()
        thread = self._thread
        with self._lock:
            if self._loss is None:
                self._link.wake()
        if thread is not None and thread is not threading.current_thread():
            thread.join(2.0)

    def _now(self, name: str, *given: int) -> Any:
        try:
            return self._ask(METHODS[name], given, {}).result(PATIENCE)
        except TimeoutError as error:
            raise Unreachable(
                f"the runtime (pid {self._welcome.pid}) does not answer within {PATIENCE:g} s",
                remedy="if it hangs, end its process",
            ) from error

    def _ask(self, method: Method, given: tuple[Any, ...], named: dict[str, Any]) -> Future[Any]:
        arguments = method.arguments(*given, **named)
        return self._send(method.name, msgspec.Raw(wire.pack(arguments)), method.read_result)

    def _send(self, name: str, arguments: msgspec.Raw, read: Callable[[msgspec.Raw], Any]) -> Future[Any]:
        if self._closed.is_set():
            raise UsageError("the connection to the runtime is closed")
        future: Future[Any] = Future()
        number = next(self._numbers)
        question = frame(Ask(number, name, arguments))
        with self._lock:
            if self._loss is not None:
                future.set_exception(self._disconnected(self._loss))
                return future
            self._pending[number] = (future, read)
            link = self._link
        try:
            link.send(question)
        except OSError:
            link.wake()  # the thread that reads finds out why, and ends what waits
        except AirssysError as error:
            self._settle(number, error=error)
        return future

    def _check(self) -> None:
        loss = self._loss
        if loss is not None:
            raise self._disconnected(loss)
        silent = time.monotonic() - self._heard
        if silent > SILENCE and not self._closed.is_set():
            raise Disconnected(
                f"disconnected from the runtime (pid {self._welcome.pid} has said nothing for {silent:.0f}s)",
                pid=self._welcome.pid,
                seconds=silent,
            )

    def _disconnected(self, loss: _Loss) -> Disconnected:
        seconds = time.monotonic() - loss.at
        return Disconnected(
            f"disconnected from the runtime (pid {loss.pid} {loss.reason} {seconds:.0f}s ago)",
            pid=loss.pid,
            seconds=seconds,
            remedy="start it again: airssys-tui FOLDER, or airssys-tui run FOLDER --headless",
        )

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen(self._link)
            except Exception as error:  # noqa: BLE001 - whatever the other side sent must not end this thread
                self._lose(error)
            if self._closed.is_set() or not self._follow:
                break
            self._reach_again()
        self._lose(ConnectionResetError("was let go"))

    def _listen(self, link: Link) -> None:
        while not self._closed.is_set():
            for message in link.messages(SILENCE):
                self._heard = time.monotonic()
                self._take(message)

    def _learn(self, link: Link) -> None:
        """Wait, when following, until everything is known; a runtime of another epoch begins a new count."""
        if not self._follow:
            return
        if self._known and link.welcome.epoch != self._welcome.epoch:
            self._mirror.restart()
        self._rows.clear()
        self._events.clear()
        deadline = time.monotonic() + PATIENCE
        while not self._closed.is_set():
            for message in link.messages(0.5):
                self._take(message)
                if isinstance(message, Moment):
                    self._known = True
                    self._heard = time.monotonic()
                    return
            if time.monotonic() > deadline:
                raise Unreachable("the runtime does not say how it is")

    def _take(self, message: Any) -> None:
        match message:
            case Part():
                self._rows += message.rows
                self._events += message.events
                held = ((self._mirror.row(tick.id), tick) for tick in message.ticks)
                self._rows += (ticked(row, tick) for row, tick in held if row is not None)
            case Moment():
                merge = self._mirror.replace if message.whole else self._mirror.merge
                merge(message.head, self._rows, self._events, message.lost)
                self._rows.clear()
                self._events.clear()
            case Answer():
                self._settle(message.number, value=message.value)
            case Failure():
                self._settle(message.number, error=error_of(message.fault))
            case Refused():
                raise error_of(message.fault)
            case Bye():
                raise ConnectionResetError("stopped")

    def _settle(self, number: int, *, value: msgspec.Raw | None = None, error: Exception | None = None) -> None:
        with self._lock:
            waiting = self._pending.pop(number, None)
        if waiting is None:
            return
        future, read = waiting
        result = None
        if value is not None:
            try:
                result = read(value)
            except msgspec.DecodeError as wrong:
                error = Unreachable(f"the runtime answered what cannot be read: {wrong}")
        try:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
        except InvalidStateError:  # nobody waits for it any more
            return

    def _lose(self, error: Exception) -> None:
        """Note that the connection is gone, and end everything that waits for it."""
        with self._lock:
            if self._loss is not None:
                return
            reason = str(error) if isinstance(error, ConnectionResetError) and str(error) == "stopped" else "ended"
            self._loss = _Loss(time.monotonic(), self._welcome.pid, reason)
            pending, self._pending = list(self._pending.values()), {}
            self._link.close()
        for future, _ in pending:
            gone = Disconnected(
                f"the runtime (pid {self._welcome.pid}) went away before it answered; "
                "whether it did what was asked is not known",
                pid=self._welcome.pid,
                seconds=0.0,
                remedy="look at the component's versions and events when it is back",
            )
            try:
                future.set_exception(gone)
            except InvalidStateError:
                continue

    def _reach_again(self) -> None:
        wait, longest = BACKOFF
        while not self._closed.wait(wait):
            wait = min(2 * wait, longest)
            try:
                link = Link(self._path, self._hello, PATIENCE)
            except AirssysError:
                continue
            try:
                self._learn(link)
            except Exception:  # noqa: BLE001 - likewise; it is tried again
                link.close()
                continue
            with self._lock:
                self._link, self._welcome, self._loss = link, link.welcome, None
            return


def _forward(method: Method) -> Callable[..., Any]:
    def forward(self: RemoteRuntime, *given: Any, **named: Any) -> Any:
        return self._ask(method, given, named)

    forward.__name__ = method.name
    forward.__doc__ = getattr(RuntimeApi, method.name).__doc__
    return forward


for _name, _method in METHODS.items():
    if _name not in vars(RemoteRuntime):
        setattr(RemoteRuntime, _name, _forward(_method))
