"""The ASGI server: uvicorn with httptools, on a loop of its own in a thread of its own.

Why uvicorn: it is kept well, it is small, and with httptools an empty request takes it a third of the time that it
takes with h11, and a quarter of Hypercorn's. Why a loop of its own: what a client sends must delay neither supervision
nor the control socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

import msgspec

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import MissingTool
from airssys_tui.core.manifest.http_sections import ListenAddress

if TYPE_CHECKING:
    import uvicorn

    from airssys_tui.runtime.incoming.gateway import Application, Gateway

BACKLOG: Final = 256
"""Connections that the system keeps until they are taken."""

KEEP_ALIVE: Final = 15
"""Seconds that a connection may be idle between two requests."""

TICK: Final = 1.0
"""Seconds between two ticks of a server, which renew the date in the responses."""


class Opened(msgspec.Struct, frozen=True):
    """A socket that takes connections.

    Attributes:
        address: Where, with the port that the system chose.
        socket: The socket.
    """

    address: ListenAddress
    socket: socket.socket

    @property
    def access(self) -> Access | None:
        """What a component needs to be reached there; None where only programs of this machine are."""
        if self.address.is_loopback:
            return None
        return Access(Kind.NETWORK, "listen", self.address.host, self.address.port)


def open_socket(address: ListenAddress) -> Opened:
    """Take a place to be connected to.

    Raises:
        OSError: If the system does not give it.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With the protocol named, the loop turns off that the system holds back the second of two small pieces (RFC 896).
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address.host, address.port))
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return Opened(ListenAddress(address.host, made.getsockname()[1]), made)


def require_server() -> None:
    """Refuse to serve without the server.

    Raises:
        MissingTool: If the extra ``http`` is not installed.
    """
    try:
        import httptools  # noqa: F401, PLC0415 - late: few runtimes serve requests
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingTool(
            f"requests are served by uvicorn and httptools, and {error.name} is not installed",
            remedy="install it with: pip install 'airssys-tui[http]'",
        ) from error


class WebServer:
    """A thread that serves requests at one or more addresses.

    Args:
        opened: The sockets; they are closed with it.
        make: Makes the gateway, on the loop of the server.
    """

    def __init__(self, opened: tuple[Opened, ...], make: Callable[[], Gateway]) -> None:
        self._opened = opened
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._ready: Future[Gateway] = Future()
        self._serving: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()
        self.gateway = self._ready.result()

    def close(self, patience: float) -> None:
        """Take no more connections, let the requests under way end, and close; blocks for some seconds at most."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join(patience)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._abandon)
        self._thread.join(1.0)

    def _abandon(self) -> None:
        """End what has not ended in time; its clients see their connection closed."""
        if self._serving is not None:
            self._serving.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._serve())
        finally:
            for one in self._opened:
                one.socket.close()
            self._loop.close()

    async def _serve(self) -> None:
        self._serving = asyncio.current_task()
        try:
            gateway = self._make()
            servers = [_server(gateway.application(one.access), self._leaving) for one in self._opened]
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(gateway)
        each = zip(servers, self._opened, strict=True)
        try:
            await asyncio.gather(*(server.serve([one.socket]) for server, one in each))
        finally:
            await _hang_up_on_all(servers)


async def _hang_up_on_all(servers: list[uvicorn.Server]) -> None:
    """Close every connection that is still there, and end what is done for it."""
    tasks = [task for server in servers for task in server.server_state.tasks]
    for task in tasks:
        task.cancel()
    for server in servers:
        for connection in tuple(server.server_state.connections):
            connection.transport.abort()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # the transports are closed in the next turn of the loop


def _server(application: Application, leaving: asyncio.Event) -> uvicorn.Server:
    from uvicorn import Config, Server  # noqa: PLC0415 - late: few runtimes serve requests

    from airssys_tui.runtime.incoming.connection_guard import GuardedProtocol  # noqa: PLC0415

    class CalmServer(Server):
        """A server that sleeps between its ticks, and wakes to leave."""

        async def main_loop(self) -> None:
            while not leaving.is_set():
                await self.on_tick(0)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(leaving.wait(), TICK)

    return CalmServer(
        Config(
            application,
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
        )
    )
