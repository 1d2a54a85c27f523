"""Reads the contents of a WIT package from its binary form.

The binary form of a package is a component that exports one component type per interface and per world
(``design/mvp/WIT.md``, "Package Format"). None of its code runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmtime import component

from airssys_tui.core.types.interface import Interface, InterfaceType
from airssys_tui.core.types.package import WitPackage, World
from airssys_tui.engine import reflection
from airssys_tui.engine.code_stripping import hollow

if TYPE_CHECKING:
    import wasmtime

    from airssys_tui.engine.engine import Engine


def read_types(engine: Engine, wasm: bytes) -> WitPackage | Interface:
    """Return the contents of a WIT package, or the imports and exports of a component. Ignores its instructions.

    Args:
        engine: An engine that only reads types, so that asynchronous components can be read, too.
        wasm: The bytes.

    Raises:
        AdmissionError: If the bytes are neither, or exceed the bounds.
    """
    code = engine.compile(hollow(wasm))
    kinds = [extern.ty for extern in code.kind.exports(engine.native).values()]
    if not kinds or not all(isinstance(kind, component.ComponentType) for kind in kinds):
        return code.interface
    return _package(kinds, engine.native)


def _package(kinds: list[Any], engine: wasmtime.Engine) -> WitPackage:
    interfaces: list[InterfaceType] = []
    worlds: list[World] = []
    for kind in kinds:
        for name, extern in kind.exports(engine).items():
            if isinstance(extern.ty, component.ComponentType):
                worlds.append(World(name, reflection.read(extern.ty, engine)))
            else:
                defined = reflection.read(kind, engine).exports
                interfaces += [item for item in defined if isinstance(item, InterfaceType) and item.name == name]
    return WitPackage(tuple(interfaces), tuple(worlds))
