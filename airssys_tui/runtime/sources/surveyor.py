"""Looks at the folder that no entry can hold up: one whose file system does not answer is left out.

A survey goes over the entries on a thread of its own. When it stays at one entry for :data:`STALL` seconds, that entry
is taken not to answer: its thread is left alone, and another survey begins that leaves the entry out. It is looked at
again when the thread has come back. Single entries are looked at in the same way, with a time limit each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.runtime.sources.partial_write import PartialWrite, partial_write_of
from airssys_tui.runtime.sources.reading_threads import ReadingThreads
from airssys_tui.runtime.sources.stamps import UNANSWERED, FolderSurvey, Progress, Stamps, stamps, survey

STALL: Final = 1.0
"""Seconds at one entry after which a survey, or a look at the entry, goes on without it."""

T = TypeVar("T")


class Surveyor:
    """Looks at the entries of one folder.

    Args:
        folder: The folder.
        threads: Where it looks.
    """

    def __init__(self, folder: Path, threads: ReadingThreads) -> None:
        self._folder = folder
        self._threads = threads
        self._unanswered: dict[str, asyncio.Future[FolderSurvey]] = {}

    async def survey(self) -> FolderSurvey:
        """Look at all entries; one that does not answer has the stamps :data:`~stamps.UNANSWERED`.

        Raises:
            OSError: If the folder itself cannot be listed.
        """
        while True:
            self._unanswered = {key: look for key, look in self._unanswered.items() if not look.done()}
            progress = Progress(frozenset(self._unanswered))
            look = asyncio.ensure_future(self._threads.run(survey, self._folder, progress))
            at = None
            while at is None or at != progress.key:
                at = progress.key
                done, _ = await asyncio.wait({look}, timeout=STALL)
                if done:
                    return look.result()
            if not at:  # the folder itself does not answer: there is nothing else to look at
                return await look
            look.add_done_callback(_retrieve)
            self._unanswered[at] = look

    def stamps(self, key: str) -> Stamps:
        """Return the stamps of one entry; not for the loop's thread."""
        return self._answer(key, stamps, UNANSWERED)

    def partial_write(self, key: str) -> PartialWrite | None:
        """Return which file of an entry looks half written; not for the loop's thread."""
        return self._answer(key, partial_write_of, None)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Look at the disk with a function, on a thread that nobody waits for at the end."""
        return await self._threads.run(function, *args)

    def _answer(self, key: str, function: Callable[[Path, str], T], otherwise: T) -> T:
        try:
            return self._threads.call(STALL, key, function, self._folder, key)
        except FileUnavailable:
            return otherwise


def _retrieve(look: asyncio.Future[FolderSurvey]) -> None:
    """Take the error of a survey that was given up."""
    if not look.cancelled():
        look.exception()
