"""The scan of the whole folder at the start, and looks at single entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from pathlib import Path
from typing import Any

from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.needs import Needs
from airssys_tui.runtime.deploying.postponed import FIRST, LONGEST
from airssys_tui.runtime.deploying.reconciler import Reconciler
from airssys_tui.runtime.deploying.slots import Slots, each
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.machinery import heap
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources.folder import entries
from airssys_tui.runtime.sources.stamps import stamps


class Scan:
    """Looks at entries of the folder, a few at a time.

    Args:
        floor: The machinery.
        reconciler: Decides what an entry means.
        needs: The dependencies between components.
        links: The links between them.

    Attributes:
        hasten: Called with a component that could not be started for want of another one, which is there now.
        slots: For everything that starts or deploys many components at once.
    """

    def __init__(self, floor: Floor, reconciler: Reconciler, needs: Needs, links: LinkBook) -> None:
        self._floor = floor
        self._reconciler = reconciler
        self._needs = needs
        self._links = links
        self.hasten: Callable[[Component], None] = lambda _: None
        self.slots = Slots(floor.settings.parallel_deploys)

    async def entries(self) -> tuple[str, ...] | None:
        """Return the entries of the folder, or None while it cannot be listed."""
        name = f"{self._floor.folder.name}/"
        try:
            found = await self._floor.reading.read(name, entries, self._floor.folder)
        except (OSError, FileUnavailable) as error:
            self._reconciler.unread.unlisted(name, error)
            return None
        self._reconciler.unread.settle(name)
        return found

    async def present(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the entries that have files; one that the system cannot tell of is taken to have some."""
        wanted = tuple(filter(None, keys))
        try:
            return await self._floor.reading.read("", _present, self._floor.folder, wanted)
        except FileUnavailable:  # one of them hangs: ask for each alone
            return frozenset().union(*await asyncio.gather(*map(self._present, wanted)))

    async def _present(self, key: str) -> frozenset[str]:
        try:
            return await self._floor.reading.read(key, _present, self._floor.folder, (key,))
        except FileUnavailable:
            return frozenset((key,))

    async def run(self, skipped: Collection[str] = ()) -> bool:
        """Look at every entry but those that are skipped; return whether the folder could be listed."""
        keys = await self.entries()
        if keys is None:
            return False
        with heap.growing():
            await self.all(self.look(key) for key in keys if key not in skipped)
            await self.look_again()
        return True

    async def run_later(self) -> None:
        """Scan the folder when it can be listed again; what is recorded serves meanwhile."""
        pause = FIRST
        while not await self.run():
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST)

    async def look(self, key: str) -> None:
        """Look at one entry when there is a slot."""
        deploys = self._floor.settings.deploys
        await self.slots.run(self._reconciler.look(key, who="scan", deploys=deploys))

    async def look_again(self) -> None:
        """Retry components whose dependencies and links are met by now, as long as that lets others pass."""
        while due := (*self._needs.take_due(), *self._links.take_due()):
            for component in due:
                self.hasten(component)
            await self.all(self.look(each.files.key) for each in due if each.barred.turned_away is not None)

    async def all(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Await all of them; one that fails is an internal error, and the others go on."""

        def failed(error: BaseException) -> None:
            told = f"internal error: {type(error).__name__}: {error}"
            self._floor.journal.system(told, EventAction.INTERNAL, Level.ERROR)

        await each(works, failed)


def _present(folder: Path, keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key in keys if stamps(folder, key))
