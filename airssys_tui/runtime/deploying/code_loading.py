"""Compiled code: from memory, else from the cache on disk if it is intact, else compiled and cached.

Whoever wants the same code at the same time waits for the first one: components of the same artifact, a rehearsal and a
restart, and (see ``machinery/shared_code``) other processes of the user.

Baseline code is only made where there is no optimised code yet. What the baseline compiler cannot compile, or should
not, is compiled with optimisations without a word.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Final

import msgspec

from airssys_tui.core.errors import AdmissionError, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.identity import Digest
from airssys_tui.core.limits import Limits
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import MIB
from airssys_tui.engine.baseline_gaps import baseline_gap
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.tiers import can_be_optimised
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.shared_code import shared_code

LARGE: Final = 4 * MIB
"""Bytes of compiled code that are written behind: it takes a noticeable time, and only a child makes so many."""


class Loaded(msgspec.Struct, frozen=True):
    """Code ready to instantiate, and whether it came from the cache."""

    code: Code
    cached: bool


class _Wanted(msgspec.Struct, frozen=True):
    """Code that is wanted: of an artifact, in a tier, within limits; ``behind`` if nobody waits for it."""

    digest: Digest
    tier: Tier
    limits: Limits | None
    behind: bool


async def load_code(
    floor: Floor,
    digest: Digest,
    wasm: bytes | None = None,
    *,
    limits: Limits | None = None,
    tier: Tier = Tier.OPTIMISED,
    behind: bool = False,
) -> Loaded:
    """Return the code of an artifact. Cancelling the wait kills a running compilation, unless others wait for it.

    Args:
        floor: The machinery.
        digest: Digest of the artifact.
        wasm: The artifact; if not given, it is read from the blobs when the cache has no code for it.
        limits: The limits of its manifest, which may have compile limits.
        tier: How it is compiled if it has to be; the code says how it was.
        behind: Compile it at the lowest priority, one after another.

    Raises:
        AdmissionError: If it does not compile.
        StoreError: If the stored artifact is damaged or missing, and the folder does not have it.
    """
    tier = Tier.OPTIMISED if digest in floor.outgrown else tier
    for ready in _acceptable(tier):
        at_hand = floor.shelf.take(digest, ready)
        if at_hand is not None:
            return Loaded(at_hand, cached=True)
    bounds = (None, None) if limits is None else (limits.compile_cpu, limits.compile_wall)
    wanted = _Wanted(digest, tier, limits, behind)
    loaded: Loaded = await floor.flights.join((digest, tier, bounds), lambda: _load(floor, wanted, wasm))
    return loaded


async def code_for(floor: Floor, artifact: Blueprint) -> Code:
    """Return the code of an artifact as its manifest and the operator want it.

    Raises:
        AdmissionError: If it does not compile.
        StoreError: If the stored artifact is damaged or missing, and the folder does not have it.
    """
    manifest = artifact.manifest
    tier = floor.settings.tier.of(manifest)
    return (await load_code(floor, artifact.digest, limits=manifest.limits, tier=tier)).code


async def cached_code(floor: Floor, digest: Digest, tier: Tier) -> Code | None:
    """Return the code of an artifact in exactly this tier, if it need not be compiled."""
    return floor.shelf.take(digest, tier) or await _from_cache(floor, digest, tier)


async def is_compiled(floor: Floor, digest: Digest, tier: Tier) -> bool:
    """Return whether code that :func:`load_code` would return need not be compiled, without reading it."""
    for ready in _acceptable(tier):
        at_hand = floor.shelf.take(digest, ready) is not None
        if at_hand or await floor.disk(floor.state.code.has, digest, floor.tiers.identities[ready]):
            return True
    return False


def _acceptable(tier: Tier) -> tuple[Tier, ...]:
    """Return the tiers of code that does where this one is asked for, best first."""
    return (Tier.OPTIMISED,) if tier is Tier.OPTIMISED else (Tier.OPTIMISED, tier)


async def _load(floor: Floor, wanted: _Wanted, wasm: bytes | None) -> Loaded:
    for ready in _acceptable(wanted.tier):
        cached = await _from_cache(floor, wanted.digest, ready)
        if cached is not None:
            return Loaded(cached, cached=True)
    artifact = wasm if wasm is not None else await floor.artifact(wanted.digest)
    if wanted.tier is Tier.OPTIMISED:
        return await _compile(floor, wanted, artifact)
    baseline = await _baseline(floor, wanted, artifact)
    return baseline or await load_code(floor, wanted.digest, artifact, limits=wanted.limits)


async def _baseline(floor: Floor, wanted: _Wanted, artifact: bytes) -> Loaded | None:
    """Compile with the baseline compiler; None if it cannot. The look for gaps goes on while a compiler starts."""
    if floor.engine.compiles_here(artifact) and await floor.compiling(baseline_gap, artifact) is not None:
        return None
    compiling = asyncio.ensure_future(_compile(floor, wanted, artifact))
    try:
        if await floor.compiling(baseline_gap, artifact) is not None:
            return None
        return await compiling
    except AdmissionError as error:
        if not can_be_optimised(error):
            raise
        return None
    finally:
        if not compiling.done():
            compiling.cancel()
            await asyncio.wait([compiling])


async def _compile(floor: Floor, wanted: _Wanted, artifact: bytes) -> Loaded:
    code = await _compiled(floor, wanted, artifact)
    serialised = await floor.compiling(code.serialised)
    floor.shelf.put(wanted.digest, code, len(serialised))
    # Written beside the rest of the way: the candidate need not wait for its copy. Nobody waits for the copy of a large
    # one, because the user's cache has it already.
    awaited = wanted.digest if len(serialised) < LARGE else None
    floor.later(_keep(floor, wanted.digest, code.tier, serialised), awaited)
    return Loaded(code, cached=False)


async def _keep(floor: Floor, digest: Digest, tier: Tier, serialised: bytes) -> None:
    cache = floor.state.code
    try:
        written = await floor.files(cache.write, digest, floor.tiers.identities[tier], serialised)
        await floor.disk(cache.record, written)
    except StoreError as error:  # only a cache: it is compiled again next time
        floor.journal.system(f"compiled code is not cached: {error.message}", EventAction.NONE, Level.WARNING)


async def _compiled(floor: Floor, wanted: _Wanted, artifact: bytes) -> Code:
    cancel = threading.Event()

    def compile_it() -> Code:
        engine = floor.tiers.engine(wanted.tier)
        return shared_code(engine, wanted.digest, artifact, limits=wanted.limits, cancel=cancel, behind=wanted.behind)

    run = floor.compiling if floor.engine.compiles_here(artifact) else floor.behind if wanted.behind else floor.in_child
    try:
        return await run(compile_it)
    except asyncio.CancelledError:
        cancel.set()
        raise


async def _from_cache(floor: Floor, digest: Digest, tier: Tier) -> Code | None:
    cache, identity = floor.state.code, floor.tiers.identities[tier]
    path = await floor.disk(cache.get, digest, identity)
    if path is None:
        return None
    try:
        loaded = await floor.compiling(lambda: floor.tiers.engine(tier).load(path))
        floor.shelf.put(digest, loaded, path.stat().st_size)
    except AdmissionError:
        # The file is intact, but this engine cannot use it: compile it again.
        await floor.disk(cache.remove, digest)
        return None
    except OSError as error:  # it cannot be read now, which says nothing about it
        floor.journal.system(f"compiled code cannot be read: {error}", EventAction.NONE, Level.WARNING)
        return None
    return loaded
