"""The trap table: every kind there is, provoked by a real component, classified, with the guest's frames named."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from airssys_tui.core.errors import AdmissionError, HostDenied
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import EXITED, GuestTrap, Trap, TrapKind, exit_status
from airssys_tui.core.types.interface import Function
from airssys_tui.engine.call_ends import LinkFailed
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import WASI
from tests.support.engine import guests
from tests.support.exits import EXIT
from tests.support.world import PATIENCE

TRAPS = guests.binary(guests.TRAPS)
FACE = "test:host/face@1.0.0"

TORN_TEXT = guests.binary("""(component
  (core module $guest
    (memory (export "mem") 1)
    (data (i32.const 32) "\\ff\\fe")
    (func (export "torn") (result i32)
      (i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 2)) (i32.const 16)))
  (core instance $i (instantiate $guest))
  (func (export "torn") (result string) (canon lift (core func $i "torn") (memory (core memory $i "mem")))))""")

OWN_HANDLES = guests.binary("""(component
  (type $box (resource (rep i32)))
  (core func $new (canon resource.new $box))
  (core module $guest
    (import "" "new" (func $new (param i32) (result i32)))
    (func $run (export "run") (loop $for-ever (drop (call $new (i32.const 0))) (br $for-ever))))
  (core instance $i (instantiate $guest (with "" (instance (export "new" (func $new))))))
  (func (export "run") (canon lift (core func $i "run"))))""")


def trapped(instance: Instance, export: str, *args: object, **limits: float) -> Trap:
    with pytest.raises(GuestTrap) as caught:
        instance.call(export, *args, **limits)
    return caught.value.trap


def export(name: str) -> Callable[[Engine], Trap]:
    def provoke(engine: Engine) -> Trap:
        with engine.linker().instantiate(engine.compile(TRAPS), Limits(fuel_per_call=1_000_000)) as instance:
            return trapped(instance, name)

    return provoke


def deadline(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(TRAPS), Limits()) as instance:
        return trapped(instance, "spin", fuel=2**60, deadline=0.02)


def cancelled(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(TRAPS), Limits()) as instance:
        # A thread and not a timer: it cancels as soon as, and for as long as, the call is under way.
        done = threading.Event()

        def cancel() -> None:
            while not done.wait(0.001):
                instance.cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        try:
            return trapped(instance, "spin", fuel=2**60, deadline=PATIENCE)
        finally:
            done.set()
            canceller.join()


def cannot_enter(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(TRAPS), Limits()) as instance:
        trapped(instance, "fail")
        return trapped(instance, "fine")


def transfer_limit(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(guests.echo("u8")), Limits(memory=2**27)) as instance:
        return trapped(instance, "echo", bytes(3_000_000), fuel=10**12, deadline=PATIENCE)


def table_limit(engine: Engine) -> Trap:
    """A table past its limit cannot even begin: the trap's kind is in the refusal's words."""
    wasm = guests.binary("(component (core module $m (table 200000 funcref)) (core instance (instantiate $m)))")
    with pytest.raises(AdmissionError, match="exceeds table limit") as caught:
        engine.linker().instantiate(engine.compile(wasm), Limits())
    assert "table_elements" in caught.value.remedy
    return Trap(TrapKind.TABLE_LIMIT, str(caught.value))


def handle_limit(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(OWN_HANDLES), Limits(deadline=PATIENCE)) as instance:
        return trapped(instance, "run")


def in_host(error: BaseException) -> Callable[[Engine], Trap]:
    def work(_context: object) -> None:
        raise error

    def provoke(engine: Engine) -> Trap:
        linker = engine.linker([HostInterface(FACE, (HostFunction(Function("work"), work),))])
        with linker.instantiate(engine.compile(guests.caller("", "", "")), Limits()) as instance:
            return trapped(instance, "run")

    return provoke


def exits(engine: Engine) -> Trap:
    with engine.linker(WASI).instantiate(engine.compile(EXIT), Limits()) as instance:
        return trapped(instance, "quit")


def other(engine: Engine) -> Trap:
    with engine.linker().instantiate(engine.compile(TORN_TEXT), Limits()) as instance:
        return trapped(instance, "torn")


TABLE: tuple[tuple[TrapKind, Callable[[Engine], Trap], str, str], ...] = (
    (TrapKind.UNREACHABLE, export("fail"), "guest!fail", "unreachable"),
    (TrapKind.OUT_OF_BOUNDS, export("far"), "guest!", "out of bounds memory access"),
    (TrapKind.OUT_OF_BOUNDS, export("past"), "guest!", "undefined element"),
    (TrapKind.STACK_OVERFLOW, export("down"), "guest!down", "call stack exhausted"),
    (TrapKind.OUT_OF_FUEL, export("spin"), "guest!", "all fuel consumed"),
    (TrapKind.DEADLINE, deadline, "guest!", "passed its deadline"),
    (TrapKind.CANCELLED, cancelled, "guest!", "was cancelled"),
    (TrapKind.OUT_OF_MEMORY, export("hungry"), "guest!", "memory growth past the limit"),
    (TrapKind.TABLE_LIMIT, table_limit, "", "exceeds table limit"),
    (TrapKind.TRANSFER_LIMIT, transfer_limit, "", "fuel allocated for hostcalls"),
    (TrapKind.HANDLE_LIMIT, handle_limit, "guest!run", "store handle limit exceeded"),
    (TrapKind.HOST_DENIAL, in_host(HostDenied("not granted")), "", "not granted"),
    (TrapKind.HOST_ERROR, in_host(ValueError("surprise")), "", "surprise"),
    (TrapKind.INTEGER, export("divide"), "guest!", "integer divide by zero"),
    (TrapKind.INTEGER, export("overflow"), "guest!", "integer overflow"),
    (TrapKind.INTEGER, export("convert"), "guest!", "invalid conversion to integer"),
    (TrapKind.INDIRECT_CALL, export("mistyped"), "guest!", "indirect call type mismatch"),
    (TrapKind.INDIRECT_CALL, export("empty"), "guest!", "uninitialized element"),
    (TrapKind.CANNOT_ENTER, cannot_enter, "", "dead after a trap"),
    (TrapKind.LINK, in_host(LinkFailed("adder did not answer")), "", "adder did not answer"),
    (TrapKind.EXIT, exits, "", "exited with status 1"),
    (TrapKind.OTHER, other, "", "utf-8"),
)


@pytest.mark.parametrize(("kind", "provoke", "frame", "words"), TABLE, ids=[f"{row[0]}-{row[3]}" for row in TABLE])
def test_each_kind_is_told(engine: Engine, kind: TrapKind, provoke: Callable[[Engine], Trap], frame: str, words: str):
    trap = provoke(engine)
    assert trap.kind is kind
    assert words in trap.message
    assert "\n" not in trap.message
    assert "backtrace" not in trap.message
    if frame:
        assert trap.frames[0].startswith(frame)


def test_the_table_is_complete():
    assert {row[0] for row in TABLE} == set(TrapKind)


@pytest.mark.parametrize(
    ("trap", "status"),
    [
        (Trap(TrapKind.EXIT, f"{EXITED}3"), 3),
        (Trap(TrapKind.EXIT, f"{EXITED}0"), 0),
        (Trap(TrapKind.EXIT, f"{EXITED}unknown"), None),
        (Trap(TrapKind.HOST_ERROR, f"{EXITED}3"), None),
        (Trap(TrapKind.OTHER, "7"), None),
    ],
)
def test_only_an_exit_has_a_status(trap: Trap, status: int | None) -> None:
    assert exit_status(trap) == status
