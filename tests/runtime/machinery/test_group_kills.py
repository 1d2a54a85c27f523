"""Killed while commits share a transaction: all of them or none, and nobody was told of one that is not there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.store.catalog.catalog import Catalog
from tests.support.group_subject import GROUP
from tests.support.places import ROOT

KILLS = {
    "catalog/upsert-component/before-commit:1": (),
    "catalog/upsert-component/before-commit:2": (),
    "catalog/upsert-component/before-commit:3": (),
    "catalog/upsert-component/after-commit:1": GROUP,
    "catalog/upsert-component/after-commit:3": GROUP,
}
"""Where it is killed, and what must be in the catalog besides what was acknowledged before."""


@pytest.mark.parametrize(("point", "there"), KILLS.items(), ids=[name.split("/")[-1] for name in KILLS])
def test_a_kill_in_a_group_leaves_all_of_it_or_nothing(tmp_path: Path, point: str, there: tuple[str, ...]) -> None:
    path = tmp_path / "catalog.db"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.group_subject", str(path), point],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert ended.stdout.split() == ["before"], "nobody is told before all of it is durable"
    catalog = Catalog.open(path)
    try:
        assert {component.id for component in catalog.components()} == {"before", *there}
    finally:
        catalog.close()
