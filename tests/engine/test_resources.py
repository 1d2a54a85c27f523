"""Resources of both sides: owned, lent, moved, dropped once, and refused where that is not possible."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import ArgumentError, HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import Borrow, Function, Own, Param, Primitive
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from tests.support.engine import guests

SHOP = "test:host/shop@1.0.0"
U32 = Primitive("u32")
RESOURCES = guests.binary(guests.RESOURCES)
TICKETS = guests.binary(guests.TICKETS)


class Ticket:
    """A value of the host's."""

    def __init__(self, number):
        self.number = number


class Shop:
    """The host's side: makes tickets, reads them, takes them back, and notes what was dropped."""

    def __init__(self):
        self.dropped = []
        self.redeemed = []

    def interface(self, name=SHOP):
        functions = (
            HostFunction(
                Function("[constructor]ticket", (Param("n", U32),), Own("ticket")), lambda _, number: Ticket(number)
            ),
            HostFunction(
                Function("[method]ticket.number", (Param("self", Borrow("ticket")),), U32), lambda _, one: one.number
            ),
            HostFunction(Function("redeem", (Param("t", Own("ticket")),), U32), self.redeem),
        )
        return HostInterface(name, functions, (HostResource("ticket", self.drop),))

    def redeem(self, _context, ticket):
        self.redeemed.append(ticket.number)
        return ticket.number

    def drop(self, _context, ticket):
        self.dropped.append(ticket.number)


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def guest(engine, shop):
    linker, code = engine.linker([shop.interface()]), engine.compile(TICKETS)
    assert linker.problems(code.interface) == ()
    with linker.instantiate(code, Limits()) as instance:
        yield instance


def test_a_value_of_the_host_lives_until_the_guest_drops_it(guest, shop):
    for number in (5, 6):
        guest.call("keep", number)
        assert [guest.call("read").value for _ in range(3)] == [number] * 3
        assert len(guest.resources) == 1
        guest.call("let-go")
        assert shop.dropped[-1] == number
    assert shop.dropped == [5, 6]
    assert len(guest.resources) == 0


def test_what_is_passed_back_is_not_dropped(guest, shop):
    guest.call("keep", 7)
    assert guest.call("redeem").value == 7
    assert (shop.redeemed, shop.dropped, len(guest.resources)) == ([7], [], 0)


def test_exports_give_take_and_borrow_the_hosts_own_objects(guest, shop):
    ticket = Ticket(9)
    assert [guest.call("look", ticket).value for _ in range(3)] == [9] * 3
    assert len(guest.resources) == 0
    guest.call("take", ticket)
    assert guest.call("read").value == 9
    assert guest.call("give").value.value is ticket
    assert shop.dropped == []


def test_a_value_that_an_export_gave_can_be_lent_passed_back_and_dropped(guest, shop):
    ticket = Ticket(9)
    guest.call("take", ticket)
    handle = guest.call("give").value
    assert (guest.call("look", handle).value, handle.spent) == (9, False)
    guest.call("take", handle)
    assert handle.spent
    assert (guest.call("read").value, shop.dropped) == (9, [])
    again = guest.call("give").value
    again.close()
    again.close()
    assert (shop.dropped, len(guest.resources)) == ([9], 0)
    guest.close()
    assert shop.dropped == [9]


def test_a_value_that_an_export_gave_is_dropped_with_the_instance_and_counts_until_then(engine, shop):
    instance = engine.linker([shop.interface()]).instantiate(engine.compile(TICKETS), Limits(handles=2))
    for number in (1, 2):
        instance.call("keep", number)
        handle = instance.call("give").value
    assert instance.resources.use.count == 2
    with pytest.raises(GuestTrap, match="no handle of ticket"):
        instance.call("keep", 3)
    instance.close()
    assert handle.spent
    assert sorted(shop.dropped) == [1, 2, 3]


def test_a_value_that_an_export_gave_belongs_to_its_instance(engine, shop):
    linker, code = engine.linker([shop.interface()]), engine.compile(TICKETS)
    with linker.instantiate(code, Limits()) as one, linker.instantiate(code, Limits()) as other:
        one.call("keep", 1)
        handle = one.call("give").value
        for export in ("take", "look"):
            with pytest.raises(ArgumentError, match="handle"):
                other.call(export, handle)
        assert one.call("look", handle).value == 1


