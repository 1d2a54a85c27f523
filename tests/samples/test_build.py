"""The committed components are what their sources build to."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.places import FIXTURES, SAMPLES


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


build = load(SAMPLES / "build.py", "sample_components_build")
COMMITTED = [target for target in build.TARGETS if not target.on_demand]


def test_every_sample_has_a_target() -> None:
    committed = {path for path in SAMPLES.rglob("*.wasm") if "node_modules" not in path.parts}
    assert {target.output for target in COMMITTED} == {path for path in committed if ".on-demand" not in path.parts}
    assert all(target.reproducible for target in COMMITTED)


@pytest.mark.parametrize("target", COMMITTED, ids=lambda target: f"{target.output.parent.name}-{target.output.stem}")
def test_a_sample_rebuilds_to_the_same_bytes(target: Any) -> None:
    assert build.build(target) == target.output.read_bytes(), "run: python sample_components/build.py"


@pytest.mark.parametrize("name", ["services", "courier", "hostile", "c-inventory", "unknown-import", "core-module"])
def test_a_fixture_rebuilds_to_the_same_bytes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "build", build)
    monkeypatch.setattr(sys, "path", [*sys.path])
    fixtures = load(FIXTURES / "build.py", "fixture_components_build")
    target = next(target for target in fixtures.TARGETS if target.name == name)
    assert build.build(target) == target.output.read_bytes(), "run: python tests/fixtures/components/build.py"


@pytest.fixture
def target(tmp_path: Path) -> Any:
    source = tmp_path / "empty.wat"
    source.write_text("(component)")
    return build.Target("empty", tmp_path / "out" / "empty.wasm", build.from_component_text(source))


def test_check_finds_a_difference_and_changes_nothing(target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    output = target.output
    assert build.main((target,), []) == 0
    assert build.main((target,), ["--check"]) == 0
    output.write_bytes(b"other")
    assert build.main((target,), ["--check"]) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert output.read_bytes() == b"other"
    assert build.main((target,), ["empty"]) == 0
    assert output.read_bytes().startswith(b"\0asm")
    assert [path.name for path in output.parent.iterdir()] == ["empty.wasm"]


def test_what_is_not_committed_is_built_when_it_is_named(target: Any) -> None:
    on_demand = dataclasses.replace(target, on_demand=True, reproducible=False)
    assert build.main((on_demand,), []) == build.main((on_demand,), ["--check"]) == 0
    assert not target.output.exists()
    assert build.main((on_demand,), ["empty"]) == 0
    assert target.output.exists()


def test_an_unknown_name_is_refused(target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        build.main((target,), ["emtpy"])
    assert refusal.value.code == 2
    assert "no sample is called emtpy; there are empty" in capsys.readouterr().err


def test_a_source_that_does_not_compile_is_shown(
    target: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wat").write_text("(component (nonsense))")
    assert build.main((target,), []) == 1
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tool", "module", "attribute"), [("wasm-tools", "shutil", "which"), ("ziglang", "importlib.util", "find_spec")]
)
def test_a_missing_tool_names_the_extra(
    tool: str, module: str, attribute: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(f"{module}.{attribute}", lambda *_args, **_options: None)
    sample = "hoarder" if tool == "wasm-tools" else "counter"
    assert build.main(build.TARGETS, [sample, "--check"]) == 1
    message = capsys.readouterr().err
    assert tool in message
    assert "extra `build`" in message
