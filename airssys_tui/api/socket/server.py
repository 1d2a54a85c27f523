"""The control socket: a runtime served to screens and commands in other processes.

It has a thread and a loop of its own. The runtime is only asked what a screen in its own process would ask, and never
waits for a client: what is sent to one is bounded, and one that does not read is cut off.
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

LEAVING: Final = 0.5
"""Seconds for the clients to hear that the runtime stops."""

QUIET: Final = 1.0
"""Seconds between two announcements; what happens between them is counted."""

_OURS: Final[dict[str, Any]] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""From Python 3.13 on asyncio removes the socket by the name it was bound to, which is not the one it has by now."""


class ControlServer:
    """Serves a runtime at a socket, from construction until :meth:`close`.

    Args:
        api: The runtime.
        path: Where the socket is to be.
        folder: The watched folder, for the clients to see.
        announce: Told in a sentence when a client was cut off; at most once a second.
        limits: What serving may cost.

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
    ) -> None:
        self.api = api
        self.path = path
        self.folder = folder.encode(errors="replace").decode()  # a name need not be text
        self.limits = limits or ServingLimits()
        self.epoch = uuid.uuid4().hex
        self.pid = os.getpid()
        self._announce = announce
        self._announced = -QUIET
        self._connections: set[Connection] = set()
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
        self._thread = threading.Thread(target=self._run, args=(started,), name="control-socket", daemon=True)
        self._thread.start()
        self._server = started.result()

    def status(self) -> ServingReport:
        """Return how the socket is used; from any thread."""

        async def ask() -> ServingReport:
            return self.report()

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(5.0)

    def close(self) -> None:
        """Tell the clients that the runtime stops, and take the socket away; closing twice does nothing."""
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
        self._thread.join(LEAVING)

    def admit(self, connection: Connection) -> bool:
        """Count a connection in; return whether there is room for it."""
        self._connections.add(connection)
        self._served += 1
        return len(self._connections) <= self.limits.clients

    def follow(self, connection: Connection) -> None:
        """Tell a connection what changes, from now on."""
        self._pulse.follow(connection)

    def catch_up(self, connection: Connection) -> None:
        """Tell a connection what has changed until now."""
        self._pulse.catch_up(connection)

    def forget(self, connection: Connection, end: End, reason: str) -> None:
        """Count a connection out, and say so when it was cut off."""
        self._pulse.forget(connection)
        self._connections.discard(connection)
        self._counts[end] += 1
        self._sent += connection.sent
        if end is not End.LEFT:
            self._say(f"the control socket ended a connection ({connection.name}, {end}): {reason}")

    def report(self) -> ServingReport:
        """Return how the socket is used; on the server's own loop."""
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
