"""Exports of components from five toolchains: from the form and from the command line, the same result."""

from __future__ import annotations

import json
import shutil

import pytest

from airssys_tui.cli.main import main
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import one_line
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
from tests.support.api.sockets import client, serving
from tests.support.places import SAMPLES
from tests.support.toolchains import PANIC, ZOO, has_python_toolchain, javascript_panic, python_panic, python_zoo

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


JAVASCRIPT = pytest.param("javascript", marks=pytest.mark.slow)
SALT = b"\0\6\4salt!"
"""A custom section: the same component with another digest."""


@pytest.mark.parametrize(
    "language", ["c", "zig", "assemblyscript", pytest.param("javascript", marks=pytest.mark.slow), PYTHON]
)
def test_text_that_is_not_ascii_arrives_before_and_after_a_reload(world, tmp_path, language):
    wasm = python_zoo() if language == "python" else (ZOO / f"zoo-{language}.wasm").read_bytes()
    names = ("Zo\u00eb", "\u6f22\u5b57", "\U0001f469\u200d\U0001f467", "\u202eabc")
    world.open()
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        for revision, content in ((1, wasm), (2, wasm + SALT)):
            assert world.install("zoo", content, WIDE).revision == revision
            for name in names:
                arguments = json.dumps([name], ensure_ascii=False)
                report = far.call("zoo", "fixture:zoo/animals#greet", arguments).result(PATIENCE)
                assert json.loads(report.result) == f"hello, {name}"


JAVASCRIPT_WITH_WASI = pytest.param(
    "javascript",
    marks=[
        pytest.mark.slow,
        pytest.mark.timeout(600),
        pytest.mark.skipif(shutil.which("npx") is None, reason="npx is missing: it fetches componentize-qjs"),
    ],
)
NAMES = ("Zo\u00eb", "\u6f22\u5b57", "\U0001f469\u200d\U0001f467")
ASKED = {"c": [("stdout", "asked for {}")], "zig": [("stderr", "asked for {}")], "javascript": []}
LAST_WORDS = {
    "c": ["looking at {}", "orders: No such file or directory", "panic: order {} has no items"],
    "zig": ["looking at {}", "panic: order {} has no items"],
    "javascript": ['message: Some("order {} has no items")'],
}
"""What each language prints before it traps; a C and a Zig line is a whole line, JavaScript's is in a longer one."""


@pytest.mark.parametrize("language", ["c", "zig", JAVASCRIPT_WITH_WASI])
def test_it_says_why_it_trapped_and_is_reloaded(world, tmp_path, language):
    wasm = javascript_panic() if language == "javascript" else (PANIC / f"panic-{language}.wasm").read_bytes()
    world.open(sample=3_600.0)
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        for revision, (name, content) in enumerate(zip(NAMES, (wasm, wasm + SALT, wasm + 2 * SALT), strict=True), 1):
            world.notice_later(world.put("panic", content, WIDE)).result(PATIENCE)  # JavaScript compiles for long
            assert world.wait_row("panic", lambda row, wanted=revision: row.revision == wanted).state == "running"
            arguments = json.dumps([name], ensure_ascii=False)
            assert json.loads(far.call("panic", "say", arguments).result(PATIENCE).result) == f"hello, {name}"
            heard = [(event.action, event.text) for event in world.events("panic") if event.kind == "log"]
            said = [(stream, text.format(name)) for stream, text in ASKED[language]]
            assert heard[len(heard) - len(said) :] == said
            printed = far.call("panic", "fail", arguments).exception(PATIENCE).trap.printed
            told = world.wait_event("panic", "trapped", revision).text
            # Its engine shows the text of an exception with escapes, as Rust does for what is not seen.
            shown = name.replace("\u200d", r"\u{200d}") if language == "javascript" else name
            for words in (words.format(shown) for words in LAST_WORDS[language]):
                assert words in (printed if language != "javascript" else "\n".join(printed))
                assert one_line(words) in told
            assert "see: airssys-tui logs panic" in told
            story = " ".join(far.explain("panic").result(PATIENCE).sentences)
            assert one_line(LAST_WORDS[language][-1].format(shown)) in story


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not has_python_toolchain(), reason="componentize-py is missing: install the extra `build`")
def test_python_says_why_it_failed(world, tmp_path):
    world.open(sample=3_600.0)
    world.notice_later(world.put("panic", python_panic(), WIDE)).result(PATIENCE)
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        for times in (1, 2):
            said = json.loads(far.call("panic", "say", '["Zo\u00eb"]').result(PATIENCE).result)
            assert said == "hello, Zo\u00eb"
            assert [event.text for event in world.events("panic", "stdout")] == ["asked for Zo\u00eb"] * times
            trap = far.call("panic", "fail", '["Zo\u00eb"]').exception(PATIENCE)
            assert "LookupError: order Zo\u00eb has no items" in trap.trap.printed, trap.trap.printed
            assert "LookupError: order Zo\u00eb has no items" in world.wait_event("panic", "trapped", times).text
