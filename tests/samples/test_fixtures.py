"""The component fixtures do what the tests that use them rely on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from wasmtime import Engine, Store, WasmtimeError
from wasmtime.component import Component, Linker

from tests.support.guest import Guest, record, wasm_tools
from tests.support.places import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "components"


def fixture(name: str) -> Path:
    return FIXTURES / name / f"{name}.wasm"


def test_hostile_text_arrives_unchanged_everywhere() -> None:
    guest = Guest(fixture("hostile"))
    assert guest.init() is None
    insults = guest.call("insults")
    everything = "".join(insults)
    assert {"\x1b[2J\x1b[H", "[/foo]"} <= set(insults)
    assert [(message, fields) for _, message, fields in guest.logged] == [(text, {text: text}) for text in insults]
    assert guest.call("insult") == everything
    assert guest.call("fail") == everything
    assert guest.contract("metadata#describe")["description"] == everything
    assert guest.contract("health#check") == {"status": "degraded", "message": everything}
    assert guest.execute("anything").payload == everything
    assert guest.contract("lifecycle#shutdown").payload == everything


def test_c_inventory_keeps_what_it_is_given() -> None:
    guest = Guest(fixture("c-inventory"))
    assert guest.call("add", record(name="nails", quantity=3, price=0.25)) == 3
    assert guest.call("add", record(name="Dübel", quantity=10, price=1.5)) == 10
    assert guest.call("add", record(name="nails", quantity=1, price=0.5)) == 4
    assert guest.call("items") == [
        {"name": "nails", "quantity": 4, "price": 0.5},
        {"name": "Dübel", "quantity": 10, "price": 1.5},
    ]
    assert [guest.call("level-of", name) for name in ("nails", "Dübel", "screws")] == ["low", "enough", "none"]
    assert guest.call("worth") == 17.0


def test_c_inventory_imports_types_and_nothing_else() -> None:
    text = wasm_tools("print", fixture("c-inventory"))
    assert set(re.findall(r'^  \(import "([^"]+)" \((\w+)', text, re.MULTILINE)) == {
        ("item", "type"),
        ("level", "type"),
    }
    assert set(Guest(fixture("c-inventory")).imports) == set(), (
        "the engine now lists imported types: admission must skip them"
    )


def test_assemblyscript_counts_words_without_leaking() -> None:
    guest = Guest(fixture("assemblyscript-text"), memory=4 * 1024 * 1024, fuel=100_000_000)
    assert guest.call("fixture:text/words#count", "ein Bär und ein Fuß") == [
        {"word": "ein", "times": 2},
        {"word": "Bär", "times": 1},
        {"word": "und", "times": 1},
        {"word": "Fuß", "times": 1},
    ]
    text = "word " * 20_000
    for _ in range(50):
        assert guest.call("fixture:text/words#shout", text) == text.upper()


def test_javascript_tallies() -> None:
    guest = Guest(fixture("javascript-tally"))
    see, everything, favourite = (f"fixture:tally/tallies#{name}" for name in ("see", "all", "favourite"))
    assert guest.call(favourite) is None
    assert [guest.call(see, name) for name in ("b", "é", "b")] == [1, 1, 2]
    assert guest.call(see, "") == "a name must not be empty"
    assert guest.call(everything) == [{"name": "b", "times": 2}, {"name": "é", "times": 1}]
    assert guest.call(favourite) == "b"


def test_unknown_import_cannot_be_linked() -> None:
    engine = Engine()
    component = Component.from_file(engine, str(fixture("unknown-import")))
    assert set(component.type.imports(engine)) == {"acme:weather/forecast@2.1.0", "launch"}
    with pytest.raises(WasmtimeError, match=r"acme:weather/forecast@2\.1\.0"):
        Linker(engine).instantiate(Store(engine), component)


def test_core_module_is_no_component() -> None:
    with pytest.raises(WasmtimeError, match="component"):
        Component.from_file(Engine(), str(fixture("core-module")))


def test_fixtures_stay_small() -> None:
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) < 3_000_000
