"""Scenes: named situations of a simulated runtime that every screen must show well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import Rollback
from airssys_tui.api.played import custom_series, meters, past
from airssys_tui.api.played.asking import ask
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.desk import RICH_LINE
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.revisions import Release, make_revision
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.components import ComponentDetail, ComponentView, History, Meters, Note, NoteKind
from airssys_tui.api.views.runtime import GroupMember, GroupView, Phase, WatchView
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import Desired, Health, Recovery, RecoveryKind, State
from airssys_tui.core.revision import Outcome
from airssys_tui.core.text import sanitise
from airssys_tui.core.units import MIB

NOON: Final = 1_773_496_931.0
"""14 March 2026, 14:02:11 UTC: the time of every picture."""

HOUR: Final = 3_600.0

_VALUE: Final = ("increment: func(by: u32) -> u32", "reset: func()", "value: func() -> u32")
_STATS: Final = (*_VALUE[:2], "stats: func() -> stats", _VALUE[2])

COUNTER: Final = {
    "1.0.0": Release(
        version="1.0.0",
        exports=_VALUE,
        state_bytes=37,
        fuel_per_call=1_180.0,
    ),
    "1.1.0": Release(
        version="1.1.0",
        exports=_STATS,
        state_bytes=41,
        fuel_per_call=1_204.0,
    ),
    "1.2.0": Release(
        version="1.2.0", exports=_STATS, gate=Gate.HEALTH_PROBE, reason='status unhealthy ("negative count")'
    ),
    "1.3.0": Release(
        version="1.3.0",
        exports=(_STATS[0], *_STATS[2:]),
        gate=Gate.COMPATIBILITY,
        reason="export `reset` removed",
    ),
}
"""The releases of the sample ``counter`` in the scenes."""


def still() -> float:
    """Return the time of every picture."""
    return NOON


def played(
    name: str,
    load: Load,
    *,
    now: float,
    release: Release | None = None,
    up: float = 2 * HOUR + 14 * 60,
    **view: Any,
) -> PlayedComponent:
    """Return a component with one active revision, with optional overrides for its view."""
    release = release or Release(version="1.0.0", exports=("run: func() -> u32",), salt=name)
    revision = make_revision(
        name,
        view.get("revision", 1),
        release,
        now - up,
        outcome=Outcome.ACTIVE,
        stable=True,
        fuel_per_call=float(load.fuel_per_call),
        state_bytes=release.state_bytes,
    )
    row = ComponentView(**{"id": name, **_served(release, now), **_measured(name, load, now, up, view), **view})
    component = PlayedComponent(row, load=load, timeline=[revision])
    component.releases[release.digest] = release
    component.on_disk = release
    component.detail = _detail(component, release)
    return component


def _served(release: Release, now: float) -> dict[str, Any]:
    """Return the fields of a row that describe the active revision."""
    stateful = release.state_bytes is not None
    return {
        "kind": "actor" if stateful else "passive",
        "version": release.version,
        "revision": 1,
        "digest": release.digest,
        "stable": True,
        "stateful": stateful,
        "state_bytes": release.state_bytes,
        "state_saved_at": now - 12 if stateful else None,
    }


def _measured(name: str, load: Load, now: float, up: float, view: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that depend on whether it runs, by default true."""
    running = view.get("state", State.RUNNING) in {State.RUNNING, State.UPDATING}
    return {
        "state": State.RUNNING,
        "health": Health.HEALTHY if running else Health.UNKNOWN,
        "source": sanitise(f"{name.rpartition('/')[2]}/"),
        "started_at": now - up if running else None,
        "meters": meters.metered(name, load, now) if running else Meters(memory_limit=load.memory_limit),
        "history": meters.past(name, load, now) if running else History(),
    }


