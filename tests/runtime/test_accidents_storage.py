"""The classic accidents of what is stored, each under its name: what runs goes on, and disk and memory agree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.api.commands import (
    Annotate,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
)
from airssys_tui.api.views.components import NoteKind
from airssys_tui.core.errors import (
    AirssysError,
    BlobCorrupt,
    DiskFull,
    RollbackRefused,
    SchemaTooNew,
    StateLocked,
    StoreError,
)
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.core.retention import STABLE_FOR, STATES
from airssys_tui.core.revision import Outcome, StatePolicy
from airssys_tui.core.units import MIB
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk import free_space
from airssys_tui.store.disk.failpoint import MAIL_TRANSACTIONS
from tests.support.components import Crafted
from tests.support.full_disk import WRITES, Disk, fill, small_file_system
from tests.support.places import RELEASES
from tests.support.world import PATIENCE, World

SOON = {"disk_check": 0.02, "collect_every": 0.0}
"""Settings of a runtime that notices at once that there is room again."""

UNREACHED = {
    **dict.fromkeys(("add-grants", "answer-candidate", "revoke-grants", "settle-question", "trust"), "nobody is asked"),
    **dict.fromkeys(
        ("ask", "count-denials", "note-calls", "note-uses", "use-up-grant"), "no component here may do anything"
    ),
    **dict.fromkeys(MAIL_TRANSACTIONS, "no messages are sent here; `messaging/test_durable` has no room for them"),
    **dict.fromkeys(("append", "remove", "repair", "rotate", "set-audit-head"), "nothing is audited here"),
    "abort-unfinished": "a start that finds something to close writes it before anything else",
    "check": "calls that operators keep as checks do not belong to a deployment",
    "bind-folder": "before the runtime is there",
    "forget-refusals": "an activation forgets them in its own transaction",
    "hold": "an activation holds in its own transaction",
    "keep-costs": "when a probation is over",
    "keep-end": "when a command has ended",
    "lift-hold": "an activation lifts in its own transaction",
    "migrate": "before the runtime is there",
    "reinstate": "when nothing can take the place of what failed on probation",
    "settle-action": "when an action cannot be undone any more",
    "trim": "rows of a month ago",
}
"""Transactions that the life below does not come to, and why."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def settled(world: World) -> dict[str, tuple[object, ...]]:
    """Return what the rows say of each component that has to survive."""
    rows = world.runtime.snapshot().components
    return {row.id: (row.version, row.revision, row.digest, row.desired, row.held) for row in rows}


def purge(world: World) -> None:
    """Let a day pass, and have everything collected that a rule lets go; a full disk may refuse that."""
    floor = world.runtime.probe.floor
    now = floor.clock() + STABLE_FOR + 60.0
    floor.clock = lambda: now
    world.runtime.collect().exception(PATIENCE)


def attempt(world: World, *steps: object) -> list[str]:
    """Take steps that may be refused for want of room; return the titles of what was refused."""
    refused = []
    for step in steps:
        try:
            world.do(step)  # type: ignore[arg-type]
        except AirssysError as error:
            refused.append(error.title)
    return refused


def live(world: World, expected: int) -> int:
    """Do everything that writes; what is refused for want of room changes nothing. Return the count."""
    for number in (3, 4, 5):
        world.install("c", Crafted(salt=str(number)), "[deployment]\nkeep = 1\n", version=f"{number}.0.0")
        expected += 1
        assert world.call("c", "add", 1) == expected, "what runs goes on"
    attempt(world, SaveState("c"), Pin("c", 1), Undo(), Annotate("c", 1, "why"), Restart("c"))
    attempt(world, MarkStable("c", 1), MarkStable("c", 1, stable=False), SaveState("d"), RestoreState("d", 1))
    world.install("c", Crafted(init="error"), version="6.0.0")
    assert world.call("c", "get") == expected
    attempt(world, Rollback("c", state=StatePolicy.KEEP))
    assert world.call("c", "get") == expected
    for _ in range(STATES + 2):
        attempt(world, SaveState("c"))
    purge(world)
    world.remove("d")
    attempt(world, Stop("c"), Start("c"))
    world.run(world.runtime.probe.system.writing.write)
    return expected


