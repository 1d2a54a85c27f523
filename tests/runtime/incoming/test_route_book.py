"""Which component has a route: the first one that claimed it, for as long as it is to run; the others' rows say who."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import Rollback, Start, Stop, Unload
from airssys_tui.api.views.components import NoteKind
from airssys_tui.runtime.incoming import route_book
from tests.support.http_handlers import silent_handler
from tests.support.world import World


def http(*routes: str) -> str:
    return f"[http]\nroutes = [{', '.join(map(repr, routes))}]\n"


def owner(world: World, path: str) -> str:
    found = world.runtime.probe.system.routes.table.find("", path)
    return "" if found is None else found.owner


@pytest.fixture
def two(world: World) -> World:
    """Give a world in which `shop` has a route that `blog` claims as well."""
    world.open()
    world.install("shop", silent_handler("1"), http("/a/*", "/b"))
    world.install("blog", silent_handler("2"), http("/a/*", "/c"))
    return world


def test_the_row_of_the_second_one_names_the_first(two: World) -> None:
    assert (owner(two, "/a/x"), owner(two, "/b"), owner(two, "/c")) == ("shop", "shop", "blog")
    note = two.wait_row("blog", lambda row: row.note.text).note
    assert note.kind is NoteKind.TROUBLE
    assert note.text == "route /a/* is answered by shop: change [http] routes of one of them"
    assert two.row("shop").note.text == ""


def test_a_restart_of_the_runtime_changes_nothing(two: World) -> None:
    two.reopen()
    assert (owner(two, "/a/x"), owner(two, "/c")) == ("shop", "blog")
    assert "answered by shop" in two.wait_row("blog", lambda row: row.note.text).note.text


def test_who_does_not_run_gives_its_route_to_who_does_and_has_it_back(two: World) -> None:
    two.do(Stop("shop"))
    two.wait_for(lambda _: owner(two, "/a/x") == "blog")
    assert owner(two, "/b") == "shop"
    assert two.wait_row("blog", lambda row: not row.note.text)
    two.do(Start("shop"))
    two.wait_for(lambda _: owner(two, "/a/x") == "shop")


def test_what_is_unloaded_or_deleted_claims_nothing_that_another_wants(two: World) -> None:
    two.do(Unload("shop"))
    two.wait_for(lambda _: owner(two, "/a/x") == "blog")
    two.remove("blog")
    two.wait_for(lambda _: owner(two, "/a/x") == "shop")


def test_a_revision_without_a_route_lets_go_of_it_and_a_rollback_takes_it_back(two: World) -> None:
    two.install("shop", silent_handler("3"), http("/b"))
    assert owner(two, "/a/x") == "blog"
    assert two.wait_row("blog", lambda row: not row.note.text)
    two.install("shop", silent_handler("4"))
    assert owner(two, "/b") == ""
    two.do(Rollback("shop", to=1, force=True))
    assert owner(two, "/b") == "shop"
    assert owner(two, "/a/x") == "shop"  # it claimed it before


def test_a_note_names_a_few_routes_and_counts_the_others(world: World) -> None:
    world.open()
    routes = tuple(f"/{number}" for number in range(5))
    world.install("shop", silent_handler("1"), http(*routes))
    world.install("blog", silent_handler("2"), http(*routes))
    text = world.wait_row("blog", lambda row: row.note.text).note.text
    assert text.startswith("route /0 is answered by shop, /1 is answered by shop, /2 is answered by shop and 2 more")


def test_the_changes_of_one_turn_make_one_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        world.put(f"c{number}", silent_handler(str(number)), http(f"/{number}"))
    made = []
    table = route_book.RouteTable
    monkeypatch.setattr(route_book, "RouteTable", lambda *claims: made.append(claims) or table(*claims))
    world.open()
    assert {owner(world, f"/{number}") for number in range(20)} == {f"c{number}" for number in range(20)}
    before = len(made)
    components = [world.runtime.probe.component(f"c{number}") for number in range(20)]

    async def follow() -> int:
        for component in components:
            world.runtime.probe.system.routes.follow(component, present=False)
            world.runtime.probe.system.routes.follow(component)
        return len(world.runtime.probe.system.routes.routes())

    assert world.run(follow) == 20
    assert len(made) == before + 1
