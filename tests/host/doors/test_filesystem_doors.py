"""The doors to files where the model says nothing: sizes, quotas, full disks, times, pages, calls that have to end."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.filesystem import directory_pages, file_door, tree_removal
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL, FUEL_PER_ENTRY
from airssys_tui.host.doors.filesystem.descent import open_directory
from airssys_tui.host.doors.filesystem.entry import Place
from airssys_tui.host.doors.filesystem.file_door import Opening
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.doors.filesystem.open_file import Whence
from airssys_tui.host.doors.filesystem.os_refusals import refusal_of
from tests.support.file_trees import descriptors, everything_in, outcome
from tests.support.full_disk import small_file_system
from tests.support.guarded import RuledGuard, StandingCall

MIB = 1_048_576


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder in which everything is granted."""
    return tmp_path.resolve()


@pytest.fixture
def guard(folder: Path) -> RuledGuard:
    """Give the guard of that folder."""
    return RuledGuard(*everything_in(folder))


@pytest.fixture
def doors(guard: RuledGuard) -> Iterator[Filesystem]:
    """Give the doors; whatever happens, nothing of theirs stays open."""
    before = descriptors()
    yield Filesystem(guard)
    assert descriptors() <= before


@pytest.fixture
def call() -> StandingCall:
    """Give a call that may go on."""
    return StandingCall()


