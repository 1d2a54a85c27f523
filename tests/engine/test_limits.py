"""Limits that hold while guests run: memories, tables, transfers, deadlines, room in the process."""

from __future__ import annotations

import contextlib
import threading

import pytest

from airssys_tui.core.errors import CapacityError
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import BYTES, Function, Param, Primitive
from airssys_tui.core.units import KIB, MIB
from airssys_tui.engine import memory
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests

PAGE = 64 * KIB
TRAPS = guests.binary(guests.TRAPS)
TRANSFER_LIMIT = 2_796_202
"""Bytes of a ``list<u8>`` that the engine carries from a guest to the host."""

TABLES = guests.binary("""(component
  (core module $m (table $t 10 funcref)
    (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
    (func (export "size") (result i32) (table.size $t)))
  (core instance $i (instantiate $m))
  (func (export "grow") (param "n" u32) (result s32) (canon lift (core func $i "grow")))
  (func (export "size") (result u32) (canon lift (core func $i "size"))))""")

GIVE = """(component
  (core module $m (memory (export "mem") 50)
    (func (export "give") (param i32) (result i32)
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "give") (param "n" u32) (result (list u8))
    (canon lift (core func $i "give") (memory (core memory $i "mem")))))"""

TELL = """(component
  (import "test:host/face@1.0.0" (instance $host (export "work" (func (param "data" (list u8)) (result u32)))))
  (core module $memory (memory (export "mem") 50))
  (core instance $i (instantiate $memory))
  (core func $work (canon lower (func $host "work") (memory (core memory $i "mem"))))
  (core module $m (import "" "work" (func $work (param i32 i32) (result i32)))
    (func (export "tell") (param i32) (result i32) (call $work (i32.const 0) (local.get 0))))
  (core instance $g (instantiate $m (with "" (instance (export "work" (func $work))))))
  (func (export "tell") (param "n" u32) (result u32) (canon lift (core func $g "tell"))))"""


def test_a_table_grows_to_its_limit_and_no_further(start):
    instance = start(TABLES, Limits(table_elements=100))
    assert instance.call("grow", 90).value == 10
    assert instance.call("grow", 1).value == -1
    assert instance.call("size").value == 100


def test_the_table_meter_says_that_it_cannot_be_had(start):
    assert start(TABLES).table_elements is None


def test_a_memory_that_the_system_refuses_to_grow_is_refused_to_the_guest(engine, start, monkeypatch):
    instance = start(TRAPS)
    before = instance.memory
    monkeypatch.setattr(engine.pool, "_open", lambda _base, _size: False)
    assert instance.call("grow", 1).value == -1
    assert instance.memory == before
    with pytest.raises(GuestTrap) as caught:
        instance.call("hungry")
    assert caught.value.trap.kind is TrapKind.OUT_OF_MEMORY


