"""Write the types of WASI as data: ``airssys_tui/host/wasi/wasi.json``, read by ``host/wasi/wasi_types.py``.

``python .ci/wasi_types.py FOLDER`` reads WIT packages ``wasi:*`` of one version of 0.2, one in each folder below, such
as ``lib/wit/builtin/0.2.12`` of the npm package ``@bytecodealliance/jco``; with ``--check`` it changes nothing and
exits 1 when the data is out of date. wasm-tools (extra ``build``) makes a component that imports every function, and
the engine's own reflection reads it.

With ``--drafts`` it does the same for the drafts that are offered, ``airssys_tui/host/wasi/drafts/drafts.json``. Each
folder below then holds one version of one package: ``wit`` of the repositories ``wasi-keyvalue`` (at the tag
``v0.2.0-draft``, and at its head), ``wasi-config`` and ``wasi-logging`` of WebAssembly, at their heads. ``wasi:config``
has the same interface under three versions, and was called ``runtime`` before its commit ``f4d699b``; ``wasi:logging``
has no version before its commit ``d31c41d``.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import wasmtime
from wasmtime import component

from airssys_tui.core.types.interface import Borrow, InterfaceType, Own, ValType, parts_of
from airssys_tui.engine import bindings, reflection
from airssys_tui.engine.host import UsedResource
from airssys_tui.host.wasi.drafts import draft_types
from airssys_tui.host.wasi.wasi_types import DATA, InterfaceTypes, WasiTypes

_WORLD: Final = """package local:all;
world all {{
  include wasi:cli/imports@{0};
  import wasi:clocks/timezone@{0};
  import wasi:http/types@{0};
  import wasi:http/outgoing-handler@{0};
}}
"""
"""Everything that a host offers: not ``cli/run`` and ``http/incoming-handler``, which components export."""

_PACKAGE: Final = re.compile(r"^package (wasi:\w+)(@\S+)?;", re.MULTILINE)
_INTERFACE: Final = re.compile(r"^interface (\S+)", re.MULTILINE)
_EXPORTED: Final = frozenset({"watcher"})
"""Interfaces of drafts that components export."""


def main() -> int:
    """Write or check the data; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--drafts", action="store_true")
    asked = parser.parse_args()
    if asked.drafts:
        path, made = draft_types.DATA, written_drafts(drafts_of(asked.folder))
    else:
        path, made = DATA, written(types_of(dummy(asked.folder)))
    if asked.check:
        same = path.read_text(encoding="utf-8") == made
        sys.stdout.write("" if same else f"{path} is out of date: run python .ci/wasi_types.py\n")
        return int(not same)
    path.write_text(made, encoding="utf-8")
    return 0


def dummy(folder: Path) -> bytes:
    """Return a component that imports every function of the WIT packages in a folder, unstable ones included."""
    text = (folder / "wasi-cli" / "package.wit").read_text(encoding="utf-8")
    version = re.search(r"package wasi:cli@([0-9.]+);", text)
    if version is None:
        raise SystemExit(f"{folder} has no package wasi:cli")
    return _importing(_WORLD.format(version[1]), list(folder.iterdir()))


def _importing(world: str, packages: list[Path]) -> bytes:
    """Return a component that imports what a world does."""
    found = shutil.which("wasm-tools", path=sysconfig.get_path("scripts")) or shutil.which("wasm-tools")
    if found is None:
        raise SystemExit("wasm-tools is missing: install the extra `build`")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for package in packages:
            shutil.copytree(package, root / "deps" / package.name)
        (root / "all.wit").write_text(world, encoding="utf-8")
        core, made = root / "core.wasm", root / "all.wasm"
        embed = ["embed", "--dummy", "--all-features", str(root), "--world", "all", "-o", str(core)]
        for arguments in (embed, ["new", str(core), "-o", str(made)]):
            subprocess.run([found, "component", *arguments], check=True)  # noqa: S603 -- a program of this environment
        return made.read_bytes()


