"""A runtime that is killed while a revision that waits is approved; run as ``-m … DIRECTORY POINT``."""

from __future__ import annotations

import sys
from pathlib import Path

from airssys_tui.api.commands import Approve
from airssys_tui.store.disk import failpoint
from tests.support.components import Crafted
from tests.support.world import World


def main(directory: Path, point: str) -> None:
    world = World(directory)
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    more = '[capabilities]\nenvironment = ["LANG"]\nprocess = ["spawn:git"]\n'
    world.install("c", Crafted(salt="2"), more, version="2.0.0")
    failpoint.arm(point)
    world.do(Approve("c"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
