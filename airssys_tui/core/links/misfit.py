"""How an exported interface does not fit an import: both sides' types, in words."""

from __future__ import annotations

from collections.abc import Iterator

from airssys_tui.core.types.interface import InterfaceType, render


def misfits(wanted: InterfaceType, exported: InterfaceType, consumer: str, provider: str) -> Iterator[str]:
    """Yield how an export does not fit an import; nothing if it fits.

    An export may have more functions and resources than are imported.

    Args:
        wanted: The import.
        exported: The export.
        consumer: Who imports, as it is told.
        provider: Who exports, as it is told.
    """
    for resource in wanted.resources:
        if resource not in exported.resources:
            yield f"{wanted.name}: {consumer} imports the resource {resource}, {provider} exports no such resource"
    known = {function.name: function for function in exported.functions}
    for function in wanted.functions:
        other = known.get(function.name)
        if other is None:
            yield f"{wanted.name}: {consumer} imports `{render(function)}`, {provider} exports no such function"
        elif not other.same_type(function):
            yield f"{wanted.name}: {consumer} imports `{render(function)}`, {provider} exports `{render(other)}`"