def counter(now: float, *, load: Load | None = None) -> PlayedComponent:
    """Return the sample ``counter`` at 1.1.0, with one day of history and two refused releases."""
    load = load or Load(
        fuel=1.2e6, fuel_per_call=1_204, fuel_change=0.02, memory=int(2.1 * MIB), cpu=0.03, calls=412, wobble=0.08
    )
    component = played("counter", load, now=now, release=COUNTER["1.0.0"])
    component.timeline = [
        make_revision(
            "counter",
            1,
            COUNTER["1.0.0"],
            now - 2 * HOUR - 15 * 60,
            outcome=Outcome.ACTIVE,
            stable=True,
            fuel_per_call=1_180.0,
            state_bytes=37,
            state_at=now - 42 * 60,
            size=18_104,
        )
    ]
    component.on_disk = COUNTER["1.1.0"]
    component.deploy(COUNTER["1.1.0"], now - 42 * 60, force=False)
    component.deploy(COUNTER["1.2.0"], now - 70, force=False)
    component.deploy(COUNTER["1.3.0"], now - 13, force=False)
    component.on_disk = COUNTER["1.3.0"]
    started = now - 2 * HOUR - 14 * 60
    component.change(
        started_at=started,
        stable=True,
        state_bytes=41,
        state_saved_at=now - 12,
        meters=meters.metered("counter", load, now),
        history=meters.past("counter", load, now),
        custom_series=len(custom_series.series(component.view)),
    )
    component.prove()
    return component


def _detail(component: PlayedComponent, release: Release) -> ComponentDetail:
    limit = component.load.memory_limit // MIB
    return ComponentDetail(
        view=component.view,
        imports=(
            sanitise("airssys:core-host/logging@0.1.0: interface"),
            sanitise("airssys:core-host/clock@0.1.0: interface"),
        ),
        capabilities=(),
        limits=tuple(
            map(sanitise, (f"memory: {limit} MiB", "fuel per call: 100 M", "deadline: 1 s", "mailbox: 1 000 calls"))
        ),
        config=(sanitise('greeting: "hello"'),) if release.state_bytes else (),
        described=(sanitise("language: Rust"),),
        description=sanitise("Counts what it is asked to count." if release.state_bytes else "A sample component."),
    )


GROUPS: Final = (
    GroupView(
        name="shop", strategy="one-for-all", members=(GroupMember("orders", is_group=True), GroupMember("greeter"))
    ),
    GroupView(
        name="orders",
        strategy="rest-for-one",
        members=(GroupMember("fetcher"), GroupMember("pipeline/parse"), GroupMember("pipeline/store")),
        parent="shop",
        max_restarts=5,
        restarts=1,
    ),
    GroupView(
        name="lab",
        strategy="one-for-one",
        members=(GroupMember("crasher"), GroupMember("snoop")),
        given_up=(sanitise("snoop: unreachable"), sanitise("lab: 3 restarts within 60 s are used up")),
    ),
)
"""The groups of most scenes."""


