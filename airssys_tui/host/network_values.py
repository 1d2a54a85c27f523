"""WIT types that the interfaces of ``airssys:ext-network`` share, and their values; and how refusals reach a guest."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.pattern.hosts import Address
from airssys_tui.core.types.interface import (
    Case,
    Field,
    Function,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.host import HostContext, HostFunction
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.types import STRING

U8: Final = Primitive("u8")
U16: Final = Primitive("u16")
NETWORK_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in (
            "denied",
            "invalid-input",
            "name-not-resolved",
            "refused",
            "closed",
            "tls-failed",
            "timeout",
            "too-large",
            "address-in-use",
            "failed",
        )
    )
)
IP_ADDRESS: Final = VariantOf((Case("ipv4", TupleOf((U8,) * 4)), Case("ipv6", TupleOf((U16,) * 8))))
SOCKET_ADDRESS: Final = Record((Field("address", IP_ADDRESS), Field("port", U16)))


def ip_value(address: Address) -> Variant:
    """Return an address as a guest gets it."""
    if address.version == 4:
        return Variant("ipv4", tuple(address.packed))
    return Variant("ipv6", struct.unpack("!8H", address.packed))


def address_value(where: SocketAddress) -> dict[str, Any]:
    """Return an address and a port as a guest gets them."""
    return {"address": ip_value(where.address), "port": where.port}


def network_function(name: str, work: Callable[..., Any], result: ValType | None, *params: Param) -> HostFunction:
    """Make a host function of what does its work; a refusal becomes an error value.

    Args:
        name: Its name in the interface.
        work: ``work(context, *arguments) -> value``.
        result: The type of its value; None if there is none.
        params: Its parameters.
    """

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        try:
            return Ok(work(context, *arguments))
        except NetworkRefusal as refusal:
            return Err(Variant(refusal.case, refusal.message))

    return HostFunction(Function(name, params, ResultOf(result, NETWORK_ERROR)), run)
