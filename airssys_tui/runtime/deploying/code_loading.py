"""Compiled code: from memory, else from the cache on disk if it is intact, else compiled and cached.

Whoever wants the same code at the same time waits for the first one: components of the same artifact, a rehearsal and a
restart, and (see ``machinery/shared_code``) other processes of the user.
"""

from __future__ import annotations

import asyncio
import threading

import msgspec

from airssys_tui.core.errors import AdmissionError, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.identity import Digest
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.shared_code import shared_code


class Loaded(msgspec.Struct, frozen=True):
    """Code ready to instantiate, and whether it came from the cache."""

    code: Code
    cached: bool


async def load_code(floor: Floor, digest: Digest, wasm: bytes | None = None, *, limits: Limits | None = None) -> Loaded:
    """Return the code of an artifact. Cancelling the wait kills a running compilation.

    Args:
        floor: The machinery.
        digest: Digest of the artifact.
        wasm: The artifact; if not given, it is read from the blobs when the cache has no code for it.
        limits: The limits of its manifest, which may have compile limits.

    Raises:
        AdmissionError: If it does not compile.
        StoreError: If the stored artifact is damaged or missing, and the folder does not have it.
    """
    at_hand = floor.shelf.take(digest)
    if at_hand is not None:
        return Loaded(at_hand, cached=True)
    bounds = (None, None) if limits is None else (limits.compile_cpu, limits.compile_wall)
    key = digest, floor.engine.identity, bounds
    loaded: Loaded = await floor.flights.join(key, lambda: _load(floor, digest, wasm, limits))
    return loaded


async def _load(floor: Floor, digest: Digest, wasm: bytes | None, limits: Limits | None) -> Loaded:
    engine, cache, shelf = floor.engine, floor.state.code, floor.shelf
    cached = await _from_cache(floor, digest)
    if cached is not None:
        return Loaded(cached, cached=True)
    artifact = wasm if wasm is not None else await floor.artifact(digest)
    code = await _compile(floor, digest, artifact, limits)
    serialised = await floor.compiling(code.serialised)
    try:
        await floor.disk(cache.put, digest, engine.identity, serialised)
    except StoreError as error:  # only a cache: it is compiled again next time
        floor.journal.system(f"compiled code is not cached: {error.message}", EventAction.NONE, Level.WARNING)
    shelf.put(digest, code, len(serialised))
    return Loaded(code, cached=False)


async def _compile(floor: Floor, digest: Digest, artifact: bytes, limits: Limits | None) -> Code:
    engine, cancel = floor.engine, threading.Event()
    run = floor.compiling if engine.compiles_here(artifact) else floor.in_child
    try:
        return await run(lambda: shared_code(engine, digest, artifact, limits=limits, cancel=cancel))
    except asyncio.CancelledError:
        cancel.set()
        raise


async def _from_cache(floor: Floor, digest: Digest) -> Code | None:
    cache = floor.state.code
    path = await floor.disk(cache.get, digest, floor.engine.identity)
    if path is None:
        return None
    try:
        loaded = await floor.compiling(floor.engine.load, path)
        floor.shelf.put(digest, loaded, path.stat().st_size)
    except AdmissionError:
        # The file is intact, but this engine cannot use it: compile it again.
        await floor.disk(cache.remove, digest)
        return None
    except OSError as error:  # it cannot be read now, which says nothing about it
        floor.journal.system(f"compiled code cannot be read: {error}", EventAction.NONE, Level.WARNING)
        return None
    return loaded