def test_no_memory_grows_past_its_reservation():
    engine = Engine(EngineSettings(dense=True))
    instance = engine.linker().instantiate(engine.compile(TRAPS), Limits(memory=256 * MIB))
    assert instance.call("grow", 64 * MIB // PAGE - 1).value == 1
    assert instance.call("grow", 1).value == -1
    assert instance.memory.current == 64 * MIB
    engine.close()


@pytest.mark.parametrize("dense", [False, True])
def test_a_guest_cannot_read_past_its_memory_in_any_layout(dense):
    engine = Engine(EngineSettings(dense=dense))
    text = """(component (core module $m (memory 1)
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))
      (core instance $i (instantiate $m))
      (func (export "load") (param "at" u32) (result u32) (canon lift (core func $i "load"))))"""
    instance = engine.linker().instantiate(engine.compile(guests.binary(text)), Limits())
    assert instance.call("load", PAGE - 1).value == 0
    with pytest.raises(GuestTrap) as caught:
        instance.call("load", PAGE)
    assert caught.value.trap.kind is TrapKind.OUT_OF_BOUNDS
    engine.close()


def test_what_the_boundary_carries_from_guest_to_host(start):
    limits = Limits(fuel_per_call=10**12, deadline=60)
    instance = start(guests.binary(GIVE), limits)
    assert len(instance.call("give", TRANSFER_LIMIT).value) == TRANSFER_LIMIT
    with pytest.raises(GuestTrap) as caught:
        instance.call("give", TRANSFER_LIMIT + 1)
    assert caught.value.trap.kind is TrapKind.TRANSFER_LIMIT


def test_arguments_of_host_functions_are_bounded_alike(engine):
    work = Function("work", (Param("data", BYTES),), Primitive("u32"))
    linker = engine.linker([HostInterface("test:host/face@1.0.0", (HostFunction(work, lambda _, data: len(data)),))])
    limits = Limits(fuel_per_call=10**12, deadline=60)
    with linker.instantiate(engine.compile(guests.binary(TELL)), limits) as instance:
        assert instance.call("tell", 1_000_000).value == 1_000_000
        with pytest.raises(GuestTrap) as caught:
            instance.call("tell", 3_000_000)
        assert caught.value.trap.kind is TrapKind.TRANSFER_LIMIT


def test_a_deadline_is_kept_beside_threads_that_keep_the_interpreter_busy(start):
    done = threading.Event()

    def spin():
        while not done.is_set():
            sum(range(1_000))

    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with pytest.raises(GuestTrap) as caught:
            start(TRAPS).call("spin", fuel=2**60, deadline=0.05)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert caught.value.trap.kind is TrapKind.DEADLINE


def test_memories_of_all_engines_count_towards_the_room_in_the_process(engine, monkeypatch):
    linker, code = engine.linker(), engine.compile(TRAPS)
    monkeypatch.setattr(memory.Mappings, "allowed", memory.Mappings.used + 5)
    other = Engine()
    others = [other.linker().instantiate(other.compile(TRAPS), Limits()) for _ in range(2)]
    with pytest.raises(CapacityError) as caught:
        linker.instantiate(code, Limits())
    assert caught.value.retryable
    others.pop().close()
    linker.instantiate(code, Limits()).close()
    other.close()


def test_room_is_four_fifths_of_what_the_system_maps(monkeypatch):
    monkeypatch.setattr(memory.Path, "read_text", lambda _: "10000\n")
    assert memory.mappings_allowed() == 8_000
    assert memory.capacity(EngineSettings()) == 4_000
    assert memory.capacity(EngineSettings(dense=True)) == 8_000
    assert memory.capacity(EngineSettings(max_memories=7)) == 7


def test_address_space_bounds_the_room_as_well(monkeypatch):
    monkeypatch.setattr(memory.Path, "read_text", lambda _: "10000000")
    most = memory.capacity(EngineSettings())
    assert most * (EngineSettings().reservation + EngineSettings().guard) <= 0.8 * 2**47


def test_a_call_is_cancelled_in_the_host_and_in_the_guest(engine):
    inside, cancelled = threading.Event(), threading.Event()

    def work(context):
        inside.set()
        assert cancelled.wait(30)
        assert context.cancelled

    text = """(component (import "test:host/face@1.0.0" (instance $host (export "work" (func))))
      (core func $work (canon lower (func $host "work")))
      (core module $m (import "" "work" (func $work)) (func (export "run") (call $work) (loop (br 0))))
      (core instance $i (instantiate $m (with "" (instance (export "work" (func $work))))))
      (func (export "run") (canon lift (core func $i "run"))))"""
    linker = engine.linker([HostInterface("test:host/face@1.0.0", (HostFunction(Function("work"), work),))])
    instance = linker.instantiate(engine.compile(guests.binary(text)), Limits(fuel_per_call=2**60, deadline=60))
    caught: list[GuestTrap] = []

    def run():
        with pytest.raises(GuestTrap) as trap:
            instance.call("run")
        caught.append(trap.value)

    thread = threading.Thread(target=run)
    thread.start()
    assert inside.wait(30)
    assert [activity.busy for activity in engine.running] == [True]
    instance.cancel()
    cancelled.set()
    thread.join()
    assert caught[0].trap.kind is TrapKind.CANCELLED
    assert engine.running == ()


def test_two_threads_never_enter_one_instance_at_a_time(start):
    instance = start(TRAPS)
    values: list[int] = []
    refused: list[GuestTrap] = []

    def run():
        for _ in range(500):
            with contextlib.suppress(GuestTrap):
                values.append(instance.call("fine").value)
                continue
            refused.append(instance)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(values) == {7}
    assert len(values) + len(refused) == 2_000
    assert instance.meters.calls == len(values)
    assert not instance.dead
