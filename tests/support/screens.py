"""The screens in tests: the real application on demonstration runtimes, and waiting on conditions."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot
from textual.strip import Strip
from textual.timer import Timer

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.tui.app import AirssysApp

NEVER = 3_600.0


SECONDS = 10.0


def desk(runtime: PlayedRuntime | str = "mixed", *, readonly: bool = False, refresh: float = NEVER) -> AirssysApp:
    """The application on a scene or on a runtime; it pulls only when a test ticks it, unless told otherwise."""
    played = scenes.SCENES[runtime](scenes.still) if isinstance(runtime, str) else runtime
    return AirssysApp(lambda: played, folder=played.folder, readonly=readonly, clock=scenes.still, refresh=refresh)


async def wait_until(pilot: Pilot[Any], predicate: Callable[[], Any]) -> None:
    """Let the application run until a condition holds; fails when it does not within a generous time."""
    deadline = time.monotonic() + SECONDS
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f"never became true on {pilot.app.screen!r}:\n{text_of(pilot.app)}")
        await pilot.pause()


async def connected(pilot: Pilot[Any]) -> None:
    """Wait for the runtime and for its first picture."""
    app = pilot.app
    await wait_until(pilot, lambda: app.session.api is not None or app.session.failure is not None)
    await pilot.pause()


async def settled(pilot: Pilot[Any]) -> None:
    """Let the application run until it paints the same again: a scrollbar that appears has a page laid out anew."""
    same, before = 0, ""
    while same < 3:
        await pilot.pause()
        now = text_of(pilot.app)
        same, before = same + 1 if now == before else 0, now


def text_of(app: Any) -> str:
    """What is on the terminal, as text."""
    return "\n".join(strip.text.rstrip() for strip in painted(app))


def painted(app: Any) -> list[Strip]:
    """What is on the terminal, line by line."""
    strips: list[Strip] = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual tells nowhere else
    return strips


def runs(timer: Timer) -> bool:
    """Whether a timer is not paused."""
    return timer._active.is_set()  # noqa: SLF001 - Textual tells nowhere else


async def shows(pilot: Pilot[Any], *texts: str) -> None:
    """Wait until every text is on the terminal."""
    await wait_until(pilot, lambda: all(text in text_of(pilot.app) for text in texts))


def after(*keys: str, until: Callable[[Any], Any] | None = None) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """For ``snap_compare``: connect, press, and wait for a condition on the application."""

    async def run(pilot: Pilot[Any]) -> None:
        await connected(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        if until is not None:
            await wait_until(pilot, lambda: until(pilot.app))
        await settled(pilot)

    return run
