"""Watching the folder: notices from the operating system where it gives them, polling where it does not.

A watcher can fail quietly in several ways; each has its answer here:

* It needs a moment to start. What changed between the first scan and that moment is found by one comparison of all
  stamps, :data:`SECOND_LOOK` seconds later.
* Some file systems give no notices (network mounts, some containers), or the system has no watches left. Then the
  folder is polled every :data:`POLL_MS` milliseconds, and the view says so: operators see ``polling`` and the reason.
* What is watched is an inode, not a path. If the folder is replaced or removed, the old watch ends; when there is a
  folder at the path again, every entry that is or was in it is looked at.

A notice only says where to look. Entries go through ``settle``, which decides by stamps when they have stopped
changing; settled changes are awaited one after another. AIRSSYS_TUI_POLL in the environment asks for polling.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from watchfiles import Change, DefaultFilter, awatch

from airssys_tui.api.views.runtime import WatchView
from airssys_tui.core.text import one_line
from airssys_tui.runtime.sources.folder import key_of
from airssys_tui.runtime.sources.settle import QUIET, Settled, Settler
from airssys_tui.runtime.sources.stamps import Stamps, stamps, survey

POLL_MS: Final = 2_000
STEP_MS: Final = 25
DEBOUNCE_MS: Final = 50
SECOND_LOOK: Final = 1.0
"""Seconds until the native watcher surely sees changes; then one comparison finds those it missed."""
FOLDER_LOOK: Final = 1.0
"""Seconds between checks that the watched folder is still the one at the path."""
LOOK: Final = 0.01
"""Seconds between looks at the stamps of a change that has not settled."""


class _OwnFilter(DefaultFilter):
    """Lets everything through that can matter; :func:`folder.key_of` decides."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ignore_dirs=(), ignore_entity_patterns=())
        self._folder = folder

    def __call__(self, change: Change, path: str) -> bool:  # noqa: ARG002 - the signature is watchfiles'
        return key_of(self._folder, Path(path)) is not None


class Watch:
    """The watcher of one folder; runs on the control loop.

    Args:
        folder: The folder to watch.
        settled: Awaited for each settled change.
        changed: Called when the way of watching changes.
        quiet: Seconds without a change until a component is settled.
    """

    def __init__(
        self,
        folder: Path,
        settled: Callable[[Settled], Awaitable[None]],
        changed: Callable[[WatchView], None],
        quiet: float = QUIET,
    ) -> None:
        # Notices carry resolved paths: compare with the resolved folder.
        self.folder = Path(os.path.realpath(folder))
        self.view = WatchView("stopped")
        self._settled = settled
        self._changed = changed
        self._settler = Settler(lambda key: stamps(self.folder, key), quiet)
        self._stop = asyncio.Event()
        self._noticed = asyncio.Event()
        self._before: dict[str, Stamps] = {}
        self._keys: set[str] = set()

    async def prepare(self) -> None:
        """Remember the stamps before the first scan: the watcher needs a moment until it sees changes."""
        self._before = await self._survey()
        self._keys |= self._before.keys()

    async def run(self) -> None:
        """Watch until :meth:`stop`; poll if the operating system cannot watch."""
        settling = asyncio.create_task(self._settle())
        try:
            while not self._stop.is_set():
                await self._watch_this_folder()
                if not self._stop.is_set():
                    await self._await_folder()
        finally:
            settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settling

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
        try:
            if os.environ.get("AIRSSYS_TUI_POLL"):
                await self._poll("asked for", self._before or await self._survey())
            else:
                await self._watch()
        except (OSError, RuntimeError) as error:
            if not self._stop.is_set() and await self._place() is not None:
                # What changed since native watching failed is not known: look at every entry.
                await self._poll(str(error), {})

    async def await_replacement(self) -> None:
        """Wait until the folder at the path is another one, or gone, or until :meth:`stop`."""
        first = await self._place()
        # A wait that ends at the moment of a cancellation swallows it: check for the stop as well.
        while not self._stop.is_set() and await self._place() == first is not None:
            await self._pause()

    async def _await_folder(self) -> None:
        """Wait until there is a folder at the path; then look at everything that is or was in it."""
        await self._pause()
        if await self._place() is None:
            self._set_view(WatchView("stopped", one_line(f"{self.folder} is gone; waiting for it")))
            self._notice_all()
        while await self._place() is None and not self._stop.is_set():
            await self._pause()
        with contextlib.suppress(OSError):
            self._before = await self._survey()
            self._keys |= self._before.keys()
        self._notice_all()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), FOLDER_LOOK)

    async def _place(self) -> tuple[int, int] | None:
        """Return the device and inode of the folder at the path, or None."""

        def look() -> tuple[int, int] | None:
            try:
                stat = self.folder.stat()
            except OSError:
                return None
            return (stat.st_dev, stat.st_ino)

        return await asyncio.get_running_loop().run_in_executor(None, look)

    def _notice_all(self) -> None:
        for key in tuple(self._keys):
            self.notice(key)

    def stop(self) -> None:
        """End :meth:`run`."""
        self._stop.set()

    def notice(self, key: str) -> None:
        """Look at an entry as if it had changed."""
        self._keys.add(key)
        self._settler.notice(key, time.monotonic())
        self._noticed.set()

    async def _watch(self) -> None:
        self._set_view(WatchView("native"))
        second_look = asyncio.create_task(self.look_again())
        try:
            await self._take_notices()
        finally:
            second_look.cancel()

    async def look_again(self) -> None:
        """Compare the stamps with those before the first scan, once the watcher surely sees changes."""
        await asyncio.sleep(SECOND_LOOK)
        now = await self._survey()
        for key in self._before.keys() | now.keys():
            if self._before.get(key) != now.get(key):
                self.notice(key)

    async def _take_notices(self) -> None:
        notices = awatch(
            self.folder,
            watch_filter=_OwnFilter(self.folder),
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=asyncio.Event(),  # watchfiles sets it when this watch is cancelled, so it must not be ours
            force_polling=False,
        )
        async for changes in notices:
            for _, path in changes:
                key = key_of(self.folder, Path(path))
                if key is not None:
                    self.notice(key)

    async def _poll(self, reason: str, known: dict[str, Stamps]) -> None:
        """Compare stamps at intervals, by nanoseconds and inode; the poller of watchfiles compares whole seconds."""
        self._set_view(WatchView("polling", one_line(reason)))
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), POLL_MS / 1000)
            seen = await self._survey()
            for key in known.keys() | seen.keys():
                if known.get(key) != seen.get(key):
                    self.notice(key)
            known = seen

    async def _survey(self) -> dict[str, Stamps]:
        return await asyncio.get_running_loop().run_in_executor(None, survey, self.folder)

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._noticed.wait()
            while self._settler.waiting:
                await asyncio.sleep(LOOK)
                for settled in await loop.run_in_executor(None, self._settler.due, time.monotonic()):
                    await self._settled(settled)
            self._noticed.clear()

    def _set_view(self, view: WatchView) -> None:
        self.view = view
        self._changed(view)
