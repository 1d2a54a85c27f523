"""A history for simulated runtimes: logs, saved states, earlier runs, and a timeline with every kind of revision."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.api.commands import Rollback
from airssys_tui.api.played.bookkeeping import purge
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.revisions import Release
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.core.events import Event, EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Outcome
from airssys_tui.core.text import sanitise

HOUR: Final = 3_600.0

RATES: Final = (
    "daily rates fetched: EUR 1.0842, GBP 1.2671, JPY 0.0066, CHF 1.1203, SEK 0.0951, NOK 0.0933, DKK 0.1453, "
    "and 24 more currencies that are written in one long line, as guests do, because nobody has told them not to"
)

TWICE: Final = "cannot go on: the queue handed out twice what it promised  job=1189 worker=2"

LINES: Final = (
    ("greeter", EventAction.LOG, Level.INFO, "hello, Ada  locale=en"),
    ("greeter", EventAction.STDOUT, Level.INFO, "warming up the greeting cache: 128 entries in 3 ms"),
    ("counter", EventAction.LOG, Level.DEBUG, "increment by 3  value=118204"),
    ("hoarder", EventAction.STDERR, Level.INFO, "allocation of 2 MiB is getting slow, 61.9 of 64 MiB in use"),
    ("fetcher", EventAction.LOG, Level.WARNING, "api.example.com answered 503, trying again in 2 s  attempt=2"),
    ("counter", EventAction.LOG, Level.INFO, "saved  value=118207 bytes=41"),
    ("crasher", EventAction.STDERR, Level.INFO, "thread panicked at src/lib.rs:14:9: about to give up"),
    (
        "crasher",
        EventAction.LOG,
        Level.ERROR,
        "cannot go on: the queue handed out twice what it promised  job=1189 worker=2",
    ),
    ("greeter", EventAction.LOG, Level.INFO, "hello, Grace  locale=en"),
    ("fetcher", EventAction.LOG, Level.INFO, RATES),
)
"""Log lines of the guests in the scenes."""


def add_logs(runtime: PlayedRuntime, rounds: int = 4) -> None:
    """Add log lines of the guests."""
    total = rounds * len(LINES)
    for index in range(total):
        component, action, level, text = LINES[index % len(LINES)]
        runtime.emit(
            text, component=component, kind=EventKind.LOG, level=level, action=action, ago=float(total - index)
        )


def flood(runtime: PlayedRuntime, lines: int, component: str = "primes") -> None:
    """Add many more log lines of one guest than fit on a screen."""
    for index in range(lines):
        runtime.emit(f"candidate {index}", component=component, kind=EventKind.LOG, action=EventAction.STDOUT)


def add_past(runtime: PlayedRuntime, count: int = 40) -> None:
    """Add events of an earlier run, two days ago."""
    begun = runtime.clock() - 50 * HOUR
    said = ("switched r1 → r2 in 0.6 ms", "state saved: 37B (timer)", "stopped by operator", "started r2")
    runtime.past = [
        Event(
            seq=0,
            at=begun + index * 600,
            kind=EventKind.DECISION if index % 4 == 0 else EventKind.LIFECYCLE,
            level=Level.INFO,
            component=("counter", "greeter")[index % 2],
            text=sanitise(said[index % 4]),
        )
        for index in range(count)
    ]


def add_states(runtime: PlayedRuntime) -> None:
    """Add saved states of the counter."""
    now, counter = runtime.clock(), runtime.get("counter")
    active = counter.active
    first = counter.timeline[0]
    counter.change(revision=first.number, version=first.version, state_bytes=37)
    runtime.states_kept.save(counter.view, "timer", now - 2 * HOUR)
    runtime.states_kept.save(counter.view, "update", now - 42 * 60)
    if active is not None:
        counter.change(revision=active.number, version=active.version, state_bytes=41)
    runtime.states_kept.save(counter.view, "timer", now - 600)
    kept = runtime.states_kept.save(counter.view, "operator", now - 12)
    runtime.states_kept.save(counter.view, "timer", now - 2)
    if kept is not None and active is not None:
        runtime.states_kept.fail(kept.view.id, active.number)


def weathered(component: PlayedComponent, now: float) -> PlayedComponent:
    """Give a component one revision per outcome; the active one is an automatic rollback."""

    def release(version: str, **more: Any) -> Release:
        return Release(version=version, exports=("post: func(entry: string) -> u64",), state_bytes=512, **more)

    steps = (
        (release("0.9.0"), 90 * HOUR),
        (release("1.0.0", fuel_per_call=2_400.0), 60 * HOUR),
        (release("1.1.0", gate=Gate.COMPILE, reason="invalid function body at offset 0x1f3"), 20 * HOUR),
        (release("1.1.1", fuel_per_call=2_450.0), 3 * HOUR),
        (release("1.2.0", fuel_per_call=9_800.0), HOUR),
    )
    for step, ago in steps:
        component.on_disk = step
        component.deploy(step, now - ago, force=False)
    component.roll_back(Rollback(component.id, force=True), now - HOUR + 12, "probation")
    bad = component.timeline[-2].number
    why = "rolled back by itself: fuel per call 4.0 times that of r5 in 10 s of probation"
    component.revise(bad, outcome=Outcome.QUARANTINED, stable=False, outcome_reason=why, calls=37)
    component.revise(3, note="the one of the audit", pinned=True)
    purge(component, 2)
    component.change(quarantined=(bad,), held=())
    return component
