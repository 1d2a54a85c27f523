"""What the system does not tell of is found all the same: a survey beside native watching, and what it says then."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.events import EventAction
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.sources import listener, surveyor, watch
from airssys_tui.runtime.sources.baseline import MOST_DOUBTS, TICK, Baseline
from airssys_tui.runtime.sources.listener import reason_of
from airssys_tui.runtime.sources.settle import Found, Settled
from airssys_tui.runtime.sources.stamps import FolderSurvey, Stamp, stamps
from tests.support.components import Crafted
from tests.support.world import World

ONE, TWO = Crafted(salt="1").wasm(), Crafted(salt="2").wasm()
MISSED = "the survey found a change the watcher missed"


@pytest.fixture
def surveyed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world whose surveys follow each other soon; nothing is open yet."""
    monkeypatch.setattr(watch, "SURVEY", (0.2, 0.2))
    monkeypatch.setattr(watch, "FOLDER_LOOK", 0.05)
    return world


def _manifest(name: str) -> str:
    return f'[package]\nname = "{name}"\n[component]\nwasm = "{name}.wasm"\n'


def _files(directory: Path, wasm: bytes) -> Path:
    directory.mkdir(parents=True)
    (directory / "c.wasm").write_bytes(wasm)
    (directory / "Component.toml").write_text(_manifest("c"))
    return directory


def _swap(link: Path, target: str | Path) -> None:
    """Let a link lead elsewhere, in one step, as Kubernetes and deployment scripts do."""
    aside = link.with_name(link.name + ".new")
    aside.symlink_to(target)
    aside.replace(link)


def _target_rewritten(folder: Path, outside: Path) -> Callable[[], object]:
    (outside / "c.wasm").write_bytes(ONE)
    (folder / "c.wasm").symlink_to(outside / "c.wasm")
    return lambda: (outside / "c.wasm").write_bytes(TWO)


def _target_replaced(folder: Path, outside: Path) -> Callable[[], object]:
    _target_rewritten(folder, outside)
    (outside / "new").write_bytes(TWO)
    return lambda: (outside / "new").replace(outside / "c.wasm")


def _link_above(folder: Path, outside: Path) -> Callable[[], object]:
    _files(outside / "releases" / "1", ONE)
    _files(outside / "releases" / "2", TWO)
    (outside / "current").symlink_to("releases/1")
    (folder / "c").symlink_to(outside / "current")
    return lambda: _swap(outside / "current", "releases/2")


def _mounted_volume(folder: Path, outside: Path) -> Callable[[], object]:
    volume = folder / "c"
    _files(volume / "..2026_01", ONE)
    (volume / "..data").symlink_to("..2026_01")
    for name in ("c.wasm", "Component.toml"):
        (volume / name).symlink_to(f"..data/{name}")
    _files(volume / "..2026_02", TWO)
    return lambda: _swap(volume / "..data", "..2026_02")


def _other_name(folder: Path, outside: Path) -> Callable[[], object]:
    (outside / "c.wasm").write_bytes(ONE)
    (folder / "c.wasm").hardlink_to(outside / "c.wasm")
    return lambda: (outside / "c.wasm").write_bytes(TWO)


