"""Which components are marked: the multi-selection. Sorting and filtering do not change it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator


class Marks:
    """The marked components, in the order in which they were marked."""

    def __init__(self) -> None:
        self._marked: dict[str, None] = {}

    def __contains__(self, component: object) -> bool:
        """Return whether a component is marked."""
        return component in self._marked

    def __len__(self) -> int:
        """Return how many are marked."""
        return len(self._marked)

    def __iter__(self) -> Iterator[str]:
        """Iterate over a copy, since marks may be removed meanwhile."""
        return iter(tuple(self._marked))

    def toggle(self, component: str) -> None:
        """Mark a component, or unmark it."""
        if component in self._marked:
            del self._marked[component]
        else:
            self._marked[component] = None

    def add(self, components: Iterable[str]) -> None:
        """Mark components."""
        self._marked.update(dict.fromkeys(components))

    def keep(self, known: Container[str]) -> None:
        """Unmark components that are no longer known."""
        self._marked = {component: None for component in self._marked if component in known}

    def clear(self) -> None:
        """Unmark all."""
        self._marked.clear()
