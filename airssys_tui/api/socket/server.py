"""The control socket: serves a runtime to screens and commands in other processes.

The server has one thread, which runs its event loop. It uses the runtime only through the api, like a screen in the
same process, so serving adds no state to the runtime and no lock.

* **The runtime never waits for a client.** The unsent data of a client is bounded, and a client that does not read is
  disconnected (``connection``).
* **Changes are computed once.** The ``pulse`` checks the runtime a few times a second and sends the difference to all
  followers; without followers it does not check.
* **Nobody keeps others out.** Connections that say nothing do not take the places of clients, and of clients the one
  that has been idle for the longest time gives way (``connection``).
* **Only the owner gets in.** The socket file has mode 0600, and the server asks the kernel for the user at the other
  end: only the same user and root are accepted.
* **A name always leads to a live server.** The socket is bound under a temporary name and renamed when it listens. At
  the end it is deleted only if it still belongs to this server and not to a successor.

:meth:`ControlServer.close` says ``Bye`` to the clients and waits for them half a second at most: stopping a runtime
stays bounded however many screens are attached.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.address import identity, listen
from airssys_tui.api.socket.connection import Connection, End, ServingLimits
from airssys_tui.api.socket.frames import Bye, ServingReport, frame
from airssys_tui.api.socket.pulse import Pulse
from airssys_tui.core.errors import AirssysError, Overcrowded

LEAVING: Final = 0.5
"""Seconds for clients to read the last message when the runtime stops."""

QUIET: Final = 1.0
"""Minimum seconds between two announcements; disconnections in between are only counted."""

_OURS: Final[dict[str, Any]] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""From Python 3.13 on asyncio removes the socket under the name it was bound to, but it has been renamed since."""


class ControlServer:
    """Serves a runtime at a socket, from construction until :meth:`close`.

    Args:
        api: The runtime.
        path: Path of the socket.
        folder: The watched folder, shown to clients.
        announce: Called with a sentence when the server disconnects a client; at most once a second.
        limits: Limits of the server.
        crowding: Returns why the process has no room for another client, or None if it has.

    Attributes:
        thread: The thread that serves the clients.

    Raises:
        StoreError: The socket cannot be bound.
    """

    def __init__(
        self,
        api: RuntimeApi,
        path: Path,
        *,
        folder: str = "",
        announce: Callable[[str], None] | None = None,
        limits: ServingLimits | None = None,
        crowding: Callable[[], AirssysError | None] = lambda: None,
    ) -> None:
        self.api = api
        self.path = path
        self.folder = folder.encode(errors="replace").decode()  # a file name may not be valid text
        self.limits = limits or ServingLimits()
        self.crowding = crowding
        self.epoch = uuid.uuid4().hex
        self.pid = os.getpid()
        self._announce = announce
        self._announced = -QUIET
        self._connections: set[Connection] = set()
        self._silent: dict[Connection, None] = {}  # an ordered set: the oldest first
        self._clients: set[Connection] = set()
        self._counts = dict.fromkeys(End, 0)
        self._served = 0
        self._sent = 0
        self._closing = threading.Lock()
        self._closed = False
        self._pulse = Pulse(api, self.limits, self._say)
        self._listening = listen(path)
        self._identity = identity(path)
        self._loop = asyncio.new_event_loop()
        started: Future[asyncio.Server] = Future()
        self.thread = threading.Thread(target=self._run, args=(started,), name="control-socket", daemon=True)
        self.thread.start()
        self._server = started.result()

    def status(self) -> ServingReport:
        """Return the usage of the socket; may be called from any thread.

        Raises:
            RuntimeError: It is closed.
            TimeoutError: Its loop does not answer.
        """

        async def ask() -> ServingReport:
            return self.report()

        if self._closed:
            raise RuntimeError("the control socket is closed")
        asked = ask()
        try:
            waiting = asyncio.run_coroutine_threadsafe(asked, self._loop)
        except RuntimeError:  # it was closed meanwhile
            asked.close()
            raise
        return waiting.result(5.0)

    def cut_off(self) -> None:
        """Drop every connection, as a network failure does; clients may reconnect."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def close(self) -> None:
        """Say goodbye to the clients and delete the socket. Closing twice does nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        if self._identity is not None and identity(self.path) == self._identity:
            with contextlib.suppress(OSError):
                self.path.unlink()
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(2 * LEAVING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.thread.join(LEAVING)

    def arrive(self, connection: Connection) -> None:
        """Register a connection that has said nothing yet; it may take the place of the oldest one like it."""
        self._connections.add(connection)
        self._silent[connection] = None
        self._served += 1
        if len(self._silent) > self.limits.silent:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.make_room()

    def admit(self, connection: Connection) -> AirssysError | None:
        """Register a connection that has said hello as a client; return why there is no room for it, or None."""
        self._silent.pop(connection, None)
        if (crowding := self.crowding()) is not None:
            return crowding
        if len(self._clients) >= self.limits.clients:
            idle = max(self._clients, key=lambda each: each.idle, default=None)
            if idle is None or idle.idle <= self.limits.idle:
                return Overcrowded(
                    f"the runtime serves {self.limits.clients} clients, its limit",
                    remedy="close a screen or another client, then try again",
                )
            self._clients.discard(idle)
            idle.make_room()
        self._clients.add(connection)
        return None

    def follow(self, connection: Connection) -> None:
        """Send a connection the full state now, and every later change."""
        self._pulse.follow(connection)

    def catch_up(self, connection: Connection) -> None:
        """Send a connection all changes up to now."""
        self._pulse.catch_up(connection)

    def forget(self, connection: Connection, end: End, reason: str) -> None:
        """Unregister a connection, and announce it if the server ended it."""
        self._pulse.forget(connection)
        self._connections.discard(connection)
        self._clients.discard(connection)
        self._silent.pop(connection, None)
        self._counts[end] += 1
        self._sent += connection.sent
        if end is not End.LEFT:
            self._say(f"the control socket ended a connection ({connection.name}, {end}): {reason}")

    def report(self) -> ServingReport:
        """Return the usage of the socket; only on the server's loop."""
        return ServingReport(
            pid=self.pid,
            clients=len(self._connections),
            kinds=dict(Counter(connection.name for connection in self._connections)),
            served=self._served,
            refused=self._counts[End.REFUSED],
            faulty=self._counts[End.FAULTY],
            slow=self._counts[End.SLOW],
            sent=self._sent + sum(connection.sent for connection in self._connections),
        )

    def _abort_all(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _say(self, text: str) -> None:
        if self._announce is not None and time.monotonic() - self._announced >= QUIET:
            self._announced = time.monotonic()
            self._announce(text)

    def _run(self, started: Future[asyncio.Server]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(
                self._loop.create_unix_server(lambda: Connection(self), sock=self._listening, **_OURS)
            )
        except BaseException as error:  # noqa: BLE001 - the opener waits for it on another thread
            started.set_exception(error)
            self._loop.close()
            return
        started.set_result(server)
        beating = self._loop.create_task(self._pulse.run())
        try:
            self._loop.run_forever()
        finally:
            beating.cancel()
            self._loop.run_until_complete(asyncio.wait([beating]))
            self._loop.close()

    async def _leave(self) -> None:
        self._server.close()
        left = tuple(self._connections)
        for connection in left:
            connection.send([frame(Bye())])
            connection.end(End.LEFT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(connection.gone.wait() for connection in left)), LEAVING)
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.sleep(0)
