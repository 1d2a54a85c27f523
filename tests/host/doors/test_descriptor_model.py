"""The door by descriptors on one tree, and the operating system's own calls on another one: both do the same."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from airssys_tui.host.doors.descriptors.directory_descriptor import DirectoryDescriptor, OpenRequest
from airssys_tui.host.doors.descriptors.file_descriptor import FileDescriptor, OpenMode
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from tests.support.file_trees import everything_in
from tests.support.guarded import RuledGuard, StandingCall
from tests.support.plain_calls import held_beneath, open_beneath, parent_beneath, plain, seen, told

NAMES = st.sampled_from(["a", "b", "c", "a", "b", ".", ".."])
PATHS = st.builds(
    lambda names, end: "/".join(names) + end,
    st.lists(NAMES, min_size=1, max_size=4),
    st.sampled_from(["", "", "", "/", "//", "/."]),
) | st.sampled_from(["", "/a", ".", "..", "a//b"])
TARGETS = st.sampled_from(
    ["a", "b", "c/", "b/c", "../a", "./b/", "c/../b", "a/../../b", "../../..", "/tmp", "b/..", "..", ".", "a/."]
)
CONTENTS = st.binary(max_size=5)
FLAGS = ("follow", "create", "directory", "exclusive", "truncate", "read", "write")


class DescriptorMachine(RuleBasedStateMachine):
    """Operations on two trees: one through the door, the other through the system.

    Attributes:
        most_kept: Directories that are open at a time.
    """

    most_kept = 4

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp()).resolve()
        self.ours, self.theirs = self.root / "ours", self.root / "theirs"
        for tree in (self.ours, self.theirs):
            for folder in ("in", "out"):
                (tree / folder).mkdir(parents=True)
            (tree / "out" / "a").write_bytes(b"secret")
        guard = RuledGuard(*everything_in(self.ours / "in"))
        self.call = StandingCall()
        top = Filesystem(guard).descriptors.named(str(self.ours / "in"))
        self.pairs = [(top, os.open(self.theirs / "in", os.O_PATH | os.O_DIRECTORY))]

    def teardown(self) -> None:
        for ours, theirs in self.pairs:
            ours.close()
            os.close(theirs)
        shutil.rmtree(self.root)

    def pair(self, number: int) -> tuple[DirectoryDescriptor, int]:
        return self.pairs[number % len(self.pairs)]

    @rule(where=st.integers(0, 3), path=PATHS, flags=st.sets(st.sampled_from(FLAGS)), data=CONTENTS)
    def open(self, where: int, path: str, flags: set[str], data: bytes) -> None:
        base, twin = self.pair(where)

        def ours() -> str:
            mode = OpenMode(read="read" in flags, write="write" in flags)
            chosen = {name: name in flags for name in ("follow", "create", "directory", "exclusive", "truncate")}
            opened = base.open(self.call, path, OpenRequest(mode=mode, **chosen))
            if isinstance(opened, FileDescriptor) and "write" in flags:
                opened.write(self.call, data, 1)
            opened.close()
            return type(opened).__name__

        def theirs() -> str:
            opened = open_beneath(twin, path, *_flags(flags))
            try:
                if stat.S_ISDIR(os.fstat(opened).st_mode):
                    return DirectoryDescriptor.__name__
                if "write" in flags:
                    os.pwrite(opened, data, 1)
                return FileDescriptor.__name__
            finally:
                os.close(opened)

        if "directory" in flags and flags & {"create", "exclusive", "truncate"}:
            assert told(ours)[0] == "invalid"
        else:
            got, expected = told(ours), plain(theirs)
            assert got == expected, (path, flags)

    @rule(where=st.integers(0, 3), path=PATHS)
    def keep(self, where: int, path: str) -> None:
        base, twin = self.pair(where)
        if (
            len(self.pairs) < self.most_kept
            and told(lambda: base.status(self.call, path, follow=True).kind)[1] == "directory"
        ):
            opened = base.open(self.call, path, OpenRequest(mode=OpenMode(read=True), directory=True, follow=True))
            assert isinstance(opened, DirectoryDescriptor)
            self.pairs.append((opened, open_beneath(twin, path, os.O_PATH | os.O_DIRECTORY)))

    @rule(where=st.integers(0, 3), path=PATHS)
    def make_directory(self, where: int, path: str) -> None:
        base, twin = self.pair(where)

        def theirs() -> None:
            with parent_beneath(twin, path) as (parent, name):
                os.mkdir(name, dir_fd=parent)

        assert told(lambda: base.create_directory(self.call, path)) == plain(theirs), path

    @rule(where=st.integers(0, 3), path=PATHS)
    def remove_directory(self, where: int, path: str) -> None:
        base, twin = self.pair(where)

        def theirs() -> None:
            with parent_beneath(twin, path) as (parent, name):
                os.rmdir(name, dir_fd=parent)

        assert told(lambda: base.remove_directory(self.call, path)) == plain(theirs), path
        self.forget_what_is_gone()

    @rule(where=st.integers(0, 3), path=PATHS)
    def unlink(self, where: int, path: str) -> None:
        base, twin = self.pair(where)

        def theirs() -> None:
            with parent_beneath(twin, path) as (parent, name):
                os.unlink(name, dir_fd=parent)

        assert told(lambda: base.unlink(self.call, path)) == plain(theirs), path

    @rule(where=st.integers(0, 3), path=PATHS, to=st.integers(0, 3), there=PATHS)
    def rename(self, where: int, path: str, to: int, there: str) -> None:
        (base, twin), (base2, twin2) = self.pair(where), self.pair(to)

        def theirs() -> None:
            with parent_beneath(twin, path) as (old, name), parent_beneath(twin2, there) as (new, name2):
                os.rename(name, name2, src_dir_fd=old, dst_dir_fd=new)

        expected = plain(theirs)
        got = told(lambda: base.rename(self.call, path, base2, there))
        assert self.right(got, expected, self.wrong(twin, path) | self.wrong(twin2, there)), (path, there)
        self.forget_what_is_gone()

    @rule(where=st.integers(0, 3), path=PATHS, to=st.integers(0, 3), there=PATHS)
    def link(self, where: int, path: str, to: int, there: str) -> None:
        (base, twin), (base2, twin2) = self.pair(where), self.pair(to)

        def theirs() -> None:
            with parent_beneath(twin, path) as (old, name), parent_beneath(twin2, there) as (new, name2):
                os.link(name, name2, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)

        expected = plain(theirs)
        got = told(lambda: base.link(self.call, path, base2, there))
        assert self.right(got, expected, self.wrong(twin, path) | self.wrong(twin2, there)), (path, there)

    @rule(where=st.integers(0, 3), path=PATHS, held=TARGETS)
    def symlink(self, where: int, path: str, held: str) -> None:
        base, twin = self.pair(where)

        def theirs() -> None:
            with parent_beneath(twin, path) as (parent, name):
                os.symlink(held, name, dir_fd=parent)

        if not held.startswith("/"):
            assert told(lambda: base.symlink(self.call, held, path)) == plain(theirs), (path, held)

    @rule(held=TARGETS, name=st.sampled_from("abc"))
    def somebody_makes_a_link(self, held: str, name: str) -> None:
        for tree in (self.ours, self.theirs):
            path = tree / "in" / name
            if not path.exists() and not path.is_symlink():
                path.symlink_to(held)

    @rule(where=st.integers(0, 3), path=PATHS)
    def read_link(self, where: int, path: str) -> None:
        base, twin = self.pair(where)

        def theirs() -> str:
            flags = 0 if path.endswith(("/", ".")) else os.O_NOFOLLOW
            with held_beneath(twin, path, flags) as found:
                if not stat.S_ISLNK(os.fstat(found).st_mode):
                    raise OSError(22, "no link")
                held = os.readlink("", dir_fd=found)
                if held.startswith("/"):
                    raise OSError(1, "absolute")
                return held

        assert told(lambda: base.read_link(self.call, path)) == plain(theirs), path

    @rule(where=st.integers(0, 3), path=PATHS, follow=st.booleans())
    def look(self, where: int, path: str, follow: bool) -> None:
        base, twin = self.pair(where)

        def ours() -> tuple[str, int, int]:
            found = base.status(self.call, path, follow=follow)
            return (found.kind, 0, 0) if found.kind == "directory" else (found.kind, found.size, found.links)

        def theirs() -> tuple[str, int, int]:
            with held_beneath(twin, path, 0 if follow else os.O_NOFOLLOW) as found:
                return seen(os.fstat(found))

        assert told(ours) == plain(theirs), path

    @rule(where=st.integers(0, 3), path=PATHS, follow=st.booleans(), when=st.integers(0, 2**40))
    def set_times(self, where: int, path: str, follow: bool, when: int) -> None:
        base, twin = self.pair(where)

        def theirs() -> None:
            with held_beneath(twin, path, 0 if follow else os.O_NOFOLLOW) as found:
                if stat.S_ISREG(os.fstat(found).st_mode) and os.fstat(found).st_nlink > 1:
                    raise OSError(13, "has several names")
                os.utime(f"/proc/self/fd/{found}", ns=(when, when))

        assert told(lambda: base.set_times(self.call, path, when, when, follow=follow)) == plain(theirs), path

    @rule(where=st.integers(0, 3))
    def list(self, where: int) -> None:
        base, twin = self.pair(where)
        entries = base.entries(self.call)
        found = {}
        while (entry := entries.read(self.call)) is not None:
            found[entry.name] = entry.kind.value
        entries.close()
        with held_beneath(twin, ".") as held:
            there = os.open(".", os.O_RDONLY, dir_fd=held)
        expected = {each.name: seen(each.stat(follow_symlinks=False))[0] for each in os.scandir(there)}
        os.close(there)
        assert found == expected

    @staticmethod
    def right(got: tuple[str, object], expected: tuple[str, object], wrong: set[tuple[str, None]]) -> bool:
        """Return whether the door may say this: what the system says, or that a path leads out where one does."""
        return got == expected or got in wrong & {("not-permitted", None)} or {expected, got} <= wrong

    def wrong(self, twin: int, path: str) -> set[tuple[str, None]]:
        """Return what may be told of a path alone: of two that are wrong, one is."""
        found = {("busy", None), ("exist", None)} if path.rstrip("/").endswith(".") else set()

        def look() -> None:
            with parent_beneath(twin, path), held_beneath(twin, path, os.O_NOFOLLOW):
                pass

        def parent() -> None:
            with parent_beneath(twin, path):
                pass

        def out() -> None:  # a slash after a link leads the plain call out of the tree
            with parent_beneath(twin, path) as (above, name):
                os.stat(name, dir_fd=above)

        return (found | {plain(look), plain(parent), plain(out)}) - {("ok", None)}

    def forget_what_is_gone(self) -> None:
        """Leave directories that were taken away: what the system knows of them the door need not know."""
        for pair in self.pairs[1:]:
            if not os.fstat(pair[1]).st_nlink:
                assert told(lambda pair=pair: pair[0].status(self.call))[0] == "no-entry"
                pair[0].close()
                os.close(pair[1])
                self.pairs.remove(pair)

    @invariant()
    def both_trees_are_the_same(self) -> None:
        assert _tree(self.ours) == _tree(self.theirs)


def _flags(flags: set[str]) -> tuple[int, int]:
    writes = flags & {"write", "truncate"}
    found = os.O_RDONLY if not writes else os.O_RDWR if "read" in flags else os.O_WRONLY
    chosen = {"create": os.O_CREAT, "directory": os.O_DIRECTORY, "truncate": os.O_TRUNC}
    for name, flag in chosen.items():
        found |= flag if name in flags else 0
    if {"create", "exclusive"} <= flags:
        found |= os.O_EXCL
    if "follow" not in flags:
        found |= os.O_NOFOLLOW
    return found, 0o666 if "create" in flags else 0


def _tree(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for above, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(above) / name
            status = path.lstat()
            held = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(root))] = (stat.S_IFMT(status.st_mode), held, status.st_nlink)
    return found


class UnmovedMachine(DescriptorMachine):
    """The same from one directory only: without Linux, an open directory that is moved is not found again."""

    most_kept = 1


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="the second opinion is Linux's")
def test_the_door_does_what_the_system_does_when_it_stays_beneath(way: str) -> None:
    machine = DescriptorMachine if way == "openat2" else UnmovedMachine
    steps = settings(max_examples=15, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(machine, settings=steps)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="the second opinion is Linux's")
@pytest.mark.timeout(1_200)
def test_the_door_does_what_the_system_does_for_long(way: str) -> None:
    machine = DescriptorMachine if way == "openat2" else UnmovedMachine
    steps = settings(max_examples=2_000, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(machine, settings=steps)