def test_a_destructor_of_the_host_that_raises_is_told_to_a_caller_who_drops(engine):
    shop = Shop()
    shop.drop = lambda _, ticket: ticket.missing
    with engine.linker([shop.interface()]).instantiate(engine.compile(TICKETS), Limits()) as instance:
        instance.call("keep", 1)
        handle = instance.call("give").value
        with pytest.raises(HostFault, match="ticket was not dropped well: AttributeError"):
            handle.close()
        handle.close()
        assert len(instance.resources) == 0
        assert not instance.dead


def test_a_borrow_that_the_guest_does_not_return_traps(guest, shop):
    with pytest.raises(GuestTrap, match="borrow"):
        guest.call("forget", Ticket(1))
    assert len(guest.resources) == 0
    guest.close()
    assert shop.dropped == []  # it was only lent


def test_what_a_guest_still_owns_is_dropped_when_it_goes(engine, shop):
    instance = engine.linker([shop.interface()]).instantiate(engine.compile(TICKETS), Limits())
    for number in range(3):
        instance.call("keep", number)
    assert shop.dropped == []
    instance.close()
    instance.close()
    assert sorted(shop.dropped) == [0, 1, 2]


def test_values_of_two_instances_are_apart(engine, shop):
    linker, code = engine.linker([shop.interface()]), engine.compile(TICKETS)
    with linker.instantiate(code, Limits()) as first, linker.instantiate(code, Limits()) as second:
        first.call("keep", 1)
        second.call("keep", 2)
        assert (first.call("read").value, second.call("read").value) == (1, 2)
        first.call("let-go")
        assert second.call("read").value == 2
        assert shop.dropped == [1]


def test_a_destructor_of_the_host_that_raises_traps_its_guest(engine):
    shop = Shop()
    shop.drop = lambda _, ticket: ticket.missing
    linker = engine.linker([shop.interface()])
    with linker.instantiate(engine.compile(TICKETS), Limits()) as instance:
        instance.call("keep", 1)
        with pytest.raises(GuestTrap, match=f"{SHOP}#ticket: AttributeError") as caught:
            instance.call("let-go")
        assert caught.value.trap.kind is TrapKind.HOST_ERROR


def test_an_interface_without_the_resource_is_a_problem_before_instantiation(engine, shop):
    offered = HostInterface(SHOP, shop.interface().functions[:0])
    problems = engine.linker([offered]).problems(engine.compile(TICKETS).interface)
    assert problems[0].name == f"{SHOP}#ticket"


def test_a_handle_is_not_moved_by_a_call_that_is_refused(start):
    instance = start(guests.binary(guests.TWO_BOXES))
    box = instance.call("make", 5).value
    with pytest.raises(ArgumentError) as caught:
        instance.call("eat", box, -1)
    assert caught.value.path == "n"
    assert not box.spent
    assert instance.call("eat", box, 1).value == 5
    assert box.spent


@pytest.mark.parametrize("order", ["eat-both", "read-and-eat", "eat-and-read"])
def test_a_handle_cannot_be_lent_and_moved_in_one_call(start, order):
    instance = start(guests.binary(guests.TWO_BOXES))
    box = instance.call("make", 5).value
    with pytest.raises(ArgumentError):
        instance.call(order, box, box)
    assert not box.spent
    other = instance.call("make", 6).value
    assert instance.call(order, box, other).value == 11


def test_a_handle_is_kept_when_it_cannot_be_dropped_now(engine, start):
    inner = start(RESOURCES)
    box = inner.call("make", 1).value
    inner.activity.busy = True
    with pytest.raises(GuestTrap, match="running another call"):
        box.close()
    inner.activity.busy = False
    assert inner.call("read", box).value == 1
    box.close()
    assert inner.call("dropped").value == 1


def test_a_destructor_of_the_guest_that_traps_kills_the_instance(start):
    text = guests.RESOURCES.replace("(global.set $dropped", "unreachable (global.set $dropped")
    instance = start(guests.binary(text))
    box = instance.call("make", 1).value
    with pytest.raises(GuestTrap) as caught:
        box.close()
    assert caught.value.trap.kind is TrapKind.UNREACHABLE
    assert instance.dead
    assert box.spent
    box.close()
