"""Compiled code for a component that is checked or called without a runtime: from the user's cache, else compiled."""

from __future__ import annotations

from airssys_tui.core.identity import digest_of
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.runtime.machinery.shared_code import shared_code


def compile_cached(engine: Engine, wasm: bytes, limits: Limits | None = None) -> Code:
    """Return compiled code; what compiles in a moment is not kept.

    Args:
        engine: The engine.
        wasm: The component.
        limits: The limits of its manifest, which may have compile limits.

    Raises:
        AdmissionError: If it does not compile.
    """
    return shared_code(engine, digest_of(wasm), wasm, limits=limits)
