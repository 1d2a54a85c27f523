"""Resources among host interfaces: used by others, of the same name in two, and the handles that a guest makes up."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import Borrow, Function, Own, Param, Primitive
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource, UsedResource
from airssys_tui.engine.resources import HandleUse
from tests.support.engine import guests
from tests.support.engine.host_guests import HTTP, MAIL, PROCESSES, SIGNALS, TWO_BODIES, signalling

U32 = Primitive("u32")
USED = (UsedResource("process", PROCESSES),)


class Value:
    """A value of the host's."""

    def __init__(self, number):
        self.number = number


def processes():
    spawn = Function("[static]process.spawn", (Param("n", U32),), Own("process"))
    return HostInterface(PROCESSES, (HostFunction(spawn, lambda _, n: Value(n)),), (HostResource("process"),))


def signals(uses=USED, resource="process", name=SIGNALS):
    send = Function("send", (Param("p", Borrow(resource)),), U32)
    return HostInterface(name, (HostFunction(send, lambda _, p: p.number + 1),), uses=uses)


def run(engine, linker, wasm):
    code = engine.compile(wasm)
    assert linker.problems(code.interface) == ()
    with linker.instantiate(code, Limits()) as instance:
        return instance.call("run", 5).value


@pytest.mark.parametrize("order", [1, -1])
def test_an_interface_uses_the_resource_of_another_one(engine, order):
    linker = engine.linker([processes(), signals()][::order])
    assert run(engine, linker, signalling()) == 6


def test_a_used_resource_may_have_another_name(engine):
    linker = engine.linker([processes(), signals((UsedResource("program", PROCESSES, "process"),))])
    assert run(engine, linker, signalling(name="program")) == 6
    (problem,) = linker.problems(engine.compile(signalling(name="task")).interface)
    assert problem.name == f"{SIGNALS}#task"


def test_a_compatible_version_of_the_using_interface_will_do(engine):
    assert run(engine, engine.linker([processes(), signals()]), signalling(wanted="test:ext/signals@1.2.0")) == 6


def test_a_resource_that_only_looks_used_is_refused(engine):
    linker = engine.linker([processes(), signals()])
    fresh = signalling(imports='(export "process" (type $r (sub resource)))')
    with pytest.raises(AdmissionError, match="process"):
        linker.instantiate(engine.compile(fresh), Limits())


def test_a_used_resource_needs_the_import_of_its_own_interface(engine):
    text = f"""(component (import "{SIGNALS}" (instance
      (export "process" (type $p (sub resource))) (export "send" (func (param "p" (borrow $p)) (result u32))))))"""
    (problem,) = engine.linker([processes(), signals()]).problems(engine.compile(guests.binary(text)).interface)
    assert problem.name == f"{SIGNALS}#process"
    assert PROCESSES in problem.reason


@pytest.mark.parametrize(
    ("interfaces", "words"),
    [
        ([signals()], f"uses the resource `{PROCESSES}/process`"),
        ([processes(), signals(())], "names the resource `process`"),
        ([processes(), signals(resource="program")], "names the resource `program`"),
        ([processes(), HostInterface(PROCESSES, (), (HostResource("process"),))], "defines .* twice"),
    ],
)
def test_names_without_a_resource_are_refused_when_linked(engine, interfaces, words):
    with pytest.raises(AdmissionError, match=words):
        engine.linker(interfaces)


class Bodies:
    """Two interfaces that define the same name; notes what is dropped, by interface."""

    def __init__(self):
        self.dropped = []

    def interface(self, name, factor):
        functions = (
            HostFunction(
                Function("[constructor]body", (Param("n", U32),), Own("body")), lambda _, n: Value(n * factor)
            ),
            HostFunction(
                Function("[method]body.size", (Param("self", Borrow("body")),), U32), lambda _, body: body.number
            ),
        )
        drop = HostResource("body", lambda _, body: self.dropped.append((name, body.number)))
        return HostInterface(name, functions, (drop,))

    def linker(self, engine):
        return engine.linker([self.interface(HTTP, 1), self.interface(MAIL, 2)])


@pytest.fixture
def bodies():
    return Bodies()


@pytest.fixture
def guest(engine, bodies):
    linker, code = bodies.linker(engine), engine.compile(TWO_BODIES)
    assert linker.problems(code.interface) == ()
    with linker.instantiate(code, Limits()) as instance:
        yield instance


def test_two_interfaces_define_a_resource_of_one_name(guest, bodies):
    assert guest.call("both", 7).value == 7_014
    assert len(guest.resources) == 2
    guest.close()
    assert sorted(bodies.dropped) == [(HTTP, 7), (MAIL, 14)]


