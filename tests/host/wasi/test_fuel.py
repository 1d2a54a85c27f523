"""Every function of WASI and of its drafts charges the guest for what the host does, or is listed with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest

from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.core.types.interface import (
    Borrow,
    EnumOf,
    FlagsOf,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Ok, Variant
from airssys_tui.engine.call_ends import GuestExit
from airssys_tui.engine.host import FUEL_PER_WORK, HostFunction
from airssys_tui.host.catalogue import DRAFTS, WASI
from airssys_tui.host.wasi.drafts.keyvalue_atomics import Comparison
from airssys_tui.host.wasi.drafts.keyvalue_store import NumberingBucket

KEPT = "reads or sets one thing that the host keeps already: no more than the call itself"
HANDLE = "gives a handle to something that is there: an instance has so many, and each has its weight"
CONSTANT = "always the same answer"
CLOCK = "reads a clock, which is as short as the call"
END = "ends the call"

FREE: dict[str, dict[str, str]] = {
    "io/error": {"[method]error.to-debug-string": KEPT},
    "io/streams": {"[method]input-stream.subscribe": HANDLE, "[method]output-stream.subscribe": HANDLE},
    "clocks/monotonic-clock": {"now": CLOCK, "resolution": CONSTANT},
    "clocks/wall-clock": {"now": CLOCK, "resolution": CONSTANT},
    "clocks/timezone": {"display": CONSTANT, "utc-offset": CONSTANT},
    "cli/environment": {"initial-cwd": CONSTANT},
    "cli/exit": {"exit": END, "exit-with-code": END},
    "filesystem/types": {"filesystem-error-code": KEPT},
    "sockets/network": {"network-error-code": KEPT},
    "sockets/instance-network": {"instance-network": HANDLE},
    "sockets/tcp": {
        "[method]tcp-socket.is-listening": KEPT,
        "[method]tcp-socket.address-family": KEPT,
        "[method]tcp-socket.subscribe": HANDLE,
    },
    "sockets/udp": {
        "[method]udp-socket.address-family": KEPT,
        "[method]udp-socket.subscribe": HANDLE,
        "[method]incoming-datagram-stream.subscribe": HANDLE,
        "[method]outgoing-datagram-stream.subscribe": HANDLE,
    },
    "sockets/ip-name-lookup": {"[method]resolve-address-stream.subscribe": HANDLE},
    "http/types": {
        **{
            f"[method]{message}.{part}": KEPT
            for message in ("incoming-request", "outgoing-request")
            for part in ("method", "path-with-query", "scheme", "authority")
        },
        **{
            f"[method]request-options.{verb}{time}-timeout": KEPT
            for verb in ("", "set-")
            for time in ("connect", "first-byte", "between-bytes")
        },
        "[method]incoming-response.status": KEPT,
        "[method]outgoing-response.status-code": KEPT,
        "[method]outgoing-response.set-status-code": KEPT,
        "http-error-code": KEPT,
        **{
            f"[method]{message}.headers": HANDLE
            for message in ("incoming-request", "outgoing-request", "incoming-response", "outgoing-response")
        },
        "[method]incoming-request.consume": HANDLE,
        "[method]incoming-response.consume": HANDLE,
        "[method]incoming-body.stream": HANDLE,
        "[method]outgoing-request.body": HANDLE,
        "[method]outgoing-response.body": HANDLE,
        "[method]outgoing-body.write": HANDLE,
        "[method]future-trailers.subscribe": HANDLE,
        "[method]future-incoming-response.subscribe": HANDLE,
    },
}
"""Functions that charge nothing, and why."""


class Charged(BaseException):
    """Fuel was asked for."""


class Call:
    """A running call that ends when it is to pay."""

    deadline_ns = 2**62
    cancelled = False

    def __init__(self) -> None:
        guard = MagicMock(open_storage=StorageAccess.READ_WRITE)
        guard.look.return_value = guard.require.return_value = None
        self.owner = MagicMock(guard=guard)

    def charge(self, fuel: int) -> None:
        assert fuel > 0
        raise Charged

    def charge_bytes(self, count: int) -> None:
        self.charge(FUEL_PER_WORK + count)

    def remaining(self) -> float:
        return 1.0

    def wait(self, waitables: Any, announce: Any = None) -> Any:
        raise AssertionError("it waits before it has paid")

    def keep(self, size: int) -> None:
        raise AssertionError("something is kept before it is paid for")


RESOURCES: dict[str, Callable[[], Any]] = {
    "bucket": lambda: NumberingBucket(""),
    "cas": lambda: Comparison("key", b"value"),
}
"""Values whose functions look at them before they charge; of others, anything will do."""

PRIMITIVES: dict[str, Any] = {"string": "a", "char": "a", "bool": True, "f32": 1.0, "f64": 1.0}


SAMPLES: dict[type, Callable[[Any], Any]] = {
    Primitive: lambda type_: PRIMITIVES.get(type_.name, 1),
    ListOf: lambda type_: b"ab" if type_.element == Primitive("u8") else [sample(type_.element)],
    OptionOf: lambda _: None,
    TupleOf: lambda type_: tuple(map(sample, type_.elements)),
    Record: lambda type_: {field.name: sample(field.type) for field in type_.fields},
    VariantOf: lambda type_: Variant(type_.cases[0].name, sample(type_.cases[0].type)),
    EnumOf: lambda type_: type_.names[0],
    FlagsOf: lambda _: frozenset(),
    ResultOf: lambda type_: Ok(sample(type_.ok)),
    Own: lambda type_: handle(type_.resource),
    Borrow: lambda type_: handle(type_.resource),
}


def sample(type_: ValType | None) -> Any:
    """Return some value of a type."""
    return None if type_ is None else SAMPLES[type(type_)](type_)


def handle(resource: str) -> Any:
    made = RESOURCES.get(resource.rpartition("/")[2])
    return MagicMock(ended=False, version=4, streaming=False, size=1) if made is None else made()


FUNCTIONS = {
    f"{face.name.removeprefix('wasi:')}#{function.type.name}": function
    for face in (*WASI, *DRAFTS)
    for function in face.functions
}


def why_free(path: str) -> str | None:
    face, _, name = path.partition("#")
    return FREE.get(face.partition("@")[0], {}).get(name)


def charges(function: HostFunction) -> bool:
    """Return whether a function charges before it does anything else."""
    try:
        function.call(Call(), *[sample(param.type) for param in function.type.params])
    except Charged:
        return True
    except GuestExit:
        return False
    return False


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_function_charges_or_says_why_not(path: str) -> None:
    assert charges(FUNCTIONS[path]) is (why_free(path) is None)


def test_every_reason_is_about_a_function() -> None:
    known = {(path.partition("@")[0], path.partition("#")[2]) for path in FUNCTIONS}
    assert {(face, name) for face, names in FREE.items() for name in names} <= known
