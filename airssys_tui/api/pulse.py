"""What changed, told to the clients that follow: a few times a second, to all of them, nothing at rest.

A client that has not read the last news gets no more until it has: what it missed then comes in one piece.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from airssys_tui.api.connection import Connection, ServingLimits
from airssys_tui.api.frames import Beat, Moment, Part, frame
from airssys_tui.api.mirror import EVENTS_KEPT, Mirror
from airssys_tui.api.protocol import RuntimeApi

ROWS: Final = 256
"""Rows in one frame; encoding more at once would hold up the other threads."""

EVENTS: Final = 1_000
"""Events in one frame."""


class Pulse:
    """Looks at a runtime and tells its followers; used on the server's loop only.

    Args:
        api: The runtime.
        limits: How often.
    """

    def __init__(self, api: RuntimeApi, limits: ServingLimits) -> None:
        self._api = api
        self._limits = limits
        self._mirror = Mirror()
        self._followers: dict[Connection, float] = {}
        self._followed = asyncio.Event()

    async def run(self) -> None:
        """Look again and again while anybody follows."""
        while True:
            await self._followed.wait()
            self._look()
            told: dict[tuple[int, int] | None, list[bytes]] = {}
            for follower in tuple(self._followers):
                self._tell(follower, told)
            await asyncio.sleep(self._limits.pulse)

    def follow(self, connection: Connection) -> None:
        """Tell a client everything now, and what changes from now on."""
        self._followers[connection] = asyncio.get_running_loop().time()
        self._followed.set()
        self.catch_up(connection)

    def forget(self, connection: Connection) -> None:
        """Tell a client nothing more."""
        self._followers.pop(connection, None)
        if not self._followers:
            self._followed.clear()

    def catch_up(self, connection: Connection) -> None:
        """Tell a client at once what it does not know yet."""
        self._look()
        self._send(connection, {})

    def _look(self) -> None:
        mirror = self._mirror
        head = self._api.snapshot(mirror.generation)
        page = self._api.events(mirror.last, EVENTS_KEPT) if head.last_event > mirror.last else None
        lost = mirror.last + page.missed if page is not None and page.missed else 0
        mirror.merge(head, head.components, page.events if page is not None else (), lost)

    def _tell(self, follower: Connection, told: dict[tuple[int, int] | None, list[bytes]]) -> None:
        now = asyncio.get_running_loop().time()
        if follower.clogged:
            return
        if follower.version != self._mirror.version:
            self._send(follower, told)
        elif now - self._followers[follower] >= self._limits.beat:
            self._followers[follower] = now
            follower.send([frame(Beat())])

    def _send(self, follower: Connection, told: dict[tuple[int, int] | None, list[bytes]]) -> None:
        if follower.version == self._mirror.version:
            return
        frames = told.get(follower.position)
        if frames is None:
            frames = told[follower.position] = self._news(follower.position)
        follower.position = (self._mirror.generation, self._mirror.last)
        follower.version = self._mirror.version
        if follower in self._followers:
            self._followers[follower] = asyncio.get_running_loop().time()
        follower.send(frames)

    def _news(self, position: tuple[int, int] | None) -> list[bytes]:
        generation, number = position or (0, 0)
        head = self._mirror.snapshot(generation)
        events = self._mirror.events(number, EVENTS_KEPT).events
        rows = head.components
        frames = [frame(Part(rows=rows[start : start + ROWS])) for start in range(0, len(rows), ROWS)]
        frames += [frame(Part(events=events[start : start + EVENTS])) for start in range(0, len(events), EVENTS)]
        head = msgspec.structs.replace(head, components=())
        return [*frames, frame(Moment(head, position is None, self._mirror.lost))]