@pytest.mark.parametrize("point", [name for name in WRITES if name.split("/")[1] not in UNREACHED])
def test_full_disk_at_each_write(point: str, world: World, disk: Disk) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.put("d", Crafted(load="error"))
    world.open(**SOON)
    assert world.call("c", "add", 5) == 5
    world.do(SaveState("d"))
    world.install("c", Crafted(salt="2"), version="2.0.0")

    disk.point = point
    expected = live(world, 5)
    assert disk.is_full, "the accident has happened"

    disk.free()
    world.wait_for(lambda snapshot: not snapshot.disk_full)
    if world.row("c").state is not State.RUNNING:
        world.do(Start("c"))
    assert world.call("c", "get") == expected
    world.notice_later(world.put("c", Crafted(salt="7"), version="7.0.0"))
    world.wait_row("c", lambda row: row.version == "7.0.0")  # a retry of what the disk kept out may have come between
    assert world.call("c", "add", 1) == expected + 1

    assert Outcome.CANDIDATE not in world.outcomes("c").values(), "what could not be recorded is recorded since"
    before = settled(world)
    world.reopen(**SOON)
    assert settled(world) == before, "memory and disk agree"
    assert world.call("c", "get") == expected + 1
    catalog = world.runtime.probe.floor.state.catalog
    catalog.integrity()
    assert catalog.unfinished() == ()
    assert Outcome.CANDIDATE not in world.outcomes("c").values()


def test_what_a_full_disk_turned_away_is_deployed_when_there_is_room(world: World, disk: Disk) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open(**SOON)
    world.call("c", "add", 5)
    disk.is_full = True
    row = world.install("c", Crafted(salt="2"), version="2.0.0")
    assert (row.version, row.state, row.note.kind) == ("1.0.0", State.RUNNING, NoteKind.REFUSED)
    assert row.note.text.startswith("refused at disk: 0B free on the disk that holds ")
    new = world.install("d", Crafted(salt="3"), version="1.0.0")
    assert new.revision is None
    assert "refused at disk" in new.note.text
    with pytest.raises(DiskFull):
        world.do(Reload("c"))
    snapshot = world.runtime.snapshot()
    assert "is full" in snapshot.disk_full or "free on the disk" in snapshot.disk_full
    assert len(world.events(None, "disk-full")) == 1, "it is told once"
    disk.free()
    world.wait_row("c", lambda row: row.version == "2.0.0")
    world.wait_row("d", lambda row: row.state is State.RUNNING)
    assert len(world.events(None, "disk-room")) == 1
    assert world.call("c", "get") == 5
    assert world.row("c").note.kind is not NoteKind.REFUSED


