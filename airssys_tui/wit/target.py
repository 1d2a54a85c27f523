"""Targets of a command: a shipped package, WIT text, a built component or its folder, a package's binary form."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from textwrap import indent
from typing import Final

from airssys_tui.core.errors import MissingTool, UsageError, WitError
from airssys_tui.core.regular_file import read_regular
from airssys_tui.core.types.interface import Function, Interface, InterfaceType, render
from airssys_tui.core.types.package import WitPackage
from airssys_tui.core.units import MIB
from airssys_tui.engine.admission import inspect
from airssys_tui.wit import shipped, tool
from airssys_tui.wit.component_text import component_text
from airssys_tui.wit.workspace import Package

MOST_READ: Final = 64 * MIB
"""Bytes read of a component or of a package."""


def ours(name: str) -> tuple[Package, str] | None:
    """Find a shipped package by what the user typed.

    Args:
        name: ``airssys:core-host`` or ``core-host``, either with ``/item`` and ``@version``.

    Returns:
        The package and the requested item (empty for all of it); None if no shipped package matches.
    """
    head, _, item = name.partition("@")[0].partition("/")
    full = head if ":" in head else f"{shipped.NAMESPACE}:{head}"
    package = shipped.packages().get(full)
    return (package, item) if package is not None else None


def types_of(name: str) -> WitPackage | Interface:
    """Return the contents of a target: a package's interfaces and worlds, or a component's imports and exports.

    Raises:
        UsageError: If the target does not exist.
        WitError: If its text is invalid.
        AdmissionError: If its bytes are not a component.
        MissingTool: If the target is WIT text that is not shipped, and wasm-tools is not installed.
    """
    return _read(binary(name))


def built_text(path: Path) -> str:
    """Return the imports and exports of a built component, or the contents of a package's binary form, as WIT text.

    With wasm-tools the text has the names of types and, for packages, their documentation. Without it, and where its
    text is not valid, the engine reads the types: those of a component get names of their own, and those of a package
    are written inline.

    Raises:
        AdmissionError: If the file is neither, nor component text (``.wat``).
        FileError: If the file cannot be read, or is too large.
    """
    wasm = _bytes_of(path)
    inspect(wasm)
    with contextlib.suppress(MissingTool, WitError):
        text = tool.text_of(path)
        if is_valid(text):
            return text
    types = _read(wasm)
    if isinstance(types, Interface):
        return component_text(types)
    parts = [render(interface) for interface in types.interfaces]
    parts += [f"world {world.name} {{\n{_sides(world.interface)}\n}}" for world in types.worlds]
    return "\n\n".join(parts)


def is_valid(text: str) -> bool:
    """Return whether wasm-tools accepts a text as a package.

    Raises:
        MissingTool: If it is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "package.wit"
        file.write_text(text, encoding="utf-8")
        try:
            tool.resolve(file)
        except WitError:
            return False
    return True


def _bytes_of(path: Path) -> bytes:
    """Return the bytes of a component or of a package; component text becomes a component."""
    data = read_regular(path, MOST_READ)
    if path.suffix != ".wat":
        return data
    from airssys_tui.engine.component_wat import component_of  # noqa: PLC0415 - late: loads the engine

    return component_of(data, path.name)


def _sides(types: Interface) -> str:
    lines = [f"import {_item_text(item)}" for item in types.imports]
    lines += [f"export {_item_text(item)}" for item in types.exports]
    return indent("\n".join(lines), "  ")


def _item_text(item: InterfaceType | Function) -> str:
    if isinstance(item, InterfaceType) and not (item.functions or item.resources):
        return f"{item.name};"  # types only
    return render(item).removeprefix("interface ") + ";" * isinstance(item, Function)


def _read(wasm: bytes) -> WitPackage | Interface:
    from airssys_tui.engine.engine import Engine  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.engine.package_reader import read_types  # noqa: PLC0415 - late: see above
    from airssys_tui.engine.settings import EngineSettings  # noqa: PLC0415 - late: see above

    engine = Engine(EngineSettings(types_only=True))
    try:
        return read_types(engine, wasm)
    finally:
        engine.close()


def binary(name: str) -> bytes:
    """Return a target in binary form; see :func:`types_of` for valid targets and errors."""
    path = built(Path(name))
    if path.is_dir() or (path.is_file() and path.suffix == ".wit"):
        return tool.resolve(path)
    if os.path.lexists(path):
        return _bytes_of(path)
    found = ours(name)
    if found is None:
        raise unknown(name)
    return shipped.binary_of(found[0]).read_bytes()


def built(path: Path) -> Path:
    """Return the component in a folder with a manifest; any other path unchanged."""
    if not (path / "Component.toml").is_file():
        return path
    files = sorted(path.glob("*.wasm"))
    if len(files) != 1:
        raise UsageError(f"{path} has {len(files)} .wasm files", remedy="name one of them")
    return files[0]


def unknown(name: str) -> UsageError:
    """Return the error for an unknown target; the remedy lists the packages."""
    known = ", ".join(package.removeprefix(f"{shipped.NAMESPACE}:") for package in shipped.packages())
    return UsageError(
        f"{name} is not a file, a folder or a package that comes with the program",
        remedy=f"name a path, or one of: {known}",
    )


def text_of(package: Package, item: str) -> str:
    """Return the documented text of a shipped package, or of one of its interfaces.

    Raises:
        WitError: If the package has no such item.
    """
    texts = package.texts()
    if not item:
        first, *rest = texts.values()
        header = f"package {package.name}@{package.version};\n"
        bodies = [text.decode().removeprefix(header).strip("\n") for text in (first, *rest)]
        return "\n\n".join([header.rstrip("\n"), *bodies]) + "\n"
    for text in (texts.get(f"{item}.wit"), texts.get("worlds.wit")):
        found = _item(text.decode(), item) if text else None
        if found is not None:
            return found
    names = ", ".join(sorted(file.removesuffix(".wit") for file in texts if file != "worlds.wit"))
    raise WitError(f"{package.name} has no interface or world {item}", remedy=f"its interfaces: {names}")


def _item(text: str, item: str) -> str | None:
    """Extract one interface or world from a file, with its documentation."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if line in {f"interface {item} {{", f"world {item} {{"}:
            end = next(index for index in range(start, len(lines)) if lines[index] == "}")
            while start and lines[start - 1].startswith("///"):
                start -= 1  # noqa: PLW2901 - include its documentation
            return "\n".join(lines[start : end + 1]) + "\n"
    return None
