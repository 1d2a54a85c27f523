"""What must be true of a component that is killed again and again: the reference that each start is held against.

Every operation is announced with all that was chosen, passes through a few states that may be found after a kill, and
is acknowledged in the last of them. Nothing here knows how the program does it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

GOOD: Final = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
BREAKING: Final = "2.0.0"
UNHEALTHY: Final = "1.9.0"
FAULTY: Final = "1.8."
"""Versions that pass every gate and trap as soon as they are used; each one is another artifact."""

IN_TURN: Final = "1.2.0"
"""The version that is stopped before another one is started, and started after another one was stopped."""

NOTE: Final = "note "
"""How the notes begin that are written here; the program writes others by itself."""


class Truth(msgspec.Struct, frozen=True):
    """What is true at one moment.

    Attributes:
        version: Version of the active revision; nothing before the first one.
        revision: Its number.
        last: The greatest number given so far.
        count: What it answers, or would if it ran.
        saved: What it answers after a kill.
        disk: The version in the folder.
        held: Versions held back.
        refused: Versions that a gate refused and that are not tried again by themselves.
        forgotten: Versions refused before the last rollback, and again when that is undone; no catalog says so.
        quarantined: Versions in quarantine.
        desired: ``running`` or ``stopped``.
        pins: Pinned revisions.
        notes: The note on each revision that has one.
        stable: Revisions that an operator marked so.
        granted: Grants for one access that are neither used up nor revoked.
    """

    version: str | None = None
    revision: int | None = None
    last: int = 0
    count: int = 0
    saved: int = 0
    disk: str = GOOD[0]
    held: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()
    quarantined: frozenset[str] = frozenset()
    desired: str = "running"
    pins: frozenset[int] = frozenset()
    notes: tuple[tuple[int, str], ...] = ()
    stable: frozenset[int] = frozenset()
    granted: int = 0


class Operation(msgspec.Struct, frozen=True):
    """One thing that is done, with all that was chosen.

    Attributes:
        verb: What.
        version: What is put in the folder, or what a rollback goes back to.
        revision: The revision that is marked, or gone back to.
        state: What happens to the state.
        count: What is counted up by, or what a state that is brought back says.
        note: What is noted.
        on: Whether a mark is set or taken away.
        undo: Whether it is done by undoing what was done last.
    """

    verb: str
    version: str = ""
    revision: int = 0
    state: str = "keep"
    count: int = 0
    note: str = ""
    on: bool = True
    undo: bool = False


def change(truth: Truth, **said: Any) -> Truth:
    """Return another truth."""
    return msgspec.structs.replace(truth, **said)


def opened(truth: Truth) -> Truth:
    """Return what is true once a start has dealt with what a kill left, and with what is in the folder."""
    back = change(truth, count=truth.saved)
    known = {truth.version} | truth.held | truth.refused | truth.quarantined
    if truth.disk in known:
        return back
    return passes(back, Operation("update" if is_good(truth, truth.disk) else "refuse", truth.disk))[-1]


def is_good(truth: Truth, version: str) -> bool:
    """Return whether a version passes every gate after what serves now."""
    return version != UNHEALTHY and (version != BREAKING or truth.version is None)


def passes(truth: Truth, operation: Operation) -> tuple[Truth, ...]:
    """Return the states that an operation goes through, from before its first write to its acknowledgement."""
    begun = _begun(truth, operation.version or str(truth.version))
    match operation.verb:
        case "update":
            after = (_took_over(truth, operation.version),)
        case "refuse":
            # What breaks callers is refused before anything is stopped for it.
            tried = begun[1] if operation.version == BREAKING else begun[-1]
            after = (change(tried, refused=truth.refused | {operation.version}),)
        case "fault":
            after = _fallen(truth, operation.version)
        case "sink":
            after = (_back(truth, operation.version, str(truth.version)),)
        case "rollback":
            after = (change(_rolled_back(truth, operation), forgotten=truth.refused),)
        case "restore":
            restored = change(begun[1], revision=truth.last + 1, forgotten=truth.refused)
            after = (change(restored, count=operation.count, saved=operation.count),)
        case "undo-rollback":
            held = frozenset(operation.note.split()) - {operation.version}
            refused = truth.forgotten - {operation.version}
            after = (change(_rolled_back(truth, operation), held=held, refused=refused),)
        case _:
            return (truth, *_small(truth, operation))
    return (*begun, *after)


def _begun(truth: Truth, version: str) -> tuple[Truth, ...]:
    """Return the states until a candidate takes over: it has a number, then what serves may be stopped for it."""
    tried = change(truth, last=truth.last + 1)
    in_turn = IN_TURN in {version, truth.version} and truth.desired == "running"
    return (truth, tried, change(tried, saved=truth.count)) if in_turn else (truth, tried)


def _small(truth: Truth, operation: Operation) -> tuple[Truth, ...]:
    """Return what follows from an operation that makes no revision."""
    after = change(truth, **_changes(truth, operation))
    # What is wanted is written before what was running is stopped.
    return (change(truth, desired="stopped"), after) if operation.verb == "stop" else (after,)


def _changes(truth: Truth, operation: Operation) -> dict[str, Any]:
    match operation.verb:
        case "add" | "work":
            return {"count": truth.count + operation.count}
        case "stop" | "start":
            desired = {"desired": "running"}
            return desired if operation.verb == "start" else {"desired": "stopped", "saved": truth.count}
        case "restart" | "save" | "close":
            return {"saved": truth.count}
        case "pin" | "mark" | "note":
            return _marked(truth, operation)
    if operation.verb in {"grant", "use", "revoke"}:
        return {"granted": truth.granted + (1 if operation.verb == "grant" else -1)}
    return {}  # import, collect, moot, ask, deny: nothing that serves or may serve again is touched


def _marked(truth: Truth, operation: Operation) -> dict[str, Any]:
    number, field = operation.revision, {"pin": "pins", "mark": "stable"}.get(operation.verb)
    if field is not None:
        marked = getattr(truth, field)
        return {field: marked | {number} if operation.on else marked - {number}}
    notes = {**dict(truth.notes), number: operation.note}
    return {"notes": tuple(sorted((each, text) for each, text in notes.items() if text.startswith(NOTE)))}


def _took_over(truth: Truth, version: str) -> Truth:
    revision = truth.last + 1
    return change(
        truth,
        version=version,
        revision=revision,
        last=revision,
        saved=truth.count,
        held=frozenset(),
        refused=frozenset(),
        desired="running" if truth.version is not None else truth.desired,
    )


def _rolled_back(truth: Truth, operation: Operation) -> Truth:
    count = truth.count if operation.state == "keep" else operation.count
    held = frozenset({str(truth.version), truth.disk} - {operation.version})
    after = _took_over(truth, operation.version)
    return change(after, count=count, saved=count, held=held, desired=truth.desired)


def _fallen(truth: Truth, version: str) -> tuple[Truth, ...]:
    """Return the states of a version that traps on probation: it serves, then what served before serves again."""
    faulty = _took_over(truth, version)
    return (*_begun(faulty, str(truth.version)), _back(faulty, str(truth.version), version))


def _back(truth: Truth, version: str, faulty: str) -> Truth:
    back = change(_took_over(truth, version), held=truth.held, desired=truth.desired)
    return change(back, quarantined=truth.quarantined | {faulty})
