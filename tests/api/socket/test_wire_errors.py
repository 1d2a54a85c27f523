"""Errors and values survive the way to another process, and only texts are changed on it."""

from __future__ import annotations

from typing import get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.api import wire
from airssys_tui.api.socket.wire_errors import WireError, _classes, error_of, fault_of
from airssys_tui.api.views.runtime import CallReport, Done
from airssys_tui.core import errors
from airssys_tui.core.errors import (
    AdmissionError,
    AirssysError,
    ArgumentError,
    Disconnected,
    GateRefusal,
    ManifestError,
    ManifestProblem,
    MemoryRefused,
)
from airssys_tui.core.gates import Gate
from airssys_tui.core.message import Undelivered
from airssys_tui.core.text import GuestText, sanitise
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFailed, ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import FieldFault, FieldRefusal
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal
from airssys_tui.host.wasi.stream_end import IoError, StreamFailed

MADE = {
    AdmissionError: lambda: AdmissionError("no", gate=Gate.SIZE, offset=3, remedy="less"),
    ArgumentError: lambda: ArgumentError("items[3]", "u32", "-1"),
    Disconnected: lambda: Disconnected("gone", pid=7, seconds=1.5, remedy="wait"),
    ExchangeFailed: lambda: ExchangeFailed(ExchangeFault(FaultCode.DNS_TIMEOUT)),
    FieldRefusal: lambda: FieldRefusal(FieldFault.FORBIDDEN),
    GateRefusal: lambda: GateRefusal("no", gate=Gate.HEALTH_PROBE, component="counter"),
    GuestTrap: lambda: GuestTrap(Trap(TrapKind.DEADLINE, "late", ("f", "g")), component="counter"),
    ManifestError: lambda: ManifestError((ManifestProblem("Component.toml", 3, "limits.memory", "too much"),)),
    MemoryRefused: lambda: MemoryRefused("no", gate=Gate.INSTANTIATE, offset=None, remedy="less"),
    NetworkRefusal: lambda: NetworkRefusal("timeout", "late"),
    SocketRefusal: lambda: SocketRefusal(SocketFailure.TIMEOUT, "late"),
    StreamFailed: lambda: StreamFailed(IoError("no", filesystem="io")),
}
SAMPLES = {
    Gate: Gate.SIZE,
    Undelivered: Undelivered.TIMEOUT,
    str: "it\nfailed",
    str | None: "counter",
    int: 3,
    int | None: 3,
    float: 1.5,
    bool: True,
}
read = wire.unpacker(WireError)


def sample(kind):
    """Arguments of every parameter that an error is made with, by its type."""
    hints = get_type_hints(kind.__init__)
    hints.pop("return", None)
    return {name: SAMPLES[hint] for name, hint in hints.items()}


def there(error):
    return error_of(read(wire.pack(fault_of(error))))


@pytest.mark.parametrize("kind", sorted(_classes().values(), key=lambda kind: kind.__name__))
def test_every_error_of_the_tree_travels_as_itself(kind):
    error = MADE[kind]() if kind in MADE else kind(**sample(kind))
    back = there(error)
    assert type(back) is kind
    assert vars(back) == vars(error)
    assert (str(back), back.title, back.retryable) == (str(error), error.title, error.retryable)


def test_every_error_of_the_module_is_known():
    made = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, AirssysError)}
    assert made <= _classes().keys()


def test_an_error_of_a_newer_program_is_its_nearest_known_base():
    class Sharper(GateRefusal):
        pass

    fault = fault_of(Sharper("no", gate=Gate.TYPES))
    unknown = msgspec.structs.replace(fault, kinds=("Unheard", *fault.kinds[1:]))
    assert type(error_of(unknown)) is GateRefusal
    assert type(error_of(msgspec.structs.replace(fault, kinds=("Unheard",)))) is AirssysError


def test_what_is_no_error_of_the_tree_keeps_its_name():
    back = there(KeyError("x"))
    assert type(back) is AirssysError
    assert "KeyError" in str(back)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    more=st.dictionaries(
        st.sampled_from(["trap", "gate", "problems", "offset", "pid"]), st.none() | st.text() | st.integers()
    ),
    kind=st.sampled_from(sorted(_classes())),
)
def test_a_fault_that_lacks_what_its_class_carries_is_an_error_all_the_same(more, kind):
    error = error_of(WireError(kinds=(kind,), message="m", more=more))
    assert isinstance(error, AirssysError)
    if isinstance(error, GuestTrap):
        assert isinstance(error.trap, Trap)


@given(st.text())
def test_texts_are_made_safe_and_never_cut(text):
    long = text + "x" * 5_000
    back = wire.cleaned((long, {"k": long}, [long]))
    for part in (back[0], back[1]["k"], back[2][0]):
        assert part.endswith("x" * 5_000)
        assert sanitise(part[:1_000]) == part[:1_000]


def test_what_is_clean_stays_itself():
    value = Done(text=GuestText("fine"), revision=1)
    assert wire.cleaned(value) is value


def test_a_result_of_a_call_is_data():
    report = CallReport(export="e\x1b", result='"\u202e"', fuel=1, seconds=0.0)
    back = wire.unpacker(CallReport)(wire.pack(report))
    assert back.result == report.result
    assert back.export == "e\u241b"
