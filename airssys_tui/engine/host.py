"""What the host offers to guests: typed functions in named interfaces, and the path on which guests call them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import msgspec

from airssys_tui.core.errors import HostDenied, HostFault
from airssys_tui.core.interface import Function, InterfaceType
from airssys_tui.core.traps import TrapKind
from airssys_tui.engine import bindings
from airssys_tui.engine.signature import HostSignature

if TYPE_CHECKING:
    from airssys_tui.engine.instance import Instance


class HostFunction(msgspec.Struct, frozen=True):
    """A function that guests may import.

    Attributes:
        type: Its WIT type.
        call: ``call(context, *arguments) -> value`` in the forms of ``core.values``. Raising
            :class:`~airssys_tui.core.errors.HostFault` traps the guest; anything else raised is a host error.
    """

    type: Function
    call: Callable[..., Any]


class HostInterface(msgspec.Struct, frozen=True):
    """An importable instance, such as ``airssys:core-host/logging@1.0.0``."""

    name: str
    functions: tuple[HostFunction, ...] = ()

    @property
    def type(self) -> InterfaceType:
        """The interface as a WIT type."""
        return InterfaceType(self.name, tuple(function.type for function in self.functions))


class HostContext:
    """Who is calling a host function; one per instance.

    Attributes:
        owner: The object given when the instance was made.
    """

    __slots__ = ("_instance", "owner")

    def __init__(self, instance: Instance, owner: Any) -> None:
        self._instance = instance
        self.owner = owner

    def charge(self, fuel: int) -> None:
        """Take fuel from the running call for work the host does on its behalf.

        Raises:
            HostFault: If less than that is left; the call then ends as out of fuel.
        """
        self._instance.charge(fuel)

    def remaining(self) -> float:
        """Give the seconds left until the running call's deadline; never negative."""
        return self._instance.remaining()

    @property
    def cancelled(self) -> bool:
        """Whether the running call is to end; a host function that waits looks at it."""
        return self._instance.cancelled


class _Caller(threading.local):
    """The instance whose code this thread is running."""

    instance: Instance | None = None


CALLER = _Caller()
"""Set around every entry into a guest and after every host function; read by callbacks the engine makes."""


class HostFailure:
    """How a host function ended the call of the guest that called it."""

    __slots__ = ("kind", "message")

    def __init__(self, error: BaseException, function: str) -> None:
        if isinstance(error, HostDenied):
            self.kind = TrapKind.HOST_DENIAL
        elif isinstance(error, OutOfFuel):
            self.kind = TrapKind.OUT_OF_FUEL
        else:
            self.kind = TrapKind.HOST_ERROR
        told = str(error) if isinstance(error, HostFault) else f"{type(error).__name__}: {error}"
        self.message = f"{function}: {told}"


class OutOfFuel(HostFault):
    """A charge by the host that the call's fuel could not pay."""


def callback(path: str, function: HostFunction) -> Any:
    """Make the native callback of a host function: types compiled once, no exception let out.

    Args:
        path: ``interface#function``, for messages.
        function: The function.

    Raises:
        ArgumentError: If a type of it cannot be passed.
    """
    signature = HostSignature(function.type)
    lift, lower, call, clock = signature.lift, signature.lower, function.call, perf_counter_ns

    def run(_env: int, _context: int, _type: int, arguments: int, _count: int, results: int, _results: int) -> int:
        started = clock()
        instance = CALLER.instance
        if instance is None:
            return bindings.new_error(f"{path} was called outside a call")
        try:
            value = call(instance.context, *lift(arguments, instance.resources))
            if lower is not None:
                try:
                    lower(value, results, instance.resources)
                except Exception as cause:
                    raise signature.diagnose(value, cause) from cause
            elif value is not None:
                raise signature.diagnose(value, TypeError())  # noqa: TRY301 -- one way out
        except BaseException as error:  # noqa: BLE001 -- the guest boundary: nothing may pass through native frames
            return instance.host_failed(HostFailure(error, path))
        finally:
            CALLER.instance = instance
            instance.host_ns += clock() - started
        return 0

    return bindings.HostCallback(run)
