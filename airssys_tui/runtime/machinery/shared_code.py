"""Code that all processes of a user share: compiled by the first that wants it; the others wait and then load it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from airssys_tui.core.errors import AdmissionError
from airssys_tui.store.artifacts.code_files import CodeFiles
from airssys_tui.store.paths import code_directory

if TYPE_CHECKING:
    from airssys_tui.core.identity import Digest
    from airssys_tui.core.limits import Limits
    from airssys_tui.engine.compiled import Code
    from airssys_tui.engine.engine import Engine


def shared_code(
    engine: Engine,
    digest: Digest,
    wasm: bytes,
    *,
    limits: Limits | None = None,
    cancel: threading.Event | None = None,
    behind: bool = False,
) -> Code:
    """Return the code of a component: from the user's cache, else compiled; blocks meanwhile.

    What compiles in a moment is not kept. Whoever else compiles the same is waited for, at most as long as compiling it
    here might take.

    Args:
        engine: The engine.
        digest: Digest of the component.
        wasm: The component.
        limits: The limits of its manifest, which may have compile limits.
        cancel: Set it to end the waiting and the compilation.
        behind: Compile at the lowest priority, on one processor.

    Raises:
        AdmissionError: If it does not compile, or was cancelled.
    """
    if engine.compiles_here(wasm):
        return engine.compile(wasm, limits=limits)
    from airssys_tui.engine.compiler import Keeping  # noqa: PLC0415 - late: starts with the first large component

    files = CodeFiles(code_directory())
    if (code := _kept(engine, files, digest)) is not None:
        return code
    patience = engine.settings.compiling_within(limits).compile_wall
    with files.claim(digest, engine.identity, _waits(patience, cancel)) as claim:
        if claim is not None and (code := _kept(engine, files, digest)) is not None:
            return code
        keeping = None if claim is None else Keeping(claim.path, claim.lock)
        return engine.compile(wasm, cancel=cancel, limits=limits, keeping=keeping, behind=behind)


def _waits(patience: float, cancel: threading.Event | None) -> Callable[[], bool]:
    """Return what says whether somebody else's compilation is still waited for."""
    until = time.monotonic() + patience
    return lambda: time.monotonic() < until and not (cancel is not None and cancel.is_set())


def _kept(engine: Engine, files: CodeFiles, digest: Digest) -> Code | None:
    kept = files.get(digest, engine.identity)
    if kept is None:
        return None
    try:
        return engine.load(kept)
    except AdmissionError:
        return None  # of another processor: it is compiled again