def test_exports_of_a_component_tell_them_apart(guest, bodies):
    given = guest.call("give-m", 4).value
    assert given.value.number == 8
    assert bodies.dropped == []
    assert guest.call("take-m", given).value == 8
    assert guest.call("take-h", Value(3)).value == 3
    assert bodies.dropped == [(MAIL, 8), (HTTP, 3)]


def test_nothing_else_sees_that_names_are_told_apart(engine):
    taken = [one.function for one in engine.compile(TWO_BODIES).interface.functions() if one.path.startswith("take")]
    assert [function.params[0].type for function in taken] == [Own("body"), Own("body")]


@pytest.mark.parametrize(
    ("way", "dropped"),
    [
        ("crossed", [(HTTP, 7)]),
        ("dropped-as-other", [(HTTP, 7)]),
        ("dropped-twice", [(HTTP, 7)]),
        ("used-after-drop", [(HTTP, 7)]),
    ],
)
def test_a_handle_in_the_wrong_place_traps_and_is_dropped_once(guest, bodies, way, dropped):
    with pytest.raises(GuestTrap) as caught:
        guest.call(way, 7)
    assert caught.value.trap.kind is TrapKind.OTHER
    guest.close()
    assert bodies.dropped == dropped


def test_a_handle_means_nothing_in_another_instance(engine, bodies):
    linker, code = bodies.linker(engine), engine.compile(TWO_BODIES)
    with linker.instantiate(code, Limits()) as owner:
        handle = owner.call("keep", 9).value
        for forged in (handle, 0, 1, 2, 3, 2**16, 2**31, 2**32 - 1):
            with linker.instantiate(code, Limits()) as thief, pytest.raises(GuestTrap):
                thief.call("forged", forged)
        assert owner.call("forged", handle).value == 9
        assert bodies.dropped == []


def test_the_limit_of_handles_is_one_for_all_resources_of_an_instance(engine, bodies):
    linker, code = bodies.linker(engine), engine.compile(TWO_BODIES)
    with linker.instantiate(code, Limits(handles=3)) as one, linker.instantiate(code, Limits(handles=3)) as other:
        for instance in (one, other):
            instance.call("both", 1)
            assert instance.resources.use == HandleUse(2, 2 * HostResource("body").weight)
        one.call("keep", 1)
        with pytest.raises(GuestTrap, match="no handle of body: 3 host handles are held, the limit is 3") as caught:
            one.call("keep", 2)
        assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT
        assert (HTTP, 2) in bodies.dropped
        assert other.resources.use.count == 2


def test_a_value_lent_by_the_host_stays_the_hosts(guest, bodies):
    with pytest.raises(GuestTrap):
        guest.call("take-h", object())
    guest.close()
    assert bodies.dropped == []


POLL = "wasi:io/poll@0.2.12"


def own_wasi():
    ready = Function("[method]pollable.ready", (Param("self", Borrow("pollable")),), Primitive("bool"))
    timer = Function("subscribe-duration", (Param("when", Primitive("u64")),), Own("pollable"))
    return [
        HostInterface(POLL, (HostFunction(ready, lambda _, one: one.number > 4),), (HostResource("pollable"),)),
        HostInterface(
            "wasi:clocks/monotonic-clock@0.2.12",
            (HostFunction(timer, lambda _, when: Value(when)),),
            uses=(UsedResource("pollable", POLL),),
        ),
    ]


WAITING = guests.binary(
    """(component
      (import "wasi:io/poll@0.2.3" (instance $poll
        (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))))
      (alias export $poll "pollable" (type $pollable))
      (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
        (alias outer 1 $pollable (type $q)) (export "pollable" (type $r (eq $q)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $r))))))
      (core func $subscribe (canon lower (func $clock "subscribe-duration")))
      (core func $ready (canon lower (func $poll "[method]pollable.ready")))
      (core module $m
        (import "" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "" "ready" (func $ready (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (call $ready (call $subscribe (i64.extend_i32_u (local.get 0))))))
      (core instance $i (instantiate $m (with "" (instance
        (export "subscribe" (func $subscribe)) (export "ready" (func $ready))))))
      (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))"""
)


def test_wasi_can_be_the_hosts_own(engine):
    assert run(engine, engine.linker(own_wasi()), WAITING) == 1


def test_wasi_that_neither_the_host_nor_the_engine_offers_is_refused(engine):
    linker = engine.linker(own_wasi()[:1])
    (problem,) = linker.problems(engine.compile(WAITING).interface)
    assert problem.name == "wasi:clocks/monotonic-clock@0.2.3"
    assert "WASI 0.2" not in problem.remedy
    with pytest.raises(AdmissionError):
        linker.instantiate(engine.compile(WAITING), Limits())
