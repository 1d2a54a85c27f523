"""The table of components: the one place where the name that a caller gives becomes a component."""

from __future__ import annotations

import difflib
import os
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from airssys_tui.core.errors import IdentityError, UnknownComponent
from airssys_tui.core.identity import ComponentId
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.sources.names import MANIFEST, WASM


class Router:
    """Every component of one runtime, by identity."""

    def __init__(self) -> None:
        self._table: dict[str, Component] = {}
        self._names: list[str] = []
        self._ordered: tuple[Component, ...] | None = ()

    def __iter__(self) -> Iterator[Component]:
        """Iterate over the components, sorted by name."""
        if self._ordered is None:
            self._ordered = tuple(map(self._table.__getitem__, self._names))
        return iter(self._ordered)

    def __len__(self) -> int:
        """Return the number of components."""
        return len(self._table)

    def get(self, identity: ComponentId) -> Component | None:
        """Return the component with that identity, or None."""
        return self._table.get(str(identity))

    def named(self, name: str) -> Component | None:
        """Return the component of exactly that name, or None."""
        return self._table.get(name)

    def source_in(self, folder: Path) -> Callable[[str], str]:
        """Return what finds the path of a component's manifest or wasm file in a folder; empty if it is not there."""
        prefix = str(folder / MANIFEST).removesuffix(MANIFEST)  # joined as text: a `Path` would be parsed each time

        def find(name: str) -> str:
            component = self._table.get(name)
            key = component.files.key if component is not None else ""
            if not key or key.endswith(WASM):
                return f"{prefix}{key}" if key else ""
            return f"{prefix}{key}{os.sep}{MANIFEST}"

        return find

    def calls_of(self, name: str) -> int:
        """Return how many calls a component has finished in this runtime; from any thread."""
        component = self._table.get(name)
        return component.actor.counters.calls if component is not None else 0

    def among(self, names: Iterable[str]) -> tuple[Component, ...]:
        """Return those of the names that are components."""
        return tuple(self._table[name] for name in tuple(names) if name in self._table)

    def add(self, component: Component) -> None:
        """Add a component, in place of one of the same name; its row is published soon."""
        if component.name not in self._table:
            insort(self._names, component.name)
        self._table[component.name] = component
        self._ordered = None
        component.shown.touch()

    def remove(self, component: Component) -> None:
        """Remove the component of that name, if there is one; its row is withdrawn soon."""
        if self._table.pop(component.name, None) is None:
            return
        del self._names[bisect_left(self._names, component.name)]
        self._ordered = None
        component.shown.touch()

    def find(self, name: str) -> Component:
        """Return the component that a caller names.

        Raises:
            UnknownComponent: If there is no such component; the remedy names similar ones.
        """
        known = self._table.get(name)
        if known is not None:
            return known
        try:
            found = self.get(ComponentId.parse(name))
        except IdentityError:
            found = None
        if found is None:
            nearest = difflib.get_close_matches(name, self._table, n=3)
            remedy = f"did you mean {', '.join(nearest)}?" if nearest else "`list` shows all components"
            raise UnknownComponent(f"there is no component {name!r}", remedy=remedy)
        return found
