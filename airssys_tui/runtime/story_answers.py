"""The part of the embedded runtime that tells what happened to a component, and what would if it were stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from airssys_tui.api.grant_matrix import grants_view
from airssys_tui.api.permission_story import permission_sentences
from airssys_tui.api.views.impact import Effect, Impact
from airssys_tui.api.views.past import Story
from airssys_tui.core.lifecycle import Desired
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.history.recollection import recollect
from airssys_tui.runtime.history.story import tell
from airssys_tui.runtime.linking.link_story import link_effects, link_sentences
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.observing.stop_effects import call_effects, return_effects, topic_effects
from airssys_tui.runtime.system import System
from airssys_tui.store.catalog.records import ComponentRecord

T = TypeVar("T")

MOST_EFFECTS: Final = 200
"""Effects of one answer."""


def _effects(system: System, component: Component) -> Iterator[Effect]:
    """Yield everything that would happen; whoever knows of more adds its own here."""
    yield from call_effects(component)
    address = system.post.addresses.get((component.id.namespace, component.id.name))
    yield from topic_effects(component, address.patterns if address is not None else ())
    yield from return_effects(component)
    yield from link_effects(system.links, component)


class StoryAnswers(ABC):
    """Answers in sentences."""

    _floor: Floor
    _system: System

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def explain(self, component: str) -> Future[Story]:
        """Tell a component's last change in sentences."""

        async def ask() -> Story:
            system = self._system
            found = system.router.find(component)
            known, now = self._floor.journal.known(), self._floor.clock()
            shown = ComponentRecord(found.name, "", Desired.RUNNING, now, None, present=True)
            told = await self._floor.disk(recollect, self._floor.state.catalog, found.name, now, known, shown)
            story = tell(told, system.details.present(found))
            view = grants_view(await system.permissions.known(found.name))
            linked = link_sentences(system.links, system.router, found)
            return Story(found.name, story + linked + permission_sentences(view, now))

        return self._on_loop(ask)

    def impact(self, component: str) -> Future[Impact]:
        """Return what stopping a component would do."""

        async def ask() -> Impact:
            found = self._system.router.find(component)
            effects = sorted(_effects(self._system, found), key=lambda each: each.depth)
            kept = tuple(effects[:MOST_EFFECTS])
            return Impact(component=found.name, effects=kept, omitted=len(effects) - len(kept))

        return self._on_loop(ask)
