"""Rows that only ticked on cost little on the socket, and are the same on the other side."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.api import wire
from airssys_tui.api.played import scenes
from airssys_tui.api.socket.ticks import Tick, tick_of, ticked
from airssys_tui.api.views.components import History, Note, NoteKind
from airssys_tui.core.text import GuestText
from tests.support.api.sockets import PATIENCE, RawClient, client, serving, wait_for

ROW = scenes.mixed(scenes.still).snapshot().components[0]
read = wire.unpacker(Tick)


def history(values, kept):
    shown = tuple(map(float, values))[-kept:]
    return History(fuel=shown, memory=tuple(2 * each for each in shown), latency_ms=tuple(3 * each for each in shown))


@given(st.integers(0, 8), st.integers(0, 3), st.integers(1, 6))
def test_a_tick_makes_the_same_row_or_there_is_none(had, more, kept):
    old = msgspec.structs.replace(ROW, history=history(range(had), kept))
    new = msgspec.structs.replace(
        old,
        generation=old.generation + 1,
        meters=msgspec.structs.replace(old.meters, fuel=9, memory=None, p50_ms=0.25),
        history=history(range(had + more), kept),
    )
    tick = tick_of(old, new)
    if more <= 1 or tick is not None:
        assert ticked(old, read(wire.pack(tick))) == new


@pytest.mark.parametrize(
    "change",
    [{"version": "2"}, {"note": Note(NoteKind.INFO, GuestText("x"))}, {"restarts": 7}, {"history": History()}],
)
def test_a_row_that_changed_otherwise_goes_whole(change):
    assert tick_of(ROW, msgspec.structs.replace(ROW, generation=99, **change)) is None


def test_it_is_a_small_part_of_a_row():
    new = msgspec.structs.replace(ROW, meters=msgspec.structs.replace(ROW.meters, fuel=9))
    assert len(wire.pack(tick_of(ROW, new))) * 5 < len(wire.pack(new))


def test_followers_in_step_get_ticks_and_others_rows(tmp_path):
    path = tmp_path / "control.sock"
    now = [scenes.NOON]
    runtime = scenes.mixed(lambda: now[0])
    with (
        serving(runtime, path, pulse=0.01) as server,
        client(path, follow=True) as one,
        client(path, follow=True) as two,
    ):
        for second in range(1, 90):
            now[0] = scenes.NOON + second
            if second == 30:
                runtime.edit("counter", version="9.9.9")
            one.disk().result(PATIENCE)
            mine, its = one.snapshot(), runtime.snapshot()
            assert mine.components == its.components
        wait_for(lambda: two.snapshot().components == its.components)
        sent = server.status().sent
        with RawClient(path) as late:
            late.greet(follow=True)
            assert late.receive().rows, "everything, to begin with"
        now[0] += 1
        one.disk().result(PATIENCE)
        assert one.snapshot().components == runtime.snapshot().components
        assert sent / (89 * 2) < 4_000, "bytes per client and second"
