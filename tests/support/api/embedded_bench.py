"""The embedded runtime under the contract of the api."""

from __future__ import annotations

import shutil

from airssys_tui.core.lifecycle import State
from tests.support.api.contract import Bench
from tests.support.places import RELEASES


class EmbeddedBench(Bench):
    def __init__(self, world):
        self.world = world
        self.api = world.open()
        self.arrive("1.0.0")
        self.arrive("1.1.0")

    def arrive(self, version):
        shutil.copytree(RELEASES / version, self.world.folder / "counter", dirs_exist_ok=True)
        self.world.notice("counter")
        self.world.wait_row("counter", lambda row: row.state is State.RUNNING and row.candidate is None)
