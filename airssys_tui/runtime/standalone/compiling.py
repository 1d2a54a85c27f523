"""Compiled code for a component that is checked or called without a runtime: from the user's cache, else compiled."""

from __future__ import annotations

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.store.artifacts.code_files import CodeFiles
from airssys_tui.store.paths import code_directory


def compile_cached(engine: Engine, wasm: bytes, limits: Limits | None = None) -> Code:
    """Return compiled code; what compiles in a moment is not kept.

    Args:
        engine: The engine.
        wasm: The component.
        limits: The limits of its manifest, which may have compile limits.

    Raises:
        AdmissionError: If it does not compile.
    """
    if engine.compiles_here(wasm):
        return engine.compile(wasm)
    files, digest = CodeFiles(code_directory()), digest_of(wasm)
    kept = files.get(digest, engine.identity)
    if kept is not None:
        try:
            return engine.load(kept)
        except AdmissionError:
            pass  # of another processor: it is compiled again
    code = engine.compile(wasm, limits=limits)
    files.put(digest, engine.identity, code.serialised())
    return code
