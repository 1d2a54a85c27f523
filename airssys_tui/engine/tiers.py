"""The engines of one process, one for each tier: they share no code, no instance and no identity.

Code of the baseline tier differs from optimised code in more than its speed: calls take other amounts of fuel, and the
native stack is exhausted at another depth. So whatever is counted or kept for one tier means nothing for the other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import msgspec

from airssys_tui.core.gates import Gate
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.revision import Tier
from airssys_tui.engine.configuration import identity
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.shared_state import FAREWELL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airssys_tui.core.errors import AdmissionError
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.host import HostInterface
    from airssys_tui.engine.linker import Linker
    from airssys_tui.engine.settings import EngineSettings


MOST_SPECIAL: Final = 64
"""Linkers with further interfaces that are kept; what was linked by one keeps it alive."""


class Tiers:
    """Engines and linkers with the same settings but for the tier.

    The engine for optimised code is made at once, the other one when it is first asked for, which takes some
    milliseconds.

    Args:
        settings: The settings; their own tier does not matter.
        interfaces: The host interfaces that components can import.

    Attributes:
        identities: The identity of each tier's code.
    """

    def __init__(self, settings: EngineSettings, interfaces: Sequence[HostInterface]) -> None:
        self._interfaces = interfaces
        self._settings = {tier: msgspec.structs.replace(settings, tier=tier) for tier in Tier}
        self.identities: Final = {tier: identity(settings) for tier, settings in self._settings.items()}
        self._lock = threading.Lock()
        self._engines: dict[Tier, Engine] = {}
        self._linkers: dict[tuple[Tier, str], Linker] = {}
        self._special_lock = threading.Lock()
        self._special: dict[tuple[Tier, tuple[HostInterface, ...]], Linker] = {}
        self.engine(Tier.OPTIMISED)

    def engine(self, tier: Tier) -> Engine:
        """Return the engine of a tier."""
        made = self._engines.get(tier)
        return made if made is not None else self._make(tier)

    def linker(self, tier: Tier) -> Linker:
        """Return the linker of a tier."""
        return self.linker_with(tier, "", lambda: self._interfaces)

    def linker_with(self, tier: Tier, name: str, interfaces: Callable[[], Sequence[HostInterface]]) -> Linker:
        """Return the linker of a tier with other interfaces; it is made when it is first asked for.

        Args:
            tier: The tier.
            name: Names the interfaces.
            interfaces: Returns them, to be linked under that name from now on.
        """
        made = self._linkers.get((tier, name))
        return made if made is not None else self._make_linker(tier, name, interfaces)

    def linker_plus(self, tier: Tier, more: tuple[HostInterface, ...]) -> Linker:
        """Return a linker of a tier with more interfaces, from any thread; the last :data:`MOST_SPECIAL` are kept.

        Making one takes about 10 ms.
        """
        if not more:
            return self.linker(tier)
        engine, key = self.engine(tier), (tier, more)
        with self._special_lock:
            made = self._special.pop(key, None) or engine.linker((*self._interfaces, *more))
            self._special[key] = made
            if len(self._special) > MOST_SPECIAL:
                del self._special[next(iter(self._special))]
        return made

    def tier_of(self, identity: str) -> Tier | None:
        """Return the tier of recorded code or figures; None if they are of another engine."""
        return next((tier for tier, known in self.identities.items() if known == identity), None)

    @property
    def running(self) -> tuple[Activity, ...]:
        """The activities with a call in flight, of all tiers; each can be cancelled."""
        return tuple(activity for engine in tuple(self._engines.values()) for activity in engine.running)

    def close(self, patience: float = FAREWELL_SECONDS) -> None:
        """Close the engines; see :meth:`Engine.close`."""
        for engine in tuple(self._engines.values()):
            engine.close(patience)

    def _make(self, tier: Tier) -> Engine:
        with self._lock:
            made = self._engines.get(tier)
            if made is None:
                made = self._engines[tier] = Engine(self._settings[tier])
            return made

    def _make_linker(self, tier: Tier, name: str, interfaces: Callable[[], Sequence[HostInterface]]) -> Linker:
        engine = self.engine(tier)
        with self._lock:
            made = self._linkers.get((tier, name))
            if made is None:
                made = self._linkers[tier, name] = engine.linker(interfaces())
            return made


def can_be_optimised(error: AdmissionError) -> bool:
    """Return whether a component that the baseline compiler refused may compile with optimisations.

    Not if it took too much CPU time, because they take more, and not if the machine was to blame.
    """
    return error.gate is Gate.COMPILE and error.kind is RefusalKind.VERDICT and not error.costly
