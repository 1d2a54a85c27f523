"""A real component in a running system calls every function of ``airssys:ext-filesystem``, and everything is closed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Stop
from airssys_tui.core.capability.permission import Kind
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.wit.target import types_of
from tests.support.file_trees import descriptors
from tests.support.places import FIXTURES
from tests.support.world import World

ARCHIVIST = (FIXTURES / "archivist" / "archivist.wasm").read_bytes()
DOORS = "fixture:archivist/doors@1.0.0#"
GRANTED = PolicySource(default=(Kind.STORAGE, Kind.MESSAGING, Kind.FILESYSTEM))
LATER = {"seconds": 1_700_000_000, "nanoseconds": 123_456_789}


class Desk:
    """A component that may use everything in one folder, in a running system."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        folder.mkdir()
        declared = [f"{action}:{folder}{end}" for action in ("read", "write", "delete", "list") for end in ("", "/**")]
        self.manifest = f"[capabilities]\nfilesystem = {declared}\n"
        world.put("guest", ARCHIVIST, self.manifest)
        world.open()
        world.runtime.probe.system.guards.follow(GRANTED)

    def ask(self, function: str, *arguments: Any) -> Any:
        filled = [
            str(self.folder / one[1:]) if isinstance(one, str) and one.startswith("@") else one for one in arguments
        ]
        return self.world.call("guest", DOORS + function, *filled)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path.resolve() / "data")


def test_every_function_of_files(desk: Desk) -> None:
    ask = desk.ask
    assert ask("write-all", "@f", b"first\nsecond\n") == Ok()
    file = ask("open", "@f", {"read", "write"}).value
    assert ask("read", file, 6) == Ok(b"first\n")
    assert ask("seek", file, -7, "end") == Ok(6)
    assert ask("write", file, b"SECOND") == Ok(6)
    assert ask("size", file) == Ok(13)
    assert ask("flush", file) == Ok()
    assert ask("drop", file) is None
    assert ask("read-all", "@f") == Ok(b"first\nSECOND\n")
    assert ask("copy", "@f", "@g") == Ok(13)
    assert ask("rename", "@g", "@h") == Ok()
    assert ask("delete", "@f") == Ok()
    assert [path.name for path in desk.folder.iterdir()] == ["h"]


def test_every_function_of_directories(desk: Desk) -> None:
    ask = desk.ask
    assert ask("create", "@a/b", True) == Ok()
    assert ask("write-all", "@a/f", b"") == Ok()
    assert ask("list-entries", "@a", None, 1) == Ok(
        {"entries": [{"name": "b", "kind": "directory"}], "next": Some("1:62"), "skipped": 0}
    )
    assert ask("list-entries", "@a", Some("1:62"), 1) == Ok(
        {"entries": [{"name": "f", "kind": "file"}], "next": None, "skipped": 0}
    )
    assert ask("remove", "@a").value.case == "not-empty"
    assert ask("remove", "@a/b") == Ok()
    assert ask("remove-all", "@a") == Ok(1)
    assert list(desk.folder.iterdir()) == []


def test_every_function_of_metadata(desk: Desk) -> None:
    ask = desk.ask
    ask("write-all", "@f", b"12345")
    (desk.folder / "l").symlink_to("f")
    assert ask("set-times", "@l", Some(LATER), None) == Ok()
    looked = ask("stat", "@l", True).value
    assert (looked["kind"], looked["size"], looked["writable"]) == ("file", 5, True)
    assert looked["modified-at"] == Some(LATER)
    assert looked["created-at"] is None or looked["created-at"].value["seconds"] > LATER["seconds"]
    assert ask("stat", "@l", False).value["kind"] == "link"
    assert [ask("exists", name) for name in ("@f", "@nothing")] == [Ok(True), Ok(False)]
    assert ask("canonical-path", "@l") == Ok(str(desk.folder / "f"))
    assert [ask("read-link", name) for name in ("@l", "@f")] == [Ok(Some("f")), Ok(None)]
    os.utime(desk.folder / "f", ns=(0, -1))
    assert ask("stat", "@f", True).value["modified-at"] is None, "the type knows nothing before 1970"
    too_many = {"seconds": 1, "nanoseconds": 1_000_000_000}
    assert ask("set-times", "@f", Some(too_many), None).value.case == "invalid-input"
    assert ask("set-times", "@f", None, Some({"seconds": 2**64 - 1, "nanoseconds": 0})).value.case == "invalid-input"


def test_the_list_is_whole() -> None:
    """What the component passes on is what the package has."""
    package = {
        function.name.rpartition(".")[2] for one in types_of("ext-filesystem").interfaces for function in one.functions
    }
    assert package == {
        *("open", "read", "write", "seek", "flush", "size", "read-all", "write-all", "delete", "copy", "rename"),
        *("list-entries", "create", "remove", "remove-all"),
        *("stat", "exists", "set-times", "canonical-path", "read-link"),
    }


def opened(desk: Desk) -> set[str]:
    """Return what is open of the folder."""
    return {one for one in descriptors() if str(desk.folder) in one}


@pytest.mark.parametrize("ending", ["stop", "trap", "reload"])
def test_everything_is_closed_at_the_end_of_an_instance(desk: Desk, ending: str) -> None:
    desk.ask("write-all", "@f", b"x")
    for _ in range(3):
        assert isinstance(desk.ask("open", "@f", {"read", "write"}), Ok)
    assert len(opened(desk)) == 3
    if ending == "stop":
        desk.world.do(Stop("guest"))
    elif ending == "trap":
        with pytest.raises(GuestTrap):
            desk.ask("trap")
        desk.world.wait_row("guest", lambda row: row.restarts)
    else:
        desk.world.install("guest", ARCHIVIST, f"{desk.manifest}[config]\nnew = true\n")
    desk.world.wait_for(lambda _: not opened(desk))


def test_revoking_holds_at_the_next_call_and_granting_too(desk: Desk) -> None:
    desk.ask("write-all", "@f", b"x")
    file = desk.ask("open", "@f", {"read"}).value
    guards = desk.world.runtime.probe.system.guards
    guards.follow(PolicySource())
    answer = desk.ask("read", file, 1)
    assert isinstance(answer, Err)
    assert (answer.value.case, answer.value.payload.partition(":")[0]) == ("denied", "not-granted")
    assert f"filesystem:read:{desk.folder}" in answer.value.payload
    guards.follow(GRANTED)
    assert desk.ask("read", file, 1) == Ok(b"x")


def test_more_fuel_than_there_is_ends_the_call(desk: Desk) -> None:
    desk.world.install("guest", ARCHIVIST, f"{desk.manifest}[resources]\nfuel_per_call = 600_000\nmemory = '4MiB'\n")
    (desk.folder / "f").write_bytes(bytes(1_000_000))
    with pytest.raises(GuestTrap, match="units of fuel"):
        desk.ask("copy", "@f", "@g")
    assert [path.name for path in desk.folder.iterdir()] == ["f"]
