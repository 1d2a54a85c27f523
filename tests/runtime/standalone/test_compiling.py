"""`check` and `call PATH` compile a large component once: the second time its code comes from the cache."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.identity import digest_of
from airssys_tui.engine import compiler
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.machinery.shared_code import shared_code
from airssys_tui.runtime.standalone.call import call_path
from airssys_tui.runtime.standalone.check import inspect_path
from airssys_tui.store.artifacts.code_files import CodeFiles
from airssys_tui.store.paths import code_directory
from tests.support.engine import guests
from tests.support.world import World


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is compiled in a child; the cache is empty."""
    monkeypatch.setenv("AIRSSYS_TUI_CACHE_DIR", str(tmp_path / "cache"))
    seen: list[int] = []
    in_child = compiler.compile_in_child

    def counted(wasm: bytes, *rest: Any, **more: Any) -> bytes:
        seen.append(len(wasm))
        return in_child(wasm, *rest, **more)

    monkeypatch.setattr(compiler, "compile_in_child", counted)
    return seen


def large(tmp_path: Path) -> Path:
    """Write a component that is compiled in a child: a custom section makes it large."""
    file = tmp_path / "large.wasm"
    custom = b"\x01x" + bytes(70_000)
    size = len(custom)
    head = bytes([0, size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14])
    file.write_bytes(guests.binary(guests.FIRST_OF_BOTH) + head + custom)
    return file


def test_the_second_command_finds_the_code_of_the_first(tmp_path: Path, compiled: list[int]) -> None:
    file = large(tmp_path)
    assert inspect_path(file).admissible
    assert len(compiled) == 1
    assert call_path(file, "f", "[[7],[9]]").result == "7009"
    assert inspect_path(file).admissible
    assert len(compiled) == 1
    (kept,) = code_directory().iterdir()
    kept.write_bytes(b"damaged" + kept.read_bytes())
    assert call_path(file, "f", "[[7],[9]]").result == "7009"
    assert len(compiled) == 2, "damaged code is compiled again"


def test_a_changed_file_is_compiled_and_a_small_one_is_not_kept(tmp_path: Path, compiled: list[int]) -> None:
    file = large(tmp_path)
    assert inspect_path(file).admissible
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert inspect_path(file).admissible
    assert len(compiled) == 2
    small = tmp_path / "small.wasm"
    small.write_bytes(guests.binary(guests.FIRST_OF_BOTH))
    assert inspect_path(small).admissible
    assert len(list(code_directory().iterdir())) == 2


def test_engines_with_other_settings_do_not_share_code(compiled: list[int]) -> None:
    wasm = guests.binary(guests.FIRST_OF_BOTH)
    for dense in (False, True, False, True):
        engine = Engine(EngineSettings(in_process_compile=0, dense=dense))
        try:
            assert shared_code(engine, digest_of(wasm), wasm).interface.exports
        finally:
            engine.close()
    assert len(compiled) == 2


def test_code_that_this_engine_cannot_load_is_compiled_again(compiled: list[int]) -> None:
    wasm, engine = guests.binary(guests.FIRST_OF_BOTH), Engine(EngineSettings(in_process_compile=0))
    CodeFiles(code_directory()).put(digest_of(wasm), engine.identity, b"not code")
    try:
        assert shared_code(engine, digest_of(wasm), wasm).interface.exports
        assert shared_code(engine, digest_of(wasm), wasm).interface.exports
    finally:
        engine.close()
    assert len(compiled) == 1


def test_two_that_want_the_same_code_at_the_same_time_compile_it_once(compiled: list[int]) -> None:
    wasm, engine = guests.binary(guests.FIRST_OF_BOTH), Engine(EngineSettings(in_process_compile=0))
    try:
        with ThreadPoolExecutor(2) as threads:
            for found in threads.map(lambda _: shared_code(engine, digest_of(wasm), wasm), range(2)):
                assert found.interface.exports
    finally:
        engine.close()
    assert len(compiled) == 1


def test_who_waits_for_others_in_vain_compiles_itself(compiled: list[int]) -> None:
    wasm = guests.binary(guests.FIRST_OF_BOTH)
    engine = Engine(EngineSettings(in_process_compile=0, compile_wall=0.0))
    files, gone_on = CodeFiles(code_directory()), threading.Event()
    gone_on.set()
    try:
        with (
            files.claim(digest_of(wasm), engine.identity, lambda: False),
            pytest.raises(AdmissionError, match="longer"),
        ):
            shared_code(engine, digest_of(wasm), wasm, cancel=threading.Event())
        with (
            files.claim(digest_of(wasm), engine.identity, lambda: False),
            pytest.raises(AdmissionError, match="cancel"),
        ):
            shared_code(engine, digest_of(wasm), wasm, cancel=gone_on)
    finally:
        engine.close()
    assert len(compiled) == 2


def test_a_runtime_and_the_commands_beside_it_share_what_they_compile(
    world: World, tmp_path: Path, compiled: list[int]
) -> None:
    file = large(tmp_path)
    world.put("c", file.read_bytes())
    world.open()
    assert len(compiled) == 1
    assert inspect_path(file).admissible
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert inspect_path(file).admissible
    assert len(compiled) == 2
    world.install("c", file.read_bytes())
    assert world.row("c").revision == 2
    assert len(compiled) == 2


def test_components_of_the_same_artifact_are_compiled_once(world: World, tmp_path: Path, compiled: list[int]) -> None:
    for name in ("a", "b", "c"):
        world.put(name, large(tmp_path).read_bytes())
    world.open()
    assert [world.row(name).revision for name in ("a", "b", "c")] == [1, 1, 1]
    assert len(compiled) == 1
