"""Names, labels, notes and errors that components tell of themselves: nothing raw on the terminal, no markup read."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from airssys_tui.api.played import scenes
from airssys_tui.api.views.metering import CustomSeries
from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.text import GuestText
from tests.support.hostile import NASTY, offenders, played
from tests.support.screens import connected, desk

KEYS = ("t", "j", "enter", "j", "G", "y", "p", "p", "escape", "escape", "m", "w", "G", "t", "escape", "1")
"""Opens the traces, reads one, copies its identity, and looks at the meters."""


def telling(said: str):
    """A played runtime whose component tells the worst of itself, not even sanitised."""
    runtime = played(said)
    raw = GuestText(said)
    spans = (
        SpanView(number=1, name=raw, start_ms=0.0, annotations=((raw, raw),) * 3, error=raw),
        SpanView(number=2, parent=1, name=raw, start_ms=1e300, took_ms=1.0),
    )
    traces = tuple(
        TraceView(id=f"{number}{said}", export=raw, at=scenes.NOON, took_ms=2.0, failed=True, spans=spans, dropped=1)
        for number in range(3)
    )
    custom = tuple(
        CustomSeries(name=raw, kind=kind, labels=((raw, raw),), value=float("inf"), count=1, p50=1e300)
        for kind in ("counter", "histogram", said)
    )
    measure = runtime.meters

    def meters(component):
        found = measure(component).result(10)
        return runtime.answer(lambda: msgspec.structs.replace(found, custom=custom, custom_dropped=10**20))

    runtime.meters = meters
    runtime.traces = lambda _: runtime.answer(lambda: traces)
    return runtime


async def walk(said: str, size=(110, 40)) -> None:
    app = desk(telling(said))
    async with app.run_test(size=size, notifications=True) as pilot:
        await connected(pilot)
        seen = offenders(app)
        for key in KEYS:
            await pilot.press(key)
            await pilot.pause()
            seen |= offenders(app)
        assert seen == set()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(NASTY)
def test_nothing_raw_reaches_the_terminal(said):
    asyncio.run(walk(said))


@pytest.mark.parametrize("size", [(110, 40), (80, 24), (40, 15)])
async def test_the_worst_we_know(size):
    await walk(scenes.HOSTILE, size)
