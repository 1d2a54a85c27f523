"""Compiled code for a component that is checked or called without a runtime: from the user's cache, else compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airssys_tui.core.errors import AdmissionError, AirssysError
from airssys_tui.core.revision import Tier
from airssys_tui.engine.baseline_gaps import baseline_gap
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.tiers import Tiers, can_be_optimised
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.machinery.outgrown import exhausts_stack
from airssys_tui.runtime.machinery.shared_code import shared_code
from airssys_tui.runtime.sources.folder import Reading

T = TypeVar("T")


def compile_cached(tiers: Tiers, reading: Reading, tier: Tier = Tier.OPTIMISED) -> Code:
    """Return compiled code; what compiles in a moment is not kept.

    Args:
        tiers: The engines.
        reading: The component; its manifest may have compile limits.
        tier: How to compile it; what the baseline compiler cannot compile is optimised.

    Raises:
        AdmissionError: If it does not compile.
    """
    digest, wasm, limits = reading.digest, reading.wasm, reading.manifest.limits
    if tier is Tier.BASELINE and baseline_gap(wasm) is None:
        try:
            return shared_code(tiers.engine(tier), digest, wasm, limits=limits)
        except AdmissionError as error:
            if not can_be_optimised(error):
                raise
    return shared_code(tiers.engine(Tier.OPTIMISED), digest, wasm, limits=limits)


def unrecorded(reading: Reading, code: Code) -> Blueprint:
    """Return what instances of a component without a revision are made from."""
    return Blueprint(
        digest=reading.digest,
        interface=code.interface,
        manifest=reading.manifest,
        manifest_digest=reading.manifest_digest,
        revision=0,
    )


def with_enough_stack(tier: Tier, work: Callable[[Tier], T]) -> T:
    """Do work in a tier; do it again with optimised code if it exhausts the stack in baseline code.

    Raises:
        AirssysError: Whatever the work raises.
    """
    try:
        return work(tier)
    except AirssysError as error:
        if tier is Tier.OPTIMISED or not exhausts_stack(error):
            raise
    return work(Tier.OPTIMISED)
