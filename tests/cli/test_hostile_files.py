"""Every path that a command takes may lead to anything: each command answers with an error, and none of them waits."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.cli.commands import storage as storage_command
from airssys_tui.wit.workspace import Workspace
from tests.support.command_line import Desk
from tests.support.places import ROOT, SAMPLES

pytestmark = pytest.mark.timeout(60)

SHIPPED = ROOT / "wit"

Make = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):  # a whole path may be too long for it
        made.bind(path.name)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def vast(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**4)


@pytest.fixture
def at_hand(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose files lie in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(storage_command, "_limit", lambda *_: 1000)
    return desk


HOSTILE = {
    pipe: "is a named pipe",
    endless: "is a device",
    listening: "is a socket",
    loop: "symbolic links",
    vast: "are read",
}
hostile = pytest.mark.parametrize(("make", "said"), HOSTILE.items(), ids=lambda value: getattr(value, "__name__", ""))


@hostile
@pytest.mark.parametrize(
    "words",
    [
        ("check", "x.wasm"),
        ("check", "x.wasm", "--json"),
        ("call", "./x.wasm", "get"),
        ("wit", "show", "x.wasm"),
        ("wit", "show", "x.wasm", "--json"),
        ("wit", "diff", "x.wasm", "x.wasm"),
        ("wit", "check", "x.wit"),
        ("states", "import", "counter", "x.json"),
        ("storage", "import", "counter", "x.json"),
    ],
    ids=" ".join,
)
def test_a_command_refuses_what_is_no_file(at_hand: Desk, words: tuple[str, ...], make: Make, said: str) -> None:
    make(Path.cwd() / next(word.removeprefix("./") for word in words if "x." in word))
    answer = at_hand.run(*words)
    assert answer.code in {1, 2}, answer
    assert said in answer.out + answer.err, answer
    assert "Traceback" not in answer.err


@hostile
@pytest.mark.parametrize("name", ["Component.toml", "counter.wasm"])
@pytest.mark.parametrize("command", [("check",), ("call", "get")], ids=" ".join)
def test_a_command_refuses_a_folder_that_holds_what_is_no_file(
    desk: Desk, command: tuple[str, ...], name: str, make: Make, said: str
) -> None:
    target = desk.install("counter")
    (target / name).unlink()
    make(target / name)
    answer = desk.run(command[0], target, *command[1:])
    assert (answer.code, said in answer.out + answer.err) == (1, True), answer


@hostile
def test_the_configuration_is_read_like_any_file(desk: Desk, tmp_path: Path, make: Make, said: str) -> None:
    make(tmp_path / "config.toml")
    answer = desk.run("list")
    assert (answer.code, said in answer.err) == (2, True), answer


@hostile
@pytest.mark.parametrize("name", ["deps.toml", "core-types/errors.wit", "core-host/deps/core-types/errors.wit"])
def test_wit_packages_are_read_like_any_file(desk: Desk, tmp_path: Path, name: str, make: Make, said: str) -> None:
    packages = tmp_path / "wit"
    shutil.copytree(SHIPPED, packages)
    (packages / name).unlink()
    make(packages / name)
    for words in (("check", packages), ("vendor", packages, "--check")):
        answer = desk.run("wit", *words)
        assert answer.code in {1, 2}, answer
        assert said in answer.out + answer.err or "core-host/deps/core-types differs" in answer.out + answer.err, answer


@hostile
def test_vendoring_replaces_whatever_took_the_place_of_its_files(
    desk: Desk, tmp_path: Path, make: Make, said: str
) -> None:
    packages = tmp_path / "wit"
    shutil.copytree(SHIPPED, packages)
    names = ("deps.lock", "core-types.wasm", "core-host/deps/core-types/errors.wit")
    for name in names:
        (packages / name).unlink()
        make(packages / name)
    assert desk.run("wit", "vendor", packages, "--binary").code == 0, said
    assert Workspace(packages).problems() == ()
    for name in names:
        assert (packages / name).read_bytes() == (SHIPPED / name).read_bytes()


@hostile
def test_what_the_other_program_would_open_is_looked_at_first(
    desk: Desk, tmp_path: Path, make: Make, said: str
) -> None:
    package = tmp_path / "package"
    (package / "deps").mkdir(parents=True)
    (package / "a.wit").write_text("package a:b;\ninterface i { f: func(); }\n")
    make(package / "deps" / "other.wasm")
    for words in (("check", package), ("show", package)):
        answer = desk.run("wit", *words)
        assert (answer.code, said in answer.out + answer.err) == (1, True), answer


def test_a_name_that_is_not_utf_8_is_said_escaped(desk: Desk, tmp_path: Path) -> None:
    bad = tmp_path / os.fsdecode(b"bad\xff.wasm")
    shutil.copy(SAMPLES / "counter" / "counter.wasm", bad)
    for words in (
        ("check", bad, "--json"),
        ("check", bad),
        ("call", bad, "get"),
        ("wit", "show", tmp_path / os.fsdecode(b"\xff")),
    ):
        answer = desk.run(*words)
        assert "Traceback" not in answer.err, answer
        (answer.out + answer.err).encode()
