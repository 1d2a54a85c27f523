"""Every trap kind the engine can tell, provoked by a real component."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from tests.support.engine import guests
from tests.support.exits import EXIT

TRAPS = guests.binary(guests.TRAPS)


@pytest.mark.parametrize(
    ("export", "kind"),
    [
        ("fail", TrapKind.UNREACHABLE),
        ("down", TrapKind.STACK_OVERFLOW),
        ("spin", TrapKind.OUT_OF_FUEL),
        ("far", TrapKind.OUT_OF_BOUNDS),
        ("past", TrapKind.OUT_OF_BOUNDS),
        ("divide", TrapKind.INTEGER),
        ("overflow", TrapKind.INTEGER),
        ("convert", TrapKind.INTEGER),
        ("mistyped", TrapKind.INDIRECT_CALL),
        ("empty", TrapKind.INDIRECT_CALL),
        ("hungry", TrapKind.OUT_OF_MEMORY),
    ],
)
def test_each_trap_has_its_kind_and_frames(start, export, kind):
    instance = start(TRAPS, Limits(fuel_per_call=1_000_000))
    with pytest.raises(GuestTrap) as caught:
        instance.call(export)
    assert caught.value.trap.kind is kind
    assert caught.value.trap.frames[0].startswith("guest!")
    assert "backtrace" not in caught.value.trap.message
    assert "\n" not in caught.value.trap.message


def test_names_of_functions_are_in_the_frames(start):
    with pytest.raises(GuestTrap) as caught:
        start(TRAPS).call("fail")
    assert caught.value.trap.frames == ("guest!fail",)


def test_a_spinning_guest_stops_at_its_deadline(start):
    with pytest.raises(GuestTrap) as caught:
        start(TRAPS).call("spin", fuel=2**60, deadline=0.02)
    assert caught.value.trap.kind is TrapKind.DEADLINE


def test_after_a_trap_the_instance_is_dead_and_says_since_what(start):
    instance = start(TRAPS)
    with pytest.raises(GuestTrap):
        instance.call("divide")
    assert instance.dead
    with pytest.raises(GuestTrap, match="divide by zero") as caught:
        instance.call("fine")
    assert caught.value.trap.kind is TrapKind.CANNOT_ENTER
    assert instance.meters.errors == 1


def test_memory_refused_in_an_earlier_call_does_not_explain_a_later_trap(start):
    instance = start(TRAPS)
    assert instance.call("grow", 60_000).value == -1
    with pytest.raises(GuestTrap) as caught:
        instance.call("fail")
    assert caught.value.trap.kind is TrapKind.UNREACHABLE


def test_leaving_by_exit_is_its_own_kind(start):
    with pytest.raises(GuestTrap, match="status 1") as caught:
        start(EXIT).call("quit")
    assert caught.value.trap.kind is TrapKind.EXIT


def test_more_bytes_than_the_boundary_carries(start):
    with pytest.raises(GuestTrap) as caught:
        start(guests.echo("u8")).call("echo", bytes(3_000_000), fuel=10**12, deadline=60)
    assert caught.value.trap.kind is TrapKind.TRANSFER_LIMIT


@pytest.mark.parametrize(
    ("body", "words"),
    [("(memory 100)", "bytes of memory; the limit is"), ("(table 200000 funcref)", "exceeds table limit")],
)
def test_what_cannot_exist_within_its_limits_is_not_admitted(start, body, words):
    wasm = guests.binary(f"(component (core module $m {body}) (core instance (instantiate $m)))")
    with pytest.raises(AdmissionError, match=words) as caught:
        start(wasm, Limits(memory=65_536))
    assert caught.value.gate == Gate.INSTANTIATE
    assert "[resources]" in caught.value.remedy


@pytest.mark.parametrize(
    ("body", "kind"), [("unreachable", TrapKind.UNREACHABLE), ("(loop (br 0))", TrapKind.DEADLINE)]
)
def test_start_functions_run_under_the_limits(start, body, kind):
    wasm = guests.binary(f"(component (core module $m (func $s {body}) (start $s)) (core instance (instantiate $m)))")
    with pytest.raises(GuestTrap) as caught:
        start(wasm, Limits(fuel_per_call=10**13, deadline=0.02))
    assert caught.value.trap.kind is kind