def mixed(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime with every kind of row."""
    now = clock()
    runtime = PlayedRuntime(clock, groups=GROUPS).add([counter(now), *_running(now), *_down(now)])
    for it in HAPPENED:
        runtime.emit(it.text, component=it.component, kind=it.kind, level=it.level, action=it.action, ago=it.ago)
    return runtime


def _running(now: float) -> Iterator[PlayedComponent]:
    small = Load(fuel=88e3, fuel_per_call=9_700, memory=int(1.1 * MIB), cpu=0.004, calls=9, wobble=0.1)
    hoard = Load(fuel=5.0e6, memory=int(61.9 * MIB), growth=0, cpu=0.12, calls=3, wobble=0.05)
    prime = Load(fuel=1.1e9, fuel_per_call=10**9, memory=MIB, cpu=0.98, calls=1, latency=910.0, wobble=0.01)
    fetch = Load(fuel=310e3, memory=int(8.4 * MIB), cpu=0.01, calls=22, wobble=0.1)
    yield played(
        "fetcher",
        fetch,
        now=now,
        release=Release(version="2.0.0", exports=("fetch: func(url: string) -> list<u8>",)),
        up=27 * HOUR,
        state=State.UPDATING,
        revision=4,
        candidate=5,
        restarts=3,
        note=Note(NoteKind.INFO, sanitise("candidate r5: compiling")),
    )
    yield played("greeter", small, now=now, release=Release(version="1.0.0", exports=(RICH_LINE,), salt="greeter"))
    full = Note(NoteKind.TROUBLE, sanitise("memory full in ~40s"))
    yield played("hoarder", hoard, now=now, health=Health.DEGRADED, note=full)
    yield played("primes", prime, now=now)


def _down(now: float) -> Iterator[PlayedComponent]:
    yield played(
        "crasher",
        Load(),
        now=now,
        state=State.FAILED,
        health=Health.UNHEALTHY,
        recovery=Recovery(RecoveryKind.BACKOFF, now + 3.2, 1),
        restarts=2,
        meters=Meters(memory_limit=64 * MIB, queue=17, errors=3),
        note=Note(NoteKind.TROUBLE, sanitise("unreachable · restart in 3.2s (1 left)")),
    )
    yield played(
        "pipeline/parse",
        Load(),
        now=now,
        release=Release(version="0.3.1"),
        state=State.STOPPED,
        revision=7,
        desired=Desired.STOPPED,
        note=Note(NoteKind.INFO, sanitise("stopped by operator")),
    )
    yield played(
        "snoop",
        Load(),
        now=now,
        state=State.FAILED,
        health=Health.UNHEALTHY,
        recovery=Recovery(RecoveryKind.EXHAUSTED, None, 0),
        restarts=3,
        note=Note(NoteKind.TROUBLE, sanitise("3 traps in 60s: r1 quarantined")),
    )


class Happened(msgspec.Struct, frozen=True):
    """An event ``ago`` seconds before the time of the scene."""

    component: str | None
    action: EventAction
    text: str
    ago: float
    kind: EventKind = EventKind.DECISION
    level: Level = Level.INFO


_SWITCHED: Final = "switched r1 → r2 in 0.4 ms (2 calls queued), state migrated 37 B → 41 B"
_UNHEALTHY: Final = f'refused 1.2.0 at {Gate.HEALTH_PROBE}: status unhealthy ("negative count") · r2 keeps serving'
_BREAKING: Final = f"refused 1.3.0 at {Gate.COMPATIBILITY}: export `reset` removed · r2 keeps serving"
_GIVEN_UP: Final = "3 traps in 60s: r1 quarantined, not restarted"
_RESTARTING: Final = "trap unreachable in crash#now; restart in 3.2s (1 left)"
_DEGRADED: Final = "status degraded: 61.9 of 64 MiB in use"
_LIFE, _SUPERVISION = EventKind.LIFECYCLE, EventKind.SUPERVISION

HAPPENED: Final = (
    Happened(None, EventAction.OPENED, "watching components/ (8 sources)", 8041, EventKind.SYSTEM),
    Happened("counter", EventAction.SWITCHED, _SWITCHED, 2520),
    Happened("pipeline/parse", EventAction.STOPPED, "stopped by operator", 1810, _LIFE),
    Happened("snoop", EventAction.TRAPPED, "trap unreachable in crash#now", 700, _SUPERVISION, Level.ERROR),
    Happened("snoop", EventAction.EXHAUSTED, _GIVEN_UP, 690, _SUPERVISION, Level.ERROR),
    Happened("counter", EventAction.REFUSED, _UNHEALTHY, 70, level=Level.ERROR),
    Happened("counter", EventAction.IGNORED, "ignored: partial write", 15, level=Level.DEBUG),
    Happened("counter", EventAction.REFUSED, _BREAKING, 13, level=Level.ERROR),
    Happened("fetcher", EventAction.ACCEPTED, "accepted as r5", 4),
    Happened("hoarder", EventAction.DEGRADED, _DEGRADED, 3, EventKind.HEALTH, Level.WARNING),
    Happened("crasher", EventAction.RESTARTING, _RESTARTING, 1, _SUPERVISION, Level.WARNING),
)
"""The events of :func:`mixed`, oldest first."""


def empty(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime whose folder has no components."""
    return PlayedRuntime(clock)


def starting(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime that is still scanning."""
    return PlayedRuntime(clock, phase=Phase.STARTING)


def held(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return ``counter`` after a rollback: r5 serves 1.0.0 and the release on disk is held."""
    runtime = PlayedRuntime(clock).add([counter(clock())])
    runtime.submit(Rollback("counter"))
    return runtime


def polling(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime that polls because it cannot watch, with a file that is not a component."""
    runtime = mixed(clock)
    reason = "no inotify watches left; polling every 2s (raise fs.inotify.max_user_watches)"
    runtime.watch = WatchView("polling", sanitise(reason))
    runtime.problems = (sanitise("notes.wasm: not admissible: core module, not a component (offset 4)"),)
    return runtime


def many(count: int, clock: Callable[[], float] = time.time) -> PlayedRuntime:
    """Return a runtime with that many running components."""
    now = clock()
    loads = [
        Load(fuel=1e3 * (1 + index % 977), memory=(1 + index % 61) * MIB, cpu=0.001, calls=index % 50, wobble=0.2)
        for index in range(count)
    ]
    return PlayedRuntime(clock).add(played(f"part-{index:05d}", load, now=now) for index, load in enumerate(loads))


HOSTILE: Final = "\x1b]52;c;ZWNobw==\x07\x1b[2J[/foo][bold]\x00\x9b31m\u202e\u200b\u2028tail\ud800"
"""Hostile guest output: a clipboard write, a screen clear, broken markup, C1, overrides, a lone surrogate."""


def hostile(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime whose component writes escape sequences and markup."""
    now = clock()
    release = Release(version=f"1.0.0-{HOSTILE}", exports=(f"{HOSTILE}: func()",), state_bytes=9)
    component = played("hostile", Load(fuel=5), now=now, release=release)
    component.change(
        note=Note(NoteKind.TROUBLE, sanitise(HOSTILE)), held=(sanitise(HOSTILE),), source=sanitise(HOSTILE)
    )
    runtime = PlayedRuntime(clock, folder=f"components{HOSTILE}/").add([component])
    runtime.problems = (sanitise(HOSTILE),)
    runtime.emit(HOSTILE, component="hostile", kind=EventKind.LOG, level=Level.WARNING, action=EventAction.LOG)
    return runtime


def lived(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime with every kind of row and revision, and a history: logs, saved states, earlier runs."""
    runtime, now = mixed(clock), clock()
    load = Load(fuel=44e3, fuel_per_call=2_450, memory=2 * MIB, cpu=0.01, calls=18, wobble=0.1)
    release = Release(version="0.8.0", exports=("post: func(entry: string) -> u64",), state_bytes=480)
    ledger = played("ledger", load, now=now, release=release, up=120 * HOUR)
    runtime.add([past.weathered(ledger, now)])
    runtime.get("greeter").change(probation_until=now + 8, stable=False)
    past.add_states(runtime)
    past.add_past(runtime)
    past.add_logs(runtime)
    return runtime


def full(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime whose disk is full: components keep running, new deployments are refused."""
    runtime = lived(clock)
    runtime.disk_full = "no room on the disk: 0 bytes free in the state directory"
    return runtime


def asking(clock: Callable[[], float] = still) -> PlayedRuntime:
    """Return a runtime whose components ask for permissions, wait for them and are denied others."""
    return ask(mixed(clock))


SCENES: Final[dict[str, Callable[[Callable[[], float]], PlayedRuntime]]] = {
    "empty": empty,
    "starting": starting,
    "mixed": mixed,
    "held": held,
    "polling": polling,
    "hostile": hostile,
    "lived": lived,
    "full": full,
    "asking": asking,
}
"""All scenes by name."""
