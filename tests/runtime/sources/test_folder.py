"""What happens in the folder becomes what runs: through the operating system's watcher, and through polling."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

import pytest

from airssys_tui.api.commands import Start, Stop, Unload
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.errors import NotServing, TransitionError, UnknownComponent
from airssys_tui.core.events import EventAction
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import Desired, RecoveryKind, State
from airssys_tui.core.revision import Outcome
from airssys_tui.runtime.sources import folder, listener, watch
from airssys_tui.runtime.sources.stamps import stamps
from tests.support.components import Crafted
from tests.support.places import RELEASES
from tests.support.world import World, replace

ONE, TWO = Crafted(salt="1"), Crafted(salt="2")
SPINS = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'


@pytest.fixture(params=["native", "polling"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """Give a world whose folder is watched, both ways."""
    if request.param == "polling":
        monkeypatch.setenv("AIRSSYS_TUI_POLL", "1")
        monkeypatch.setattr(watch, "POLL", (0.03, 0.03))
    monkeypatch.setattr(watch, "FOLDER_LOOK", 0.05)
    world.put("c", ONE)
    world.open(watch=True)
    world.wait_for(lambda snapshot: snapshot.watch.mode == request.param)
    return world


def test_a_new_file_takes_over_and_the_count_goes_on(watched: World) -> None:
    watched.call("c", "add", 5)
    watched.put("c", TWO)
    watched.wait_row("c", lambda row: row.digest == digest_of(TWO.wasm()) and row.state is State.RUNNING)
    assert watched.call("c", "get") == 5


def test_a_new_directory_and_a_bare_file_come_alive(watched: World) -> None:
    watched.put("d", TWO)
    replace(watched.folder / "Big_Echo.wasm", TWO.wasm())
    watched.wait_row("d", lambda row: row.state is State.RUNNING)
    row = watched.wait_row("big-echo", lambda row: row.state is State.RUNNING)
    assert row.source == "Big_Echo.wasm"


def test_what_is_removed_stops_with_its_history_and_starts_again_when_it_is_back(watched: World) -> None:
    watched.call("c", "add", 5)
    shutil.move(watched.folder / "c", watched.folder.parent / "away")
    row = watched.wait_row("c", lambda row: row.state is State.STOPPED)
    assert (row.present, row.desired, row.revision) == (False, Desired.RUNNING, 1)
    with pytest.raises(NotServing):
        watched.runtime.invoke("c", "get")
    assert watched.outcomes("c") == {1: Outcome.ACTIVE}
    shutil.move(watched.folder.parent / "away", watched.folder / "c")
    watched.wait_row("c", lambda row: row.state is State.RUNNING and row.present)
    assert watched.call("c", "get") == 5
    assert len(watched.history("c")) == 1


def test_a_file_that_is_written_in_parts_is_taken_when_it_is_whole(watched: World) -> None:
    wasm = TWO.wasm()
    with (watched.folder / "c" / "c.wasm").open("wb") as file:
        for at in range(0, len(wasm), 100):
            file.write(wasm[at : at + 100])
            file.flush()
    watched.wait_row("c", lambda row: row.revision is not None and row.revision > 1 and row.note.kind is NoteKind.NONE)
    assert watched.history("c")[0].digest != watched.history("c")[-1].digest


def test_how_a_folder_is_watched_is_shown(watched: World) -> None:
    view = watched.runtime.snapshot().watch
    assert view.reason == ("" if view.mode == "native" else "asked for")
    polled = [event for event in watched.events(action=EventAction.WATCH) if "polling" in event.text]
    assert bool(polled) is (view.mode == "polling")


def test_a_folder_that_cannot_be_watched_is_polled_and_nothing_is_missed(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    def refuse(*_: object, **__: object) -> None:
        world.put("c", TWO)  # a change that nobody was told of
        raise OSError("no inotify watches left")

    monkeypatch.setattr(listener, "watch", refuse)
    monkeypatch.setattr(watch, "POLL", (0.03, 0.03))
    world.put("c", ONE)
    world.open(watch=True)
    world.wait_row("c", lambda row: row.state is State.RUNNING and row.digest == digest_of(TWO.wasm()))
    assert world.runtime.snapshot().watch.reason == "no inotify watches left"
    assert "no inotify watches left" in world.events(action=EventAction.WATCH)[0].text


def test_what_changes_before_the_watcher_hears_is_found_by_the_first_survey(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = threading.Event()
    listen = listener.watch

    def late(*directories: str, **settings: object) -> object:
        changed.wait(20)
        return listen(*directories, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(watch, "SURVEY", (60.0, 60.0))
    monkeypatch.setattr(listener, "watch", late)
    world.put("c", ONE)
    world.open(watch=True)
    world.put("c", TWO)
    world.put("new", Crafted(salt="new"))
    changed.set()
    world.wait_row("c", lambda row: row.revision == 2)
    world.wait_row("new", lambda row: row.state is State.RUNNING)
    assert world.events("c", EventAction.FOUND) == [], "nobody missed what could not be told yet"


def test_temporary_files_are_not_even_looked_at(world: World) -> None:
    world.put("c", ONE)
    world.open(watch=True)
    last = world.runtime.snapshot().last_event
    for name in ("c.wasm.tmp", "c.wasm~", ".c.wasm.swp", "notes.md", "c.wasm.part"):
        (world.folder / "c" / name).write_bytes(b"unfinished")
    world.put("d", TWO)
    world.wait_row("d", lambda row: row.state is State.RUNNING)
    assert [event for event in world.runtime.events(last).events if event.component == "c"] == []


@pytest.fixture
def quiet(world: World) -> World:
    """Give a world with `c` serving, whose changes are reported by hand."""
    world.put("c", ONE)
    world.open()
    return world


def test_a_second_source_of_an_identity_is_refused_naming_both(quiet: World) -> None:
    quiet.call("c", "add", 3)
    quiet.put("other", TWO)
    text = (quiet.folder / "other" / "Component.toml").read_text().replace('name = "other"', 'name = "c"')
    (quiet.folder / "other" / "Component.toml").write_text(text)
    quiet.notice("other")
    assert quiet.runtime.snapshot().problems == ("other: the name c is taken by c; this entry is refused",)
    assert quiet.row("c").revision == 1
    quiet.notice("c")
    assert quiet.row("c").state is State.RUNNING
    quiet.remove("other")
    assert quiet.runtime.snapshot().problems == ()
    assert quiet.call("c", "get") == 3


def test_the_second_source_takes_over_when_the_first_is_gone_and_it_is_touched(quiet: World) -> None:
    quiet.call("c", "add", 3)
    (quiet.folder / "c.wasm").write_bytes(TWO.wasm())
    quiet.notice("c.wasm")
    assert len(quiet.runtime.snapshot().problems) == 1
    quiet.remove("c")
    quiet.notice("c.wasm")
    row = quiet.row("c")
    assert (row.state, row.source, row.revision) == (State.RUNNING, "c.wasm", 2)
    assert quiet.runtime.snapshot().problems == ()
    assert quiet.call("c", "get") == 3


def test_a_component_that_is_renamed_in_place_leaves_no_ghost(quiet: World) -> None:
    quiet.call("c", "add", 3)
    manifest = quiet.folder / "c" / "Component.toml"
    manifest.write_text(manifest.read_text().replace('name = "c"', 'name = "renamed"'))
    quiet.notice("c")
    assert quiet.row("renamed").state is State.RUNNING
    row = quiet.row("c")
    assert (row.state, row.present) == (State.STOPPED, False)
    quiet.reopen()
    assert quiet.row("renamed").state is State.RUNNING
    assert quiet.row("c").state is not State.RUNNING
    assert not quiet.row("c").present


def test_wasm_first_waits_for_its_manifest(quiet: World) -> None:
    (quiet.folder / "d").mkdir()
    (quiet.folder / "d" / "d.wasm").write_bytes(TWO.wasm())
    quiet.notice("d")
    assert [row.id for row in quiet.runtime.snapshot().components] == ["c"]
    (quiet.folder / "d" / "Component.toml").write_text('[package]\nname = "d"\n[component]\nwasm = "d.wasm"\n')
    quiet.notice("d")
    assert quiet.row("d").state is State.RUNNING


def test_manifest_first_shows_what_it_waits_for(quiet: World) -> None:
    (quiet.folder / "d").mkdir()
    (quiet.folder / "d" / "Component.toml").write_text('[package]\nname = "d"\n[component]\nwasm = "d.wasm"\n')
    quiet.notice("d")
    row = quiet.row("d")
    assert row.state is State.FAILED
    assert "d.wasm is not in d/" in row.note.text
    (quiet.folder / "d" / "d.wasm").write_bytes(TWO.wasm())
    quiet.notice("d")
    row = quiet.row("d")
    assert (row.state, row.note.kind) == (State.RUNNING, NoteKind.NONE)


def test_a_manifest_that_cannot_be_read_is_a_failed_row_that_goes_with_its_file(quiet: World) -> None:
    quiet.put("d", TWO, "nonsense = [")
    quiet.notice("d")
    assert quiet.row("d").state is State.FAILED
    assert quiet.row("d").note.text.startswith("refused at manifest: d/Component.toml:")
    quiet.remove("d")
    assert [row.id for row in quiet.runtime.snapshot().components] == ["c"]


def test_a_manifest_with_another_name_takes_its_failed_row_along(quiet: World) -> None:
    quiet.put("d", TWO, "nonsense = [")
    quiet.notice("d")
    quiet.put("d", TWO)
    manifest = quiet.folder / "d" / "Component.toml"
    manifest.write_text(manifest.read_text().replace('name = "d"', 'namespace = "team"\nname = "e"'))
    quiet.notice("d")
    assert [row.id for row in quiet.runtime.snapshot().components] == ["c", "team/e"]
    assert quiet.call("team/e", "add", 1) == 1


def test_other_files_are_no_components(watched: World) -> None:
    for name in ("notes.txt", "noext", "catalog.db"):
        (watched.folder / name).write_text("nothing to run")
    watched.put("new", TWO)
    watched.wait_row("new", lambda row: row.state is State.RUNNING)
    assert [row.id for row in watched.runtime.snapshot().components] == ["c", "new"]
    assert not watched.runtime.snapshot().problems
    for name in ("notes.txt", "noext", "catalog.db"):
        assert folder.read(watched.folder, name) is None
        assert stamps(watched.folder, name) == ()


def test_a_folder_that_is_replaced_is_watched_again(watched: World) -> None:
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    watched.wait_row("c", lambda row: row.state is State.STOPPED and not row.present)
    assert watched.wait_for(lambda snapshot: snapshot.watch.mode == "stopped" and snapshot.watch.reason)
    watched.folder.mkdir()
    watched.put("c", ONE)
    watched.put("new", TWO)
    watched.wait_row("c", lambda row: row.state is State.RUNNING and row.revision == 1)
    watched.wait_row("new", lambda row: row.state is State.RUNNING)
    watched.wait_for(lambda snapshot: snapshot.watch.mode in {"native", "polling"})


def test_names_nobody_can_have_are_problems_of_the_folder(quiet: World) -> None:
    (quiet.folder / "---.wasm").write_bytes(ONE.wasm())
    quiet.notice("---.wasm")
    (problem,) = quiet.runtime.snapshot().problems
    assert problem.startswith("---.wasm: cannot derive a component name")


def test_a_removal_during_the_backoff_ends_it(quiet: World) -> None:
    quiet.install("c", TWO, '[supervision]\nbackoff = {initial = "100ms"}\n')
    quiet.runtime.invoke("c", "trap").exception(30)
    quiet.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    quiet.remove("c")
    row = quiet.row("c")
    assert (row.state, row.recovery.kind, row.present) == (State.FAILED, RecoveryKind.NONE, False)
    assert quiet.runtime.probe.component("c").supervision.restarting is None
    quiet.install("c", Crafted(salt="3"))
    assert quiet.row("c").state is State.RUNNING


def test_a_removal_cancels_an_update_that_is_half_done(quiet: World) -> None:
    quiet.put("c", Crafted(init="spin"), SPINS)
    quiet.notice_later("c")
    quiet.wait_row("c", lambda row: row.candidate == 2)
    quiet.remove("c")
    row = quiet.row("c")
    assert (row.state, row.candidate, row.present) == (State.STOPPED, None, False)


def test_a_newer_change_overtakes_a_slower_one(quiet: World) -> None:
    quiet.call("c", "add", 3)
    quiet.put("c", Crafted(init="spin"), SPINS)
    quiet.notice_later("c")
    quiet.wait_row("c", lambda row: row.candidate == 2)
    quiet.put("c", TWO)
    quiet.notice("c")
    row = quiet.row("c")
    assert (row.state, row.revision, row.candidate) == (State.RUNNING, 3, None)
    assert quiet.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.FAILED, 3: Outcome.ACTIVE}
    assert quiet.history("c")[1].reason == "a newer change or a rollback came first"
    assert quiet.call("c", "get") == 3


def test_a_notice_of_the_same_files_leaves_their_candidate_alone(quiet: World) -> None:
    quiet.put("c", Crafted(init="spin"), SPINS)
    quiet.notice_later("c")
    quiet.wait_row("c", lambda row: row.candidate == 2)
    quiet.notice_later("c")
    assert "already being deployed" in quiet.wait_event("c", "ignored").text
    assert quiet.row("c").candidate == 2
    quiet.put("c", ONE)
    quiet.notice("c")
    assert quiet.outcomes("c") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}


def test_putting_the_old_file_back_makes_the_candidate_void(quiet: World) -> None:
    quiet.put("c", Crafted(init="spin"), SPINS)
    quiet.notice_later("c")
    quiet.wait_row("c", lambda row: row.candidate == 2)
    quiet.put("c", ONE)
    quiet.notice("c")
    row = quiet.row("c")
    assert (row.state, row.revision, row.candidate) == (State.RUNNING, 1, None)
    assert quiet.outcomes("c") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}


def test_of_many_changes_at_once_the_last_one_serves(quiet: World) -> None:
    for salt in range(12):
        quiet.put("c", Crafted(salt=f"burst {salt}"))
        following = quiet.notice_later("c")
    following.result(30)
    quiet.publish()
    digest = quiet.runtime.probe.component("c").files.on_disk.digest
    row = quiet.row("c")
    assert (row.digest, row.state) == (digest, State.RUNNING)
    numbers = [revision.number for revision in quiet.history("c")]
    assert numbers == sorted(numbers, reverse=True)
    assert set(quiet.outcomes("c").values()) <= {Outcome.ACTIVE, Outcome.SUPERSEDED, Outcome.FAILED}


@pytest.mark.parametrize("bad", [Crafted(init="error"), Crafted(load="error"), Crafted(health="unhealthy")])
def test_refusals_that_are_overtaken_leave_nothing_half_done(quiet: World, bad: Crafted) -> None:
    for salt in range(8):
        quiet.put("c", Crafted(init=bad.init, load=bad.load, health=bad.health, salt=f"{salt}"))
        quiet.notice_later("c")
    quiet.put("c", TWO)
    quiet.notice("c")
    row = quiet.row("c")
    assert (row.state, row.candidate, row.note.kind) == (State.RUNNING, None, NoteKind.NONE)
    assert Outcome.CANDIDATE not in quiet.outcomes("c").values()
    assert quiet.call("c", "add", 1) == 1


def test_a_change_during_the_first_scan_does_not_stop_it(world: World) -> None:
    world.put("c", Crafted(init="spin"), SPINS)
    world.put("d", ONE)
    opening = world.open_later()
    world.wait_row("c", lambda row: row.candidate == 1)
    world.put("c", TWO)
    world.notice("c")
    assert opening(), "the scan ended"
    assert world.runtime.snapshot().phase is Phase.RUNNING
    assert world.row("c").state is State.RUNNING
    assert world.row("d").state is State.RUNNING


def test_unloaded_stays_away_until_it_is_asked_for(quiet: World) -> None:
    quiet.call("c", "add", 3)
    quiet.do(Unload("c"))
    assert quiet.row("c").state is State.UNINSTALLED
    quiet.notice("c")
    assert quiet.row("c").state is State.UNINSTALLED
    with pytest.raises(TransitionError, match="already unloaded"):
        quiet.do(Unload("c"))
    quiet.do(Start("c"))
    assert quiet.call("c", "get") == 3


def test_an_unloaded_failed_row_is_not_tried_again_by_itself(quiet: World) -> None:
    quiet.put("d", TWO, "nonsense = [")
    quiet.notice("d")
    quiet.do(Unload("d"))
    quiet.put("d", TWO)
    quiet.notice("d")
    assert quiet.row("d").state is State.UNINSTALLED
    assert quiet.events(action=EventAction.INTERNAL) == []


@pytest.mark.parametrize("command", [Start, Stop, Unload])
def test_a_component_nobody_knows_is_named_with_the_nearest(quiet: World, command: Callable[[str], object]) -> None:
    quiet.install("counter", RELEASES / "1.0.0")
    with pytest.raises(UnknownComponent, match="there is no component 'countr'") as refused:
        quiet.do(command("countr"))
    assert "counter" in refused.value.remedy


def test_the_releases_of_the_counter_go_the_way_of_the_tour(quiet: World) -> None:
    quiet.install("counter", RELEASES / "1.0.0")
    quiet.call("counter", "increment", 41)
    row = quiet.install("counter", RELEASES / "1.1.0")
    assert (row.version, quiet.call("counter", "get")) == ("1.1.0", 41)
    row = quiet.install("counter", RELEASES / "1.2.0")
    assert row.version == "1.1.0"
    assert row.note.text == '1.2.0 refused at health probe: status unhealthy ("negative count")'
    row = quiet.install("counter", RELEASES / "1.3.0")
    assert row.version == "1.1.0"
    assert row.note.text.startswith("1.3.0 refused at compatibility: ")
    assert "reset" in row.note.text
    row = quiet.install("counter", RELEASES / "1.4.0")
    assert (row.version, row.note.kind, quiet.call("counter", "get")) == ("1.4.0", NoteKind.NONE, 41)
