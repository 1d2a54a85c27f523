"""The program is killed at any moment, again and again in one state directory: what was acknowledged is never lost."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import msgspec
import pytest

from airssys_tui.store.directory import StateDirectory
from tests.crash.aftermath import check_history, check_recovered, count_in, victim
from tests.crash.script import FIRST, UNHEALTHY, Truth
from tests.crash.victim import NAME, Victim

COMMITS = {"update", "rollback", "restart", "stop"}
"""What writes the count down; an update may be refused and does not, then."""


class Account(msgspec.Struct):
    """What a victim's words let expect.

    Attributes:
        revision: The active revision that was acknowledged last.
        count: The count that was acknowledged last.
        saved: Counts that may have been written down last.
        deploys: Whether a deployment or rollback was under way.
        stops: Whether stopping or starting was under way.
        desired: What was acknowledged last.
    """

    revision: int
    count: int
    saved: set[int]
    deploys: bool = False
    stops: bool = False
    desired: str = "running"

    def hear(self, line: str) -> None:
        word, verb, *told = line.split()
        if word == "begin":
            self.deploys = verb in {"update", "rollback", "open"}
            self.stops = verb in {"stop", "start"}
            self.saved |= {self.count} if verb in COMMITS else set()
            return
        moved = int(told[0]) != self.revision
        self.revision = int(told[0])
        self.count = int(told[1]) if len(told) > 1 else self.count
        if verb in {"restart", "stop"} or (verb in COMMITS and moved):
            self.saved = {self.count}
        self.desired = {"stop": "stopped", "start": "running"}.get(verb, self.desired)
        self.deploys = self.stops = False


def run_until(moment: float, directory: Path, seed: int) -> list[str]:
    """Kill a victim after so many seconds and return the lines that it had finished."""
    with victim(directory, str(seed)) as process:
        try:
            output, errors = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        assert process.returncode < 0, f"it ended by itself: {errors}"
    return output[: output.rfind("\n") + 1].splitlines()


def check_kept(directory: Path, account: Account) -> Truth:
    """Compare what a kill left with what was acknowledged."""
    with StateDirectory.open_readonly(directory / "state") as reader:
        history = reader.catalog.revisions(NAME)
        check_history(reader, history)
        (active,) = (record for record in history if record.outcome == "active")
        newest = reader.catalog.latest_snapshot(NAME)
        (component,) = reader.catalog.components()
        held = frozenset(str(hold.version) for hold in reader.catalog.holds(NAME))
    saved = count_in(newest.data) if newest is not None else 0
    assert active.version != UNHEALTHY
    assert active.number == account.revision or (account.deploys and active.number > account.revision)
    assert saved in account.saved
    assert account.stops or component.desired == account.desired
    return Truth(active.version, len(history), saved, saved, Victim(directory).disk, held, component.desired)


def campaign(directory: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    directory.mkdir()
    Victim(directory).put(FIRST)
    count, revision = check_recovered(directory, Truth()), 1
    for number in range(kills):
        lines = run_until(rng.uniform(0.3, 1.0), directory, seed + number)
        account = Account(revision, count, {count})
        for line in lines:
            account.hear(line)
        count = check_recovered(directory, check_kept(directory, account))
        with StateDirectory.open_readonly(directory / "state") as reader:
            active = reader.catalog.active_revision(NAME)
        assert active is not None
        revision = active.number


@pytest.mark.parametrize("seed", [1_000, 2_000])
def test_a_few_kills_at_any_moment(seed: int, tmp_path: Path) -> None:
    campaign(tmp_path / "scene", 4, seed)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", [10_000, 20_000, 30_000, 40_000])
def test_many_kills_at_any_moment(seed: int, tmp_path: Path) -> None:
    campaign(tmp_path / "scene", 100, seed)
