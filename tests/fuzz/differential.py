"""One differential trial: a random module in both tiers of code, called in the same way, has to answer the same.

Traps count as answers. Only what depends on the tier by nature ends the comparison: fuel, and the native stack.
"""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Any

from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.units import MIB
from airssys_tui.engine.baseline_gaps import baseline_gap
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.tiers import Tiers
from tests.fuzz.authoring import Author
from tests.support.engine.guests import binary

SETTINGS = EngineSettings(memory_reservation=64 * MIB)
LIMITS = Limits(memory=MIB, fuel_per_call=UNLIMITED_FUEL, deadline=20.0)

BY_NATURE = frozenset({TrapKind.STACK_OVERFLOW, TrapKind.DEADLINE})
"""Traps that come sooner in one tier than in the other."""


class Comparisons:
    """Runs differential trials by number; the same seed and number give the same module and the same calls."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tiers = Tiers(SETTINGS, ())

    def bytes_of(self, number: int) -> bytes:
        """Return the component of a trial."""
        return binary(self._author(number).component())

    def run(self, number: int) -> str:
        """Run one trial; return ``alike``, ``alike, with traps`` or ``ended by the tier``.

        Raises:
            Exception: A difference, a refusal by one compiler, or what is no trap: a finding.
        """
        author = self._author(number)
        wasm, calls = binary(author.component()), author.arguments()
        assert baseline_gap(wasm) is None, "the look before the compiler sees a gap that is none"
        answers = [self._answers(tier, wasm, calls) for tier in Tier]
        for call, *both in zip((*calls, ("sum", ())), *answers, strict=False):
            if BY_NATURE & set(both):
                return "ended by the tier"
            assert both[0] == both[1], f"{call[0]}{call[1]}: optimised {both[0]!r}, baseline {both[1]!r}"
        return "alike, with traps" if any(isinstance(answer, TrapKind) for answer in answers[0]) else "alike"

    def close(self) -> None:
        """Let go of the engines."""
        self._tiers.close()

    def _author(self, number: int) -> Author:
        return Author(Random(f"{self._seed}/{number}"))

    def _answers(self, tier: Tier, wasm: bytes, calls: list[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Call a module in one tier; return the bits of each result, or the trap, and the digest of its memory."""
        code, linker = self._tiers.engine(tier).compile(wasm), self._tiers.linker(tier)
        answers: list[Any] = []
        instance: Instance = linker.instantiate(code, LIMITS)
        try:
            for export, arguments in calls:
                if instance.dead:
                    instance.close()
                    instance = linker.instantiate(code, LIMITS)
                answers.append(answer_of(tier, instance, export, arguments))
            answers.append("dead" if instance.dead else answer_of(tier, instance, "sum", ()))
        finally:
            instance.close()
        return answers


def answer_of(_tier: Tier, instance: Instance, export: str, arguments: tuple[Any, ...]) -> Any:
    """Return what a call answers: the bits of its result, or how it trapped."""
    try:
        value = instance.call(export, *arguments).value
    except GuestTrap as trap:
        return trap.trap.kind
    if not isinstance(value, float):
        return value
    return struct.pack("<d", math.nan if math.isnan(value) else value)
