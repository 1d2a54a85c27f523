"""Calls: what they cost, which arguments they refuse, how they are cancelled, how instances end."""

from __future__ import annotations

import threading

import pytest

from airssys_tui.core.errors import ArgumentError, ExportNotFound
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from tests.support.engine import guests

TRAPS = guests.binary(guests.TRAPS)
RESOURCES = guests.binary(guests.RESOURCES)


def test_a_call_gives_its_result_and_its_cost(start):
    instance = start(TRAPS)
    first, second = instance.call("fine"), instance.call("fine")
    assert first.value == 7
    assert first.fuel == second.fuel > 0
    assert first.wall_ns >= first.cpu_ns > 0
    assert first.host_ns == 0
    meters = instance.meters
    assert (meters.calls, meters.errors, meters.fuel_total) == (2, 0, first.fuel + second.fuel)


def test_fuel_is_set_anew_for_every_call(start):
    instance = start(TRAPS, Limits(fuel_per_call=1_000))
    for _ in range(1_000):
        instance.call("fine")
    with pytest.raises(GuestTrap) as caught:
        instance.call("spin")
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
    assert instance.meters.fuel_total >= 1_000


@pytest.mark.parametrize(
    ("value", "words"), [(True, "bool"), (-1, "0 to"), (2**32, "0 to"), ("1", "text"), (1.0, "number")]
)
def test_an_argument_that_does_not_fit_leaves_the_instance_unharmed(start, value, words):
    instance = start(TRAPS)
    with pytest.raises(ArgumentError, match=words) as caught:
        instance.call("grow", value)
    assert caught.value.path == "pages"
    assert instance.call("fine").value == 7


def test_the_number_of_arguments_is_checked(start):
    with pytest.raises(ArgumentError, match="1 arguments"):
        start(TRAPS).call("grow")
    with pytest.raises(ArgumentError, match="0 arguments"):
        start(TRAPS).call("fine", 1)


def test_an_unknown_export_names_the_nearest(start):
    with pytest.raises(ExportNotFound) as caught:
        start(TRAPS).call("fin")
    assert "`fine`" in caught.value.remedy


def test_cancelling_ends_the_running_call(start, engine):
    instance = start(TRAPS)
    caught: list[GuestTrap] = []

    def run():
        with pytest.raises(GuestTrap) as trap:
            instance.call("spin", fuel=2**60, deadline=60)
        caught.append(trap.value)

    thread = threading.Thread(target=run)
    thread.start()
    while not instance.busy:
        pass
    # Cancelled again and again: the first may come before the call is inside, where it has nothing to end.
    while thread.is_alive():
        instance.cancel()
        thread.join(0.01)
    assert caught[0].trap.kind is TrapKind.CANCELLED


def test_cancelling_nothing_does_nothing(start):
    instance = start(TRAPS)
    instance.cancel()
    assert instance.call("fine").value == 7


def test_closing_is_final_and_can_be_repeated(start, engine):
    instance = start(guests.echo("u8"))
    live = engine.pool.live
    instance.close()
    instance.close()
    assert engine.pool.live == live - 1
    assert instance.memory.current == 0
    assert instance.dead
    with pytest.raises(GuestTrap, match="closed"):
        instance.call("echo", b"")


def test_an_instance_may_move_between_threads(start):
    instance = start(guests.echo("string"))
    results: list[object] = []
    for number in range(8):
        thread = threading.Thread(target=lambda n=number: results.append(instance.call("echo", [f"t{n}"]).value))
        thread.start()
        thread.join()
    assert results == [[f"t{number}"] for number in range(8)]


def test_resources_are_lent_moved_and_dropped(start):
    instance = start(RESOURCES)
    box = instance.call("make", 5).value
    assert box.resource == "box"
    assert [instance.call("read", box).value for _ in range(2)] == [5, 5]
    assert instance.call("eat", box).value == 5
    assert box.spent
    with pytest.raises(ArgumentError, match="an open handle"):
        instance.call("read", box)
    other = instance.call("make", 6).value
    other.close()
    other.close()
    assert instance.call("dropped").value == 2
    assert len(instance.resources) == 0


def test_a_resource_of_another_instance_is_refused_before_the_call(start):
    first, second = start(RESOURCES), start(RESOURCES)
    box = first.call("make", 1).value
    with pytest.raises(ArgumentError, match="this instance's box"):
        second.call("read", box)
    assert first.call("read", box).value == 1


def test_closing_frees_handles_that_are_still_held(start):
    instance = start(RESOURCES)
    boxes = [instance.call("make", number).value for number in range(100)]
    instance.close()
    assert all(box.spent for box in boxes)
    boxes[0].close()


def test_closing_while_a_call_runs_ends_the_call_and_then_frees(engine):
    live = engine.pool.live
    instance = engine.linker().instantiate(engine.compile(TRAPS), Limits())
    caught: list[GuestTrap] = []

    def run():
        with pytest.raises(GuestTrap) as trap:
            instance.call("spin", fuel=2**60, deadline=60)
        caught.append(trap.value)

    thread = threading.Thread(target=run)
    thread.start()
    while not instance.busy:
        pass
    instance.close()
    thread.join()
    assert caught[0].trap.kind in {TrapKind.CANCELLED, TrapKind.CANNOT_ENTER}
    assert engine.pool.live == live
    assert instance.dead


def test_closing_and_calling_race_without_harm(engine):
    linker, code = engine.linker(), engine.compile(TRAPS)
    live = engine.pool.live
    for _ in range(200):
        instance = linker.instantiate(code, Limits())
        closer = threading.Thread(target=instance.close)
        closer.start()
        try:
            for _ in range(20):
                instance.call("fine")
        except GuestTrap as trap:
            assert trap.trap.kind in {TrapKind.CANCELLED, TrapKind.CANNOT_ENTER}  # noqa: PT017 -- may also just finish
        closer.join()
    assert engine.pool.live == live
