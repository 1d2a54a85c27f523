"""A headless Chromium, driven by the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pyte
import pytest

LIMIT = 60.0
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
    "--window-size=1200,800",
)


class Tab:
    """One page of the browser.

    Attributes:
        events: Everything that the browser told of it so far.
        screen: The terminal that its page shows, from what came over its socket.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        self.screen = pyte.Screen(200, 60)
        self._stream = pyte.ByteStream(self.screen)

    async def ask(self, method: str, **params: Any) -> Any:
        """Ask the browser and return its answer; what it tells meanwhile is kept."""
        number = next(self._numbers)
        session = {} if self._session is None else {"sessionId": self._session}
        await self._socket.send_json({"id": number, "method": method, "params": params, **session})
        while True:
            message = await self.next()
            if message.get("id") == number:
                assert "error" not in message, (method, message)
                return message["result"]

    async def open(self) -> None:
        """Open a page, and have everything told of it."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Security"):
            await self.ask(f"{domain}.enable")

    async def shows(self, *words: str) -> str:
        """Wait until the terminal of the page shows all of these words."""
        while not all(word in self.text for word in words):
            await self.next()
        return self.text

    async def told(self, method: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the browser tells something, and return it."""
        seen = 0
        while True:
            for event in self.events[seen:]:
                params = event["params"]
                if event["method"] == method and all(params.get(name) == value for name, value in wanted.items()):
                    return dict(params)
            seen = len(self.events)
            await self.next()

    async def press(self, key: str, code: int, modifiers: int = 0) -> None:
        """Press a key of the keyboard; nothing is clicked."""
        text = {"text": key} if not modifiers else {}
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **common, **text)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    async def value(self, expression: str) -> Any:
        """Return what a script of the page comes to."""
        found = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(self.screen.display)

    async def next(self) -> dict[str, Any]:
        """Take in the next thing that the browser tells."""
        message: dict[str, Any] = json.loads((await self._socket.receive(LIMIT)).data)
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Network.webSocketFrameReceived":
                frame = message["params"]["response"]
                if frame["opcode"] == 2:
                    self._stream.feed(base64.b64decode(frame["payloadData"]))
        return message


@contextlib.asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Tab]:
    """Run a browser with an empty profile for the duration of a block; skip the test where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium, which is not installed")
    process = await asyncio.create_subprocess_exec(
        program,
        *FLAGS,
        f"--user-data-dir={profile}",
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(profile)},
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(LIMIT), aiohttp.ClientSession() as client:
            while (found := re.search(rb"listening on (ws://\S+)", line := await process.stderr.readline())) is None:
                assert line, "the browser ended"
            async with client.ws_connect(found[1].decode(), max_msg_size=0) as socket:
                tab = Tab(socket)
                await tab.open()
                yield tab
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
