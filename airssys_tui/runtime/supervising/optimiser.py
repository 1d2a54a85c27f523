"""Optimised code for components that serve with baseline code: made behind, and switched to when it is ready.

The baseline compiler lets a large component serve after a fraction of the time; its code is slower and has less stack.
So optimised code is compiled meanwhile, for one component after another, with what is left of the processors, and under
the same limits. Then the instance is replaced as in a restart: its state is handed over, calls queue for a moment, the
revision stays the same. If the code cannot be made or the instance cannot be replaced, the baseline code serves on.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final

import msgspec

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.revision import Tier
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.code_loading import load_code
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.deploying.swap import Switched, pause_text
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor

AGAIN: Final = 30.0
"""Seconds until something that a circumstance prevented is tried again, such as a call that does not end."""

MOST: Final = 20_000
"""Components remembered; when there are more, all are forgotten and may be tried once more."""


class _Dealt(msgspec.Struct, frozen=True):
    """What has been tried for a component: the revision, and monotonic seconds before which it is not tried again."""

    revision: int
    until: float = math.inf


class Optimiser:
    """Makes optimised code and lets it take over. Used on the control loop only.

    Args:
        floor: The machinery.
        instances: Replaces instances.
    """

    def __init__(self, floor: Floor, instances: Instances) -> None:
        self._floor = floor
        self._instances = instances
        self._dealt: dict[str, _Dealt] = {}
        self._turn = asyncio.Semaphore(1)
        self._background = Background(floor.journal)

    def check(self, component: Component, now: float) -> None:
        """Begin to make optimised code for a component that serves with baseline code.

        Args:
            component: The component.
            now: Monotonic seconds.
        """
        serving = component.actor.serving
        if serving is None or serving.tier is Tier.OPTIMISED or component.state is not State.RUNNING:
            return
        dealt = self._dealt.get(component.name)
        if dealt is not None and dealt.revision == serving.revision and now < dealt.until:
            return
        if len(self._dealt) >= MOST:
            self._dealt.clear()
        self._dealt[component.name] = _Dealt(serving.revision)
        self._background.start(self._improve(component, serving.artifact))

    async def _improve(self, component: Component, artifact: Blueprint) -> None:
        try:
            async with self._turn:
                if not self._is_due(component, artifact):
                    return
                limits = artifact.manifest.limits
                code = (await load_code(self._floor, artifact.digest, limits=limits, behind=True)).code
            async with component.lock:
                if not self._is_due(component, artifact):
                    return
                started = time.monotonic()
                queued = await self._instances.improve(component, code)
        except AirssysError as error:
            self._put_off(component, artifact, error)
            return
        switched = Switched(queued, time.monotonic() - started, GuestText("state kept" if component.stateful else ""))
        text = f"r{artifact.revision} goes on with optimised code, switched {pause_text(switched)}"
        component.teller.decision(text, EventAction.OPTIMISED, revision=artifact.revision)

    def _is_due(self, component: Component, artifact: Blueprint) -> bool:
        """Return whether an artifact still serves with baseline code; if not, what serves then is looked at anew."""
        serving = component.actor.serving
        if (
            serving is not None
            and component.state is State.RUNNING
            and serving.tier is Tier.BASELINE
            and serving.artifact.digest == artifact.digest
        ):
            return True
        self._dealt.pop(component.name, None)
        return False

    def _put_off(self, component: Component, artifact: Blueprint, error: AirssysError) -> None:
        again = error.kind is RefusalKind.CIRCUMSTANCE
        if again:
            self._dealt[component.name] = _Dealt(artifact.revision, time.monotonic() + AGAIN)
        later = f" · tried again in {format_duration(AGAIN)}" if again else ""
        text = f"r{artifact.revision} stays with baseline code: {one_line(error.message, 300)}{later}"
        component.teller.decision(text, EventAction.OPTIMISED, Level.WARNING, revision=artifact.revision)

    async def close(self) -> None:
        """Cancel the work under way."""
        await self._background.close()
