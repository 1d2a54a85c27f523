"""The machinery that every part of the runtime uses, assembled once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from airssys_tui.core.errors import DiskFull, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.identity import Digest
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import format_duration
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.tiers import Tiers
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.programs.program_door import ProgramSource
from airssys_tui.runtime.machinery import heap, switch_interval
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.component_services import ServiceDesk
from airssys_tui.runtime.machinery.descriptors import Descriptors, raise_limit
from airssys_tui.runtime.machinery.disk_thread import DiskThread
from airssys_tui.runtime.machinery.flights import Flights
from airssys_tui.runtime.machinery.guest_threads import Hog, Way, Workers
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.machinery.loaded_code import Shelf
from airssys_tui.runtime.machinery.outgrown import Outgrown
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.runtime.machinery.wakeups import landing
from airssys_tui.runtime.sources.reading_threads import ReadingThreads
from airssys_tui.store.directory import StateDirectory

T = TypeVar("T")

MOST_CHILDREN: Final = 2
"""Compile processes at a time: each may use all processors and gigabytes of memory."""


FILE_THREADS: Final = 4
"""Threads that write artifacts: each waits for the disk most of the time."""


class Floor:
    """Engines, linkers, state directory, threads and journal of one runtime.

    Attributes:
        tiers: The engines and linkers of all tiers.
        engine: The one for optimised code.
        linker: Its linker; what it offers is the same in all tiers.
        outgrown: Artifacts that are not compiled by the baseline compiler.
        filled: Called on the control loop for every write that failed because the disk is full.
        spare: Returns the bytes of a digest from elsewhere than the store, or None.
        reading: The threads that read the folder of components, apart from the one that writes the catalog.

    Args:
        folder: The watched folder.
        state: Its state directory, owned by this process.
        settings: The settings.
        clock: Unix time in seconds.
    """

    def __init__(
        self, folder: Path, state: StateDirectory, settings: RuntimeSettings, clock: Callable[[], float] = time.time
    ) -> None:
        heap.share()
        raise_limit()
        self.folder = folder
        self.state = state
        self.settings = settings
        self.clock = clock
        self.journal = Journal(clock)
        self.descriptors = Descriptors()
        self.tiers = Tiers(settings.engine, INTERFACES)
        self.engine = self.tiers.engine(Tier.OPTIMISED)
        self.linker = self.tiers.linker(Tier.OPTIMISED)
        self.outgrown = Outgrown()
        state.code.engines = frozenset(self.tiers.identities.values())
        self.shelf = Shelf()
        self.flights: Flights[Any] = Flights()
        self.workers = Workers(settings.workers, self._crowded)
        self.programs = ProgramSource(settings.program_path)
        self.services = ServiceDesk(state.storage, self.workers.blocking, self.programs)
        self.filled: Callable[[DiskFull], None] = lambda _: None
        self.spare: Callable[[Digest], Awaitable[bytes | None]] = _no_spare
        self.reading = ReadingThreads(patience=settings.reading, landing=landing)
        self._disk = DiskThread(state.catalog)
        self._files = ThreadPoolExecutor(FILE_THREADS, "files")
        self._compilers = ThreadPoolExecutor(2, "compile")
        self._children = ThreadPoolExecutor(MOST_CHILDREN, "compile-child")
        self._behind = ThreadPoolExecutor(1, "compile-behind")
        self._background = Background(self.journal)
        self._beside: dict[Hashable, asyncio.Task[object]] = {}
        switch_interval.claim()

    def recording_linker(self, tier: Tier) -> Linker:
        """Return the linker of a tier for instances that are recorded; others are linked as if there were none."""
        from airssys_tui.host.recording.recorded_interfaces import (  # noqa: PLC0415 -- few components are recorded
            recorded_interfaces,
        )

        return self.tiers.linker_with(tier, "recorded", lambda: recorded_interfaces(INTERFACES))

    def replaying_linker(self, tier: Tier) -> Linker:
        """Return the linker of a tier for replays: it reaches nothing but a recording."""
        from airssys_tui.host.recording.replayed_interfaces import (  # noqa: PLC0415 -- few runtimes replay
            replayed_interfaces,
        )

        return self.tiers.linker_with(tier, "replayed", lambda: replayed_interfaces(INTERFACES))

    async def disk(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run something that uses the catalog or the blobs, on the one disk thread, in order."""
        return await self._heeded(self._disk.submit(partial(function, *args, **kwargs)))

    def on_disk(self, function: Callable[[], T]) -> Future[T]:
        """Run something on the disk thread for a thread that waits for its future, or does not wait.

        Raises:
            RuntimeError: If the runtime is closed.
        """
        return self._disk.submit(function)

    async def commit(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run something that only writes the catalog, as :meth:`disk` does; return when that is durable.

        It may share its transaction with others that are ready, and may run twice; see ``disk_thread``.
        """
        return await self._heeded(self._disk.commit(partial(function, *args, **kwargs)))

    async def files(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run something that reads or writes artifacts and does not touch the catalog, beside the disk thread."""
        return await self._heeded(self._files.submit(partial(function, *args, **kwargs)))

    async def _heeded(self, future: Future[T]) -> T:
        try:
            return await landing(future)
        except DiskFull as error:
            self.filled(error)
            raise

    async def artifact(self, digest: Digest) -> bytes:
        """Return the bytes of an artifact; a missing or damaged copy is replaced when the folder still has the file.

        Raises:
            BlobCorrupt: If the stored bytes do not match their digest, and the folder does not have the file.
            StoreError: If they are missing or cannot be read, and the folder does not have the file.
        """
        try:
            return await self.disk(self.state.blobs.get, digest)
        except StoreError as error:
            spare = await self.spare(digest)
            if spare is None:
                raise
            self.journal.system(f"{error.message}: taken in again from the folder", EventAction.STORE, Level.WARNING)
            try:
                await self.disk(self.state.blobs.put, spare)
            except StoreError as failed:  # the bytes are right all the same; the copy is made the next time
                self.journal.system(f"it could not be stored: {failed.message}", EventAction.STORE, Level.ERROR)
            return spare

    async def compiling(self, function: Callable[..., T], *args: Any) -> T:
        """Run a compilation or another short computation."""
        return await landing(self._compilers.submit(function, *args))

    async def in_child(self, function: Callable[..., T], *args: Any) -> T:
        """Run a compilation in a child process; it does not hold up small ones."""
        return await landing(self._children.submit(function, *args))

    async def behind(self, function: Callable[..., T], *args: Any) -> T:
        """Run a compilation that nobody waits for, one at a time; it does not hold up those that somebody waits for."""
        return await landing(self._behind.submit(function, *args))

    def later(self, work: Coroutine[Any, Any, None], key: Hashable = None) -> None:
        """Do something beside what asks for it; if the runtime is closed before it is done, it is left undone.

        Args:
            work: What to do.
            key: For :meth:`done_with`; None if nobody waits for it.
        """
        task = self._background.start(work)
        if key is not None:
            self._beside[key] = task
            task.add_done_callback(lambda _: self._beside.pop(key, None))

    async def done_with(self, key: Hashable) -> None:
        """Wait until what was begun for a key with :meth:`later` is done."""
        task = self._beside.get(key)
        if task is not None:
            await asyncio.wait([task])

    async def guest(self, function: Callable[..., T], *args: Any) -> T:
        """Run control work on a guest, ahead of components' turns. Cancelling the wait does not stop the guest."""
        return await landing(self.workers.submit(function, *args))

    async def candidate(self, function: Callable[..., T], *args: Any, owner: str = "") -> T:
        """Run guest code of what does not serve, on places of its own. Cancelling the wait does not stop the guest."""
        return await landing(self.workers.submit(function, *args, owner=owner, way=Way.CANDIDATE))

    def _crowded(self, hogs: list[Hog]) -> None:
        self.journal.system(crowded_text(hogs), EventAction.CROWDED, Level.WARNING)

    def close(self, timeout: float) -> bool:
        """Close the threads and the engine; return whether every worker ended in time."""
        ended = self.workers.close(timeout)
        self.programs.close()
        switch_interval.release()
        self.reading.close()
        self._compilers.shutdown(wait=False, cancel_futures=True)
        self._children.shutdown(wait=False, cancel_futures=True)
        self._behind.shutdown(wait=False, cancel_futures=True)
        self._files.shutdown(wait=True)
        self._disk.close()
        if ended:
            self.tiers.close()
        return ended


async def _no_spare(_digest: Digest) -> bytes | None:
    """Find nothing: the folder is not read yet."""
    return None


NAMED: Final = 5
"""Components that an event about too many long calls names."""


def crowded_text(hogs: list[Hog]) -> str:
    """Return, for people, that calls wait because too many others run for long; the longest are named first."""
    named = ", ".join(f"{owner or 'the runtime'} for {format_duration(seconds)}" for owner, seconds in hogs[:NAMED])
    more = f" and {len(hogs) - NAMED} more" if len(hogs) > NAMED else ""
    return (
        f"{len(hogs)} calls run for long, and no more can be set apart: other calls wait. The longest: {named}{more} "
        "→ stop these components, or lower their [resources] deadline"
    )
