"""The terminal behind one page: a process of its own, whose size and end do not depend on what the page sends.

A page is a program of somebody's browser, and tells its size as it likes: a screen of a million columns would take
gigabytes. Sizes are clamped. A message that is none of the protocol ends the page.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import msgspec
from textual_serve.app_service import AppService

from airssys_tui.core.units import MIB

WIDTHS: Final = (20, 500)
HEIGHTS: Final = (5, 200)
"""Least and most columns and lines of a terminal."""

PATIENCE: Final = 3.0
"""Seconds that a session may take to end; then it is killed."""

MAX_MESSAGE: Final = MIB
"""Maximum bytes of a message from a page, such as a text that is pasted."""


class MalformedError(ValueError):
    """A page sent what is no message."""


class Terminal(AppService):
    """One session; see :class:`textual_serve.app_service.AppService` for the arguments."""

    async def start(self, width: int, height: int) -> None:
        """Start the session in a terminal of this size, clamped."""
        await super().start(_clamp(width, *WIDTHS), _clamp(height, *HEIGHTS))

    async def take(self, text: str | bytes) -> object | None:
        """Pass a message of the page on to the session.

        Returns:
            What is to be sent back, or None.

        Raises:
            MalformedError: It is no message.
        """
        match _decoded(text):
            case ["stdin", str(typed)]:
                await self.send_bytes(typed.encode("utf-8", errors="replace"))
            case ["resize", {"width": int() | float() as width, "height": int() | float() as height}]:
                await self.set_terminal_size(_clamp(width, *WIDTHS), _clamp(height, *HEIGHTS))
            case ["ping", data]:
                return ["pong", data]
            case ["blur", *_]:
                await self.blur()
            case ["focus", *_]:
                await self.focus()
            case [str(name), *_] if name not in {"stdin", "resize", "ping"}:
                return None  # a newer page may say more
            case _:
                raise MalformedError("a message is a list of its name and what it says")
        return None

    async def stop(self) -> None:
        """End the session: on request, or by force after :data:`PATIENCE` seconds. Stopping twice does nothing."""
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(super().stop(), PATIENCE)
        finally:
            await self._bury()

    async def _bury(self) -> None:
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), PATIENCE)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _clamp(value: float, least: int, most: int) -> int:
    # Written so that NaN becomes the least.
    return int(min(most, value)) if value > least else least


def _decoded(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("a message is JSON") from error
