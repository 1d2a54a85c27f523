"""A runtime in another process, behind its control socket: the same protocol as one in this process.

There are two kinds of clients. A *command* asks a few questions and leaves; every answer comes over the socket. A
*screen* follows: the server pushes changes, and a mirror answers ``snapshot`` and ``events``.

One thread reads. It puts rows and events into the mirror and ends the futures of the questions. Its states, for a
client that follows::

    connected --connection lost, Bye, malformed message--> lost --0.1 s, 0.2 s, … 2 s--> connected

* When the connection is lost, every open question ends with ``Disconnected``: whether a command was carried out is
  unknown, and the client never repeats a command by itself.
* While it is lost, ``snapshot`` and ``events`` raise ``Disconnected``. They do the same when the server has been silent
  for 7 s, because it sends a ``Beat`` every two seconds at rest.
* After reconnecting, the server sends everything. If its epoch is another one, a new runtime has taken the place of the
  old; the mirror renumbers, so that front ends keep polling with the numbers they have.
* A client that does not follow does not reconnect: a command reports the loss and ends.

The methods of the protocol that need no special code are generated from its annotations, at the end of this module.
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
"""Seconds within which a runtime must welcome a client and, if the client follows, send the full state."""

BACKOFF: Final = (0.1, 2.0)
"""Seconds before the first attempt to reconnect, doubling up to the longest wait."""

SILENCE: Final = 7.0
"""Seconds of silence after which a runtime is considered gone."""


@dataclass(frozen=True, slots=True)
class _Loss:
    at: float
    pid: int
    reason: str


class RemoteRuntime(RuntimeApi):
    """The runtime behind a control socket; connect with :meth:`open`."""

    def __init__(self, path: Path, access: Access, client: str, *, follow: bool) -> None:
        self._path = path
        self._hello = hello(access, client, follow=follow)
        self._follow = follow
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pending: dict[int, tuple[Future[Any], Callable[[msgspec.Raw], Any]]] = {}
        self.mirror = Mirror()
        self._rows: list[ComponentView] = []
        self._events: list[Event] = []
        self._known = False
        self._loss: _Loss | None = None
        self._closed = threading.Event()
        self._heard = time.monotonic()
        self._link = Link(path, self._hello, PATIENCE)
        self._welcome = self._link.welcome
        self.thread: threading.Thread | None = None

    @classmethod
    def open(
        cls, path: Path, *, access: Access = Access.FULL, client: str = "client", follow: bool = False
    ) -> RemoteRuntime:
        """Connect to a runtime.

        Args:
            path: Its control socket.
            access: With ``read``, the runtime refuses commands and calls of this client.
            client: Name of this client in the runtime's messages.
            follow: Keep a mirror, and reconnect when the connection is lost.

        Raises:
            NothingRuns: No runtime listens there.
            Unreachable: The runtime cannot be used; see the subclasses.
        """
        remote = cls(path, access, client, follow=follow)
        try:
            remote._learn(remote._link)
        except BaseException:
            remote._link.close()
            raise
        remote.thread = threading.Thread(target=remote._run, name="control-client", daemon=True)
        remote.thread.start()
        return remote

    @property
    def waiting(self) -> int:
        """Number of unanswered requests."""
        return len(self._pending)

    @property
    def lost(self) -> bool:
        """Whether the connection is lost now."""
        return self._loss is not None

    @property
    def welcome(self) -> Welcome:
        """The runtime's last welcome, with its process, folder and version."""
        return self._welcome

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the mirrored snapshot; a client that does not follow asks the runtime and waits for the answer.

        Raises:
            Disconnected: The connection is lost, or the runtime is silent.
            Unreachable: The runtime does not answer in time.
        """
        if not self._follow:
            found: Snapshot = self._now("snapshot", since)
            return found
        self._check()
        return self.mirror.snapshot(since)

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events above ``after``, oldest first; from the mirror when following.

        Raises:
            Disconnected: The connection is lost, or the runtime is silent.
            Unreachable: The runtime does not answer in time.
        """
        if not self._follow:
            found: EventPage = self._now("events", after, limit)
            return found
        self._check()
        return self.mirror.events(after, limit)

    def status(self) -> Future[ServingReport]:
        """Return the usage of the control socket."""
        return self._send(STATUS, msgspec.Raw(wire.pack(None)), wire.unpacker(ServingReport))

    def close(self) -> None:
        """Disconnect; the runtime keeps running. Closing twice does nothing."""
        self._closed.set()
        thread = self.thread
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
        try:
            packed = msgspec.Raw(wire.pack(arguments))
        except UnicodeEncodeError as error:
            raise UsageError(f"{method.name}: the request holds text that is not Unicode ({error.reason})") from None
        except OverflowError:
            raise UsageError(f"{method.name}: the request holds a number of more than 64 bits") from None
        return self._send(method.name, packed, method.read_result)

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
            link.wake()  # the reading thread finds the reason and ends the questions
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
            except Exception as error:  # noqa: BLE001 - no message of the server may end this thread
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
        """If following, wait until the full state has arrived; renumber a runtime of another epoch."""
        if not self._follow:
            return
        if self._known and link.welcome.epoch != self._welcome.epoch:
            self.mirror.restart()
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
                raise Unreachable("the runtime does not send its state")

    def _take(self, message: Any) -> None:
        match message:
            case Part():
                self._rows += message.rows
                self._events += message.events
                held = ((self.mirror.row(tick.id), tick) for tick in message.ticks)
                self._rows += (ticked(row, tick) for row, tick in held if row is not None)
            case Moment():
                merge = self.mirror.replace if message.whole else self.mirror.merge
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
                error = Unreachable(f"the answer of the runtime cannot be read: {wrong}")
        try:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
        except InvalidStateError:  # it was cancelled
            return

    def _lose(self, error: Exception) -> None:
        """Record that the connection is lost, and end every open question."""
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
                "whether it carried out the request is unknown",
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
            except Exception:  # noqa: BLE001 - as above; the next attempt follows
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
