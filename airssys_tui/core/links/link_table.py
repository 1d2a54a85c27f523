"""``[links]`` of a folder's configuration: which component provides an import of another one.

::

    [links]
    calculator."demo:math/adder@1.0.0" = "adder"    # the consumer, its import, the provider
    "shop/front"."demo:shop/carts" = "shop/carts"   # without a version: whichever is imported

A key with a version stands for the imports of a compatible version (SemVer 2.0), as an exported interface does.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import msgspec

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.manifest.scalars import ExpectationError, read_text, shown
from airssys_tui.core.manifest.table_reader import Table
from airssys_tui.core.types.interface import satisfies, unversioned

MOST_LINKS: Final = 1_000
"""Links of one folder."""

MOST_INTERFACE: Final = 256
"""Characters of the name of an interface."""


class Link(msgspec.Struct, frozen=True, order=True):
    """One line of ``[links]``.

    Attributes:
        consumer: Text form of the identity of the component that imports.
        interface: The imported interface, with or without a version.
        provider: Text form of the identity of the component that exports it.
    """

    consumer: str
    interface: str
    provider: str

    def is_for(self, interface: str) -> bool:
        """Return whether it says who provides an imported interface."""
        if "@" not in self.interface:
            return self.interface == unversioned(interface)
        return satisfies(self.interface, interface)


class LinkTable(msgspec.Struct, frozen=True, dict=True):
    """All links of a folder."""

    links: tuple[Link, ...] = ()

    @cached_property
    def _by_consumer(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for each in self.links:
            found.setdefault(each.consumer, []).append(each)
        return found

    def provider_of(self, consumer: str, interface: str) -> str | None:
        """Return the provider that is named for an import; None if the table does not say.

        A line with the version that is imported goes before one of a compatible version, and that before one without.
        """
        found = [each for each in self._by_consumer.get(consumer, ()) if each.is_for(interface)]
        found.sort(key=lambda each: (each.interface != interface, "@" not in each.interface))
        return found[0].provider if found else None


def read_links(table: Table) -> LinkTable:
    """Read ``[links]``; problems go to the report of the table."""
    found: list[Link] = []
    for name in table.free_keys():
        consumer = _identity_at(table, name, name)
        imports = table.table(name)
        for interface in imports.free_keys():
            imports.attempt(interface, lambda interface=interface: check_interface(interface))  # type: ignore[misc]
            provider = _identity_at(imports, interface, imports.raw(interface))
            if consumer and provider == consumer:
                imports.problem(interface, f"{consumer} cannot provide its own import")
            found.append(Link(consumer, interface, provider))
    if len(found) > MOST_LINKS:
        table.problem(found[MOST_LINKS].consumer, f"expected at most {MOST_LINKS} links, got {len(found)}")
    return LinkTable(tuple(found))


def check_interface(name: str) -> None:
    """Check the name of an interface, such as ``demo:math/adder@1.0.0``.

    Raises:
        ValueError: With what was expected.
    """
    package, slash, face = name.partition("@")[0].partition("/")
    namespace, colon, word = package.partition(":")
    if not (slash and colon and namespace and word and face) or len(name) > MOST_INTERFACE:
        raise ExpectationError(f"expected an interface, such as demo:math/adder@1.0.0, got {shown(name)}")


def _identity_at(table: Table, key: str, value: Any) -> str:
    found: list[str] = []
    table.attempt(key, lambda: found.append(str(ComponentId.parse(read_text(value)))))
    return found[0] if found else ""
