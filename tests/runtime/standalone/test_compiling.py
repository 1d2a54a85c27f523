"""`check` and `call PATH` compile a large component once: the second time its code comes from the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.engine import compiler
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.standalone.call import call_path
from airssys_tui.runtime.standalone.check import inspect_path
from airssys_tui.runtime.standalone.compiling import compile_cached
from airssys_tui.store.paths import code_directory
from tests.support.engine import guests


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is compiled in a child; the cache is empty."""
    monkeypatch.setenv("AIRSSYS_TUI_CACHE_DIR", str(tmp_path / "cache"))
    seen: list[int] = []
    in_child = compiler.compile_in_child

    def counted(wasm: bytes, *rest: object) -> bytes:
        seen.append(len(wasm))
        return in_child(wasm, *rest)  # type: ignore[arg-type]

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
            assert compile_cached(engine, wasm).interface.exports
        finally:
            engine.close()
    assert len(compiled) == 2


def test_code_that_this_engine_cannot_load_is_compiled_again(
    compiled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wasm, engine = guests.binary(guests.FIRST_OF_BOTH), Engine(EngineSettings(in_process_compile=0))
    try:
        with monkeypatch.context() as other:
            other.setattr("airssys_tui.engine.compiled.Code.serialised", lambda _: b"not code")
            compile_cached(engine, wasm)
        assert compile_cached(engine, wasm).interface.exports
        assert compile_cached(engine, wasm).interface.exports
    finally:
        engine.close()
    assert len(compiled) == 2
