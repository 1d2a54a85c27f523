"""The start of a runtime: the recorded components come back, and those that are to run are started again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.group_book import GroupBook
from airssys_tui.runtime.components.needs import Needs
from airssys_tui.runtime.components.resumption import starts_again
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.components.startup_recovery import Remembered, restore
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.deploying.reconciler import Reconciler
from airssys_tui.runtime.deploying.scan import Scan
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.supervising.supervisor import Supervisor


class Resuming:
    """Brings recorded components back. Used on the control loop, once.

    Args:
        floor: The machinery.
        router: The components.
        needs: Their dependencies, in whose order they start.
        links: Their links, in whose order they start as well.
        groups: Their groups, in whose order they start as well.
        scan: Looks at the folder.
        reconciler: Takes up the entries of the folder.
        instances: Starts them.
        supervisor: Looks after one that could not be started.
        start: Runs something in the background.
    """

    def __init__(
        self,
        floor: Floor,
        router: Router,
        needs: Needs,
        links: LinkBook,
        groups: GroupBook,
        *,
        scan: Scan,
        reconciler: Reconciler,
        instances: Instances,
        supervisor: Supervisor,
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._floor = floor
        self._router = router
        self._needs = needs
        self._links = links
        self._groups = groups
        self._scan = scan
        self._reconciler = reconciler
        self._instances = instances
        self._supervisor = supervisor
        self._start = start

    async def run(self, memories: tuple[Remembered, ...], make: Callable[[ComponentId], Component]) -> None:
        """Bring the components back, dependencies first.

        Args:
            memories: What the catalog knows.
            make: Makes components.
        """
        keys = await self._scan.present(memory.record.source for memory in memories)
        for memory in memories:
            component = restore(memory, make, self._floor.tiers.identities)
            # An entry may belong to another component by now; only the scan brings back one whose files were gone.
            if memory.record.present and component.files.key in keys:
                component.files.appear()
            if component.active is None and not component.files.present:
                self._router.remove(component)
            elif component.files.present:
                self._reconciler.adopt(component, component.files.key)
        for component in self._router:
            self._links.follow(component)
        for tier in self._needs.tiers(self._router, self._expected):
            await self._scan.all(self._scan.slots.run(self._one(component)) for component in tier)

    def _expected(self, component: Component) -> tuple[str, ...]:
        """Return what is to start before a component: its providers, and who is before it in its groups."""
        earlier = self._groups.tree.before(component.name)
        nearest = next((name for name in reversed(earlier) if self._router.named(name) is not None), None)
        return (*self._links.expected(component), *((nearest,) if nearest is not None else ()))

    async def _one(self, component: Component) -> None:
        async with component.lock:
            if not starts_again(component):
                return
            try:
                await self._instances.start(component, why="resumed")
            except AirssysError as error:
                self._start(self._supervisor.recover(component, one_line(str(error))))
