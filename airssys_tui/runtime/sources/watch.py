"""Watching the folder: notices from the operating system tell soon, and a survey makes sure.

Notices are fast, but they are not the truth. The target of a linked file, a link further up, a hard link that is
written under its other name, a network mount: nobody tells of these, and a full queue loses what it should tell. So the
folder is *surveyed* as well: the stamps of all files are compared with those last seen, every :data:`SURVEY` seconds
beside native watching, every :data:`POLL` seconds without it. What the survey finds and the watcher missed is reported
as such.

A watcher can fail quietly in several ways; each has its answer here:

* It needs a moment to start. The first survey after that finds what changed since the first scan.
* Some systems give no notices, or have no watches left. Then the folder is polled, and the view says why; native
  watching is tried again, less and less often. AIRSSYS_TUI_POLL in the environment asks for polling.
* What is watched is an inode, not a path. If the folder is replaced or removed, or a link on the way to it leads
  elsewhere, the old watch ends; when there is a folder at the path again, every entry that is or was in it is looked
  at.
* Stamps can stay the same though the content changes: two writes within one tick of the file system's clock. What
  changed just before it was read is therefore read once more, and only its inode's time differing is a doubt as well.

A notice only says where to look. Entries go through ``settle``, which decides by stamps when they have stopped
changing, and waits for those that are half written; settled changes are awaited one after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.api.views.runtime import WatchView
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.sources.baseline import Baseline
from airssys_tui.runtime.sources.listener import Notice, Relay, reason_of
from airssys_tui.runtime.sources.names import WASM, key_of
from airssys_tui.runtime.sources.partial_write import Writer
from airssys_tui.runtime.sources.reading_threads import ReadingThreads
from airssys_tui.runtime.sources.settle import CUT_PATIENCE, QUIET, Found, Settled, Settler, Unfinished
from airssys_tui.runtime.sources.stamps import FolderSurvey, youngest
from airssys_tui.runtime.sources.surveyor import Surveyor

SURVEY: Final = (5.0, 8.0)
"""Seconds between surveys beside native watching: at least, and at most where a survey is costly."""
POLL: Final = (2.0, 8.0)
"""Seconds between surveys without native watching: at least, and at most."""
SHARE: Final = 0.01
"""The part of one core that surveys may take, as long as the bounds above allow it; four times that without notices."""
GRACE: Final = 0.5
"""Seconds that a notice may be late before the survey says that it was missed."""
FOLDER_LOOK: Final = 1.0
"""Seconds between checks that the watched folder is still the one at the path."""
RETRY: Final = (1.0, 60.0)
"""Seconds until native watching is tried again after it failed: at first, and at most."""
LONG_GAP: Final = (0.1, 2.0)
"""Seconds between surveys, or changes of what is listened to, that notices ask for: at least, and at most."""
LOOK: Final = 0.01
"""Seconds between looks at the stamps of a change that has not settled."""
SLOW_LOOK: Final = 0.1
"""Seconds between looks when all pending changes are half written."""

_NONE: Final = GuestText("")


def survey_period(cost: float, *, polls: bool) -> float:
    """Return the seconds between surveys: more where they are costly.

    Args:
        cost: Seconds of a processor that one survey takes.
        polls: Whether surveys are all there is.
    """
    shortest, longest = POLL if polls else SURVEY
    return max(shortest, min(cost / (4 * SHARE if polls else SHARE), longest))


class Watch:
    """The watcher of one folder; runs on the control loop.

    Args:
        folder: The folder to watch; a link at or above it is followed anew each time.
        settled: Awaited for each settled change.
        changed: Called when the way of watching changes.
        quiet: Seconds without a change until a component is settled.
        unfinished: Called for each change that waits because a file is half written.
        threads: Where the disk is looked at; threads of its own if not given.
    """

    def __init__(
        self,
        folder: Path,
        settled: Callable[[Settled], Awaitable[None]],
        changed: Callable[[WatchView], None],
        quiet: float = QUIET,
        *,
        unfinished: Callable[[Unfinished], None] = lambda _: None,
        threads: ReadingThreads | None = None,
    ) -> None:
        self.folder = folder
        self.view = WatchView("stopped")
        self._settled = settled
        self._changed = changed
        self._unfinished = unfinished
        self._surveyor = Surveyor(folder, threads or ReadingThreads())
        self._settler = Settler(self._surveyor.stamps, quiet, self._surveyor.partial_write)
        self._stop = asyncio.Event()
        self._noticed = asyncio.Event()
        self._soon = asyncio.Event()
        self._moved = asyncio.Event()
        self._root = ""
        self._baseline = Baseline()
        self._heard: set[str] = set()
        self._watched: dict[str, tuple[int, int]] | None = None
        self._deaf = True
        self._cost = 0.0

    async def prepare(self) -> frozenset[str]:
        """Remember the stamps before the first scan; return the entries that are being written at this moment.

        These are waited for like a change that has not settled; the first scan leaves them out.
        """
        seen = await self._survey()
        wall = time.time()
        self._baseline.begin(seen.stamps, wall, time.monotonic())
        young = [key for key, found in seen.stamps.items() if abs(wall - youngest(found)) < 2 * CUT_PATIENCE]
        partial = await self._surveyor.run(self._half_written, young)
        for key in partial:
            self.notice(key)
        return frozenset(partial)

    def _half_written(self, keys: Iterable[str]) -> list[str]:
        found = []
        for key in keys:
            file = self._surveyor.partial_write(key)
            if file is not None and (file.cut or file.writer is Writer.OPEN):
                found.append(key)
        return found

    async def run(self) -> None:
        """Watch until :meth:`stop`."""
        beside = [asyncio.create_task(work) for work in (self._settle(), self._keep_surveying())]
        try:
            while not self._stop.is_set():
                await self._watch_this_folder()
                if not self._stop.is_set():
                    await self._await_folder()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _watch_this_folder(self) -> None:
        """Watch until :meth:`stop`, or until the folder at the path is replaced or removed."""
        ends = [
            asyncio.create_task(work) for work in (self._watch_somehow(), self.await_replacement(), self._stop.wait())
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _watch_somehow(self) -> None:
        """Listen to the system's notices; while that fails, poll and try again."""
        if os.environ.get("AIRSSYS_TUI_POLL"):
            self._show("polling", GuestText("asked for"))
            await self._stop.wait()
        delay, longest = RETRY
        self._show("native")
        while not self._stop.is_set():
            began = time.monotonic()
            reason = await self._listen()
            if self._stop.is_set() or await self._place() is None:
                return
            self._show("polling", reason)
            self._soon.set()
            delay = RETRY[0] if time.monotonic() - began > longest else delay
            await self._pause(delay)
            delay = min(2 * delay, longest)

    async def await_replacement(self) -> None:
        """Wait until the folder at the path is another one, or gone, or until :meth:`stop`."""
        first = await self._place()
        # A wait that ends at the moment of a cancellation swallows it: check for the stop as well.
        while not self._stop.is_set() and await self._place() == first is not None:
            await self._pause(FOLDER_LOOK)

    async def _await_folder(self) -> None:
        """Wait until there is a folder at the path; then look at everything that is or was in it."""
        if await self._place() is None:
            await self._pause(FOLDER_LOOK)
        if await self._place() is None:
            self._show("stopped", one_line(f"{self.folder} is gone; waiting for it"))
            self._notice_all()
        while await self._place() is None and not self._stop.is_set():
            await self._pause(FOLDER_LOOK)
        self._notice_all()
        self._soon.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _place(self) -> tuple[int, int] | None:
        """Return the device and inode of the folder at the path, or None."""

        def look() -> tuple[int, int] | None:
            try:
                stat = self.folder.stat()
            except OSError:
                return None
            return (stat.st_dev, stat.st_ino)

        return await self._surveyor.run(look)

    def _notice_all(self) -> None:
        for key in self._baseline.keys:
            self.notice(key)

    def stop(self) -> None:
        """End :meth:`run`."""
        self._stop.set()

    def notice(self, key: str, found: Found = Found.NOTICE) -> None:
        """Look at an entry as if it had changed."""
        self._settler.notice(key, time.monotonic(), found)
        self._noticed.set()

    async def _listen(self) -> GuestText:
        """Listen to the folder and to each directory in it; return why that failed.

        When directories come or are replaced, another listener takes over, so that there is no gap; what happened in a
        new directory before is found by the survey that follows.
        """
        relay = Relay(self._hear)
        self._deaf = True
        try:
            while relay.reason is None:
                self._moved.clear()
                self._root = await self._surveyor.run(os.path.realpath, self.folder)
                try:
                    directories = (await self._survey()).directories
                except OSError as error:
                    return reason_of(error)
                await relay.listen_to([self._root, *(f"{self._root}{os.sep}{name}" for name in directories)])
                if relay.reason is None:
                    self._watched = directories
                    self._hears()
                    await relay.wait(self._moved)
                    await self._pause(max(LONG_GAP[0], min(20 * self._cost, LONG_GAP[1])))
            return relay.reason
        finally:
            self._watched = None
            relay.stop()

    def _hears(self) -> None:
        if self.view.mode != "native":
            self._show("native")
        self._soon.set()

    def _hear(self, notices: tuple[Notice, ...]) -> None:
        folder = Path(self._root)
        for notice in notices:
            path = Path(notice.path)
            key = key_of(folder, path)
            if folder in {path, path.parent} and (notice.gone or not path.name.endswith(WASM)):
                # A directory that is replaced may get the same inode again: no survey can tell.
                if notice.gone and self._watched is not None:
                    self._watched.pop(path.name, None)
                    self._moved.set()
                self._soon.set()
            elif path.name.startswith(".."):
                # Kubernetes puts files behind a link of such a name, and swaps that: they all change at once.
                self._soon.set()
            if key is not None:
                self._heard.add(key)
                self.notice(key)

    async def _keep_surveying(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), survey_period(self._cost, polls=self.view.mode != "native"))
            self._soon.clear()
            with contextlib.suppress(OSError):  # the folder is gone, or no descriptor is left: looked at again
                await self._compare()
            await asyncio.sleep(max(LONG_GAP[0], min(20 * self._cost, LONG_GAP[1])))

    async def _compare(self) -> None:
        """Survey the folder once, and look at what differs from what was handed on."""
        watched, self._heard = self._watched, set()
        hears = watched is not None and not self._deaf
        seen = await self._survey()
        if watched is not None and watched != seen.directories:
            self._moved.set()
        found = self._unnoticed(seen)
        if found and hears:
            await asyncio.sleep(GRACE)  # a notice may be under way
            found = {key: doubt for key, doubt in self._unnoticed(seen).items() if key in found}
        for key, doubt in found.items():
            told = hears and watched is not None and (key in watched or key not in seen.directories)
            how = Found.SURVEY if told else Found.POLL if self.view.mode == "polling" else Found.NOTICE
            self.notice(key, Found.DOUBT if doubt else how)
        for key in self._baseline.doubtful(time.monotonic()):
            self.notice(key, Found.DOUBT)
        self._deaf = watched is None

    def _unnoticed(self, seen: FolderSurvey) -> dict[str, bool]:
        return {
            key: doubt
            for key, doubt in self._baseline.differences(seen.stamps).items()
            if key not in self._heard and not self._settler.awaits(key)
        }

    async def _survey(self) -> FolderSurvey:
        seen = await self._surveyor.survey()
        self._cost = seen.cost
        return seen

    async def _settle(self) -> None:
        while True:
            await self._noticed.wait()
            while self._settler.waiting:
                await asyncio.sleep(LOOK if self._settler.hurried else SLOW_LOOK)
                for change in await self._surveyor.run(self._settler.due, time.monotonic()):
                    if isinstance(change, Unfinished):
                        self._unfinished(change)
                    else:
                        await self._hand_on(change)
            self._noticed.clear()

    async def _hand_on(self, change: Settled) -> None:
        if change.found is Found.DOUBT and not self._baseline.agrees(change.key, change.stamps):
            change = msgspec.structs.replace(change, found=Found.NOTICE)  # changed again; its notice is under way
        doubted = change.found is Found.DOUBT
        self._baseline.move(change.key, change.stamps, time.time(), time.monotonic(), doubted=doubted)
        if change.found is Found.SURVEY:
            self._show(self.view.mode, self.view.reason, missed=self.view.missed + 1)
        await self._settled(change)

    def _show(self, mode: str, reason: GuestText = _NONE, *, missed: int | None = None) -> None:
        """Show how the folder is watched."""
        survey_every = 0.0 if mode == "stopped" else (SURVEY if mode == "native" else POLL)[0]
        self.view = WatchView(mode, reason, survey_every, self.view.missed if missed is None else missed)
        self._changed(self.view)
