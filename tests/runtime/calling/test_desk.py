"""Calling by hand on a living system: handles open between calls, checks replayed beside what runs."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.commands import Restart
from airssys_tui.core.errors import ArgumentError, CapacityError, StoreError, UsageError
from airssys_tui.runtime.calling import handles
from airssys_tui.store.catalog import checks as store_checks
from tests.support.components import Crafted
from tests.support.engine import guests
from tests.support.places import FIXTURES, RELEASES

PATIENCE = 30.0


def call(world, name, export, *arguments):
    report = world.runtime.call(name, export, msgspec.json.encode(arguments).decode()).result(PATIENCE)
    return msgspec.json.decode(report.result)


@pytest.fixture
def shop(world):
    """A component that makes, reads and takes back a resource ``box``."""
    world.open()
    world.install("shop", guests.binary(guests.RESOURCES))
    return world


class TestResources:
    def test_a_handle_stays_open_between_calls(self, shop):
        box = call(shop, "shop", "make", 3)
        assert set(box) == {"$resource", "type"}
        assert call(shop, "shop", "read", box) == 3
        assert call(shop, "shop", "read", {"$resource": box["$resource"]}) == 3
        (handle,) = shop.runtime.open_handles("shop").result(PATIENCE)
        assert (handle.id, handle.resource, handle.revision) == (box["$resource"], "box", 1)

    def test_the_handle_of_what_is_given_away_is_closed(self, shop):
        box = call(shop, "shop", "make", 3)
        assert call(shop, "shop", "eat", box) == 3
        assert shop.runtime.open_handles("shop").result(PATIENCE) == ()
        with pytest.raises(ArgumentError, match="open handle"):
            call(shop, "shop", "read", box)

    def test_letting_go_runs_the_destructor(self, shop):
        box = call(shop, "shop", "make", 3)
        assert call(shop, "shop", "dropped") == 0
        shop.runtime.close_handle("shop", box["$resource"]).result(PATIENCE)
        assert call(shop, "shop", "dropped") == 1
        with pytest.raises(ArgumentError, match="open handle"):
            shop.runtime.close_handle("shop", box["$resource"]).result(PATIENCE)

    def test_a_new_instance_has_none_of_the_old_ones(self, shop):
        box = call(shop, "shop", "make", 3)
        shop.do(Restart("shop"))
        assert shop.runtime.open_handles("shop").result(PATIENCE) == ()
        with pytest.raises(ArgumentError):
            call(shop, "shop", "read", box)

    @pytest.mark.parametrize("wrong", [7, "box", None, {}, {"$resource": 99}, {"$resource": "1"}, True])
    def test_what_is_no_open_handle_is_refused(self, shop, wrong):
        with pytest.raises(ArgumentError):
            call(shop, "shop", "read", wrong)
        assert call(shop, "shop", "dropped") == 0

    def test_no_more_than_can_be_kept(self, shop, monkeypatch):
        monkeypatch.setattr(handles, "MOST_OPEN", 2)
        kept = [call(shop, "shop", "make", number) for number in (1, 2)]
        with pytest.raises(CapacityError) as refused:
            call(shop, "shop", "make", 3)
        assert "close one" in refused.value.remedy
        shop.runtime.close_handle("shop", kept[0]["$resource"]).result(PATIENCE)
        assert call(shop, "shop", "read", call(shop, "shop", "make", 4)) == 4


class TestChecks:
    @pytest.fixture
    def counting(self, world):
        world.open()
        world.install("counter", RELEASES / "1.1.0")
        return world

    def save(self, world, name, export, arguments="[]"):
        return world.runtime.save_check("counter", name, export, arguments).result(PATIENCE)

    def verify(self, world):
        return world.runtime.verify("counter").result(PATIENCE)

    def test_checks_are_a_sequence_in_one_fresh_instance(self, counting):
        call(counting, "counter", "increment", 100)
        assert self.save(counting, "up", "increment", "[2]").result == "2"
        assert self.save(counting, "up again", "increment", "[3]").result == "5"
        assert [outcome.passed for outcome in self.verify(counting)] == [True, True]
        assert call(counting, "counter", "get") == 100

    def test_another_answer_fails_and_is_shown(self, counting):
        self.save(counting, "up", "increment", "[2]")
        self.save(counting, "there", "get")
        counting.runtime.drop_check("counter", "up").result(PATIENCE)
        (outcome,) = self.verify(counting)
        assert (outcome.passed, outcome.check.result, outcome.result, outcome.error) == (False, "2", "0", "")

    def test_checks_survive_a_restart_and_follow_the_revision(self, counting):
        self.save(counting, "up", "increment", "[2]")
        counting.reopen()
        counting.install("counter", RELEASES / "1.4.0")
        (outcome,) = self.verify(counting)
        assert outcome.passed
        assert outcome.check.revision == 1

    def test_one_of_the_same_name_takes_its_place(self, counting):
        self.save(counting, "up", "increment", "[2]")
        self.save(counting, "down", "get")
        self.save(counting, "up", "increment", "[5]")
        kept = counting.runtime.checks("counter").result(PATIENCE)
        assert [(check.name, check.arguments) for check in kept] == [("up", "[5]"), ("down", "[]")]

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101])
    def test_a_check_needs_a_name(self, counting, name):
        with pytest.raises(UsageError, match="name"):
            self.save(counting, name, "get")

    def test_no_more_than_can_be_kept(self, counting, monkeypatch):
        monkeypatch.setattr(store_checks, "MOST", 1)
        self.save(counting, "one", "get")
        with pytest.raises(StoreError, match="already"):
            self.save(counting, "two", "get")
        self.save(counting, "one", "get")

    def test_a_call_that_comes_to_no_result_is_no_check(self, counting):
        with pytest.raises(UsageError, match="no result"):
            self.save(counting, "bad", "increment", '["many"]')
        assert counting.runtime.checks("counter").result(PATIENCE) == ()

    def test_after_a_trap_the_next_check_has_an_instance(self, world):
        world.open()
        world.install("crafted", Crafted())
        runtime = world.runtime
        runtime.save_check("crafted", "one", "add", "[1]").result(PATIENCE)
        with pytest.raises(UsageError, match="no result"):
            runtime.save_check("crafted", "falls", "trap", "[]").result(PATIENCE)
        runtime.save_check("crafted", "two", "add", "[1]").result(PATIENCE)
        assert [outcome.passed for outcome in runtime.verify("crafted").result(PATIENCE)] == [True, True]
        assert world.row("crafted").restarts == 0


def test_what_is_known_of_the_contract_is_told(world):
    world.open()
    world.install("counter", RELEASES / "1.1.0")
    view = world.runtime.interface("counter").result(PATIENCE)
    paths = {export.path for export in view.interface.functions()}
    assert view.docs.keys() <= paths
    assert "must not change the state" in view.docs["airssys:core-component/health@1.0.0#check"].lower()


def test_every_fixture_says_its_interface(world):
    world.open()
    for directory in sorted(FIXTURES.iterdir()):
        if (directory / "Component.toml").is_file():
            row = world.install(directory.name, directory)
            if row.revision is not None:
                assert world.runtime.interface(row.id).result(PATIENCE).interface.functions()
