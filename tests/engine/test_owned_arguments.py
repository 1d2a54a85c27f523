"""Host values on their way into a host function or out of it: each is dropped once, whatever fails on the way."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import HostDenied, HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import Function, ListOf, Own, Param, Primitive, TupleOf
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from tests.support.engine import guests
from tests.support.engine.host_guests import OWNERS, SHOP

U32, TICKET = Primitive("u32"), Own("ticket")
TYPES = {
    "swap": ((TICKET, TICKET), U32),
    "note": ((TICKET, Primitive("string")), U32),
    "many": ((ListOf(TICKET),), U32),
    "pair": ((U32,), TupleOf((TICKET, U32))),
    "back": ((TICKET,), TupleOf((TICKET, U32))),
    "some": ((U32,), ListOf(TICKET)),
}


class Ticket:
    """A value of the host's."""

    def __init__(self, number):
        self.number = number


class Desk:
    """The host's side: each function does what a test puts in its place; notes what is dropped."""

    def __init__(self, engine):
        self.engine = engine
        self.dropped = []
        self.works = {}
        self.worn = frozenset()

    def drop(self, _context, ticket):
        self.dropped.append(ticket.number)
        if ticket.number in self.worn:
            raise KeyboardInterrupt

    def start(self, limits=None, owner=None):
        new = Function("[constructor]ticket", (Param("n", U32),), TICKET)
        functions = [HostFunction(new, lambda _, number: Ticket(number))]
        for name, (params, result) in TYPES.items():
            type_ = Function(name, tuple(Param(f"p{index}", one) for index, one in enumerate(params)), result)
            functions.append(HostFunction(type_, lambda *given, name=name: self.works[name](*given)))
        linker = self.engine.linker([HostInterface(SHOP, tuple(functions), (HostResource("ticket", self.drop),))])
        code = self.engine.compile(OWNERS)
        assert linker.problems(code.interface) == ()
        return linker.instantiate(code, limits or Limits(), owner=owner)

    def ends(self, path, works, number=1, **options):
        """Call an export that traps, and return how; the instance is closed afterwards."""
        self.works = works
        with self.start(**options) as instance, pytest.raises(GuestTrap) as caught:
            instance.call(path, number)
        return caught.value.trap


@pytest.fixture
def desk(engine):
    return Desk(engine)


def raising(error):
    def work(*_):
        raise error

    return work


def _charge(context, *_):
    context.charge(2**62)


FAILURES = [
    (raising(HostFault("no")), TrapKind.HOST_ERROR),
    (raising(HostDenied("no")), TrapKind.HOST_DENIAL),
    (raising(ValueError("no")), TrapKind.HOST_ERROR),
    (raising(KeyboardInterrupt()), TrapKind.HOST_ERROR),
    (_charge, TrapKind.OUT_OF_FUEL),
]


@pytest.mark.parametrize(("work", "kind"), FAILURES)
@pytest.mark.parametrize(("path", "dropped"), [("swap", [1, 2]), ("many", [1, 2, 3])])
def test_a_function_that_fails_leaves_nothing_behind(desk, work, kind, path, dropped):
    assert desk.ends(path, {path: work}).kind is kind
    assert sorted(desk.dropped) == dropped


def test_they_are_dropped_when_the_call_ends_not_when_the_instance_goes(desk):
    desk.works = {"swap": raising(HostFault("no"))}
    with desk.start() as instance:
        with pytest.raises(GuestTrap):
            instance.call("swap", 1)
        assert sorted(desk.dropped) == [1, 2]
        assert len(instance.resources) == 0
    assert sorted(desk.dropped) == [1, 2]


@pytest.mark.parametrize("worn", [{1}, {2}, {1, 2}])
def test_a_destructor_that_raises_hides_neither_the_failure_nor_the_other_value(desk, worn):
    desk.worn = worn
    trap = desk.ends("swap", {"swap": raising(HostFault("no"))})
    assert (trap.kind, trap.message) == (TrapKind.HOST_ERROR, f"{SHOP}#swap: no")
    assert sorted(desk.dropped) == [1, 2]


def test_what_a_function_returned_with_is_the_functions(desk):
    kept = []
    desk.works = {"swap": lambda _, *both: kept.extend(both) or 0, "many": raising(HostFault("no"))}
    with desk.start() as instance:
        instance.call("swap", 5)
        assert [ticket.number for ticket in kept] == [5, 6]
        with pytest.raises(GuestTrap):
            instance.call("many", 1)
    assert sorted(desk.dropped) == [1, 2, 3]


def test_a_wrong_result_leaves_the_arguments_with_the_function(desk):
    kept = []
    assert desk.ends("swap", {"swap": lambda _, *both: kept.extend(both) or "x"}).kind is TrapKind.HOST_ERROR
    assert ([ticket.number for ticket in kept], desk.dropped) == ([1, 2], [])


@pytest.mark.parametrize("path", ["forged", "same", "far"])
def test_a_later_argument_that_cannot_be_read_ends_the_call_before_the_function(desk, path):
    seen = []
    trap = desk.ends(path, {"swap": lambda *given: seen.append(given), "note": lambda *given: seen.append(given)})
    assert trap.kind in {TrapKind.OTHER, TrapKind.OUT_OF_BOUNDS}
    assert (seen, desk.dropped) == ([], [1])


@pytest.mark.parametrize("wrong", ["x", -1, None])
def test_a_result_that_cannot_be_passed_is_dropped_with_what_it_carries(desk, wrong):
    assert desk.ends("pair", {"pair": lambda _, n: (Ticket(n), wrong)}).kind is TrapKind.HOST_ERROR
    assert desk.dropped == [1]


def test_an_argument_that_is_given_back_in_such_a_result_is_dropped_once(desk):
    assert desk.ends("back", {"back": lambda _, ticket: (ticket, "x")}).kind is TrapKind.HOST_ERROR
    assert desk.dropped == [1]
    desk.works = {"back": lambda _, ticket: (ticket, 0)}
    with desk.start() as instance:
        instance.call("back", 2)
        assert (desk.dropped, len(instance.resources)) == ([1], 1)
    assert desk.dropped == [1, 2]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_values_past_the_limit_of_handles_are_dropped(desk, limit):
    trap = desk.ends("some", {"some": lambda _, n: [Ticket(n + i) for i in range(4)]}, limits=Limits(handles=limit))
    assert trap.kind is TrapKind.HANDLE_LIMIT
    assert sorted(desk.dropped) == [1, 2, 3, 4]


def test_a_function_that_fails_in_another_guest_drops_its_own_only(desk, start):
    inner = start(guests.binary(guests.TRAPS))
    trap = desk.ends("swap", {"swap": lambda *_: inner.call("fail")})
    assert trap.kind is TrapKind.HOST_ERROR
    assert sorted(desk.dropped) == [1, 2]


def test_what_an_instance_keeps_is_dropped_when_it_goes_whatever_its_destructors_do(desk):
    desk.works = {"some": lambda _, n: [Ticket(n + i) for i in range(3)]}
    desk.worn = {2}
    instance = desk.start()
    instance.call("some", 1)
    instance.close()
    instance.close()
    assert sorted(desk.dropped) == [1, 2, 3]
