"""What is left after a kill, and what the next start makes of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from airssys_tui.api.commands import Start
from airssys_tui.core.errors import StoreError
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.store.directory import StateDirectory, StateReader
from airssys_tui.store.failpoint import VARIABLE
from airssys_tui.store.records import RevisionRecord
from tests.crash.script import UNHEALTHY, Truth
from tests.crash.victim import NAME, SETTINGS, Victim

ROOT = Path(__file__).parents[2]
ENDED = {"activated", "refused", "cancelled", "aborted"}


class Said(msgspec.Struct, frozen=True):
    """What a victim said before it died: the steps that it had begun and those that it had acknowledged."""

    begun: int
    ended: int

    @classmethod
    def read(cls, output: str) -> Said:
        lines = output.splitlines()
        return cls(sum(line.startswith("begin") for line in lines), sum(line.startswith("end") for line in lines))


@contextlib.contextmanager
def victim(directory: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a victim; whatever happens, it does not outlive the block."""
    command = [sys.executable, "-m", "tests.crash.victim", str(directory), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def kill_at(point: str, directory: Path) -> Said:
    """Run the script until a failpoint kills it."""
    with victim(directory, **{VARIABLE: point}) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{point} is not reached: {output} {errors}"
    return Said.read(output)


def check_remains(directory: Path, legal: tuple[Truth, ...]) -> Truth:
    """Compare what a kill left with what may be true, before anything is started; return which it is."""
    disk = Victim(directory).disk
    try:
        reader = StateDirectory.open_readonly(directory / "state")
    except StoreError:  # it was killed before there was a catalog
        assert any(truth.version is None for truth in legal)
        return Truth(disk=disk)
    with reader:
        history = reader.catalog.revisions(NAME)
        check_history(reader, history)
        active = [record for record in history if record.outcome == "active"]
        newest = reader.catalog.latest_snapshot(NAME)
        component = next(iter(reader.catalog.components()), None)
        found = Truth(
            version=active[0].version if active else None,
            revisions=len(history),
            saved=count_in(newest.data) if newest is not None else 0,
            disk=disk,
            held=frozenset(str(hold.version) for hold in reader.catalog.holds(NAME)),
            desired=component.desired if component is not None else "running",
        )
    joint = {(truth.version, truth.saved, truth.held) for truth in legal}
    assert (found.version, found.saved, found.held) in joint
    assert found.desired in {truth.desired for truth in legal}
    assert min(truth.revisions for truth in legal) <= found.revisions <= max(truth.revisions for truth in legal)
    return found


def count_in(state: bytes) -> int:
    """Return the count in a saved state, ``count=5;operations=3;…``."""
    return int(state.removeprefix(b"count=").partition(b";")[0])


def check_history(reader: StateReader, history: tuple[RevisionRecord, ...]) -> None:
    """Check what holds of a history at every moment."""
    catalog = reader.catalog
    assert [record.number for record in history] == list(range(len(history), 0, -1))
    active = [record for record in history if record.outcome == "active"]
    assert len(active) <= 1
    served = [record for record in history if record.activated_at is not None]
    assert not any(record.version == UNHEALTHY for record in served)
    assert bool(active) == bool(served)
    for record in served:
        assert record.interface is not None
        assert reader.blobs.get(record.digest)
    unfinished = catalog.unfinished()
    candidates = [record.number for record in history if record.outcome == "candidate"]
    assert len(unfinished) <= 1
    assert set(candidates) <= {deployment.revision for deployment in unfinished}


def check_recovered(directory: Path, before: Truth) -> int:
    """Start again in what is left, and check that it is consistent and answers calls.

    Returns:
        The count, once it was incremented.
    """
    runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=SETTINGS)
    try:
        assert runtime.wait_settled(30.0)
        (row,) = runtime.snapshot().components
        assert row.version == before.after_restart(before.disk)
        if before.desired == "stopped":
            assert row.state in {State.INSTALLED, State.STOPPED}
            runtime.submit(Start(NAME)).result(10.0)
        assert runtime.invoke(NAME, "get").result(10.0) == before.saved
        assert runtime.invoke(NAME, "increment", 1).result(10.0) == before.saved + 1
    finally:
        runtime.close()
    with StateDirectory.open_readonly(directory / "state") as reader:
        check_settled(reader, before)
    return before.saved + 1


def check_settled(reader: StateReader, before: Truth) -> None:
    """Check what a start and a stop in order have left."""
    catalog = reader.catalog
    catalog.integrity()
    history = catalog.revisions(NAME)
    check_history(reader, history)
    assert len(history) >= before.revisions
    assert catalog.unfinished() == ()
    assert {record.outcome for record in history} <= {"active", "superseded", "failed"}
    assert {deployment.outcome for deployment in catalog.deployments(NAME)} <= ENDED
    active = catalog.active_revision(NAME)
    assert active is not None
    assert active.version == before.after_restart(before.disk)
    assert not list((reader.path / "blobs" / "unfinished").iterdir())
    assert not list((reader.path / "code" / "unfinished").iterdir())
