"""Links components with host interfaces, and explains in advance why an import cannot be satisfied."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from wasmtime import component

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.types.interface import Function, Interface, InterfaceType, render
from airssys_tui.core.types.version import track
from airssys_tui.engine import bindings, wasi
from airssys_tui.engine.host import HostInterface, HostResource, callback, destructor
from airssys_tui.engine.instance import Instance, Linked
from airssys_tui.engine.resources import HostedType, type_numbers

if TYPE_CHECKING:
    from airssys_tui.core.limits import Limits
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.compiled import Code
    from airssys_tui.engine.shared_state import Habitat

_DEFINING: Final = threading.Lock()
"""Linkers of wasmtime-py are not thread-safe to build, not even separate ones at the same time."""


class ImportProblem(msgspec.Struct, frozen=True):
    """An import that cannot be satisfied, and why."""

    name: str
    reason: str


class Linker:
    """The host interfaces of one kind of component, defined once and shared by all instances and threads.

    WASI 0.2 is always included without any grant: no files, no environment, no sockets, no HTTP.

    Raises:
        ArgumentError: If a host function has types that cannot be passed.
    """

    def __init__(self, habitat: Habitat[Activity], interfaces: Sequence[HostInterface]) -> None:
        self._habitat = habitat
        self._interfaces = {interface.name: interface for interface in interfaces}
        self._callbacks: list[Any] = []
        self._hosted: dict[str, HostedType] = {}
        with _DEFINING:
            self._native = component.Linker(habitat.native)
            self._native.add_wasip2()
            for interface in interfaces:
                self._define(interface)
        self._linked = Linked(bindings.address(self._native), self._hosted, (self._native, self._callbacks))

    def _define(self, interface: HostInterface) -> None:
        with self._native.root() as root, root.add_instance(interface.name) as instance:
            for resource in interface.resources:
                self._define_resource(instance, interface.name, resource)
            for function in interface.functions:
                made = callback(f"{interface.name}#{function.type.name}", function, self._habitat.inhabitants)
                self._callbacks.append(made)
                if error := bindings.add_function(instance, function.type.name, made):
                    raise AdmissionError(error.message, gate=Gate.TYPES)

    def _define_resource(self, instance: component.LinkerInstance, interface: str, resource: HostResource) -> None:
        if resource.name in self._hosted:
            # Types name their resources without the interface, so two resources of the same name would be ambiguous.
            raise AdmissionError(f"two host interfaces define a resource `{resource.name}`", gate=Gate.TYPES)
        type_ = HostedType(resource.name, next(type_numbers), resource.drop)
        made = destructor(f"{interface}#{resource.name}", self._habitat.inhabitants)
        self._callbacks.append(made)
        self._hosted[resource.name] = type_
        if error := bindings.add_resource(instance, resource.name, type_.number, made):
            raise AdmissionError(error.message, gate=Gate.TYPES)

    @property
    def available(self) -> tuple[str, ...]:
        """Names of everything that can be imported; WASI interfaces without their version."""
        return (*sorted(self._interfaces), *sorted(wasi.PROVIDED))

    def problems(self, interface: Interface) -> tuple[ImportProblem, ...]:
        """Find all imports that cannot be satisfied, before anything is instantiated."""
        found: list[ImportProblem] = []
        for item in interface.imports:
            if isinstance(item, Function):
                found.append(
                    ImportProblem(item.name, f"the host offers functions only in interfaces; {self._offer(item.name)}")
                )
            elif not wasi.provides(item.name):
                found += self._compare(item)
        return tuple(found)

    def _compare(self, wanted: InterfaceType) -> list[ImportProblem]:
        offered = next((known for known in self._interfaces.values() if _satisfies(known.name, wanted.name)), None)
        if offered is None:
            # An interface that contains only types needs nothing from the host.
            if not wanted.functions and not wanted.resources:
                return []
            return [ImportProblem(wanted.name, f"unknown import; {self._offer(wanted.name)}")]
        known = {function.type.name: function.type for function in offered.functions}
        resources = {resource.name for resource in offered.resources}
        missing = [
            ImportProblem(f"{wanted.name}#{name}", "the offered interface has no such resource")
            for name in wanted.resources
            if name not in resources
        ]
        return missing + [
            ImportProblem(f"{wanted.name}#{function.name}", reason)
            for function in wanted.functions
            if (reason := _mismatch(function, known)) is not None
        ]

    def _offer(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.available, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]}? " if close else ""
        hosts = ", ".join(_by_package(sorted(self._interfaces))) or "no host interfaces"
        return f"{hint}available: {hosts}, and WASI 0.2 (io, clocks, random, cli, filesystem, sockets)"

    def instantiate(self, code: Code, limits: Limits, *, owner: Any = None, deadline: float | None = None) -> Instance:
        """Create an instance with fuel, deadline, memory and table limits.

        Args:
            code: The component.
            limits: Its limits; start functions run under ``fuel_per_call`` and ``deadline`` like any call.
            owner: Passed to host functions as ``context.owner``.
            deadline: Seconds for start functions; overrides the limits' deadline.

        Raises:
            AdmissionError: If an import is missing or the instance does not fit its limits.
            GuestTrap: If a start function trapped.
            CapacityError: If the process has no room for another memory.
        """
        return Instance(self._habitat, self._linked, code, limits, owner=owner, deadline=deadline)


def _mismatch(wanted: Function, known: dict[str, Function]) -> str | None:
    offered = known.get(wanted.name)
    if offered is None:
        return f"no such function; the interface offers {', '.join(known)}"
    if not offered.same_type(wanted):
        return f"expected `{render(wanted)}`, the host offers `{render(offered)}`"
    return None


def _by_package(names: Sequence[str]) -> list[str]:
    """Format interface names compactly: those of one package and version together."""
    packages: dict[str, list[str]] = {}
    for name in names:
        interface, _, version = name.partition("@")
        package, _, face = interface.partition("/")
        packages.setdefault(f"{package}@{version}", []).append(face)
    return [
        f"{package.replace('@', '/' + faces[0] + '@')}" if len(faces) == 1 else f"{package} ({', '.join(faces)})"
        for package, faces in packages.items()
    ]


def _satisfies(offered: str, wanted: str) -> bool:
    """Return whether an offered interface satisfies an import: the same name and a compatible version."""
    offered_name, _, offered_version = offered.partition("@")
    wanted_name, _, wanted_version = wanted.partition("@")
    if offered_name != wanted_name:
        return False
    return offered_version == wanted_version or track(offered_version) == track(wanted_version) is not None
