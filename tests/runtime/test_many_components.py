"""Five thousand components in one process that may open a thousand files: they start, answer, and stop in time."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.support.components import Crafted
from tests.support.places import ROOT

COUNT, LIMIT = 5_000, 1_024
START = 1_500.0
"""Seconds for a start on a machine that is busy with other things; compiling so many takes minutes anyway."""

STOP = 5.0 + 0.002 * COUNT


class Service:
    """A runtime as a service, under a hard limit on descriptors."""

    def __init__(self, root: Path) -> None:
        self._place = {"AIRSSYS_TUI_FOLDER": str(root / "c"), "AIRSSYS_TUI_STATE_DIR": str(root / "s")}
        self._log = (root / "log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LIMITED, "run", str(root / "c"), "--headless"],
            cwd=ROOT,
            env={**os.environ, **self._place},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def ask(self, *words: str) -> Any:
        """Run a command beside it and return its answer; None if there is none yet."""
        command = [sys.executable, "-m", "airssys_tui", *words, "--json"]
        told = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **self._place}, capture_output=True, text=True, check=False
        )
        return json.loads(told.stdout) if told.returncode == 0 else None

    def wait_until_up(self) -> None:
        end, pause = monotonic() + START, threading.Event()
        while (told := self.ask("stats")) is None or told["phase"] != "running":
            assert self._process.poll() is None, "it ended"
            assert monotonic() < end, "it is not up"
            pause.wait(1.0)

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self._process.pid}/fd").iterdir())

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP + 60)
        finally:
            self._process.kill()
            self._log.close()


_LIMITED = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({LIMIT}, {LIMIT}))
from airssys_tui.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.timeout(2 * START + 300)
@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors of another process")
def test_five_thousand_components_under_a_thousand_descriptors(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= LIMIT
    (tmp_path / "c").mkdir()
    for number in range(COUNT):
        component = Crafted(exports=frozenset({"get"}), salt=str(number))
        (tmp_path / "c" / f"each-{number}.wasm").write_bytes(component.wasm())

    for start in ("cold", "warm"):
        service = Service(tmp_path)
        try:
            service.wait_until_up()
            rows = service.ask("list")
            assert Counter(row["state"] for row in rows) == {"running": COUNT}, start
            assert service.descriptors < 100, start
        finally:
            code = service.stop()
        assert code == 0, f"{start}: {(tmp_path / 'log').read_text()[-500:]}"