def test_an_operator_can_roll_back_below_the_reserve(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open(**SOON)
    world.install("c", Crafted(salt="2"), version="2.0.0")
    monkeypatch.setattr(free_space, "free_space", lambda _: MIB)
    assert "refused at disk" in world.install("c", Crafted(salt="3"), version="3.0.0").note.text
    world.do(Rollback("c"))
    assert world.row("c").version == "1.0.0"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 6 MiB of its own, where that is permitted."""
    with small_file_system(tmp_path / "small") as where:
        yield where


def test_a_disk_that_is_really_full(world: World, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_space, "RESERVE", 0)
    monkeypatch.setattr(free_space, "TIMES", 0)
    world.state_dir = small / "state"
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open(**SOON)
    world.call("c", "add", 5)
    ballast = fill(small)
    refused = world.install("c", Crafted(salt="2"), version="2.0.0")
    assert (refused.version, refused.revision) == ("1.0.0", 1)
    assert world.call("c", "add", 1) == 6
    assert attempt(world, SaveState("c"), Pin("c", 1)) == ["disk full", "disk full"]
    assert world.call("c", "get") == 6
    world.wait_for(lambda snapshot: snapshot.disk_full)
    ballast.unlink()
    world.wait_row("c", lambda row: row.version == "2.0.0")
    assert world.call("c", "get") == 6
    before = settled(world)
    world.reopen(**SOON)
    assert settled(world) == before
    assert world.call("c", "get") == 6


def test_a_read_only_state_directory(tmp_path: Path, small: Path) -> None:
    folder = tmp_path / "components"
    folder.mkdir()
    EmbeddedRuntime.open(folder, state_dir=small / "state").close()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    with pytest.raises(StoreError, match="is read-only or belongs to another user") as caught:
        EmbeddedRuntime.open(folder, state_dir=small / "state")
    assert "--state-dir" in caught.value.remedy
    with StateDirectory.open_readonly(small / "state") as state:
        assert state.catalog.folder() == str(folder)


def test_a_state_directory_that_becomes_read_only_while_it_is_used(world: World) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open(**SOON)
    world.call("c", "add", 5)
    # Files that are open for writing keep a file system writable: they are what a disk's fault takes away.
    world.runtime.probe.floor.state.blobs.unfinished = Path("/proc/no-such-place")
    row = world.install("c", Crafted(salt="2"), version="2.0.0")
    assert row.version == "1.0.0"
    assert "refused at store: cannot write the blob" in row.note.text
    assert world.call("c", "add", 1) == 6


def damage(path: Path, at: int = 0) -> None:
    """Change a byte of a file behind everybody's back."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture
def twice(world: World) -> World:
    """Give a world in which `c` was updated from 1.0.0 to 2.0.0, with a count of 5 before and 7 after."""
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open(**SOON)
    world.call("c", "add", 5)
    world.install("c", Crafted(salt="2"), version="2.0.0")
    world.call("c", "add", 2)
    return world


def test_a_corrupted_blob(twice: World) -> None:
    state = twice.runtime.probe.floor.state
    one = twice.history("c")[1].digest
    damage(state.blobs.path(one))
    with pytest.raises(BlobCorrupt):
        state.blobs.get(one)
    with pytest.raises(RollbackRefused, match="the code of r1 is not available") as caught:
        twice.do(Rollback("c"))
    assert caught.value.remedy
    assert twice.call("c", "get") == 7, "what runs goes on"
    twice.install("c", Crafted(salt="1"), version="1.0.0")
    assert twice.row("c").version == "1.0.0", "its file, installed again, replaces the damaged copy"
    twice.do(Rollback("c", to=2))
    twice.do(Rollback("c", to=1))
    assert twice.call("c", "get") == 7


def test_a_corrupted_blob_of_what_serves_and_no_compiled_code(twice: World) -> None:
    twice.close()
    with StateDirectory.open(twice.state_dir, folder=twice.folder) as state:
        digest = state.catalog.revision("c", 2).digest  # type: ignore[union-attr]
        damage(state.blobs.path(digest))
        state.code.remove(digest)
    twice.open(**SOON)
    assert twice.row("c").state is State.RUNNING, "the folder still has the same bytes"
    assert digest_of(twice.runtime.probe.floor.state.blobs.get(digest)) == digest
    twice.do(Rollback("c", to=1))
    assert (twice.row("c").state, twice.call("c", "get")) == (State.RUNNING, 7)


def test_a_corrupted_snapshot(twice: World) -> None:
    twice.do(Stop("c"))
    newest = twice.runtime.states("c").result(PATIENCE)[0]
    state = twice.runtime.probe.floor.state
    with state.catalog.database.transaction("add-snapshot") as connection:
        connection.execute("UPDATE snapshots SET data = ? WHERE id = ?", (b"garbage!", newest.id))
    twice.do(Start("c"))
    assert twice.call("c", "get") == 5, "an older one that is intact"
    assert any("skipped a corrupt saved state" in event.text for event in twice.events("c", "state"))
    with pytest.raises(BlobCorrupt):
        twice.runtime.export_state("c", newest.id).result(PATIENCE)


def test_corrupted_compiled_code(twice: World) -> None:
    twice.close()
    for path in (twice.state_dir / "code").glob("*/*.cwasm"):
        damage(path, 100)
    twice.open(**SOON)
    assert (twice.row("c").state, twice.call("c", "get")) == (State.RUNNING, 7)
    assert twice.runtime.probe.floor.state.code.counters.rejected == 1, "it was compiled anew, not loaded"
    twice.do(Rollback("c"))
    assert twice.call("c", "get") == 7


def test_a_corrupted_catalog_page(twice: World) -> None:
    twice.close()
    catalog = twice.state_dir / "catalog.db"
    content = bytearray(catalog.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    catalog.write_bytes(content)
    (twice.state_dir / "owner.json").write_text("{}")  # as after a crash: then every page is looked at
    with pytest.raises(StoreError, match="is damaged") as caught:
        twice.open(**SOON)
    assert "move" in caught.value.remedy
    catalog.rename(catalog.with_suffix(".damaged"))
    twice.open(**SOON)
    assert twice.row("c").version == "2.0.0", "deployed anew, as the remedy says"


def test_a_schema_newer_than_the_program(twice: World) -> None:
    twice.close()
    with StateDirectory.open(twice.state_dir, folder=twice.folder) as state:
        state.catalog.database.rows("PRAGMA user_version = 9999")
    before = (twice.state_dir / "catalog.db").read_bytes()
    with pytest.raises(SchemaTooNew, match="has schema 9999"):
        twice.open(**SOON)
    assert (twice.state_dir / "catalog.db").read_bytes() == before


def test_two_processes_on_one_state_directory(twice: World) -> None:
    program = f"""
from pathlib import Path
from airssys_tui.core.errors import StateLocked
from airssys_tui.runtime.embedded import EmbeddedRuntime
try:
    EmbeddedRuntime.open(Path({str(twice.folder)!r}), state_dir=Path({str(twice.state_dir)!r}))
except StateLocked as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert f"is in use by pid {os.getpid()}" in done.stdout
    with pytest.raises(StateLocked):
        EmbeddedRuntime.open(twice.folder, state_dir=twice.state_dir)
    assert twice.call("c", "get") == 7


@pytest.fixture
def many(world: World) -> World:
    """Give a world in which `c` had five releases and keeps one."""
    world.open(**SOON)
    for number in range(1, 6):
        world.install("c", Crafted(salt=str(number)), "[deployment]\nkeep = 1\n", version=f"{number}.0.0")
    return world


def test_a_rollback_to_a_purged_revision(many: World) -> None:
    purge(many)
    assert many.outcomes("c")[2] is Outcome.PURGED
    for force in (False, True):
        with pytest.raises(RollbackRefused, match="r2 of c was purged: its code is no longer kept"):
            many.do(Rollback("c", to=2, force=force))
    with pytest.raises(RollbackRefused, match="was purged"):
        many.runtime.preview_rollback("c", 2).result(PATIENCE)
    assert many.row("c").version == "5.0.0"


def test_a_revision_purged_between_preview_and_confirm(many: World) -> None:
    assert many.runtime.preview_rollback("c", 2).result(PATIENCE).becomes == 6
    purge(many)
    with pytest.raises(RollbackRefused, match="was purged"):
        many.do(Rollback("c", to=2))
    assert many.row("c").version == "5.0.0"
    assert max(many.outcomes("c")) == 5, "nothing was begun"


def test_what_a_rollback_goes_to_is_not_purged_meanwhile(many: World) -> None:
    floor = many.runtime.probe.floor
    now = floor.clock() + STABLE_FOR + 60.0
    floor.clock = lambda: now
    rolling = many.runtime.submit(Rollback("c", to=2))
    collecting = many.runtime.collect()
    outcome = rolling.exception(PATIENCE)
    collecting.result(PATIENCE)
    assert outcome is None or "was purged" in str(outcome)
    serves = many.history("c")[0] if outcome is None else None
    assert many.call("c", "get") == 0
    assert serves is None or serves.origin == 2


def test_the_counter_outlives_a_full_disk(world: World, disk: Disk) -> None:
    world.put("counter", RELEASES / "1.1.0")
    world.open(**SOON)
    world.call("counter", "increment", 5)
    disk.is_full = True
    world.install("counter", RELEASES / "1.4.0")
    assert world.row("counter").version == "1.1.0"
    assert world.call("counter", "increment", 1) == 6
    disk.free()
    world.wait_row("counter", lambda row: row.version == "1.4.0")
    assert world.call("counter", "get") == 6


def test_what_proves_itself_while_the_disk_is_full_is_stable_once_there_is_room(world: World, disk: Disk) -> None:
    world.put("c", Crafted(salt="1"), '[deployment]\nprobation = "300ms"\nstable_after = 1\n', version="1.0.0")
    disk.point = "catalog/mark-stable/before-commit"
    world.open(**SOON)
    world.call("c", "get")
    world.wait_for(lambda snapshot: snapshot.disk_full)
    assert not world.row("c").stable
    assert not world.history("c")[0].stable, "memory and disk agree"
    disk.free()
    world.wait_row("c", lambda row: row.stable)
    assert world.history("c")[0].stable
    assert world.events(None, "internal") == []