def case(work: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    return outcome(work, *args, **kwargs)[0]


# what is pinned


@pytest.mark.parametrize("meanwhile", ["a link", "another file", "nothing"])
def test_what_was_looked_at_is_opened_and_nothing_else(folder: Path, way: str, meanwhile: str) -> None:
    (folder / "f").write_bytes(b"looked at")
    (folder / "other").write_bytes(b"other")
    directory = open_directory(bytes(folder))
    assert isinstance(directory, int)
    pinned = Place(directory, b"f", bytes(folder / "f")).pin()
    assert pinned is not None
    (folder / "f").rename(folder / "was")
    if meanwhile == "a link":
        (folder / "f").symlink_to("other")
    elif meanwhile == "another file":
        (folder / "other").rename(folder / "f")
    with pinned:
        if way == "portable":
            refused = {"a link": OSError, "another file": FileRefusal, "nothing": FileNotFoundError}[meanwhile]
            with pytest.raises(refused):
                pinned.open(os.O_RDONLY)
        else:
            descriptor = pinned.open(os.O_RDONLY)
            assert os.read(descriptor, 99) == b"looked at"
            os.close(descriptor)


# files


def test_a_position_may_lie_past_the_end_and_not_before_the_beginning(
    folder: Path, doors: Filesystem, call: StandingCall
) -> None:
    file = doors.files.open(call, f"{folder}/f", Opening(read=True, write=True, create=True))
    assert file.seek(call, 5, Whence.START) == 5
    assert file.write(call, b"x") == 1
    assert file.seek(call, -6, Whence.CURRENT) == 0
    assert file.read(call, 10) == bytes(5) + b"x"
    assert file.read(call, 10) == b""
    assert file.seek(call, 2**40, Whence.END) == 2**40 + 6
    assert case(file.seek, call, -1, Whence.START) == "invalid-input"
    assert case(file.seek, call, 2**63 - 1, Whence.CURRENT) == "invalid-input"
    assert file.size(call) == 6
    file.flush(call)
    file.close()
    file.close()
    assert case(file.read, call, 1) == "closed"


def test_appending_goes_to_the_end(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    (folder / "f").write_bytes(b"old")
    file = doors.files.open(call, f"{folder}/f", Opening(append=True, read=True))
    file.seek(call, 0, Whence.START)
    file.write(call, b"new")
    file.close()
    assert (folder / "f").read_bytes() == b"oldnew"


def test_neither_reading_nor_writing_is_refused(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    assert case(doors.files.open, call, f"{folder}/f", Opening(create=True, truncate=True)) == "invalid-input"
    assert list(folder.iterdir()) == []


def test_a_file_that_is_replaced_keeps_its_mode(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    (folder / "f").write_bytes(b"old")
    (folder / "f").chmod(0o4640)
    doors.files.write_all(call, f"{folder}/f", b"new")
    assert (folder / "f").stat().st_mode & 0o7777 == 0o640
    doors.files.copy(call, f"{folder}/f", f"{folder}/g")
    assert (folder / "g").stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("failing", ["fsync", "fchmod", "rename"])
def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(
    folder: Path, doors: Filesystem, call: StandingCall, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "f").write_bytes(b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        assert case(doors.files.write_all, call, f"{folder}/f", b"new") == "failed"
        assert case(doors.files.write_all, call, f"{folder}/g", b"new") == ("ok" if failing == "fchmod" else "failed")
    assert (folder / "f").read_bytes() == b"old"
    assert {path.name for path in folder.iterdir()} <= {"f", "g"}


def test_a_replacement_is_on_the_disk_before_it_is_done(
    folder: Path, doors: Filesystem, call: StandingCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        steps.append("directory" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")  # noqa: PTH112
        sync(descriptor)

    def renamed(*args: Any, **kwargs: Any) -> None:
        steps.append("rename")
        rename(*args, **kwargs)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    doors.files.write_all(call, f"{folder}/f", b"new")
    assert steps == ["file", "rename", "directory"]


def test_a_full_disk_is_a_quota_and_breaks_nothing(tmp_path: Path, call: StandingCall) -> None:
    with small_file_system(tmp_path / "small") as where:
        doors = Filesystem(RuledGuard(*everything_in(where), *everything_in(tmp_path)))
        (where / "f").write_bytes(b"old")
        file = doors.files.open(call, f"{where}/g", Opening(write=True, create=True))
        written = 0
        while (some := outcome(file.write, call, bytes(MIB - 1)))[0] == "ok":
            written += some[1]
        assert some[0] == "quota-exceeded"
        assert written == (where / "g").stat().st_size > 4 * MIB
        assert case(doors.files.write_all, call, f"{where}/f", bytes(MIB)) == "quota-exceeded"
        assert case(doors.files.copy, call, f"{where}/g", f"{where}/h") == "quota-exceeded"
        assert (where / "f").read_bytes() == b"old"
        assert {path.name for path in where.iterdir()} == {"f", "g"}
        with pytest.raises(FileRefusal, match="different devices"):
            doors.files.rename(call, f"{where}/f", f"{tmp_path}/f")
        assert case(doors.directories.remove_all, call, str(tmp_path)) == "failed"
        assert {path.name for path in where.iterdir()} == {"f", "g"}, "another device is left alone"
        file.close()


def test_as_many_open_files_as_the_program_may_have_are_a_quota(
    folder: Path, doors: Filesystem, call: StandingCall
) -> None:
    (folder / "f").write_bytes(b"")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(one.partition(" ")[0]) for one in descriptors())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2, before[1]))
    try:
        opened = [outcome(doors.files.open, call, f"{folder}/f", Opening(read=True)) for _ in range(highest + 3)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert opened[-1][0] == "quota-exceeded"
    for _, file in opened:
        if file is not None:
            file.close()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOENT, "not-found"),
        (errno.EEXIST, "already-exists"),
        (errno.ENOTEMPTY, "not-empty"),
        (errno.ENAMETOOLONG, "invalid-path"),
        (errno.ENOSPC, "quota-exceeded"),
        (errno.EDQUOT, "quota-exceeded"),
        (errno.EMFILE, "quota-exceeded"),
        (errno.ENFILE, "quota-exceeded"),
        (errno.EROFS, "failed"),
        (errno.EXDEV, "failed"),
        (errno.EACCES, "failed"),
        (errno.EIO, "failed"),
    ],
)
def test_what_the_system_reports_has_its_case_and_names_no_path(number: int, expected: str) -> None:
    refusal = refusal_of(OSError(number, os.strerror(number), "/secret/place"))
    assert refusal.case == expected
    assert refusal.message
    assert "secret" not in refusal.message


def test_a_copy_stops_when_the_call_has_to_end_and_leaves_the_target(
    folder: Path, doors: Filesystem, call: StandingCall
) -> None:
    (folder / "f").write_bytes(b"new")
    (folder / "g").write_bytes(b"old")
    call.cancelled = True
    assert case(doors.files.copy, call, f"{folder}/f", f"{folder}/g") == "failed"
    call.cancelled, call.deadline_ns = False, 0
    assert case(doors.files.copy, call, f"{folder}/f", f"{folder}/g") == "failed"
    assert ((folder / "g").read_bytes(), len(list(folder.iterdir()))) == (b"old", 2)


def test_a_copy_has_a_limit(
    folder: Path, doors: Filesystem, guard: RuledGuard, call: StandingCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_door, "MAX_COPIED", 10)
    (folder / "f").write_bytes(bytes(11))
    assert case(doors.files.copy, call, f"{folder}/f", f"{folder}/g") == "quota-exceeded"
    assert guard.reasons == ["quota"]
    assert [path.name for path in folder.iterdir()] == ["f"]


def test_two_links_to_one_file_are_not_renamed_onto_each_other(
    folder: Path, doors: Filesystem, call: StandingCall
) -> None:
    (folder / "f").write_bytes(b"x")
    (folder / "g").hardlink_to(folder / "f")
    assert case(doors.files.rename, call, f"{folder}/f", f"{folder}/g") == "failed"
    assert case(doors.files.rename, call, f"{folder}/f", f"{folder}/f") == "ok"
    assert len(list(folder.iterdir())) == 2


def test_every_byte_is_charged(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    doors.files.write_all(call, f"{folder}/f", bytes(1_000))
    doors.files.copy(call, f"{folder}/f", f"{folder}/g")
    doors.files.read_all(call, f"{folder}/g")
    assert call.charged == 3 * 1_000 + 4 * FUEL_PER_CALL


# directories


def names(count: int) -> list[str]:
    return sorted((f"file-{number}" for number in range(count)), key=str.encode)


def pages(doors: Filesystem, call: StandingCall, folder: Path, limit: int) -> tuple[list[str], int]:
    found, skipped, cursor = [], 0, None
    while True:
        page = doors.directories.list(call, str(folder), cursor, limit)
        assert len(page.entries) <= limit
        found += [name for name, _ in page.entries]
        skipped += page.skipped
        cursor = page.next
        if cursor is None:
            return found, skipped


def test_a_directory_is_read_once_for_all_its_pages(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    for name in names(300):
        (folder / name).touch()
    assert pages(doors, call, folder, 7) == (names(300), 0)
    assert call.charged == 300 * FUEL_PER_ENTRY + 43 * FUEL_PER_CALL


def test_a_large_directory_is_read_once_for_each_window(
    folder: Path, doors: Filesystem, call: StandingCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_pages, "KEPT_NAMES", 20)
    for name in names(90):
        (folder / name).touch()
    for number in range(5):
        (folder / os.fsdecode(b"file-%d\xff" % (number * 15))).touch()
    assert pages(doors, call, folder, 7) == (names(90), 5)
    assert call.charged < 6 * 95 * FUEL_PER_ENTRY + 20 * FUEL_PER_CALL


def test_a_cursor_holds_when_others_were_looked_at_meanwhile(
    folder: Path, doors: Filesystem, call: StandingCall
) -> None:
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
        for inner in names(4):
            (folder / name / inner).touch()
    first = {name: doors.directories.list(call, f"{folder}/{name}", None, 3) for name in ("a", "b", "c")}
    (folder / "a" / "file-0").unlink()
    for name, page in first.items():
        assert [one for one, _ in page.entries] == ["file-0", "file-1", "file-2"]
        rest = doors.directories.list(call, f"{folder}/{name}", page.next, 3)
        assert ([one for one, _ in rest.entries], rest.next) == (["file-3"], None)


@pytest.mark.parametrize("cursor", ["", "x", "1", "1:", "1:0", "1:zz", "-1:61", "1:61 ", "9" * 30 + ":61"])
def test_a_cursor_that_no_page_said_is_refused(
    folder: Path, doors: Filesystem, call: StandingCall, cursor: str
) -> None:
    assert case(doors.directories.list, call, str(folder), cursor, 5) == "invalid-input"


@pytest.mark.parametrize("limit", [0, 1_001, 2**32 - 1])
def test_a_page_has_1_to_1000_names(folder: Path, doors: Filesystem, call: StandingCall, limit: int) -> None:
    assert case(doors.directories.list, call, str(folder), None, limit) == "invalid-input"


def test_every_directory_that_is_made_is_asked_for_before_the_first_is_made(
    folder: Path, doors: Filesystem, guard: RuledGuard, call: StandingCall
) -> None:
    guard.grants = RuledGuard(f"filesystem:write:{folder}/a", f"filesystem:write:{folder}/a/b/c").grants
    assert case(doors.directories.create, call, f"{folder}/a/b/c", parents=True) == "denied"
    assert list(folder.iterdir()) == []


def test_a_tree_that_grows_while_it_is_removed_is_removed_all_the_same(
    folder: Path, doors: Filesystem, guard: RuledGuard, call: StandingCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "t").mkdir()
    (folder / "t" / "a").touch()
    late = iter(("b", "c"))
    sweep = tree_removal.TreeRemoval._sweep  # noqa: SLF001 -- between counting and taking away

    def grow(self: Any, *args: Any) -> None:
        if (name := next(late, None)) is not None:
            (folder / "t" / name).mkdir()
        sweep(self, *args)

    monkeypatch.setattr(tree_removal.TreeRemoval, "_sweep", grow)
    assert doors.directories.remove_all(call, f"{folder}/t") == 3
    assert {access.subject for access in guard.asked} == {f"{folder}/t", f"{folder}/t/a"}


def test_a_tree_that_is_filled_again_and_again_is_left(
    folder: Path, doors: Filesystem, call: StandingCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "t").mkdir()
    sweep = tree_removal.TreeRemoval._sweep  # noqa: SLF001 -- between counting and taking away

    def grow(self: Any, *args: Any) -> None:
        sweep(self, *args)
        (folder / "t" / "again").touch()

    monkeypatch.setattr(tree_removal.TreeRemoval, "_sweep", grow)
    assert case(doors.directories.remove_all, call, f"{folder}/t") == "failed"


def test_a_tree_is_not_begun_when_the_call_has_to_end(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    (folder / "t" / "u").mkdir(parents=True)
    call.cancelled = True
    assert case(doors.directories.remove_all, call, f"{folder}/t") == "failed"
    assert (folder / "t" / "u").is_dir()


def test_a_deep_tree_is_removed(folder: Path, doors: Filesystem, call: StandingCall, way: str) -> None:
    deep = folder / "t"
    deep.joinpath(*["d"] * 150).mkdir(parents=True)
    assert doors.directories.remove_all(call, f"{folder}/t") == 150


# what is known of paths


def test_times_are_exact_and_one_can_be_left(folder: Path, doors: Filesystem, call: StandingCall, way: str) -> None:
    (folder / "f").touch()
    os.utime(folder / "f", ns=(5, 7))
    doors.metadata.set_times(call, f"{folder}/f", 1_700_000_000_123_456_789, None)
    status = (folder / "f").stat()
    assert (status.st_mtime_ns, status.st_atime_ns) == (1_700_000_000_123_456_789, 5)
    doors.metadata.set_times(call, f"{folder}/f", None, 9)
    assert (folder / "f").stat().st_atime_ns == 9
    assert doors.metadata.stat(call, f"{folder}/f", follow=False).modified_ns == 1_700_000_000_123_456_789
    assert case(doors.metadata.set_times, call, f"{folder}/f", 1 << 63, None) == "invalid-input"


def test_a_time_before_1970_is_known(folder: Path, doors: Filesystem, call: StandingCall) -> None:
    (folder / "f").touch()
    os.utime(folder / "f", ns=(-1, -1_500_000_001))
    assert doors.metadata.stat(call, f"{folder}/f", follow=False).modified_ns == -1_500_000_001


def test_reading_or_listing_is_enough_to_look(folder: Path, call: StandingCall) -> None:
    (folder / "f").write_bytes(b"12")
    for action in ("read", "list"):
        guard = RuledGuard(f"filesystem:{action}:{folder}/f")
        assert Filesystem(guard).metadata.stat(call, f"{folder}/f", follow=True).size == 2
        assert guard.asked == [Access("filesystem", action, f"{folder}/f")]
    guard = RuledGuard(f"filesystem:write:{folder}/f")
    assert case(Filesystem(guard).metadata.exists, call, f"{folder}/f") == "denied"
    assert guard.reasons == ["undeclared"]
