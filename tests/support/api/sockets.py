"""Runtimes behind a control socket, and clients that speak to it byte by byte."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from airssys_tui.api import wire
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.connection import ServingLimits
from airssys_tui.api.socket.frames import PROTOCOL, Access, Ask, Hello, frame
from airssys_tui.api.socket.link import read_message
from airssys_tui.api.socket.methods import METHODS
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.api.socket.wire_errors import error_of

PATIENCE = 20.0


@contextlib.contextmanager
def serving(api: RuntimeApi, path: Path, **limits: Any) -> Iterator[ControlServer]:
    """Serve a runtime for the length of a block."""
    told: list[str] = []
    server = ControlServer(api, path, folder="/components", announce=told.append, limits=ServingLimits(**limits))
    server.told = told
    try:
        yield server
    finally:
        server.close()


def wait_for(condition):
    """Ask a server again and again: each question is answered by the loop that has to get there."""
    pause = threading.Event()
    for _ in range(2_000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come true")


@contextlib.contextmanager
def client(path: Path, **options: Any) -> Iterator[RemoteRuntime]:
    """Connect for the length of a block."""
    with contextlib.closing(RemoteRuntime.open(path, **options)) as remote:
        yield remote


class RawClient:
    """A client that sends what a test wants, not what the protocol allows."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the server may have gone already: that is what is tested
            self.socket.sendall(data)

    def greet(self, *, access: Access = Access.FULL, follow: bool = False, protocol: int = PROTOCOL) -> Any:
        self.send(frame(Hello(protocol, "0.0.0", access, "raw", follow)))
        return self.receive()

    def ask(self, number: int, method: str, *given: Any) -> None:
        arguments = METHODS[method].arguments(*given)
        self.send(frame(Ask(number, method, msgspec.Raw(wire.pack(arguments)))))

    def receive(self) -> Any:
        """Return the next message, or nothing at the end of the connection."""
        head = self._exactly(4)
        if head is None:
            return None
        return read_message(self._exactly(struct.unpack(">I", head)[0]))

    def refusal(self) -> Exception | None:
        """Return the reason that the server gives, if it does, and see that the connection is over then."""
        error = None
        while (message := self.receive()) is not None:
            error = error_of(message.fault) if hasattr(message, "fault") else error
        return error

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return data
