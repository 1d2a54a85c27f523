"""Exports of components from five toolchains: from the form and from the command line, the same result."""

from __future__ import annotations

import json

import pytest

from airssys_tui.cli.main import main
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.types.form import fill
from airssys_tui.core.types.form_lines import Form
from airssys_tui.core.types.interface import (
    BYTES,
    EnumOf,
    FlagsOf,
    ListOf,
    OptionOf,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    VariantOf,
    resources_in,
)
from tests.support.places import SAMPLES
from tests.support.toolchains import ZOO, has_python_toolchain, python_zoo

PATIENCE = 300.0
WIDE = '[resources]\nmemory = "256MiB"\nfuel_per_call = "unlimited"\ndeadline = "30s"\n'
PYTHON = pytest.param(
    "python",
    marks=[
        pytest.mark.slow,
        pytest.mark.timeout(400),
        pytest.mark.skipif(not has_python_toolchain(), reason="componentize-py is missing: install the extra `build`"),
    ],
)


LEAVES = {"bool": True, "string": "héllo", "char": "é"}


def example(type_):
    """JSON of some value of a type that holds no resource."""
    if isinstance(type_, Primitive):
        return LEAVES.get(type_.name, 3)
    return {"text": "bytes"} if type_ == BYTES else MADE[type(type_)](type_)


def carrying(case):
    return {case.name: example(case.type)} if case.type is not None else case.name


MADE = {
    ListOf: lambda type_: [example(type_.element)] * 2,
    Record: lambda type_: {field.name: example(field.type) for field in type_.fields},
    TupleOf: lambda type_: [example(part) for part in type_.elements],
    EnumOf: lambda type_: type_.names[-1],
    FlagsOf: lambda type_: [type_.names[0]],
    OptionOf: lambda type_: (
        {"some": example(type_.element)} if isinstance(type_.element, OptionOf) else example(type_.element)
    ),
    ResultOf: lambda type_: {"ok": example(type_.ok) if type_.ok is not None else None},
    VariantOf: lambda type_: carrying(type_.cases[-1]),
}


def plain(function):
    types = [param.type for param in function.params] + ([function.result] if function.result is not None else [])
    return not any(map(resources_in, types))


def from_the_form(runtime, name, export):
    """What the screen does: a form filled in, its arguments sent."""
    function = export.function
    drafts = {param.name: fill(param.type, example(param.type)) for param in function.params}
    arguments = Form(function, drafts).arguments()
    try:
        return json.loads(runtime.call(name, export.path, arguments).result(PATIENCE).result)
    except AirssysError as error:
        return type(error).__name__


def from_the_command_line(path, export, capsys):
    words = [json.dumps(example(param.type)) for param in export.function.params]
    code = main(["call", str(path), export.path, "--json", "--", *words])
    answer = json.loads(capsys.readouterr().out)
    return answer["result"] if code == 0 else answer["error"]["kind"]


@pytest.mark.parametrize("language", ["c", "zig", "assemblyscript", "javascript", PYTHON])
def test_the_same_from_both(world, capsys, language):
    wasm = python_zoo() if language == "python" else (ZOO / f"zoo-{language}.wasm").read_bytes()
    world.open()
    world.install("zoo", wasm, WIDE)
    called = 0
    most = {"javascript": 4, "python": 1}.get(language, 100)  # each command compiles it anew
    for export in world.runtime.interface("zoo").result(PATIENCE).interface.functions():
        if plain(export.function) and called < most:
            called += 1
            live = from_the_form(world.runtime, "zoo", export)
            assert live == from_the_command_line(world.folder / "zoo", export, capsys), export.path
    assert called >= 1


@pytest.mark.parametrize("folder", [SAMPLES / "greeter", SAMPLES / "primes"])
def test_samples_too(world, capsys, folder):
    world.open()
    row = world.install(folder.name, folder)
    for export in world.runtime.interface(row.id).result(PATIENCE).interface.functions():
        if plain(export.function) and "core-component" not in export.path:
            live = from_the_form(world.runtime, row.id, export)
            assert live == from_the_command_line(folder, export, capsys), export.path
