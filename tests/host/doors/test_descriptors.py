"""The door by descriptors where the second opinion says nothing: who is asked, what moves meanwhile, bounds, errors."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.descriptors import object_status
from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError, failure
from airssys_tui.host.doors.descriptors.directory_descriptor import DirectoryDescriptor, OpenRequest
from airssys_tui.host.doors.descriptors.file_descriptor import Advice, OpenMode
from airssys_tui.host.doors.descriptors.open_quota import MAX_DESCRIPTORS
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from tests.support.file_trees import descriptors, everything_in
from tests.support.full_disk import small_file_system
from tests.support.guarded import RuledGuard, StandingCall
from tests.support.plain_calls import told

KIB = 1_024


class Place:
    """A folder in which everything is granted, and one beside it in which nothing is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inside, self.outside = root / "data", root / "outside"
        for folder in (self.inside, self.outside, self.outside / "folder"):
            folder.mkdir()
        for file in (self.outside / "secret", self.outside / "folder" / "secret"):
            file.write_bytes(b"the secret")
        self.guard = RuledGuard(*everything_in(self.inside))
        self.call = StandingCall()
        self.top = Filesystem(self.guard).descriptors.named(str(self.inside))

    def open(self, path: str, words: str = "read", base: DirectoryDescriptor | None = None) -> Any:
        """Open something; the words are what is wanted."""
        chosen = set(words.split())
        modes = chosen & set(OpenMode.__struct_fields__)
        mode = OpenMode(**dict.fromkeys(modes, True))
        how = OpenRequest(mode=mode, **dict.fromkeys(chosen - modes, True))
        return (base or self.top).open(self.call, path, how)

    def code(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
        """Call an operation; return its code."""
        return told(lambda: work(self.call, *args, **kwargs))[0]

    def opening(self, path: str, words: str = "read", base: DirectoryDescriptor | None = None) -> str:
        """Open something and close it; return the code."""
        code, opened = told(lambda: self.open(path, words, base))
        if opened is not None:
            opened.close()
        return code


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give the two folders; whatever happens, nothing stays open, and nothing outside changes."""
    before = descriptors()
    made = Place(tmp_path.resolve())
    yield made
    assert descriptors() <= before
    found = {path.name: path.read_bytes() for path in made.outside.rglob("*") if path.is_file()}
    assert found == {"secret": b"the secret"}
    assert not [path for path in made.outside.rglob("*") if path.name not in {"secret", "folder"}]


# who is asked

OPERATIONS: dict[str, tuple[Callable[[Place, DirectoryDescriptor, str], Any], tuple[str, ...]]] = {
    "open to read": (lambda p, d, at: p.open(at, "read", d).close(), ("read",)),
    "open to write": (lambda p, d, at: p.open(at, "write", d).close(), ("write",)),
    "open for both": (lambda p, d, at: p.open(at, "read write", d).close(), ("read", "write")),
    "open to look": (lambda p, d, at: p.open(at, "", d).close(), ("read|list",)),
    "open a directory": (lambda p, d, at: p.open(f"{at}.d", "read directory", d).close(), ("read|list",)),
    "make a file": (lambda p, d, at: p.open(f"{at}2", "create", d).close(), ("write",)),
    "empty": (lambda p, d, at: p.open(at, "truncate", d).close(), ("write",)),
    "look": (lambda p, d, at: d.status(p.call, at), ("read|list",)),
    "touch": (lambda p, d, at: d.set_times(p.call, at, 1, 1, follow=False), ("write",)),
    "make a directory": (lambda p, d, at: d.create_directory(p.call, f"{at}2"), ("write",)),
    "remove a directory": (lambda p, d, at: d.remove_directory(p.call, f"{at}.d"), ("delete",)),
    "unlink": (lambda p, d, at: d.unlink(p.call, at), ("delete",)),
    "rename": (lambda p, d, at: d.rename(p.call, at, d, f"{at}2"), ("delete", "write")),
    "link": (lambda p, d, at: d.link(p.call, at, d, f"{at}2"), ("read", "write", "write")),
    "symlink": (lambda p, d, at: d.symlink(p.call, "x", f"{at}2"), ("write",)),
    "read a link": (lambda p, d, at: d.read_link(p.call, f"{at}.l"), ("read",)),
    "list": (lambda p, d, at: d.entries(p.call).close(), ("list",)),
    "sync": (lambda p, d, at: d.sync(p.call), ("read|list",)),
}


def fill(place: Place) -> None:
    (place.inside / "f").write_bytes(b"mine")
    (place.inside / "f.d").mkdir()
    (place.inside / "f.l").symlink_to("f")


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_asks_for_its_actions(place: Place, way: str, name: str) -> None:
    fill(place)
    work, actions = OPERATIONS[name]
    place.guard.asked.clear()
    work(place, place.top, "f")
    asked = [access.action for access in place.guard.asked]
    assert asked == [action.partition("|")[0] for action in actions]


@pytest.mark.parametrize("name", OPERATIONS)
def test_without_one_of_its_actions_it_has_no_effect(place: Place, way: str, name: str) -> None:
    fill(place)
    work, actions = OPERATIONS[name]
    before = sorted((path.name, path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in place.inside.iterdir())
    grants = place.guard.grants
    for missing in {action for each in actions for action in [each]}:
        place.guard.grants = [one for one in grants if one.permission.action not in missing.split("|")]
        assert told(lambda: work(place, place.top, "f"))[0] == "access"
    assert place.guard.reasons
    after = sorted((path.name, path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in place.inside.iterdir())
    assert after == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_learnt_about_what_may_not_be_reached(place: Place, name: str) -> None:
    fill(place)
    work, _ = OPERATIONS[name]
    place.guard.grants = []
    assert told(lambda: work(place, place.top, "nothing/at/all"))[0] == "access"


def test_either_reading_or_listing_is_enough_to_look(place: Place) -> None:
    fill(place)
    for action in ("read", "list"):
        guard = RuledGuard(f"filesystem:{action}:{place.inside}/f")
        top = Filesystem(guard).descriptors.named(str(place.inside))
        assert top.status(place.call, "f").size == 4
        assert guard.asked == [Access("filesystem", action, f"{place.inside}/f")]


def test_a_link_within_is_followed_when_its_target_is_allowed_too(place: Place, way: str) -> None:
    fill(place)
    file = place.open("f.l", "read follow")
    assert [access.subject for access in place.guard.asked] == [f"{place.inside}/f.l", f"{place.inside}/f"]
    place.guard.grants = [one for one in place.guard.grants if "**" not in one.permission.subject]
    place.guard.grants += RuledGuard(f"filesystem:read:{place.inside}/f.l").grants
    assert place.opening("f.l", "read follow") == "access"
    assert place.code(file.read, 9, 0) == "access"
    file.close()


def test_replacing_what_is_no_file_needs_deleting_it(place: Place) -> None:
    for name in ("a", "b"):
        (place.inside / name).mkdir()
    deleting = RuledGuard(f"filesystem:delete:{place.inside}/a").grants
    place.guard.grants = [one for one in place.guard.grants if one.permission.action != "delete"] + deleting
    assert place.code(place.top.rename, "a", place.top, "b") == "access"
    assert place.code(place.top.rename, "a", place.top, "c") == "ok"


def test_a_candidate_changes_nothing(place: Place) -> None:
    fill(place)
    place.guard.candidate = True
    for name, (work, actions) in OPERATIONS.items():
        reads = {"read", "list", "read|list"} >= set(actions)
        assert told(lambda work=work: work(place, place.top, "f"))[0] == ("ok" if reads else "access"), name
    assert set(place.guard.reasons) == {Reason.CANDIDATE}


def test_revoking_holds_at_the_next_call_on_what_is_open(place: Place) -> None:
    fill(place)
    file, folder = place.open("f", "read write"), place.open("f.d", "read directory")
    entries = place.top.entries(place.call)
    place.guard.grants.clear()
    calls = [
        (file.read, 1, 0), (file.write, b"x", 0), (file.set_size, 0), (file.set_times, 1, 1), (file.status,),
        (file.advise, 0, 0, Advice.RANDOM), (folder.status,), (folder.entries,), (entries.read,),
    ]  # fmt: skip
    assert {place.code(*call) for call in calls} == {"access"}
    assert told(lambda: file.sync(place.call, data_only=True))[0] == "access"
    for each in (file, folder, entries):
        each.close()
    assert (place.inside / "f").read_bytes() == b"mine"


# what changes while it is looked at

SWAPPED: dict[str, Callable[[Place], Any]] = {
    "open to read": lambda p: p.open("t/secret", "read"),
    "open to write": lambda p: p.open("t/secret", "write truncate"),
    "make a file": lambda p: p.open("t/new", "write create"),
    "look": lambda p: p.top.status(p.call, "t/secret"),
    "touch": lambda p: p.top.set_times(p.call, "t/secret", 1, 1, follow=False),
    "make a directory": lambda p: p.top.create_directory(p.call, "t/new"),
    "remove a directory": lambda p: p.top.remove_directory(p.call, "t/folder"),
    "unlink": lambda p: p.top.unlink(p.call, "t/secret"),
    "rename out": lambda p: p.top.rename(p.call, "t/secret", p.top, "stolen"),
    "rename in": lambda p: p.top.rename(p.call, "f", p.top, "t/new"),
    "link": lambda p: p.top.link(p.call, "t/secret", p.top, "stolen"),
    "symlink": lambda p: p.top.symlink(p.call, "x", "t/new"),
}


@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
@pytest.mark.parametrize("name", SWAPPED)
def test_a_folder_becomes_a_link_between_the_question_and_the_act(
    place: Place, way: str, name: str, absolute: bool
) -> None:
    fill(place)
    (place.inside / "t" / "folder").mkdir(parents=True)
    (place.inside / "t" / "secret").write_bytes(b"mine")

    def swap(_: Access) -> None:
        (place.inside / "t").rename(place.inside / "was")
        (place.inside / "t").symlink_to(place.outside if absolute else "../outside")
        place.guard.meanwhile = lambda _: None

    place.guard.meanwhile = swap
    assert told(lambda: SWAPPED[name](place))[0] == "not-permitted"
    assert not (place.inside / "stolen").exists()


def test_a_file_becomes_a_pipe_between_the_question_and_the_act(place: Place, way: str) -> None:
    fill(place)

    def swap(_: Access) -> None:
        (place.inside / "f").unlink()
        os.mkfifo(place.inside / "f")
        place.guard.meanwhile = lambda _: None

    place.guard.meanwhile = swap
    assert place.opening("f", "read") == "access"
    assert place.guard.reasons == [Reason.FORBIDDEN]


@pytest.mark.parametrize("way", ["openat2"], indirect=True)
def test_an_open_directory_is_asked_for_where_it_is_now(place: Place, way: str) -> None:
    (place.inside / "t").mkdir()
    (place.inside / "t" / "f").write_bytes(b"mine")
    folder = place.open("t", "read directory")
    (place.inside / "t").rename(place.inside / "u")
    assert folder.status(place.call, "f").size == 4
    assert place.guard.asked[-1].subject == f"{place.inside}/u/f"
    (place.inside / "u").rename(place.root / "moved")
    assert place.code(folder.status, "f") == "access"
    assert place.opening("new", "create", folder) == "access"
    (place.root / "moved").rename(place.inside / "w (deleted)")
    assert place.code(folder.status, "f") == "ok"
    shutil.rmtree(place.inside / "w (deleted)")
    (place.inside / "w (deleted)").mkdir()
    assert place.code(folder.status) == "no-entry"
    folder.close()


@pytest.mark.parametrize("way", ["openat2"], indirect=True)
def test_a_directory_that_is_moved_while_it_is_asked_for_is_asked_for_again(place: Place, way: str) -> None:
    (place.inside / "t").mkdir()
    folder = place.open("t", "read directory")

    def move(_: Access) -> None:
        if (place.inside / "t").exists():
            (place.inside / "t").rename(place.root / "moved")

    place.guard.meanwhile = move
    assert place.opening("new", "create", folder) == "access"
    assert not list((place.root / "moved").iterdir())
    turns = iter(range(100))
    place.guard.grants = RuledGuard("filesystem:write:/**").grants
    place.guard.declared = tuple(grant.permission for grant in place.guard.grants)

    def move_on(_: Access) -> None:
        here = next(path for path in place.root.iterdir() if path.name.startswith("moved"))
        here.rename(place.root / f"moved{next(turns)}")

    place.guard.meanwhile = move_on
    assert place.opening("new", "create", folder) == "busy"
    folder.close()


@pytest.mark.parametrize("way", ["portable"], indirect=True)
def test_elsewhere_a_directory_that_was_moved_is_not_found(place: Place, way: str) -> None:
    (place.inside / "t").mkdir()
    folder = place.open("t", "read directory")
    assert place.code(folder.status) == "ok"
    (place.inside / "t").rename(place.inside / "u")
    assert place.code(folder.status) == "no-entry"
    (place.inside / "t").symlink_to("u")
    assert place.code(folder.status) == "no-entry"
    (place.inside / "t").unlink()
    (place.inside / "t").mkdir()
    assert place.code(folder.status) == "no-entry"
    folder.close()


# directories that the manifest names


def test_a_named_directory_may_come_later_and_be_replaced(place: Place, way: str) -> None:
    later = Filesystem(place.guard).descriptors.named(f"{place.inside}/later")
    assert place.code(later.status, "f") == "no-entry"
    for size in (1, 2):
        (place.inside / "later").mkdir()
        (place.inside / "later" / "f").write_bytes(bytes(size))
        assert later.status(place.call, "f").size == size
        shutil.rmtree(place.inside / "later")
    later.close()


def test_a_named_directory_that_is_a_link_is_asked_for_by_both_paths(place: Place, way: str) -> None:
    (place.inside / "real").mkdir()
    (place.inside / "real" / "f").touch()
    (place.inside / "named").symlink_to("real")
    named = Filesystem(place.guard).descriptors.named(f"{place.inside}/named")
    assert place.code(named.status, "f") == "ok"
    assert [access.subject for access in place.guard.asked] == [f"{place.inside}/named/f", f"{place.inside}/real/f"]
    (place.inside / "named").unlink()
    (place.inside / "named").symlink_to(place.outside)
    assert place.code(named.status, "secret") == "access"
    (place.inside / "named").unlink()
    (place.inside / "named").symlink_to("named")
    assert place.code(named.status, "f") == "loop"


@pytest.mark.parametrize("path", ["", "data", "/data/../etc", "/data\0"])
def test_the_path_of_a_named_directory_is_absolute_and_plain(place: Place, path: str) -> None:
    with pytest.raises(FileRefusal, match="the path is refused"):
        Filesystem(place.guard).descriptors.named(path)


# files


def test_reading_goes_by_positions_and_ends(place: Place) -> None:
    (place.inside / "f").write_bytes(bytes(range(200)) * 500)
    file = place.open("f", "read")
    assert file.read(place.call, 3, 198) == bytes([198, 199, 0])
    assert len(file.read(place.call, 1 << 40, 0)) == 64 * KIB
    assert file.read(place.call, 10, 99_995) == bytes(range(195, 200))
    assert [file.read(place.call, *where) for where in ((10, 100_000), (1, 1 << 62), (0, 0))] == [b""] * 3
    assert [place.code(file.read, 1, offset) for offset in (1 << 63, (1 << 64) - 1)] == ["invalid"] * 2
    assert place.code(file.write, b"x", 0) == "bad-descriptor"
    assert place.code(file.set_size, 0) == "bad-descriptor"
    assert place.code(file.set_times, 1, 1) == "not-permitted"
    assert told(lambda: file.sync(place.call, data_only=False)) == ("ok", None)
    file.close()


def test_writing_goes_by_positions_or_to_the_end(place: Place) -> None:
    file = place.open("f", "write create exclusive")
    other = place.open("f", "write")
    assert file.write(place.call, b"abc", 2) == 3
    assert other.write(place.call, b"end", None) == 3
    assert file.write(place.call, b"", 1 << 62) == 0
    assert file.write(place.call, b"!", None) == 1
    assert (place.inside / "f").read_bytes() == b"\0\0abcend!"
    file.set_size(place.call, 3)
    assert other.write(place.call, b"z", None) == 1
    file.set_size(place.call, 6)
    assert (place.inside / "f").read_bytes() == b"\0\0az\0\0"
    assert place.code(file.read, 1, 0) == "bad-descriptor"
    assert [place.code(file.write, b"x", 1 << 63), place.code(file.set_size, 1 << 63)] == ["invalid"] * 2
    for only in (True, False):
        file.sync(place.call, data_only=only)
    file.close()
    other.close()


def test_appending_works_without_help_of_the_system(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "RWF_APPEND", raising=False)
    (place.inside / "f").write_bytes(b"abc")
    file = place.open("f", "write")
    assert file.write(place.call, b"de", None) == 2
    file.close()
    assert (place.inside / "f").read_bytes() == b"abcde"


def test_advice_is_taken_where_it_stays_with_the_descriptor(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.inside / "f").touch()
    file = place.open("f", "read")
    given: list[int] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *args: given.append(args[-1]))
    for advice in Advice:
        file.advise(place.call, 0, 0, advice)
    assert given == [os.POSIX_FADV_NORMAL, os.POSIX_FADV_SEQUENTIAL, os.POSIX_FADV_RANDOM]
    assert place.code(file.advise, 1 << 63, 0, Advice.NORMAL) == "invalid"
    assert place.code(file.advise, 1 << 62, 1 << 62, Advice.NORMAL) == "invalid"
    file.close()


def test_times_of_an_open_file_are_exact_and_one_can_be_left(place: Place) -> None:
    file = place.open("f", "write create")
    file.set_times(place.call, 5, 1_700_000_000_123_456_789)
    file.set_times(place.call, None, 7)
    file.set_times(place.call, 9, None)
    status = file.status(place.call)
    assert (status.accessed_ns, status.modified_ns) == (9, 7)
    assert place.code(file.set_times, 1 << 63, None) == "overflow"
    assert place.code(place.top.set_times, "f", None, 1 << 63, follow=False) == "overflow"
    assert place.code(place.top.set_times, "f", None, (1 << 63) - 1, follow=False) == "ok"
    file.close()


def test_a_file_is_closed_with_its_last_user(place: Place) -> None:
    file = place.open("f", "read create")
    file.retain()
    file.close()
    assert file.read(place.call, 1, 0) == b""
    file.close()
    assert place.code(file.read, 1, 0) == "bad-descriptor"


def test_a_file_with_two_names_is_not_changed(place: Place) -> None:
    fill(place)
    place.top.link(place.call, "f", place.top, "g")
    for words in ("write", "truncate", "read write create"):
        assert place.opening("g", words) == "access"
    assert place.code(place.top.set_times, "g", 1, 1, follow=False) == "access"
    assert place.guard.reasons == [Reason.FORBIDDEN] * 4
    assert place.opening("g", "read create") == "ok"


def test_what_is_no_file_is_looked_at_and_never_opened(place: Place, way: str) -> None:
    os.mkfifo(place.inside / "p")
    for words in ("read", "write", "", "read truncate"):
        assert place.opening("p", words) == "access"
    assert place.code(place.top.set_times, "p", 1, 1, follow=False) == "access"
    assert place.code(place.top.link, "p", place.top, "q") == "access"
    assert place.top.status(place.call, "p").kind == "fifo"
    entries = place.top.entries(place.call)
    assert [(entry.name, entry.kind) for entry in iter(lambda: entries.read(place.call), None)] == [("p", "fifo")]
    entries.close()
    assert set(place.guard.reasons) == {Reason.FORBIDDEN}


def test_the_flags_of_descriptors(place: Place) -> None:
    before = descriptors()
    file = place.open("f", "read write create file_sync data_sync read_sync")
    (opened,) = {int(one.partition(" ")[0]) for one in descriptors() - before}
    flags = fcntl.fcntl(opened, fcntl.F_GETFL)
    assert flags & (os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC | os.O_RDWR) == (
        os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC | os.O_RDWR
    )
    assert not os.get_inheritable(opened)
    file.close()
    folder = place.open(".", "read directory")
    entries = folder.entries(place.call)
    assert not any(os.get_inheritable(int(one.partition(" ")[0])) for one in descriptors() - before)
    entries.close()
    folder.close()


# bounds


def test_so_many_are_open_and_no_more(place: Place) -> None:
    opened = [place.open("f", "read create") for _ in range(MAX_DESCRIPTORS - 2)]
    opened += [place.open(".", "read directory"), place.top.entries(place.call)]
    for work in (lambda: place.open("f"), lambda: place.open("."), lambda: place.top.entries(place.call)):
        assert told(work)[0] == "quota"
    assert place.guard.reasons == [Reason.QUOTA] * 3
    assert place.opening("nothing") == "quota", "nothing is looked up any more"
    for each in opened:
        each.close()
    assert [place.opening("nothing") for _ in range(2 * MAX_DESCRIPTORS)] == ["no-entry"] * 2 * MAX_DESCRIPTORS
    assert place.opening("f") == "ok"


def test_every_byte_and_every_name_is_charged(place: Place) -> None:
    file = place.open("f", "read write create")
    place.call.charged = 0
    file.write(place.call, bytes(1_000), 0)
    file.read(place.call, 500, 0)
    assert place.call.charged == 1_500 + 2 * FUEL_PER_CALL
    file.close()
    (place.inside / "l").symlink_to("d")
    (place.inside / "d").mkdir()
    place.call.charged = 0
    assert place.code(place.top.status, "d/../" * 100 + "l/x") == "no-entry"
    assert place.call.charged > 100 * FUEL_PER_CALL


def test_a_way_ends_when_the_call_has_to_end(place: Place) -> None:
    (place.inside / "l").symlink_to(".")
    place.call.cancelled = True
    assert place.code(place.top.status, "l/l/l") == "interrupted"
    assert place.opening("l") == "interrupted"


@pytest.mark.parametrize("way", ["openat2", "portable"], indirect=True)
def test_links_and_names_are_bounded(place: Place, way: str) -> None:
    (place.inside / "a").symlink_to("b")
    (place.inside / "b").symlink_to("a")
    assert place.code(place.top.status, "a", follow=True) == "loop"
    (place.inside / "d").mkdir()
    (place.inside / "grow").symlink_to("d/../" * 700 + "grow")
    assert place.code(place.top.status, "grow", follow=True) in {"loop", "name-too-long"}
    assert place.code(place.top.status, "n" * 256) == "name-too-long"
    assert place.code(place.top.status, "d/" * 2_049) == "name-too-long"
    assert place.code(place.top.status, "d/../" * 800 + "d") == "ok"


# errors


def running_program(place: Place) -> subprocess.Popen[bytes]:
    program = place.inside / "program"
    shutil.copy(shutil.which("sleep") or "", program)
    return subprocess.Popen([program, "60"])


def test_a_program_that_runs_is_busy(place: Place) -> None:
    running = running_program(place)
    try:
        assert place.opening("program", "write") == "text-file-busy"
    finally:
        running.kill()
        running.wait()


def test_codes_of_a_device_of_its_own(place: Place) -> None:
    with small_file_system(place.inside / "small") as where:
        assert place.code(place.top.rename, "small/x", place.top, "y") == "no-entry"
        (where / "f").touch()
        assert place.code(place.top.rename, "small/f", place.top, "y") == "cross-device"
        assert place.code(place.top.link, "small/f", place.top, "y") == "cross-device"
        assert place.code(place.top.remove_directory, "small") == "busy"
        file = place.open("small/f", "write")
        written = 0
        while (some := told(lambda: file.write(place.call, bytes(1_000_000), None)))[0] == "ok":
            written += some[1]
        assert some[0] == "insufficient-space"
        assert written == (where / "f").stat().st_size > 4_000_000
        file.close()
        subprocess.run(["mount", "-o", "remount,ro", str(where)], check=True)
        assert place.opening("small/f", "write") == "read-only"
        assert place.code(place.top.unlink, "small/f") == "read-only"


def test_codes_of_names_that_are_no_text(place: Place) -> None:
    (place.inside / os.fsdecode(b"\xff")).touch()
    (place.inside / "l").symlink_to(os.fsdecode(b"\xff"))
    (place.inside / "z").touch()
    assert place.code(place.top.read_link, "l") == "illegal-byte-sequence"
    assert place.code(place.top.status, "l", follow=True) == "illegal-byte-sequence"
    entries = place.top.entries(place.call)
    got = [told(lambda: entries.read(place.call)) for _ in range(4)]
    entries.close()
    assert sorted(code for code, _ in got) == ["illegal-byte-sequence", "ok", "ok", "ok"]
    assert {entry.name for _, entry in got if entry} == {"l", "z"}
    assert got[-1] == ("ok", None)


def test_codes_of_sizes(place: Place) -> None:
    import resource

    file = place.open("f", "write create")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        assert file.write(place.call, bytes(2_000), 0) == 1_000
        assert place.code(file.write, b"x", 1_000) == "file-too-large"
        assert place.code(file.set_size, 5_000) == "file-too-large"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        file.close()


CODES = {
    "EACCES": "access", "EBUSY": "busy", "EDEADLK": "deadlock", "EDQUOT": "quota", "EMFILE": "quota",
    "ENFILE": "quota", "EFBIG": "file-too-large", "EINTR": "interrupted", "EIO": "io", "EMLINK": "too-many-links",
    "ENODEV": "no-device", "ENOLCK": "no-lock", "ENOMEM": "insufficient-memory", "ENOTSUP": "unsupported",
    "ENOSYS": "unsupported", "ENXIO": "no-such-device", "EOVERFLOW": "overflow", "EPERM": "not-permitted",
    "EPIPE": "pipe", "EROFS": "read-only", "ESPIPE": "invalid-seek", "ESTALE": "no-entry", "ETXTBSY": "text-file-busy",
    "EXDEV": "cross-device", "ENOTRECOVERABLE": "not-recoverable", "ENOTTY": "no-tty", "EAGAIN": "would-block",
    "EALREADY": "already", "EINPROGRESS": "in-progress", "EMSGSIZE": "message-size", "EBADF": "bad-descriptor",
    "ECHILD": "io",
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_what_the_system_reports_has_its_code_and_names_no_path(
    place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(getattr(errno, name), "no", "/secret/place")

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", fail)
        with pytest.raises(DescriptorError) as caught:
            place.top.create_directory(place.call, "d")
    assert caught.value.code == CODES[name]
    assert "secret" not in caught.value.message
    assert failure(getattr(errno, name)).code == CODES[name]


def test_codes_of_openings(place: Place, way: str) -> None:
    fill(place)
    got = {
        (path, words): place.opening(path, words)
        for path, words in (
            ("f", "read create exclusive"), ("f.d", "write"), ("f.d", "read create"), ("f.d", "truncate"),
            ("f", "read directory"), ("f/", "read"), ("f/x", "read"), ("f.l", "read"), ("f.l", "read directory"),
            ("new/", "create"), ("f.d", "directory create"), ("f.d", "directory truncate"), ("", "read"),
            ("/etc", "read"), ("..", "read"), ("f\0", "read"), ("f.d/..", "read"), ("f.d/../..", "read"),
        )
    }  # fmt: skip
    assert list(got.values()) == [
        "exist", "is-directory", "is-directory", "is-directory",
        "not-directory", "not-directory", "not-directory", "loop", "not-directory",
        "is-directory", "invalid", "invalid", "no-entry",
        "not-permitted", "not-permitted", "invalid", "ok", "not-permitted",
    ]  # fmt: skip
    assert sorted(path.name for path in place.inside.iterdir()) == ["f", "f.d", "f.l"]


def test_a_link_with_an_absolute_path_is_neither_made_nor_read_nor_followed(place: Place, way: str) -> None:
    (place.inside / "l").symlink_to(place.inside)
    assert place.code(place.top.symlink, "/etc", "m") == "not-permitted"
    assert place.code(place.top.symlink, "a\0", "m") == "invalid"
    assert place.code(place.top.symlink, "", "m") == "no-entry"
    assert place.code(place.top.read_link, "l") == "not-permitted"
    assert place.code(place.top.status, "l", follow=True) == "not-permitted"
    assert place.code(place.top.status, "l/f") == "not-permitted"
    assert place.top.status(place.call, "l").kind == "symbolic-link"
    assert not (place.inside / "m").exists()


# what is known


def test_a_fingerprint_keeps_its_number_and_changes_with_the_content(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.open("f", "write create")
    one = file.status(place.call)
    file.write(place.call, b"more", 0)
    two = place.top.status(place.call, "f")
    assert (one.identity, one.fingerprint.lower) == (two.identity, two.fingerprint.lower)
    assert one.fingerprint.upper != two.fingerprint.upper
    assert place.top.status(place.call).fingerprint.lower != two.fingerprint.lower
    file.close()
    known = two.fingerprint
    monkeypatch.setattr(object_status, "_SECRET", b"another process")
    assert {two.fingerprint.lower, two.fingerprint.upper}.isdisjoint({known.lower, known.upper})


def test_kinds_and_sizes(place: Place) -> None:
    fill(place)
    (place.inside / "s").symlink_to("/dev/null")
    os.mknod(place.inside / "dev", 0o20666, os.makedev(1, 5))
    entries = place.top.entries(place.call)
    found = {entry.name: entry.kind.value for entry in iter(lambda: entries.read(place.call), None)}
    entries.close()
    assert found == {
        "f": "regular-file", "f.d": "directory", "f.l": "symbolic-link", "s": "symbolic-link",
        "dev": "character-device",
    }  # fmt: skip
    assert {name: place.top.status(place.call, name).kind.value for name in found} == found
    assert place.top.status(place.call, "f.l").size == 1
    assert stat.S_ISDIR((place.inside / "f.d").stat().st_mode)


def test_sync_is_for_the_directory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
    place.top.sync(place.call)
    assert synced == [True]
