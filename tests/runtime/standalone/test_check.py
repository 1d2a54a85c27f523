"""What ``check`` says is what the gates of a running system say."""

from __future__ import annotations

import shutil
from pathlib import Path

from airssys_tui.core.gates import Gate
from airssys_tui.runtime.standalone.check import inspect_path
from tests.support.places import FIXTURES, SAMPLES


def test_a_limit_that_the_binary_cannot_live_in_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "primes"
    directory.mkdir()
    shutil.copy(SAMPLES / "primes" / "primes.wasm", directory)
    manifest = (SAMPLES / "primes" / "Component.toml").read_text()
    for memory, admissible in (("4MiB", True), ("64KiB", False)):
        (directory / "Component.toml").write_text(manifest.replace("4MiB", memory))
        report = inspect_path(directory)
        assert report.admissible is admissible
    assert (report.gate, report.remedy) == (Gate.INSTANTIATE, "raise `memory` under [resources]")
    assert "1048576" in report.reason


def test_one_that_may_wait_is_not_entered() -> None:
    report = inspect_path(FIXTURES / "sleeper" / "sleeper.wasm")
    assert report.admissible, report.reason
