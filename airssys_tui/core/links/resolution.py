"""Resolution: which component satisfies an import that the host does not offer. A pure rule.

``[links]`` decides. Without a line there, the provider that the consumer is bound to stays as long as it fits; else the
only running component that exports a compatible version of the interface is taken. Two of them are not chosen between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from airssys_tui.core.links.link_table import LinkTable
from airssys_tui.core.types.interface import InterfaceType, satisfies

NAMED: Final = 3
"""Providers that are named when there are several."""


class Provider(msgspec.Struct, frozen=True):
    """A component that may provide interfaces.

    Attributes:
        name: Text form of its identity.
        runs: Whether it accepts calls now.
        exports: The interfaces that it exports.
    """

    name: str
    runs: bool
    exports: tuple[InterfaceType, ...] = ()

    def exported(self, interface: str) -> InterfaceType | None:
        """Return the exported interface that satisfies an import; None if there is none."""
        return next((face for face in self.exports if satisfies(face.name, interface)), None)


class Resolved(msgspec.Struct, frozen=True):
    """An import with its provider.

    Attributes:
        wanted: The import.
        provider: Name of the component that provides it.
        exported: The interface that it exports.
    """

    wanted: InterfaceType
    provider: str
    exported: InterfaceType


class Unresolved(msgspec.Struct, frozen=True):
    """An import that has no provider now.

    Attributes:
        wanted: The import.
        reason: Why, as a sentence that names the import.
        remedy: What to do.
        provider: The provider that is named for it; empty if none is.
    """

    wanted: InterfaceType
    reason: str
    remedy: str
    provider: str = ""


def resolve(
    consumer: str, wanted: InterfaceType, table: LinkTable, providers: Mapping[str, Provider], bound: str = ""
) -> Resolved | Unresolved:
    """Find the provider of an import.

    Args:
        consumer: Name of the component that imports.
        wanted: The import.
        table: ``[links]``.
        providers: The components that may provide it, by name; others need not be among them.
        bound: The provider that it has until now; empty if it has none.
    """
    named = table.provider_of(consumer, wanted.name)
    if named is not None:
        return _of_named(wanted, named, providers.get(named))
    fitting = {
        each.name: face
        for each in providers.values()
        if each.name != consumer and each.runs and (face := each.exported(wanted.name)) is not None
    }
    if bound in fitting:
        return Resolved(wanted, bound, fitting[bound])
    if len(fitting) == 1:
        ((name, face),) = fitting.items()
        return Resolved(wanted, name, face)
    if not fitting:
        reason = f"{wanted.name} is offered neither by the host nor by a component that runs"
        return Unresolved(wanted, reason, "start a component that exports it: this one is then tried again")
    names = sorted(fitting)
    reason = f"{wanted.name} is exported by {_listed(names)}"
    remedy = f"say which one in airssys.toml: [links] {line(consumer, wanted.name, names[0])}"
    return Unresolved(wanted, reason, remedy)


def why_chosen(
    consumer: str, wanted: InterfaceType, table: LinkTable, providers: Mapping[str, Provider], provider: str
) -> str:
    """Return why a provider satisfies an import, as a clause.

    Args:
        consumer: Name of the component that imports.
        wanted: The import.
        table: ``[links]``.
        providers: The components that may provide it, by name.
        provider: The one that does.
    """
    named = table.provider_of(consumer, wanted.name)
    if named == provider:
        return "airssys.toml names it under [links]"
    if named is not None:
        other = _of_named(wanted, named, providers.get(named))
        why = f": {other.reason}" if isinstance(other, Unresolved) else ", which does not fit"
        return f"it stays although airssys.toml names {named}{why}"
    others = sorted(
        each.name
        for each in providers.values()
        if each.name not in {consumer, provider} and each.runs and each.exported(wanted.name) is not None
    )
    if not others:
        return "no other running component exports it"
    return f"it was linked first and stays while it fits; {_listed(others)} would do as well"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _of_named(wanted: InterfaceType, named: str, provider: Provider | None) -> Resolved | Unresolved:
    if provider is None or not provider.runs:
        what = "there is no such component" if provider is None else "it does not run"
        reason = f"{wanted.name} is linked to {named}: {what}"
        return Unresolved(wanted, reason, f"start {named}: this one is then tried again", named)
    face = provider.exported(wanted.name)
    if face is not None:
        return Resolved(wanted, named, face)
    bare = wanted.name.partition("@")[0]
    others = [each.name for each in provider.exports if each.name.partition("@")[0] == bare]
    has = f"it exports {others[0]}" if others else "it does not export that interface"
    return Unresolved(wanted, f"{wanted.name} is linked to {named}: {has}", "correct [links] in airssys.toml", named)


def line(consumer: str, interface: str, provider: str) -> str:
    """Return a line of ``[links]``."""
    name = consumer if "/" not in consumer else f'"{consumer}"'
    return f'{name}."{interface}" = "{provider}"'
