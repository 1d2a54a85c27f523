"""How a host function ends the call of the guest that called it: by raising one of these, or by failing."""

from __future__ import annotations

from typing import ClassVar

from airssys_tui.core.errors import HostDenied, HostFault
from airssys_tui.core.traps import EXITED, TrapKind
from airssys_tui.engine.kept_bytes import HandleLimit


class CallEnd(HostFault):
    """The call ends for a reason that is not a fault of the host function, as it would inside the guest.

    Attributes:
        trap_kind: The kind of the trap; its message is that of the error.
    """

    trap_kind: ClassVar[TrapKind]


class CallCancelled(CallEnd):
    """The call was cancelled, or its instance is to go."""

    title = "cancelled"
    trap_kind = TrapKind.CANCELLED

    def __init__(self) -> None:
        super().__init__("the call was cancelled")


class DeadlinePassed(CallEnd):
    """The call passed its deadline."""

    title = "deadline"
    trap_kind = TrapKind.DEADLINE

    def __init__(self) -> None:
        super().__init__("the call passed its deadline")


class LinkFailed(CallEnd):
    """A call of another component, over a link, did not return a result: the cause is on the other side of it."""

    title = "link"
    trap_kind = TrapKind.LINK


class GuestExit(CallEnd):
    """The guest asked to exit.

    Attributes:
        status: Its exit status.
    """

    title = "exit"
    trap_kind = TrapKind.EXIT

    def __init__(self, status: int) -> None:
        super().__init__(f"{EXITED}{status}")
        self.status = status


class OutOfFuel(HostFault):
    """The host charged more fuel than the call had left."""


class HostFailure:
    """What a host function raised, as the end of the guest's call.

    Args:
        error: What it raised.
        function: ``interface#function``, for the message of a fault.
    """

    __slots__ = ("kind", "message")

    def __init__(self, error: BaseException, function: str) -> None:
        if isinstance(error, CallEnd):
            self.kind, self.message = error.trap_kind, error.message
            return
        self.kind = next((kind for raised, kind in _KINDS if isinstance(error, raised)), TrapKind.HOST_ERROR)
        told = str(error) if isinstance(error, HostFault) else f"{type(error).__name__}: {error}"
        self.message = f"{function}: {told}"


_KINDS = (
    (HostDenied, TrapKind.HOST_DENIAL),
    (OutOfFuel, TrapKind.OUT_OF_FUEL),
    (HandleLimit, TrapKind.HANDLE_LIMIT),
)
