"""Types are read of a component whose instructions are taken out: the same types, at another price."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.engine.code_stripping import hollow
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.package_reader import read_types
from tests.support.engine import guests
from tests.support.places import FIXTURES, ROOT, SAMPLES

MODULE = FIXTURES / "core-module" / "core-module.wasm"
COMPONENTS = sorted({*SAMPLES.rglob("*.wasm"), *FIXTURES.glob("*/*.wasm")} - {MODULE})
LARGE = FIXTURES / "javascript-tally" / "javascript-tally.wasm"


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_hollow_component_has_the_same_types(engine: Engine, path: Path) -> None:
    assert read_types(engine, path.read_bytes()) == engine.compile(path.read_bytes()).interface


@pytest.mark.parametrize("name", ["RESOURCES"])
def test_resources_stay(engine: Engine, name: str) -> None:
    wasm = guests.binary(getattr(guests, name))
    assert read_types(engine, wasm) == engine.compile(wasm).interface


@pytest.mark.parametrize("path", sorted((ROOT / "wit").glob("*.wasm")), ids=lambda path: path.stem)
def test_a_package_in_binary_form_stays_what_it_is(path: Path) -> None:
    assert hollow(hollow(path.read_bytes())) == hollow(path.read_bytes())


def test_a_large_component_needs_no_compiler_of_its_own(engine: Engine) -> None:
    wasm = LARGE.read_bytes()
    assert not engine.compiles_here(wasm)
    assert engine.compiles_here(hollow(wasm))


@pytest.mark.parametrize("cut", [0, 7, 100, 5_000])
def test_what_is_no_component_is_refused(cut: int) -> None:
    with pytest.raises(AdmissionError):
        hollow((SAMPLES / "counter" / "counter.wasm").read_bytes()[:cut])
    with pytest.raises(AdmissionError):
        hollow(MODULE.read_bytes())
