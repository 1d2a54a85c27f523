"""The demonstration runtime under the contract of the api."""

from __future__ import annotations

from airssys_tui.api.played import scenes
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.runtime import PlayedRuntime
from tests.support.api.contract import Bench


class PlayedBench(Bench):
    def __init__(self):
        component = scenes.played("counter", Load(fuel=10), now=scenes.NOON, release=scenes.COUNTER["1.0.0"])
        self.api = PlayedRuntime(scenes.still).add([component])
        self.arrive("1.1.0")

    def arrive(self, version):
        self.api.deploy("counter", scenes.COUNTER[version])
