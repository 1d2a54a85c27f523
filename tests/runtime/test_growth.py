"""Work per component does not depend on how many others there are: it is counted in a small and in a larger folder.

What is counted are steps of the interpreter on the thread that does the work; never time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from airssys_tui.core.manifest.dependencies import Graph, Node, circle, conflicts, start_order, unmet
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.manifest.structure import Dependency
from airssys_tui.runtime.components.startup_recovery import remembered
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.observing.observer import Observer
from airssys_tui.store.disk.database import Database
from tests.support.components import ALL, HEALTH, Crafted
from tests.support.world import World

FEW: Final = 3
MANY: Final = 12

Pair = tuple[World, World]
TraceFunction = Callable[[FrameType, str, Any], Any]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Open a runtime on a few components, and one on many of the same."""
    pair = _open(tmp_path_factory.mktemp("few"), FEW), _open(tmp_path_factory.mktemp("many"), MANY)
    yield pair
    for world in pair:
        world.close()


def _open(root: Path, count: int) -> World:
    world = World(root)
    for number in range(count):
        world.put(
            f"each-{number:02}", Crafted(exports=frozenset({"get"})), "[dependencies]\nabsent = '*'\n" * (number > 1)
        )
    world.open(sample=3600.0)
    return world


def counted(world: World, work: Callable[[Any], object]) -> int:
    """Return the steps of some work on the system, on its control loop, when it is done for the second time."""

    async def run() -> int:
        work(world.runtime.probe.system)
        return steps_of(lambda: work(world.runtime.probe.system))

    found: int = world.run(run)
    return found


def steps_of(work: Callable[[], object]) -> int:
    """Return how many steps of the interpreter some work takes on this thread."""
    steps = 0

    def count(frame: FrameType, event: str, _argument: object) -> TraceFunction:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event in {"call", "opcode"}
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def publish_one(system: Any) -> None:
    system.router.find("each-00").shown.touch()
    system.observer.publish()


def check_needs(system: Any) -> None:
    component = system.router.find("each-00")
    system.needs.require(component, component.active.manifest)
    system.needs.follow(component)


def look_again(system: Any) -> None:
    assert system.needs.take_due() == ()


def attend(system: Any) -> None:
    for component in system.router.among(system.observer.printing | system.observer.waiting):
        component.listen()


def ask_for_news(system: Any) -> None:
    system.observer.snapshot(system.observer.snapshot(10**9).generation)


@pytest.mark.parametrize("work", [publish_one, check_needs, look_again, attend, ask_for_news])
def test_a_step_for_one_component_costs_the_same_beside_many(worlds: Pair, work: Callable[[Any], object]) -> None:
    few, many = (counted(world, work) for world in worlds)
    assert few == many


def graph_of(count: int) -> Graph:
    return Graph(Node(f"each-{number:04}", "1.0.0", (Dependency("base", "^1.0"),)) for number in range(count))


def ask(graph: Graph) -> None:
    candidate = Node("new", "1.0.0", (Dependency("each-0000", "*"),))
    assert not circle(candidate, graph)
    assert not unmet(candidate, graph)
    assert not conflicts(candidate, graph)
    graph.put(candidate)


def test_a_question_about_one_component_costs_the_same_in_a_larger_graph() -> None:
    small, large = graph_of(10), graph_of(80)
    assert steps_of(lambda: ask(small)) == steps_of(lambda: ask(large))


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_the_start_order_of_twice_as_many_costs_twice_as_much(shape: str) -> None:
    def nodes(count: int) -> list[Node]:
        needs = [f"each-{max(0, number - 1) if shape == 'chain' else 0:04}" for number in range(count)]
        return [
            Node(f"each-{number:04}", None, (Dependency(need, "*"),) if number else ())
            for number, need in enumerate(needs)
        ]

    once, twice = (steps_of(lambda given=given: start_order(given)) for given in (nodes(60), nodes(120)))
    assert twice <= 2.1 * once


def test_a_deployment_waits_for_the_disk_twice_and_a_start_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once before any of its code runs, and once when it takes over; what is known at the start is not written."""
    commits: list[str] = []
    commit = Floor.commit

    async def counted_commit(floor: Floor, function: Any, *args: Any, **kwargs: Any) -> Any:
        commits.append(function.__name__)
        return await commit(floor, function, *args, **kwargs)

    monkeypatch.setattr(Floor, "commit", counted_commit)
    world = World(tmp_path)
    try:
        world.put("each", Crafted(exports=frozenset({"get"})))
        world.open()
        assert commits == ["_open", "activate"]
        commits.clear()
        world.reopen()
        assert world.row("each").state == "running"
        assert commits == []
    finally:
        world.close()


def test_a_start_asks_only_tables_that_name_the_component(worlds: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    rows = Database.rows

    def counted_rows(database: Database, sql: str, parameters: Any = ()) -> Any:
        asked.extend([sql] * ("each-00" in parameters))
        return rows(database, sql, parameters)

    floor = worlds[0].runtime.probe.floor
    monkeypatch.setattr(Database, "rows", counted_rows)
    worlds[0].run(lambda: floor.disk(remembered, floor))
    assert len(asked) == 3  # its active revision, its generation, what is in quarantine


def test_a_row_that_is_due_is_not_asked_for_again(worlds: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Observer, "renew", lambda _, component: asked.append(component.name))

    async def touch_again() -> None:
        component = worlds[0].runtime.probe.system.router.find("each-00")
        component.shown.begin_row()
        for _ in range(3):
            component.shown.touch()
        component.shown.begin_row()

    worlds[0].run(touch_again)
    assert asked == ["each-00"]


def test_a_revision_on_probation_that_rests_is_not_judged_again(worlds: Pair) -> None:
    async def count() -> tuple[int, int]:
        system = worlds[0].runtime.probe.system
        component = system.router.find("each-00")
        component.proof.trial.settled = None
        first = steps_of(lambda: system.probation.check(component))
        return first, steps_of(lambda: system.probation.check(component))

    first, second = worlds[0].run(count)
    assert second < first / 2


def test_sections_that_a_manifest_lacks_are_not_read_again() -> None:
    least = '[package]\nname = "each"\n[component]\nwasm = "each.wasm"\n'
    more = least + "[resources]\nhandles = 9\n[supervision.backoff]\nfactor = 2\n[deployment.regression]\nfuel = 2\n"
    for text in (least, more):
        parse_manifest(text, "Component.toml")
    bare, full = (steps_of(lambda text=text: parse_manifest(text, "Component.toml")) for text in (least, more))
    assert bare < 0.5 * full


def test_a_component_at_rest_is_passed_over_until_something_happens(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def awake() -> tuple[bool, bool]:
        system, now = world.runtime.probe.system, time.monotonic()
        component = system.router.find("each")
        system.rounds.look_at_components(now)
        return component.rests(now), component.rests(now + 3600.0)

    async def steps() -> tuple[int, int]:
        system = world.runtime.probe.system
        component = system.router.find("each")
        now = time.monotonic()
        resting = steps_of(lambda: system.rounds.look_at_components(now))
        component.shown.touch()
        return resting, steps_of(lambda: system.rounds.look_at_components(now))

    try:
        world.put("each", Crafted(exports=ALL - {HEALTH}), "[deployment]\nprobation = '1m'\n")
        world.open(sample=3600.0)
        assert world.run(awake) == (True, False)  # its probation ends before that
        resting, roused = world.run(steps)
        assert resting < roused / 2
        world.call("each", "add", 1)
        assert world.run(awake) == (False, False)  # its meters show the call for some time
    finally:
        world.close()
