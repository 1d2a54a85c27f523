"""Linear memories: exact meters, one limit over all of them, none left behind."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import CapacityError
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests

PAGE = 65_536

TWO = guests.binary("""(component
  (core module $m (memory 1) (data (i32.const 0) "start")
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size)))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (func (export "grow-a") (param "n" u32) (result s32) (canon lift (core func $a "grow")))
  (func (export "grow-b") (param "n" u32) (result s32) (canon lift (core func $b "grow")))
  (func (export "size-a") (result u32) (canon lift (core func $a "size"))))""")


def test_the_meter_equals_what_the_guest_sees(start):
    instance = start(TWO)
    assert instance.memory.current == instance.memory.peak == 2 * PAGE
    for pages in (1, 5, 0, 100):
        instance.call("grow-a", pages)
        assert instance.memory.current == (instance.call("size-a").value + 1) * PAGE
    assert instance.memory.limit == Limits().memory


def test_the_limit_holds_over_all_memories_together(start):
    instance = start(TWO, Limits(memory=4 * PAGE))
    assert instance.call("grow-a", 1).value == 1
    assert instance.call("grow-b", 2).value == -1
    assert instance.call("grow-b", 1).value == 1
    assert instance.call("grow-a", 1).value == -1
    assert instance.memory.current == instance.memory.peak == 4 * PAGE


def test_two_thousand_instances_leave_no_memory_behind(engine):
    linker, code = engine.linker(), engine.compile(TWO)
    before = engine.pool.live
    instances = [linker.instantiate(code, Limits()) for _ in range(1_000)]
    assert engine.pool.live == before + 2_000
    assert sum(instance.memory.current for instance in instances) == 2_000 * PAGE
    for instance in instances:
        instance.close()
    assert engine.pool.live == before
    for _ in range(1_000):
        linker.instantiate(code, Limits()).close()
    assert engine.pool.live == before


def test_what_a_guest_left_behind_is_not_there_for_the_next(engine):
    text = """(component (core module $m (memory 1)
        (func (export "put") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
        (func (export "get") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "grow") (drop (memory.grow (i32.const 1)))))
      (core instance $i (instantiate $m))
      (func (export "put") (param "at" u32) (param "v" u32) (canon lift (core func $i "put")))
      (func (export "get") (param "at" u32) (result u32) (canon lift (core func $i "get")))
      (func (export "grow") (canon lift (core func $i "grow"))))"""
    linker, code = engine.linker(), engine.compile(guests.binary(text))
    places = (0, 4_096, PAGE - 4)
    for grows in (False, True, False):
        for _ in range(40):
            with linker.instantiate(code, Limits()) as instance:
                assert [instance.call("get", at).value for at in places] == [0, 0, 0]
                for at in places:
                    instance.call("put", at, 0xFFFFFFFF)
                if grows:
                    instance.call("grow")
                    instance.call("put", PAGE, 1)
    others = [linker.instantiate(code, Limits()) for _ in range(40)]
    assert {instance.call("get", at).value for instance in others for at in places} == {0}
    with pytest.raises(GuestTrap):
        others[0].call("get", PAGE)
    for instance in others:
        instance.close()


def test_an_instance_that_nobody_keeps_frees_its_memory(engine):
    linker, code = engine.linker(), engine.compile(TWO)
    before = engine.pool.live
    linker.instantiate(code, Limits())
    import gc

    gc.collect()
    assert engine.pool.live == before


def test_a_full_process_refuses_with_capacity_and_recovers():
    engine = Engine(EngineSettings(max_memories=4))
    linker, code = engine.linker(), engine.compile(TWO)
    instances = [linker.instantiate(code, Limits()) for _ in range(2)]
    with pytest.raises(CapacityError) as caught:
        linker.instantiate(code, Limits())
    assert caught.value.retryable
    instances.pop().close()
    instances.append(linker.instantiate(code, Limits()))
    instances.pop().close()
    odd = engine.compile(guests.echo("u8"))
    instances.append(linker.instantiate(odd, Limits()))
    with pytest.raises(CapacityError):
        linker.instantiate(code, Limits())
    assert engine.pool.live == 3
    engine.close()
    assert engine.pool.live == 0


def test_without_host_memories_limits_stay_and_the_meter_says_so():
    engine = Engine(EngineSettings(host_memory=False))
    instance = engine.linker().instantiate(engine.compile(TWO), Limits(memory=4 * PAGE))
    assert instance.memory is None
    assert instance.call("grow-a", 3).value == 1
    assert instance.call("grow-a", 1).value == -1
    engine.close()