def types_of(wasm: bytes) -> WasiTypes:
    """Return the types of all interfaces that a component imports; they are of one version."""
    found = {name.partition("@"): types for name, types in interfaces_of(wasm).items()}
    (version,) = {version for _, _, version in found}
    return WasiTypes(version, dict(sorted((name, types) for (name, _, _), types in found.items())))


def drafts_of(folder: Path) -> dict[str, InterfaceTypes]:
    """Return the types of all drafts, each in a folder of its own, by package, name and version."""
    found: dict[str, InterfaceTypes] = {}
    for package in sorted(folder.iterdir()):
        text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(package.glob("*.wit")))
        named = _PACKAGE.search(text)
        if named is None:
            raise SystemExit(f"{package} has no package")
        names = [name for name in _INTERFACE.findall(text) if name not in _EXPORTED]
        imports = "".join(f"  import {named[1]}/{name}{named[2] or ''};\n" for name in names)
        found |= interfaces_of(_importing(f"package local:all;\nworld all {{\n{imports}}}\n", [package]))
    return dict(sorted(found.items()))


def interfaces_of(wasm: bytes) -> dict[str, InterfaceTypes]:
    """Return the types of all interfaces that a component imports, by name and version without ``wasi:``."""
    engine = wasmtime.Engine()
    kind = component.Component(engine, wasm).type
    members = kind.imports(engine)
    homes: list[tuple[component.ResourceType, str, str]] = []
    found: dict[str, InterfaceTypes] = {}
    for item in reflection.read(kind, engine).imports:
        if not isinstance(item, InterfaceType):
            raise TypeError(f"{item.name} is not an interface")
        own: list[str] = []
        uses: list[UsedResource] = []
        instance: Any = members[item.name].ty
        for resource, type_ in _resources(instance.exports(engine)):
            home = next((home for home in homes if bindings.resource_types_equal(home[0], type_)), None)
            if home is None:
                homes.append((type_, item.name, resource))
                own.append(resource)
            else:
                uses.append(UsedResource(resource, home[1], "" if resource == home[2] else home[2]))
        name = item.name.removeprefix("wasi:")
        found[name] = InterfaceTypes(item.functions, tuple(own), tuple(uses))
        _require_known(name, found[name])
    return found


def _resources(members: dict[str, Any]) -> Iterator[tuple[str, component.ResourceType]]:
    return ((name, extern.ty) for name, extern in members.items() if isinstance(extern.ty, component.ResourceType))


def _require_known(name: str, types: InterfaceTypes) -> None:
    """Check that functions name resources as the interfaces that define them do."""
    known = {*types.resources, *(used.resource or used.name for used in types.uses)}
    for function in types.functions:
        parts = [param.type for param in function.params] + ([function.result] if function.result else [])
        for resource in _named(parts):
            if resource not in known:
                raise ValueError(f"{name}#{function.name} names {resource}")


def _named(types: list[ValType]) -> Iterator[str]:
    for type_ in types:
        if isinstance(type_, Own | Borrow):
            yield type_.resource
        yield from _named(list(parts_of(type_)))


def written(types: WasiTypes) -> str:
    """Return the data of a release as JSON text, one line for each function."""
    return f'{{"version": "{types.version}", "interfaces": {{\n{_faces(types.interfaces)}\n}}}}\n'


def written_drafts(drafts: dict[str, InterfaceTypes]) -> str:
    """Return the data of drafts as JSON text, one line for each function."""
    return f"{{\n{_faces(drafts)}\n}}\n"


def _faces(interfaces: dict[str, InterfaceTypes]) -> str:
    faces = []
    for name, face in json.loads(msgspec.json.encode(interfaces)).items():
        functions = ",\n".join(f"   {json.dumps(one, separators=(',', ':'))}" for one in face.pop("functions", ()))
        parts = [f'"{key}": {json.dumps(value)}' for key, value in face.items()]
        parts += [f'"functions": [\n{functions}\n  ]'] if functions else []
        faces.append(f' "{name}": {{\n  ' + ",\n  ".join(parts) + "\n }")
    return ",\n".join(faces)


if __name__ == "__main__":
    sys.exit(main())
