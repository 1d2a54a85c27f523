"""Sends changes to the clients that follow: at most four times a second, and only when something changed.

The pulse keeps a mirror of the runtime. At each beat it asks the runtime for the changes since the mirror's
generation, merges them, and sends each follower the difference between the follower's position and the mirror.
Followers at the same position get the same bytes, encoded once.

A follower that has not read the last frames gets no more until it has read them; then it gets everything that it
missed as one difference. So a slow client costs a bounded amount of memory and never slows the others down.

Rows whose meters alone changed are sent as ticks, a twentieth of the bytes; this needs a follower that has exactly the
state of the beat before. All others get whole rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.connection import Connection, ServingLimits
from airssys_tui.api.socket.frames import Beat, Moment, Part, frame
from airssys_tui.api.socket.mirror import EVENTS_KEPT, Mirror
from airssys_tui.api.socket.ticks import Tick, tick_of
from airssys_tui.api.views.components import ComponentView

ROWS: Final = 256
"""Maximum rows in one frame; encoding more at once would delay other threads."""

TICKS: Final = 1_000
"""Maximum ticks in one frame."""

EVENTS: Final = 1_000
"""Maximum events in one frame."""

Position = tuple[int, int]
"""The generation and the event number that a follower has."""


class Pulse:
    """Watches a runtime and sends changes to the followers; used only on the server's loop.

    Args:
        api: The runtime.
        limits: How often to check.
        announce: Called with a sentence when the runtime cannot be read.
    """

    def __init__(self, api: RuntimeApi, limits: ServingLimits, announce: Callable[[str], None]) -> None:
        self._api = api
        self._announce = announce
        self._limits = limits
        self._mirror = Mirror()
        self._before: dict[str, ComponentView] = {}
        self._last: Position = (0, 0)
        self._now: Position = (0, 0)
        self._followers: dict[Connection, float] = {}
        self._followed = asyncio.Event()

    async def run(self) -> None:
        """Check for changes repeatedly while there are followers."""
        while True:
            await self._followed.wait()
            self._beat()
            await asyncio.sleep(self._limits.pulse)

    def follow(self, connection: Connection) -> None:
        """Send a client the full state now, and every later change."""
        self._followers[connection] = asyncio.get_running_loop().time()
        self._followed.set()
        self.catch_up(connection)

    def forget(self, connection: Connection) -> None:
        """Stop sending changes to a client."""
        self._followers.pop(connection, None)
        if not self._followers:
            self._followed.clear()

    def catch_up(self, connection: Connection) -> None:
        """Send all clients their missing changes at once, so that every client has the same state."""
        self._beat()
        if connection.version != self._mirror.version:
            self._send(connection, {})

    def _beat(self) -> None:
        self._look()
        told: dict[Position | None, list[bytes]] = {}
        now = asyncio.get_running_loop().time()
        for follower, since in tuple(self._followers.items()):
            if follower.clogged:
                continue
            if follower.version != self._mirror.version:
                self._send(follower, told)
            elif now - since >= self._limits.beat:
                self._followers[follower] = now
                follower.send([frame(Beat())])

    def _look(self) -> None:
        try:
            self._take_over()
        except Exception as error:  # noqa: BLE001 - a fault in the runtime must not end the pulse
            self._announce(f"the runtime cannot be read: {type(error).__name__}: {error}")

    def _take_over(self) -> None:
        mirror = self._mirror
        head = self._api.snapshot(mirror.generation)
        page = self._api.events(mirror.last, EVENTS_KEPT) if head.last_event > mirror.last else None
        lost = mirror.last + page.missed if page is not None and page.missed else 0
        held = ((row.id, mirror.row(row.id)) for row in head.components)
        before = {name: row for name, row in held if row is not None}
        if mirror.merge(head, head.components, page.events if page is not None else (), lost):
            self._before = before
            self._last, self._now = self._now, (mirror.generation, mirror.last)

    def _send(self, follower: Connection, told: dict[Position | None, list[bytes]]) -> None:
        frames = told.get(follower.position)
        if frames is None:
            frames = told[follower.position] = self._news(follower.position)
        follower.position = self._now
        follower.version = self._mirror.version
        if follower in self._followers:
            self._followers[follower] = asyncio.get_running_loop().time()
        follower.send(frames)

    def _news(self, position: Position | None) -> list[bytes]:
        generation, number = position or (0, 0)
        head = self._mirror.snapshot(generation)
        rows, ticks = self._told_apart(head.components, in_step=position == self._last)
        events = self._mirror.events(number, EVENTS_KEPT).events
        frames = [frame(Part(rows=rows[start : start + ROWS])) for start in range(0, len(rows), ROWS)]
        frames += [frame(Part(ticks=ticks[start : start + TICKS])) for start in range(0, len(ticks), TICKS)]
        frames += [frame(Part(events=events[start : start + EVENTS])) for start in range(0, len(events), EVENTS)]
        head = msgspec.structs.replace(head, components=())
        return [*frames, frame(Moment(head, position is None, self._mirror.lost))]

    def _told_apart(
        self, rows: tuple[ComponentView, ...], *, in_step: bool
    ) -> tuple[tuple[ComponentView, ...], tuple[Tick, ...]]:
        """Return the rows to send whole, and ticks for those in which only the meters changed since the last beat."""
        if not in_step:
            return rows, ()
        whole: list[ComponentView] = []
        ticks: list[Tick] = []
        for row in rows:
            old = self._before.get(row.id)
            tick = tick_of(old, row) if old is not None else None
            if tick is not None:
                ticks.append(tick)
            else:
                whole.append(row)
        return tuple(whole), tuple(ticks)
