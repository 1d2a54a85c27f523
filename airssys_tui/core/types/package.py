"""The contents of a WIT package as values, and the differences between two packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from airssys_tui.core.types.compatibility import InterfaceChange, Kind, changes, changes_of_interface, in_order
from airssys_tui.core.types.interface import Interface, InterfaceType
from airssys_tui.core.types.version import track


class World(msgspec.Struct, frozen=True):
    """A world: the imports and exports of a component that targets it."""

    name: str
    interface: Interface


class WitPackage(msgspec.Struct, frozen=True):
    """The interfaces and worlds of one package, each with its full name: ``namespace:package/item@version``."""

    interfaces: tuple[InterfaceType, ...] = ()
    worlds: tuple[World, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """One change, and the world it is in; ``world`` is empty for a standalone interface and for a component."""

    world: str
    change: InterfaceChange


_Named = TypeVar("_Named", InterfaceType, World)


def differences(old: WitPackage, new: WitPackage) -> tuple[Difference, ...]:
    """Compare two packages: each interface for either side, and each world as a component sees it."""
    found = [Difference("", change) for change in _of_interfaces(old.interfaces, new.interfaces)]
    before, after = _by_track(old.worlds), _by_track(new.worlds)
    for key in (*before, *(key for key in after if key not in before)):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            found += [Difference("", change) for change in _whole("world", was, now)]
        else:
            found += [Difference(now.name, change) for change in changes(was.interface, now.interface)]
    return tuple(found)


def _of_interfaces(old: Iterable[InterfaceType], new: Iterable[InterfaceType]) -> tuple[InterfaceChange, ...]:
    before, after = _by_track(old), _by_track(new)
    found: list[InterfaceChange] = []
    for key in (*before, *(key for key in after if key not in before)):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            found += _whole("interface", was, now)
        else:
            found += changes_of_interface(was, now)
    return in_order(found)


def _whole(noun: str, was: InterfaceType | World | None, now: InterfaceType | World | None) -> list[InterfaceChange]:
    """Describe that a whole interface or world was added or removed."""
    named = was or now
    if named is None:
        return []
    kind: Kind = "removed" if was is not None else "added"
    return [InterfaceChange(kind, named.name, None, None, f"the whole {noun}", "package")]


def _by_track(items: Iterable[_Named]) -> dict[str, _Named]:
    """Index items by a key that compatible versions share."""
    found: dict[str, _Named] = {}
    for item in items:
        name, _, version = item.name.partition("@")
        found[f"{name}@{track(version) or version}"] = item
    return found
