"""Links components with host interfaces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from wasmtime import component

from airssys_tui.core.errors import AdmissionError, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.engine import bindings
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from airssys_tui.engine.hosting.callbacks import callback, destructor
from airssys_tui.engine.hosting.hosted_types import HostedTypes
from airssys_tui.engine.instance import Instance, Linked
from airssys_tui.engine.raw_path.raw_host import raw_callbacks
from airssys_tui.engine.resource_names import key_of
from airssys_tui.engine.signature import handles_in, require_passable
from airssys_tui.engine.unmet_imports import ImportProblem, Offer

if TYPE_CHECKING:
    from airssys_tui.core.limits import Limits
    from airssys_tui.core.types.interface import Interface, InterfaceType
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.compiled import Code
    from airssys_tui.engine.shared_state import Habitat

_DEFINING: Final = threading.Lock()
"""Linkers of wasmtime-py are not thread-safe to build, not even separate ones at the same time."""


class Linker:
    """The host interfaces of one kind of component, defined once and shared by all instances and threads.

    Args:
        habitat: The shared state of the engine.
        interfaces: The host interfaces.

    Raises:
        ArgumentError: If a host function has types that cannot be passed.
        AdmissionError: If a resource is defined twice, or named where it is neither defined nor used.
    """

    def __init__(self, habitat: Habitat[Activity], interfaces: Sequence[HostInterface]) -> None:
        self._habitat = habitat
        homes = {(face.name, used.name): used.interface for face in interfaces for used in face.uses}
        self._offer = Offer({face.name: face.type for face in interfaces}, homes)
        self._callbacks: list[Any] = []
        self._hosted = HostedTypes(interfaces)
        with _DEFINING:
            self._native = component.Linker(habitat.native)
            for interface in interfaces:
                self._define(interface)
        self._linked = Linked(bindings.address(self._native), (self._native, self._callbacks))

    def _define(self, interface: HostInterface) -> None:
        names = {function.type.name for function in interface.functions}
        with self._native.root() as root, root.add_instance(interface.name) as instance:
            for resource in interface.resources:
                self._define_resource(instance, interface.name, resource)
            for function in interface.functions:
                self._define_function(instance, interface.name, function, names)

    def _define_function(
        self, instance: component.LinkerInstance, interface: str, function: HostFunction, names: set[str]
    ) -> None:
        require_passable(function.type)
        self._hosted.require_named(interface, function.type)
        path = f"{interface}#{function.type.name}"
        keyed = partial(self._hosted.keyed, interface, function.type)
        self._add(instance, function.type.name, callback(path, function, self._habitat.inhabitants, keyed))
        if handles_in(function.type):
            return  # functions with resources have no other ways
        for name, made in raw_callbacks(path, function, self._habitat.inhabitants).items():
            if name not in names:
                self._add(instance, name, made)

    def _add(self, instance: component.LinkerInstance, name: str, made: Any) -> None:
        self._callbacks.append(made)
        if error := bindings.add_function(instance, name, made):
            raise AdmissionError(error.message, gate=Gate.TYPES)

    def _define_resource(self, instance: component.LinkerInstance, interface: str, resource: HostResource) -> None:
        type_ = self._hosted[key_of(interface, resource.name)]
        made = destructor(f"{interface}#{resource.name}", self._habitat.inhabitants)
        self._callbacks.append(made)
        if error := bindings.add_resource(instance, resource.name, type_.number, made):
            raise AdmissionError(error.message, gate=Gate.TYPES)

    def problems(self, interface: Interface, linked: Collection[str] = ()) -> tuple[ImportProblem, ...]:
        """Find all imports that cannot be satisfied, before anything is instantiated.

        Args:
            interface: The imports.
            linked: Names of those that another component is to provide.
        """
        return self._offer.problems(interface, linked)

    def foreign(self, interface: Interface) -> tuple[InterfaceType, ...]:
        """Return the imported interfaces that are nothing of the host's: another component may provide them."""
        return self._offer.foreign(interface)

    def instantiate(
        self,
        code: Code,
        limits: Limits,
        *,
        owner: Any = None,
        deadline: float | None = None,
        begun: Callable[[Callable[[], None]], None] | None = None,
    ) -> Instance:
        """Create an instance with fuel, deadline, memory and table limits.

        Args:
            code: The component.
            limits: Its limits; start functions run under ``fuel_per_call`` and ``deadline`` like any call.
            owner: Passed to host functions as ``context.owner``.
            deadline: Seconds for start functions; overrides the limits' deadline.
            begun: Called before the start functions run, with what ends them, and the instance, from any thread.

        Raises:
            AdmissionError: If an import is missing or the instance does not fit its limits.
            GuestTrap: If a start function trapped.
            CapacityError: If the process has no room for another memory.
            UsageError: If the code is of another tier: to link it would abort the process.
        """
        if code.tier is not self._habitat.settings.tier:
            raise UsageError(f"{code.tier} code cannot run in an engine for {self._habitat.settings.tier} code")
        return Instance(
            self._habitat,
            self._linked,
            code,
            limits,
            hosted=self._hosted.seen_by(code),
            owner=owner,
            deadline=deadline,
            begun=begun,
        )
