"""The resource types that the host interfaces of one linker define, and which of them a name means where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.types.interface import Function, satisfies
from airssys_tui.engine.resource_names import key_of, renamed
from airssys_tui.engine.resources import HostedType, type_numbers
from airssys_tui.engine.signature import handles_in, holds_handles

if TYPE_CHECKING:
    from airssys_tui.engine.compiled import Code
    from airssys_tui.engine.host import HostInterface


class HostedTypes:
    """Resource types by their keys.

    Args:
        interfaces: All interfaces of the linker.

    Raises:
        AdmissionError: If an interface defines a resource twice, or uses one that no interface defines.
    """

    def __init__(self, interfaces: Sequence[HostInterface]) -> None:
        self._by_key: dict[str, HostedType] = {}
        for interface in interfaces:
            for resource in interface.resources:
                key = key_of(interface.name, resource.name)
                if key in self._by_key:
                    raise AdmissionError(f"the host defines the resource `{key}` twice", gate=Gate.TYPES)
                self._by_key[key] = HostedType(
                    resource.name, next(type_numbers), resource.drop, resource.weight, resource.holds
                )
        self._names = {interface.name: self._names_in(interface) for interface in interfaces}
        self._by_code: WeakKeyDictionary[Code, Mapping[str, HostedType]] = WeakKeyDictionary()

    def _names_in(self, interface: HostInterface) -> Mapping[str, str]:
        """Return the keys of the resources that an interface names."""
        names: dict[str, str] = {}
        for used in interface.uses:
            if used.key not in self._by_key:
                text = f"{interface.name} uses the resource `{used.key}`, which no host interface defines"
                raise AdmissionError(text, gate=Gate.TYPES)
            names[used.name] = names[used.resource or used.name] = used.key
        names.update({resource.name: key_of(interface.name, resource.name) for resource in interface.resources})
        return names

    def __getitem__(self, key: str) -> HostedType:
        """Return the type with a key."""
        return self._by_key[key]

    def require_named(self, interface: str, function: Function) -> None:
        """Check that an interface has all resources that the types of one of its functions name.

        Raises:
            AdmissionError: If a type names a resource that the interface neither defines nor uses.
        """
        for name in handles_in(function):
            if self._key(interface, name) not in self._by_key:
                text = f"{interface}#{function.name} names the resource `{name}`, which {interface} does not have"
                raise AdmissionError(text, gate=Gate.TYPES)

    def keyed(self, interface: str, function: Function) -> Function:
        """Return a function of an interface with the keys of the resources in its types."""
        return renamed(function, partial(self._key, interface)) if holds_handles(function) else function

    def _key(self, interface: str, name: str) -> str:
        return self._names[interface].get(name, name)

    def seen_by(self, code: Code) -> Mapping[str, HostedType]:
        """Return the types by key, and those that a component imports by their names in its functions, too."""
        if not code.imported_resources:
            return self._by_key
        known = self._by_code.get(code)
        if known is None:
            known = self._by_code[code] = {**self._by_key, **self._imported(code)}
        return known

    def _imported(self, code: Code) -> Mapping[str, HostedType]:
        found: dict[str, HostedType] = {}
        for name, wanted, resource in code.imported_resources:
            names = next((names for offered, names in self._names.items() if satisfies(offered, wanted)), {})
            if resource in names:
                found[name] = self._by_key[names[resource]]
        return found
