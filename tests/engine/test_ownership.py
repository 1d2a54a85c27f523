"""Any order of making, lending, passing and dropping host values: each is dropped or given to the host once."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import AirssysError, HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import Borrow, Function, Own, Param, Primitive
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from tests.support.engine import guests

U32 = Primitive("u32")
SHOP = "test:host/shop@1.0.0"
TICKETS = guests.binary(guests.TICKETS)


class Ticket:
    """A value of the host's; every third destructor fails, and every third redemption."""

    def __init__(self, number):
        self.number = number


class Shop:
    """Makes tickets and notes how each ended."""

    def __init__(self):
        self.made = 0
        self.ends = []

    def make(self, *_):
        self.made += 1
        return Ticket(self.made)

    def drop(self, _context, ticket):
        self.ends.append(ticket.number)
        if ticket.number % 3 == 0:
            raise HostFault("worn")

    def redeem(self, _context, ticket):
        if ticket.number % 3 == 1:
            raise HostFault("not today")
        self.ends.append(ticket.number)
        return ticket.number

    def interface(self):
        one = Param("self", Borrow("ticket"))
        functions = (
            HostFunction(Function("[constructor]ticket", (Param("n", U32),), Own("ticket")), self.make),
            HostFunction(Function("[method]ticket.number", (one,), U32), lambda _, ticket: ticket.number),
            HostFunction(Function("redeem", (Param("t", Own("ticket")),), U32), self.redeem),
        )
        return HostInterface(SHOP, functions, (HostResource("ticket", self.drop),))


class Life:
    """An instance, and what is known of it."""

    def __init__(self, shop, instance):
        self.shop = shop
        self.call = instance.call
        self.handles = []
        self.keeps = False

    def kept(self, export, *, still):
        """Call an export that needs what the guest keeps, if need be after giving it something to keep."""
        if not self.keeps:
            self.keep()
        result = self.call(export).value
        self.keeps = still
        return result

    def keep(self):
        self.call("keep", 0)
        self.keeps = True

    def read(self):
        self.kept("read", still=True)

    def let_go(self):
        self.kept("let-go", still=False)

    def redeem(self):
        self.kept("redeem", still=False)

    def give(self):
        self.handles.append(self.kept("give", still=False))

    def use_what_is_gone(self):
        self.let_go()
        self.call("read")

    def drop_what_is_gone(self):
        self.let_go()
        self.call("let-go")

    def lend(self, export="look"):
        ticket = self.shop.make()
        self.shop.ends.append(ticket.number)  # the host's, whatever the guest does
        self.call(export, ticket)

    def lend_to_a_thief(self):
        self.lend("forget")

    def pass_fresh(self):
        ticket = self.shop.make()
        self.shop.ends.append(ticket.number)  # the host's, unless the guest gets it
        self.call("take", ticket)
        self.shop.ends.remove(ticket.number)
        self.keeps = True

    def pass_back(self):
        if self.handles:
            self.call("take", self.handles[-1])
            self.keeps = True

    def lend_back(self):
        if self.handles:
            self.call("look", self.handles[-1])

    def close_one(self):
        if self.handles:
            self.handles.pop().close()


USUAL = [Life.keep, Life.read, Life.let_go, Life.give, Life.lend, Life.pass_fresh, Life.pass_back, Life.lend_back]
RARE = [Life.use_what_is_gone, Life.drop_what_is_gone, Life.lend_to_a_thief]
STEPS = st.sampled_from([*(2 * USUAL), *(3 * [Life.close_one, Life.redeem]), *RARE])


@pytest.fixture(scope="module")
def code(engine):
    return engine.compile(TICKETS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25), limit=st.sampled_from([1, 3, 1000]))
def test_every_value_ends_once(engine, code, steps, limit):
    shop = Shop()
    with engine.linker([shop.interface()]).instantiate(code, Limits(handles=limit)) as instance:
        life = Life(shop, instance)
        for step in steps:
            with contextlib.suppress(AirssysError):
                step(life)
            assert instance.resources.use.count <= limit
    assert sorted(shop.ends) == list(range(1, shop.made + 1))
