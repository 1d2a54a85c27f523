"""A small page on this machine, for the sample ``fetcher``: something to fetch that is nobody else's."""

from __future__ import annotations

import itertools
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar, Final

from airssys_tui.core.errors import UsageError

PORT: Final = 8910
"""The port that the sample's manifest asks for."""

PATIENCE: Final = 2.0
"""Seconds that a client may take for each part of its request; others wait for it meanwhile."""


class DemoPage(HTTPServer):
    """Serves one page to clients on this machine, one at a time; listens from construction on.

    Args:
        port: The port on 127.0.0.1; 0 picks a free one.

    Raises:
        UsageError: The port is not available.
    """

    request_queue_size = 16

    def __init__(self, port: int = PORT) -> None:
        self.visits = itertools.count(1)
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise UsageError(
                f"127.0.0.1:{port} is not available: {error.strerror}", remedy="choose another port with --port"
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: DemoPage
    timeout: ClassVar[float] = PATIENCE
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "airssys-tui", ""

    def do_GET(self) -> None:
        """Answer with the page, or that there is no other one."""
        self.close_connection = True
        if self.path != "/":
            self._answer(404, "there is only one page, at /\n")
            return
        self._answer(200, f"Hello from the host. You are visitor {next(self.server.visits)}.\n")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the component tells what it fetched."""
