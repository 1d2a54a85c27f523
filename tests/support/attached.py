"""Screens attached to a demonstration runtime through a control socket."""

from __future__ import annotations

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.core.errors import Disconnected
from airssys_tui.tui.app import AirssysApp
from tests.support.screens import NEVER


def remote() -> Remote:
    played = scenes.mixed(scenes.still)
    runtime = Remote(scenes.still)
    return runtime.add(played.components)


def attached(runtime: PlayedRuntime) -> AirssysApp:
    return AirssysApp(lambda: runtime, folder="components/", attached=True, clock=scenes.still, refresh=NEVER)


class Remote(PlayedRuntime):
    """A played runtime that can go away."""

    gone: Disconnected | None = None

    def snapshot(self, since: int = 0) -> Snapshot:
        if self.gone is not None:
            raise self.gone
        return super().snapshot(since)
