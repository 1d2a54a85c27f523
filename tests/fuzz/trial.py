"""One trial: a damaged component through every step that a file in the folder goes through before it may run."""

from __future__ import annotations

from random import Random

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.interface import render
from airssys_tui.core.units import MIB
from airssys_tui.engine.admission import inspect
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.host.catalogue import INTERFACES
from tests.fuzz import seeds
from tests.fuzz.mutation import damaged

HEAVY_ONE_IN = 50
CHILD_ONE_IN = 200
"""A child takes as long as hundreds of trials here, and nothing that happens in it can harm this process."""


SETTINGS = EngineSettings(memory_reservation=64 * MIB)
"""As in production, but for address space: the campaign has a bound of it."""
LIMITS = Limits(memory=MIB, fuel_per_call=1_000_000, deadline=5.0)


class Trials:
    """Runs trials by number; the same seed and number give the same bytes.

    What compiles in a child in production is compiled in a child here, one time in :data:`CHILD_ONE_IN`.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._engine = Engine(SETTINGS)
        self._linker: Linker = self._engine.linker(INTERFACES)

    def bytes_of(self, number: int) -> bytes:
        """Return the component of a trial."""
        return self._made(number)

    def run(self, number: int) -> str:
        """Run one trial; return the gate that refused, ``admitted``, or ``looked at`` when it was not compiled.

        Raises:
            Exception: What is no refusal: a finding.
        """
        data = self._made(number)
        try:
            inspect(data)
            if self._engine.compiles_here(data):
                self._read(Code.compile_here(self._engine.native, data))
            elif number % CHILD_ONE_IN:
                return "looked at"
            else:
                self._read(self._engine.load(compile_in_child(data, self._engine.settings)))
        except AdmissionError as error:
            return _gate(error, len(data))
        return "admitted"

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def _made(self, number: int) -> bytes:
        chance = Random(f"{self._seed}/{number}")
        return damaged(seeds.light() if chance.randrange(HEAVY_ONE_IN) else seeds.heavy(), chance)

    def _read(self, code: Code) -> None:
        problems = self._linker.problems(code.interface)
        for export in code.interface.functions():
            render(export.function)
        if not problems:
            self._begin(code)

    def _begin(self, code: Code) -> None:
        """Make an instance and give it away again: what was admitted may begin, and may trap at that."""
        try:
            self._linker.instantiate(code, LIMITS).close()
        except GuestTrap:
            return


def _gate(refusal: AdmissionError, size: int) -> str:
    """Return the gate that refused, if the refusal says all that one has to say."""
    assert str(refusal), "a refusal has words"
    assert refusal.gate in {Gate.SIZE, Gate.MAGIC, Gate.SECTIONS, Gate.COMPILE, Gate.TYPES, Gate.INSTANTIATE}
    assert refusal.offset is None or 0 <= refusal.offset <= size
    return refusal.gate