def _same_size_and_time(folder: Path, outside: Path) -> Callable[[], object]:
    _target_rewritten(folder, outside)
    assert len(ONE) == len(TWO)

    def change() -> None:
        before = (outside / "c.wasm").stat()
        with (outside / "c.wasm").open("r+b") as file:
            file.write(TWO)
        os.utime(outside / "c.wasm", ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (outside / "c.wasm").stat().st_mtime_ns == before.st_mtime_ns

    return change


@pytest.mark.parametrize(
    "arrange", [_target_rewritten, _target_replaced, _link_above, _mounted_volume, _other_name, _same_size_and_time]
)
def test_what_nobody_tells_of_is_found_and_said(
    surveyed: World, tmp_path: Path, arrange: Callable[[Path, Path], Callable[[], object]]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    change = arrange(surveyed.folder, outside)
    surveyed.open(watch=True)
    surveyed.wait_row("c", lambda row: row.digest == digest_of(ONE) and row.state is State.RUNNING)
    _wait_heard(surveyed)
    change()
    surveyed.wait_row("c", lambda row: row.digest == digest_of(TWO) and row.state is State.RUNNING)
    assert surveyed.told("c", EventAction.FOUND).startswith(MISSED)
    assert len(surveyed.history("c")) == 2


def _wait_heard(world: World) -> None:
    """Wait until the watcher surely hears: it is told of a change in the directory that was added last."""
    world.put("heard", Crafted(salt="heard"))
    world.wait_row("heard", lambda row: row.state is State.RUNNING)
    for revision in range(2, 30):
        before = world.runtime.snapshot().watch.missed
        world.put("heard", Crafted(salt=f"heard {revision}"))
        world.wait_row("heard", lambda row, revision=revision: row.revision == revision)  # type: ignore[misc]
        if world.runtime.snapshot().watch.missed == before:
            return
    raise AssertionError("the watcher hears nothing")


def test_the_watched_folder_may_be_a_link_that_is_swapped(surveyed: World, tmp_path: Path) -> None:
    first, second = tmp_path / "release 1", tmp_path / "release 2"
    surveyed.folder.rmdir()
    _files(first / "c", ONE)
    _files(second / "c", TWO)
    _files(second / "new", TWO)
    (second / "new" / "Component.toml").write_text(_manifest("new").replace("new.wasm", "c.wasm"))
    surveyed.folder.symlink_to(first)
    surveyed.open(watch=True)
    _swap(surveyed.folder, second)
    surveyed.wait_row("c", lambda row: row.digest == digest_of(TWO) and row.state is State.RUNNING)
    surveyed.wait_row("new", lambda row: row.state is State.RUNNING)
    (second / "c" / "c.wasm").write_bytes(Crafted(salt="3").wasm())
    surveyed.wait_row("c", lambda row: row.revision == 3)


def test_a_folder_that_is_a_link_keeps_its_state_when_it_is_swapped(surveyed: World, tmp_path: Path) -> None:
    first, second = tmp_path / "release 1", tmp_path / "release 2"
    surveyed.folder.rmdir()
    _files(first / "c", ONE)
    _files(second / "c", TWO)
    surveyed.folder.symlink_to(first)
    surveyed.open(watch=True)
    surveyed.call("c", "add", 7)
    surveyed.close()
    _swap(surveyed.folder, second)
    surveyed.open(watch=True)
    assert surveyed.row("c").revision == 2
    assert surveyed.call("c", "get") == 7


def _deaf(*_: object, stop_event: threading.Event, **__: object) -> Iterator[set[Any]]:
    """A system that tells of nothing: a full queue, a mount without events."""
    yield set()
    stop_event.wait(60)


def test_events_that_are_lost_are_made_up_for_and_counted(surveyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "watch", _deaf)
    monkeypatch.setattr(watch, "GRACE", 0.05)
    surveyed.put("c", ONE)
    surveyed.open(watch=True)
    surveyed.wait_for(lambda snapshot: snapshot.watch.mode == "native")
    for count in (1, 2, 3):
        surveyed.put("c", Crafted(salt=f"lost {count}"))
        surveyed.wait_row("c", lambda row, count=count: row.revision == count + 1)  # type: ignore[misc]
    surveyed.wait_for(lambda snapshot: snapshot.watch.missed >= 2)  # the first may have come before it listened
    (surveyed.folder / "c" / "c.wasm").unlink()
    (surveyed.folder / "c" / "Component.toml").unlink()
    surveyed.wait_row("c", lambda row: row.state is State.STOPPED and not row.present)


@pytest.mark.parametrize("late", [0.1, 0.2, 0.3])
def test_a_notice_that_comes_after_a_survey_was_not_missed(
    surveyed: World, monkeypatch: pytest.MonkeyPatch, late: float
) -> None:
    listen, look, seen = listener.watch, surveyor.survey, threading.Event()

    def tell_late(*directories: str, **settings: Any) -> Iterator[set[Any]]:
        for notices in listen(*directories, **settings):
            if any(path.endswith("c.wasm") for _, path in notices):
                seen.wait(30)
                threading.Event().wait(late)
            yield notices

    def survey(*given: Any) -> FolderSurvey:
        found = look(*given)
        if any(stamp.size == len(longer) for stamp in found.stamps.get("c", ())):
            seen.set()
        return found

    monkeypatch.setattr(listener, "watch", tell_late)
    monkeypatch.setattr(surveyor, "survey", survey)
    monkeypatch.setattr(watch, "GRACE", 5.0)
    longer = Crafted(salt="longer than the one before").wasm()
    surveyed.put("c", ONE)
    surveyed.open(watch=True)
    _wait_heard(surveyed)
    before = surveyed.runtime.snapshot().watch.missed  # what came before it listened
    (surveyed.folder / "c" / "c.wasm").write_bytes(longer)
    surveyed.wait_row("c", lambda row: row.digest == digest_of(longer))
    assert seen.is_set()
    assert surveyed.events("c", EventAction.FOUND) == []
    assert surveyed.runtime.snapshot().watch.missed == before


@pytest.mark.parametrize(("more", "found"), [(0, Found.DOUBT), (7, Found.NOTICE)])
def test_a_doubt_about_what_changed_again_is_an_ordinary_change(
    surveyed: World, monkeypatch: pytest.MonkeyPatch, more: int, found: Found
) -> None:
    surveyed.put("c", ONE)
    surveyed.open(watch=True)
    surveyed.wait_row("c", lambda row: row.state is State.RUNNING)
    watching, handed_on = surveyed.runtime.probe.system._watch, list[Settled]()  # noqa: SLF001 - settled at this moment

    async def take(change: Settled) -> None:
        handed_on.append(change)

    monkeypatch.setattr(watching, "_settled", take)
    seen = tuple(stamp._replace(size=stamp.size + more, changed=1) for stamp in stamps(surveyed.folder, "c"))
    surveyed.run(lambda: watching._hand_on(Settled("c", seen, 0.0, 1, Found.DOUBT)))  # noqa: SLF001
    assert handed_on[-1].found is found


@pytest.mark.parametrize("time_of", [0, 1_000_000_000, 1_700_000_000_000_000_000])
def test_polling_sees_another_content_of_the_same_size_time_and_inode(
    world: World, monkeypatch: pytest.MonkeyPatch, time_of: int
) -> None:
    monkeypatch.setenv("AIRSSYS_TUI_POLL", "1")
    monkeypatch.setattr(watch, "POLL", (0.05, 0.05))
    path = world.folder / "c.wasm"
    path.write_bytes(ONE)
    os.utime(path, ns=(time_of, time_of))
    world.open(watch=True)
    world.wait_for(lambda snapshot: snapshot.watch.words == "polling")
    inode = path.stat().st_ino
    with path.open("r+b", buffering=0) as file:
        file.write(TWO)
        os.utime(file.fileno(), ns=(time_of, time_of))
    world.wait_row("c", lambda row: row.digest == digest_of(TWO))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (inode, time_of)
    assert {revision.digest for revision in world.history("c")} == {digest_of(ONE), digest_of(TWO)}


def test_rights_and_hard_links_that_change_deploy_and_say_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "watch", _deaf)
    monkeypatch.setattr(watch, "SURVEY", (0.05, 0.05))
    monkeypatch.setattr(watch, "GRACE", 0.05)
    world.put("c", ONE)
    world.open(watch=True)
    world.wait_for(lambda snapshot: snapshot.watch.mode == "native")
    (world.folder / "c" / "c.wasm").chmod(0o600)
    (world.folder / "other name").hardlink_to(world.folder / "c" / "c.wasm")
    world.put("d", TWO)
    world.wait_row("d", lambda row: row.state is State.RUNNING)
    assert world.row("c").revision == 1
    assert world.events("c", EventAction.FOUND) == []
    assert world.events("c", EventAction.IGNORED) == []


def test_what_may_bear_the_same_time_is_read_once_more() -> None:
    baseline = Baseline()
    old, young = (Stamp("x.wasm", 5, modified=at, changed=at) for at in (0, 1_000_000_000_000))
    baseline.begin({"old": (old,), "young": (young,)}, wall=1_000.5, now=10.0)
    assert baseline.doubtful(10.0 + TICK / 2) == ()
    assert baseline.doubtful(10.0 + TICK) == ("young",)
    assert baseline.doubtful(100.0) == (), "once"
    baseline.move("young", (young,), wall=1_000.5, now=100.0, doubted=True)
    assert baseline.doubtful(200.0) == (), "it was compared after the clock had moved on"
    baseline.move("young", (young,), wall=1_000.5, now=200.0)
    baseline.move("young", (), wall=1_001.0, now=200.1)
    assert baseline.doubtful(300.0) == (), "it is gone"
    baseline.begin({f"{n}": (young,) for n in range(200)}, wall=1_000.5, now=300.0)
    assert [len(baseline.doubtful(400.0)) for _ in range(5)] == [MOST_DOUBTS] * 3 + [200 - 3 * MOST_DOUBTS, 0]


def test_a_name_that_is_not_utf8_ends_listening_for_a_moment_and_is_not_touched_again(surveyed: World) -> None:
    surveyed.put("c", ONE)
    surveyed.open(watch=True)
    _wait_heard(surveyed)
    bad = os.fsencode(surveyed.folder) + b"/bad\xff.wasm"
    Path(os.fsdecode(bad)).write_bytes(ONE)
    surveyed.wait_for(lambda snapshot: snapshot.watch.reason == "a file name is not UTF-8")
    surveyed.wait_for(lambda snapshot: snapshot.watch.words == "native + survey")
    baseline = Baseline()
    baseline.begin({os.fsdecode(b"bad\xff.wasm"): (Stamp("x", 1),)}, wall=0.0, now=0.0)
    assert baseline.doubtful(100.0) == ()
    surveyed.put("c", TWO)
    surveyed.wait_row("c", lambda row: row.digest == digest_of(TWO))
    assert len(surveyed.history("c")) == 2
    assert len(surveyed.events(action=EventAction.WATCH)) <= 4, "no loop"


def test_only_the_two_levels_that_matter_are_listened_to(surveyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, *tuple[str, ...]]] = []

    def note(*directories: str, **settings: Any) -> Iterator[set[Any]]:
        asked.append((settings["recursive"], *directories))
        yield from _deaf(**settings)

    monkeypatch.setattr(listener, "watch", note)
    for name in ("target/debug/deps", ".git/objects", "src"):
        (surveyed.folder / "c" / name).mkdir(parents=True)
    (surveyed.folder / ".releases" / "1").mkdir(parents=True)
    (surveyed.folder / "out").symlink_to("/")
    surveyed.put("c", ONE)
    surveyed.open(watch=True)
    surveyed.wait_for(lambda _: asked)
    folder = str(surveyed.folder)
    recursive, *directories = asked[0]
    assert (recursive, sorted(directories)) == (False, [folder, f"{folder}/c", f"{folder}/out"])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("Error creating recommended watcher: Error { kind: MaxFilesWatch, paths: [] }"), "file watches left"),
        (RuntimeError("error in underlying watcher: No space left on device (os error 28)"), "max_user_watches"),
        (RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"), "max_user_instances"),
        (RuntimeError('Unable to decode path "/c/bad\\xFF.wasm" to string'), "a file name is not UTF-8"),
        (RuntimeError('Error { kind: Io(Os { code: 5, kind: Uncategorized, message: "x" }) }'), "input/output error"),
        (RuntimeError('Error { kind: Generic("the mount went away"), paths: ["/c"] }'), "the mount went away"),
        (RuntimeError("WatcherGone { paths: [], inner: None }"), "WatcherGone"),
        (FileNotFoundError(errno.ENOENT, 'No such file or directory (os error 2) about ["/c/x"]'), "vanished"),
        (ExceptionGroup("unhandled errors in a TaskGroup (1 sub-exception)", [OSError("no room")]), "no room"),
        (ExceptionGroup("outer", [ExceptionGroup("inner", [RuntimeError("")])]), "RuntimeError"),
    ],
)
def test_why_the_system_does_not_tell_is_said_in_words(error: Exception, words: str) -> None:
    said = reason_of(error)
    assert words in said
    assert not set('{}[]"') & set(said), "no debug output of another language"


@pytest.mark.parametrize(
    "error",
    [
        ExceptionGroup("unhandled errors in a TaskGroup (1 sub-exception)", [RuntimeError("the queue broke")]),
        RuntimeError("the queue broke"),
        OSError("the queue broke"),
        ValueError("the queue broke"),
    ],
)
def test_whatever_ends_listening_is_an_error_like_any_other(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    listen, tries = listener.watch, []

    def fail_twice(*directories: str, **settings: Any) -> Iterator[set[Any]]:
        tries.append(directories)
        if len(tries) > 2:
            yield from listen(*directories, **settings)
            return
        yield set()
        raise error

    monkeypatch.setattr(listener, "watch", fail_twice)
    monkeypatch.setattr(watch, "RETRY", (0.05, 0.1))
    world.put("c", ONE)
    world.open(watch=True)
    world.wait_for(lambda snapshot: len(tries) > 2 and snapshot.watch.words == "native + survey")
    said = [event.text for event in world.events(action=EventAction.WATCH)]
    assert said[0] == "watching by polling: the queue broke"
    assert said[-1] == "watching again: native + survey"
    assert world.events(action=EventAction.INTERNAL) == []
    assert len(world.history("c")) == 1
