"""What the host offers is what the packages define, type by type."""

from __future__ import annotations

from airssys_tui.core.types.interface import Interface
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import AIRSSYS
from airssys_tui.wit.target import types_of

PACKAGES = ("core-host", "core-capabilities", "ext-filesystem", "ext-network", "ext-process")


def test_what_is_offered_has_the_types_of_the_packages():
    engine = Engine()
    try:
        open_doors = [interface for package in PACKAGES for interface in types_of(package).interfaces]
        wanted = tuple(interface for interface in open_doors if interface.functions or interface.resources)
        assert len(wanted) == len(AIRSSYS)
        assert engine.linker(AIRSSYS).problems(Interface(imports=wanted)) == ()
    finally:
        engine.close()
