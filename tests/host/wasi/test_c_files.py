"""A program in C that uses its standard library: files through the preview 1 adapter and ``wasi:filesystem``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.structure import Preopen
from airssys_tui.core.types.values import Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import WASI
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.services.output_lines import OutputBuffer
from airssys_tui.host.wasi_context import WasiContext
from tests.support.file_trees import descriptors, everything_in
from tests.support.guarded import RuledGuard
from tests.support.places import FIXTURES

EACCES, EBADF, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY, EPERM = 2, 8, 20, 28, 31, 32, 44, 54, 55, 63
"""Numbers of errors in preview 1."""


class Program:
    """The program, and the two folders that it finds: one that it may use, and one that it may only read.

    Args:
        root: An empty folder.
        linker: Has WASI.
        code: The program.
    """

    def __init__(self, root: Path, linker: Any, code: Any) -> None:
        self.data, self.library, self.outside = root / "data", root / "library", root / "outside"
        for folder in (self.data, self.library, self.outside):
            folder.mkdir()
        (self.library / "book").write_text("once")
        (self.outside / "secret").write_text("secret")
        self.guard = RuledGuard(*everything_in(self.data), f"filesystem:read:{self.library}/*")
        owner = SimpleNamespace(
            filesystem=Filesystem(self.guard),
            guard=self.guard,
            blocking=contextlib.nullcontext,
            wasi=WasiContext(
                OutputBuffer(),
                preopens=(Preopen("/data", str(self.data)), Preopen("/library", str(self.library))),
            ),
        )
        self.instance = linker.instantiate(code, Limits(fuel_per_call=10**9, deadline=60.0), owner=owner)

    def run(self, *words: str) -> Any:
        """Run a command; return what it says, or the number of its error."""
        got = self.instance.call("run", list(words)).value
        assert isinstance(got, Ok) or got.value, words
        return got.value


@pytest.fixture(scope="module")
def linked(engine: Engine) -> tuple[Any, Any]:
    linker = engine.linker(WASI)
    code = engine.compile((FIXTURES / "c-files" / "c-files.wasm").read_bytes())
    assert linker.problems(code.interface) == ()
    return linker, code


@pytest.fixture
def program(tmp_path: Path, linked: tuple[Any, Any]) -> Iterator[Program]:
    before = descriptors()
    made = Program(tmp_path.resolve(), *linked)
    yield made
    assert descriptors() <= before, "the program closes what it opens"
    made.instance.close()
    assert (made.outside / "secret").read_text() == "secret"
    assert [path.name for path in made.outside.iterdir()] == ["secret"]
    assert (made.library / "book").read_text() == "once"


def test_files_are_saved_loaded_and_patched(program: Program) -> None:
    assert program.run("save", "/data/a", "hello, world") == ""
    assert program.run("append", "/data/a", "!") == ""
    assert program.run("load", "/data/a") == "hello, world!"
    assert program.run("patch", "/data/a", "7", "there") == "world"
    assert (program.data / "a").read_text() == "hello, there!"
    assert program.run("truncate", "/data/a", "5") == ""
    assert program.run("mkdir", "/data/d") == ""
    assert program.run("load", "/data/.//d/.././a") == "hello"
    assert program.run("touch", "/data/a", "1700000000") == ""
    assert program.run("stat", "/data/a") == "f 5 1 1700000000.000000005\n"
    assert (program.data / "a").stat().st_mtime_ns == 1_700_000_000_000_000_005
    big = "0123456789" * 30_000
    assert program.run("save", "/data/big", big) == ""
    assert (program.data / "big").read_text() == big


def test_directories_are_made_listed_and_moved(program: Program) -> None:
    assert program.run("mkdir", "/data/d") == ""
    for name in ("x", "y"):
        assert program.run("save", f"/data/d/{name}", name) == ""
    assert program.run("symlink", "x", "/data/d/l") == ""
    assert program.run("mkdir", "/data/d/e") == ""
    assert sorted(program.run("list", "/data/d").splitlines()) == ["d e", "f x", "f y", "l l"]
    assert program.run("load", "/data/d/l") == "x"
    assert program.run("readlink", "/data/d/l") == "x"
    assert program.run("lstat", "/data/d/l").startswith("l 1 1 ")
    assert program.run("rename", "/data/d", "/data/moved") == ""
    assert program.run("link", "/data/moved/y", "/data/z") == ""
    assert program.run("stat", "/data/z").startswith("f 1 2 ")
    assert program.run("rmdir", "/data/moved") == ENOTEMPTY
    for name in ("x", "y", "l"):
        assert program.run("unlink", f"/data/moved/{name}") == ""
    assert [program.run("rmdir", f"/data/moved{rest}") for rest in ("/e", "")] == ["", ""]
    assert program.run("list", "/data") == "f z\n"


def test_many_entries_are_listed(program: Program) -> None:
    for number in range(200):
        (program.data / f"file-{number}").touch()
    assert len(set(program.run("list", "/data").splitlines())) == 200


def test_errors_have_their_numbers(program: Program) -> None:
    (program.data / "f").touch()
    (program.data / "d").mkdir()
    (program.data / "loop").symlink_to("loop")
    got = {
        ENOENT: [("load", "/data/nothing"), ("load", "/elsewhere"), ("unlink", "/data/nothing")],
        EEXIST: [("mkdir", "/data/d"), ("symlink", "x", "/data/f"), ("link", "/data/f", "/data/d")],
        EISDIR: [("save", "/data/d", "x"), ("unlink", "/data/d"), ("rename", "/data/f", "/data/d")],
        ENOTDIR: [("load", "/data/f/x"), ("rmdir", "/data/f"), ("list", "/data/f"), ("rename", "/data/d", "/data/f")],
        ELOOP: [("load", "/data/loop")],
        EINVAL: [("readlink", "/data/f"), ("rename", "/data/d", "/data/d/e")],
        EPERM: [("symlink", "/etc", "/data/e"), ("link", "/data/d", "/data/e")],
    }
    assert {number: [program.run(*words) for words in each] for number, each in got.items()} == {
        number: [number] * len(each) for number, each in got.items()
    }


@pytest.mark.parametrize("path", ["/data/../outside/secret", "/data/l", "/data/f/secret", "/outside/secret"])
def test_nothing_outside_is_reached(program: Program, path: str) -> None:
    (program.data / "l").symlink_to("../outside/secret")
    (program.data / "f").symlink_to(program.outside)
    for words in (("load", path), ("save", path, "x"), ("append", path, "x"), ("truncate", path, "0"), ("stat", path)):
        assert program.run(*words) in {EPERM, ENOENT, 76}, words


def test_what_is_not_granted_is_no_access(program: Program) -> None:
    assert program.run("load", "/library/book") == "once"
    assert program.run("access", "/library/book") == ""
    denied = [
        ("save", "/library/book", "x"), ("save", "/library/new", "x"), ("unlink", "/library/book"),
        ("rename", "/library/book", "/data/book"), ("link", "/library/book", "/data/book"),
        ("touch", "/library/book", "1"), ("mkdir", "/library/d"), ("symlink", "x", "/library/l"), ("list", "/library"),
    ]  # fmt: skip
    assert {words: program.run(*words) for words in denied} == dict.fromkeys(denied, EACCES)
    program.guard.grants.clear()
    assert [program.run("load", "/library/book"), program.run("list", "/data")] == [EACCES, EACCES]


def test_a_grant_that_comes_later_is_enough(program: Program) -> None:
    kept, program.guard.grants = program.guard.grants, []
    assert program.run("save", "/data/a", "x") == EACCES
    program.guard.grants = kept
    assert program.run("save", "/data/a", "x") == ""
    os.rename(program.data, program.data.with_name("was"))  # noqa: PTH104 -- a folder is replaced by another one
    assert program.run("load", "/data/a") == ENOENT
    program.data.mkdir()
    (program.data / "a").write_text("new")
    assert program.run("load", "/data/a") == "new"
