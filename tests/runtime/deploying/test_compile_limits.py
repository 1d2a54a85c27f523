"""The limits of the compiler: CPU time judges, the operator and the manifest set it, and a raised one tries again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.cli.reaching.embedding import engine_settings
from airssys_tui.cli.reaching.program_settings import read_settings
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import ManifestError, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.refusal import is_by, judge
from airssys_tui.engine import engine as engines
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.deploying import pipeline
from airssys_tui.store.artifacts.blobs import Blobs
from airssys_tui.store.artifacts.code_cache import CodeCache
from tests.support.components import Crafted
from tests.support.engine import bombs
from tests.support.world import World

BOMB = bombs.nested_loops(10_000, functions=10)
MANIFEST = '[package]\nname = "c"\n[component]\nwasm = "c.wasm"\n[resources]\n{}\n'


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("", (None, None)),
        ('compile_cpu = "1s"', (1.0, None)),
        ('compile_cpu = "1h"\ncompile_wall = "24h"', (3600.0, 86_400.0)),
        ("compile_wall = 10", (None, 10.0)),
    ],
)
def test_the_manifest_sets_the_limits(line: str, limits: tuple[float | None, float | None]) -> None:
    found = parse_manifest(MANIFEST.format(line), "Component.toml").limits
    assert (found.compile_cpu, found.compile_wall) == limits


@pytest.mark.parametrize(
    "line",
    ['compile_cpu = "999ms"', 'compile_cpu = "1h1s"', "compile_wall = 9", 'compile_wall = "25h"', "compile_cpu = true"],
)
def test_a_limit_of_the_manifest_is_bounded(line: str) -> None:
    with pytest.raises(ManifestError, match="compile_"):
        parse_manifest(MANIFEST.format(line), "Component.toml")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", (120.0, 900.0)),
        ('compile-cpu = "10m"', (600.0, 900.0)),
        ('compile-wall = "1h"\ncompile-cpu = 30', (30.0, 3600.0)),
    ],
)
def test_the_configuration_file_sets_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, limits: tuple[float, float]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(file))
    (tmp_path / "folder").mkdir()
    settings = engine_settings(locate(tmp_path / "folder", tmp_path / "state"))
    assert (settings.compile_cpu, settings.compile_wall) == limits


@pytest.mark.parametrize(
    "text",
    ['compile-cpu = "1ms"', 'compile-cpu = "2h"', "compile-wall = 5", 'compile-wall = "soon"', "compile-cpu = []"],
)
def test_a_limit_of_the_configuration_file_is_bounded(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match="compile-"):
        read_settings(file)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (None, (7.0, 70.0)),
        (Limits(), (7.0, 70.0)),
        (Limits(compile_cpu=3.0), (3.0, 70.0)),
        (Limits(compile_cpu=300.0, compile_wall=900.0), (300.0, 900.0)),
    ],
)
def test_the_manifest_comes_before_the_operators_setting(limits: Limits | None, expected: tuple[float, float]) -> None:
    used = EngineSettings(compile_cpu=7.0, compile_wall=70.0).compiling_within(limits)
    assert (used.compile_cpu, used.compile_wall) == expected


def test_a_manifest_that_allows_more_lets_the_same_file_be_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    compile_in_child = engines.Engine.compile

    def note(self, wasm, *, limits=None, **rest):  # type: ignore[no-untyped-def]
        asked.append(self.settings.compiling_within(limits).compile_cpu)
        return compile_in_child(self, wasm, limits=limits, **rest)

    monkeypatch.setattr(engines.Engine, "compile", note)
    world.put("c", BOMB, '[resources]\ncompile_cpu = "1s"\n')
    world.open()
    assert "refused at compile: it took more than 1.0s of CPU time" in world.row("c").note.text
    world.notice("c")
    assert asked == [1.0]
    world.install("c", BOMB, '[resources]\ncompile_cpu = "2s"\n')
    assert asked == [1.0, 2.0]


def test_a_raised_setting_of_the_operator_tries_refused_files_again(world: World) -> None:
    world.put("c", BOMB)
    world.open(engine=EngineSettings(compile_cpu=1.0))
    world.reopen(engine=EngineSettings(compile_cpu=1.0))
    assert len(world.history("c")) == 1
    world.reopen(engine=EngineSettings(compile_cpu=2.0))
    assert len(world.history("c")) == 2
    assert "more than 2.0s of CPU time" in world.row("c").note.text


@pytest.mark.parametrize("gate", list(Gate))
def test_only_the_compilers_verdict_depends_on_its_limit(gate: Gate) -> None:
    one, other = judge("1.0", gate, 1.0), judge("1.0", gate, 2.0)
    assert (one != other) is (gate is Gate.COMPILE)
    assert is_by(one, "1.0")
    assert not is_by(one, "1.1")


def test_a_large_artifact_is_stored_while_it_compiles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LARGE", 0)
    began, put = threading.Event(), Blobs.put
    compile_here = Code.compile_here
    in_time: list[bool] = []

    def compile_now(*args: Any, **kwargs: Any) -> Code:
        began.set()
        return compile_here(*args, **kwargs)

    def put_later(*args: Any) -> Any:
        in_time.append(began.wait(20.0))
        return put(*args)

    monkeypatch.setattr(Code, "compile_here", compile_now)
    monkeypatch.setattr(Blobs, "put", put_later)
    world.open()
    assert world.install("c", Crafted()).state == "running"
    assert in_time == [True]


def test_nothing_compiles_on_after_a_gate_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LARGE", 0)
    go_on, compile_here = threading.Event(), Code.compile_here

    def compile_later(*args: Any, **kwargs: Any) -> Code:
        go_on.wait(20.0)
        return compile_here(*args, **kwargs)

    monkeypatch.setattr(Code, "compile_here", compile_later)
    world.open()
    try:
        assert world.install("c", Crafted(), "[dependencies]\nabsent = '*'\n").state == "failed"
        assert len(world.runtime.probe.floor.flights) == 0
    finally:
        go_on.set()


def test_a_candidate_serves_before_its_code_is_in_the_cache_and_the_deployment_ends_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, write = threading.Event(), CodeCache.write

    def write_later(*args: Any) -> Any:
        go_on.wait(20.0)
        return write(*args)

    monkeypatch.setattr(CodeCache, "write", write_later)
    world.open()
    done = world.notice_later(world.put("c", Crafted()))
    world.wait_row("c", lambda row: row.state == "running")
    assert not done.done()
    go_on.set()
    done.result(20.0)
    floor = world.runtime.probe.floor
    digest = world.row("c").digest
    assert world.run(lambda: floor.disk(floor.state.code.has, digest, floor.engine.identity))
