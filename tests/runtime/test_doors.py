"""Components that knock at doors which are typed and closed: held back, with what is behind the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.types.interface import Interface
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import AIRSSYS
from airssys_tui.host.unoffered import closed_door
from airssys_tui.wit.target import types_of
from tests.support.guest import wasm_tools
from tests.support.places import ROOT


def importing(package: str, world: str, folder: Path) -> bytes:
    """Make a component that imports everything that a world imports, by the tool's own hand."""
    core, made = folder / "core.wasm", folder / "made.wasm"
    wasm_tools("component", "embed", "--dummy", ROOT / "wit" / package, "--world", world, "-o", core)
    wasm_tools("component", "new", core, "-o", made)
    return made.read_bytes()


DOORS = {
    "core-host": ("imports", "messages between components and requests between components"),
}


@pytest.mark.parametrize("package", DOORS)
def test_a_closed_door_is_named(world, tmp_path, package):
    target, says = DOORS[package]
    world.open()
    row = world.install("knocks", importing(package, target, tmp_path))
    assert "refused at types" in row.note.text
    refusal = world.runtime.versions("knocks").result(30)[0].reason
    assert says in refusal
    assert f"airssys:{package}/" in refusal
    offered = {interface.name for interface in AIRSSYS}
    assert not any(name in refusal for name in offered)


PACKAGES = ("core-host", "core-capabilities", "ext-filesystem", "ext-network", "ext-process")


def test_every_interface_is_offered_or_a_closed_door():
    offered = {interface.name for interface in AIRSSYS}
    for package in PACKAGES:
        for interface in types_of(package).interfaces:
            if interface.functions or interface.resources:
                assert (interface.name in offered) != (closed_door(interface.name) is not None), interface.name


def test_what_is_offered_has_the_types_of_the_packages():
    engine = Engine()
    try:
        open_doors = [
            interface
            for package in PACKAGES
            for interface in types_of(package).interfaces
            if closed_door(interface.name) is None
        ]
        wanted = tuple(interface for interface in open_doors if interface.functions or interface.resources)
        assert len(wanted) == len(AIRSSYS)
        assert engine.linker(AIRSSYS).problems(Interface(imports=wanted)) == ()
    finally:
        engine.close()


def test_an_unknown_import_is_no_closed_door():
    assert closed_door("acme:weather/forecast@1.0.0") is None
    assert closed_door("airssys:core-host/pubsub@1.0.0#publish") == "topics between components"
