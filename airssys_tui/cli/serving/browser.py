"""Serve the screen to browsers: a server on this machine whose pages and terminals need a token.

It is textual-serve's server behind a guard. Each browser session is a separate process that attaches to the one
runtime; it ends with its page, or with the server.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.server import Server, to_int

from airssys_tui.cli.serving.browser_access import Origins
from airssys_tui.cli.serving.browser_page import refused_page, terminal_page
from airssys_tui.cli.serving.browser_terminal import MAX_MESSAGE, PATIENCE, MalformedError, Terminal
from airssys_tui.core.errors import AirssysError

LOOPBACK: Final = "127.0.0.1"

SESSIONS: Final = 8
"""Maximum simultaneous browser sessions; each is a process."""

GOODBYE: Final = 1.0
"""Seconds that a page may take to confirm that its connection ends."""

HEARTBEAT: Final = 15.0
"""Seconds between two questions whether a page is still there."""

TOKEN: Final = "token"  # noqa: S105 - the name of the query parameter

_POLICY: Final = "Content-Security-Policy"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BrowserServer(Server):
    """Serves terminals to browsers that know the token.

    Args:
        command: Shell command that runs in each terminal.
        port: Port on this machine; 0 picks a free port.
        title: What browsers call the page.
        token: What opens it.
        origins: Under which addresses it may be opened.

    Raises:
        AirssysError: The port is not available.
    """

    def __init__(self, command: str, port: int, *, title: str, token: str, origins: Origins) -> None:
        self._listening = _listen(port)
        self._port = self._listening.getsockname()[1]
        self._token = token
        self._origins = origins
        # Made from the token, so that open pages outlive a restart with the same one; the cookie does not tell it.
        self._sitting = hmac.new(token.encode(), b"cookie", hashlib.sha256).hexdigest()
        self._sessions = 0
        self._pages: set[web.WebSocketResponse] = set()
        super().__init__(command, host=LOOPBACK, port=self._port, title=title)
        # Its log would go to the terminal unsanitised; the sessions write to the screen's log.
        logging.getLogger("textual-serve").addHandler(logging.NullHandler())
        logging.getLogger("textual-serve").propagate = False

    @property
    def url(self) -> str:
        """The address to open in a browser, with the token."""
        return f"{self.public_url}/?{TOKEN}={self._token}"

    def close(self) -> None:
        """Stop listening; closing twice does nothing."""
        self._listening.close()

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing, because the command prints the address."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002 - the library's signature
        """End the pages; their sessions end with them."""
        pages = [page.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends") for page in self._pages]
        await asyncio.gather(*pages, return_exceptions=True)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a session for as long as its page is there."""
        page = web.WebSocketResponse(heartbeat=HEARTBEAT, timeout=GOODBYE, max_msg_size=MAX_MESSAGE)
        await page.prepare(request)

        async def close() -> None:
            await page.close()

        terminal = Terminal(
            self.command,
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        self._pages.add(page)
        try:
            await terminal.start(
                to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24)
            )
            await self._converse(page, terminal)
        finally:
            self._pages.discard(page)
            await terminal.stop()
            await page.close()
        return page

    async def _converse(self, page: web.WebSocketResponse, terminal: Terminal) -> None:
        async for message in page:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                answer = await terminal.take(message.data)
            except MalformedError as error:
                await page.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode())
                return
            if answer is not None:
                await page.send_json(answer)

    async def run(self, leave: asyncio.Event) -> None:
        """Serve until ``leave`` is set."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        app.on_response_prepare.append(self._harden)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE + GOODBYE)
        await runner.setup()
        try:
            await web.SockSite(runner, self._listening).start()
            await leave.wait()
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Require the token; after its first use a cookie replaces it."""
        host = request.headers.get("Host", "")
        if not self._origins.knows(host):
            text = "use the address that `airssys-tui web` printed, or name this one with --origin\n"
            raise web.HTTPForbidden(text=text)
        given = request.query.get(TOKEN)
        if given is not None and request.path == "/" and _same(given, self._token):
            # Redirect, so that the address in the browser no longer contains the token.
            welcome = web.HTTPSeeOther("/")
            welcome.set_cookie(self._cookie, self._sitting, httponly=True, samesite="Strict", path="/")
            raise welcome
        if not _same(request.cookies.get(self._cookie, ""), self._sitting):
            raise web.HTTPForbidden(text=refused_page(), content_type="text/html")
        origin = request.headers.get("Origin")
        if origin is not None and not self._origins.allows(origin, host):
            raise web.HTTPForbidden(text="requests from other pages are not allowed\n")
        return await self._seated(request, handler) if request.path == "/ws" else await handler(request)

    async def _seated(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._sessions >= SESSIONS:
            raise web.HTTPServiceUnavailable(text=f"{SESSIONS} sessions are open already; close one\n")
        self._sessions += 1
        try:
            return await handler(request)
        finally:
            self._sessions -= 1

    async def handle_index(self, request: web.Request) -> web.Response:
        """Answer with the page of the terminal."""
        nonce = secrets.token_urlsafe(16)
        font = min(64, max(6, to_int(request.query.get("fontsize", ""), 16)))
        policy = {_POLICY: _sources(f"'self' 'nonce-{nonce}'")}
        return web.Response(text=terminal_page(self.title, nonce, font), content_type="text/html", headers=policy)

    async def _harden(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.setdefault(_POLICY, _sources("'self'"))
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"

    @property
    def _cookie(self) -> str:
        return f"airssys-{self._port}"  # a browser sends cookies to every port of a host, so the name has the port


def _sources(script: str) -> str:
    """Return what a page may load and do; scripts from these sources."""
    return (
        f"default-src 'none'; script-src {script}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        raise AirssysError(
            f"cannot serve the screen on {LOOPBACK}:{port}: {getattr(error, 'strerror', None) or error}",
            remedy="name another --port; 0 picks a free one",
        ) from error
