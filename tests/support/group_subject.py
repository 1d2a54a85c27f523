"""A program that is killed while several commits share one transaction.

Run as ``python -m tests.support.group_subject CATALOG FAILPOINT``. It prints the name of each component whose commit
was acknowledged: first ``before``, alone, then those of one group.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from pathlib import Path

from airssys_tui.runtime.machinery.disk_thread import DiskThread
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.disk import failpoint

GROUP = ("one", "two", "three")


def main(path: Path, point: str) -> None:
    catalog = Catalog.open(path)
    disk, gathered = DiskThread(catalog), threading.Event()

    def commit(name: str) -> Future[None]:
        acknowledged = disk.commit(lambda: catalog.upsert_component(name, f"{name}/"))
        acknowledged.add_done_callback(lambda _: print(name, flush=True))
        return acknowledged

    commit("before").result(30)
    disk.submit(lambda: gathered.wait(30))
    group = [commit(name) for name in GROUP]
    failpoint.arm(point)
    gathered.set()
    for each in group:
        each.result(30)
    disk.close()
    catalog.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
