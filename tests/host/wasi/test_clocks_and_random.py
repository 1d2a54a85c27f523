"""``wasi:clocks`` and ``wasi:random`` called by a real component."""

from __future__ import annotations

import time

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.host.wasi import clocks, io, random
from airssys_tui.host.wasi.random import MOST_RANDOM

MONOTONIC, WALL, ZONE = "clocks/monotonic-clock#", "clocks/wall-clock#", "clocks/timezone#"
BLOCK = "io/poll#[method]pollable.block"
YEAR = {"seconds": 1_700_000_000, "nanoseconds": 5}


@pytest.fixture
def guest(desk):
    return desk([*io.INTERFACES, *clocks.INTERFACES, *random.INTERFACES])


def test_the_monotonic_clock_goes_on_and_tells_not_how_long_the_machine_runs(guest):
    first, second = guest.call(f"{MONOTONIC}now"), guest.call(f"{MONOTONIC}now")
    assert 0 <= first < second <= time.perf_counter_ns()
    assert first < time.perf_counter_ns() - clocks.START_NS
    assert guest.call(f"{MONOTONIC}resolution") == 1


@pytest.mark.parametrize("wait", [0, 20_000_000])
def test_a_moment_is_an_instant_or_a_while_from_now(guest, wait):
    begun = guest.call(f"{MONOTONIC}now")
    guest.call(BLOCK, guest.call(f"{MONOTONIC}subscribe-instant", begun + wait))
    assert guest.call(f"{MONOTONIC}now") >= begun + wait
    begun = guest.call(f"{MONOTONIC}now")
    guest.call(BLOCK, guest.call(f"{MONOTONIC}subscribe-duration", wait))
    assert guest.call(f"{MONOTONIC}now") >= begun + wait


@pytest.mark.parametrize("function", ["subscribe-instant", "subscribe-duration"])
def test_the_end_of_time_is_waited_for_until_the_deadline(guest, function):
    never = guest.call(f"{MONOTONIC}{function}", 2**64 - 1)
    assert not guest.call("io/poll#[method]pollable.ready", never)
    with pytest.raises(GuestTrap) as caught:
        guest.call(BLOCK, never, deadline=0.03)
    assert caught.value.trap.kind is TrapKind.DEADLINE


def test_the_wall_clock_tells_the_time(guest):
    before = time.time_ns()
    told = guest.call(f"{WALL}now")
    assert before <= told["seconds"] * 10**9 + told["nanoseconds"] <= time.time_ns()
    assert guest.call(f"{WALL}resolution") == {"seconds": 0, "nanoseconds": 1}


def test_a_clock_before_the_epoch_says_the_epoch(guest, monkeypatch):
    monkeypatch.setattr(clocks, "time_ns", lambda: -1)
    assert guest.call(f"{WALL}now") == {"seconds": 0, "nanoseconds": 0}


def test_the_zone_is_utc_wherever_the_machine_is(guest, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        told = guest.call(f"{ZONE}display", YEAR)
        assert told == {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}
        assert guest.call(f"{ZONE}utc-offset", YEAR) == 0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("function", ["random/random#get-random", "random/insecure#get-insecure-random"])
def test_random_numbers_are_as_many_as_were_asked_for_and_not_the_same(guest, function):
    for length in (0, 1, 16, 65_537):
        assert len(guest.call(f"{function}-bytes", length)) == length
    assert guest.call(f"{function}-bytes", 16) != guest.call(f"{function}-bytes", 16)
    assert guest.call(f"{function}-u64") != guest.call(f"{function}-u64")


def test_a_seed_is_two_numbers(guest):
    seeds = {guest.call("random/insecure-seed#insecure-seed") for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize("length", [MOST_RANDOM + 1, 2**64 - 1])
def test_too_many_random_bytes_trap(guest, length):
    with pytest.raises(GuestTrap, match=f"{length} random bytes requested; the limit is") as caught:
        guest.call("random/random#get-random-bytes", length)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR


def test_random_bytes_cost_fuel(guest):
    with pytest.raises(GuestTrap) as caught:
        guest.instance.call("random-random-get-random-bytes", 900_000, fuel=500_000)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
