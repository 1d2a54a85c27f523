"""What a victim does, step by step, and what a restart has to bring back after each step: the reference model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

RELEASES: Final = Path(__file__).parents[2] / "sample_components" / ".releases" / "counter"
UNHEALTHY: Final = "1.2.0"
"""The release that fails its health probe: no start may ever find it active."""

FIRST: Final = "1.0.0"
"""The release without statistics: after any other one it would break callers, and is refused."""


class Truth(msgspec.Struct, frozen=True):
    """What is true of the counter at an acknowledged moment.

    Attributes:
        version: Version of the active revision; nothing before the first activation.
        revisions: Numbers given so far.
        count: What it answers.
        saved: What it answers after a kill: the count in the newest snapshot.
        disk: The version in the folder.
        held: Versions held back.
        desired: ``running`` or ``stopped``.
    """

    version: str | None = None
    revisions: int = 0
    count: int = 0
    saved: int = 0
    disk: str = FIRST
    held: frozenset[str] = frozenset()
    desired: str = "running"

    def after_restart(self, disk: str) -> str:
        """Return the version that serves once a start has dealt with what is on disk."""
        if self.version is None:
            return disk
        breaking = disk == FIRST and self.version != FIRST
        return self.version if breaking or disk == UNHEALTHY or disk in self.held else disk


class Step(msgspec.Struct, frozen=True):
    """One thing that the victim does and acknowledges.

    Attributes:
        verb: ``open``, ``count``, ``update``, ``refused``, ``rollback``, ``stop``, ``start``, ``restart``, ``close``.
        version: What is put in the folder (updates), or what serves afterwards (rollbacks).
        to: Revision that a rollback names; the previous stable one when not given.
        state: ``keep``, ``restore`` or ``fresh``.
        count: What it answers after a rollback that does not keep the count.
    """

    verb: str
    version: str = ""
    to: int | None = None
    state: str = "keep"
    count: int = 0


COUNT: Final = Step("count")

STEPS: Final = (
    *(Step("open"), COUNT, COUNT),
    *(Step("update", "1.1.0"), COUNT, COUNT),
    *(Step("refused", UNHEALTHY), COUNT),
    *(Step("rollback", "1.0.0"), COUNT),
    *(Step("stop"), Step("start"), COUNT),
    *(Step("update", "1.4.0"), COUNT),
    *(Step("rollback", "1.1.0", to=2, state="restore", count=5), COUNT),
    *(Step("rollback", "1.0.0", to=1, state="fresh", count=0), COUNT),
    *(Step("restart"), COUNT, Step("close")),
    *(Step("open"), COUNT, Step("close")),
)


def advance(truth: Truth, step: Step) -> Truth:
    """Return what is true after a step that was acknowledged."""
    change = msgspec.structs.replace
    if step.verb in {"update", "refused", "rollback"}:
        return change(_deployed(truth, step), revisions=truth.revisions + 1)
    changes: dict[str, dict[str, object]] = {
        "open": {"version": truth.version or truth.disk, "revisions": max(1, truth.revisions)},
        "count": {"count": truth.count + 1},
        "stop": {"saved": truth.count, "desired": "stopped"},
        "start": {"desired": "running"},
        "restart": {"saved": truth.count},
        "close": {"saved": truth.count},
    }
    return change(truth, **changes[step.verb])


def _deployed(truth: Truth, step: Step) -> Truth:
    change = msgspec.structs.replace
    if step.verb == "refused":
        return change(truth, disk=step.version)
    if step.verb == "update":
        return change(truth, version=step.version, disk=step.version, saved=truth.count, held=frozenset())
    count = truth.count if step.state == "keep" else step.count
    held = frozenset({str(truth.version), truth.disk} - {step.version})
    return change(truth, version=step.version, count=count, saved=count, held=held)


def truths() -> tuple[Truth, ...]:
    """Return what is true before the first step, after it, and so on."""
    found = [Truth()]
    for step in STEPS:
        found.append(advance(found[-1], step))
    return tuple(found)
