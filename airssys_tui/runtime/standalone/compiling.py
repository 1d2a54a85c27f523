"""Compiled code for a component that is checked or called without a runtime: from the user's cache, else compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airssys_tui.core.errors import AdmissionError, AirssysError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.limits import Limits
from airssys_tui.core.revision import Tier
from airssys_tui.engine.baseline_gaps import baseline_gap
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.tiers import Tiers, can_be_optimised
from airssys_tui.runtime.machinery.outgrown import exhausts_stack
from airssys_tui.runtime.machinery.shared_code import shared_code

T = TypeVar("T")


def compile_cached(tiers: Tiers, wasm: bytes, limits: Limits | None = None, tier: Tier = Tier.OPTIMISED) -> Code:
    """Return compiled code; what compiles in a moment is not kept.

    Args:
        tiers: The engines.
        wasm: The component.
        limits: The limits of its manifest, which may have compile limits.
        tier: How to compile it; what the baseline compiler cannot compile is optimised.

    Raises:
        AdmissionError: If it does not compile.
    """
    digest = digest_of(wasm)
    if tier is Tier.BASELINE and baseline_gap(wasm) is None:
        try:
            return shared_code(tiers.engine(tier), digest, wasm, limits=limits)
        except AdmissionError as error:
            if not can_be_optimised(error):
                raise
    return shared_code(tiers.engine(Tier.OPTIMISED), digest, wasm, limits=limits)


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
