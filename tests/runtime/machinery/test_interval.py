"""The switch interval is short while any runtime is open, and what it was afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.core.errors import StateLocked
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.runtime.machinery.switch_interval import INTERVAL, claim, release


@pytest.fixture(autouse=True)
def standard() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    yield
    sys.setswitchinterval(before)


def opened(folder: Path, name: str) -> EmbeddedRuntime:
    return EmbeddedRuntime.open(folder, state_dir=folder / name, settings=RuntimeSettings(watch=False))


def near(seconds: float) -> object:
    return pytest.approx(seconds, abs=2e-6)


def test_the_last_runtime_that_closes_restores_it(tmp_path: Path):
    one, other = opened(tmp_path, "one"), opened(tmp_path, "other")
    assert sys.getswitchinterval() == near(INTERVAL)
    one.close()
    one.close()
    assert sys.getswitchinterval() == near(INTERVAL)
    other.close()
    assert sys.getswitchinterval() == near(0.004)


def test_a_runtime_that_does_not_open_changes_nothing(tmp_path: Path):
    runtime = opened(tmp_path, "one")
    with pytest.raises(StateLocked):
        opened(tmp_path, "one")
    runtime.close()
    assert sys.getswitchinterval() == near(0.004)


def test_a_shorter_one_is_kept():
    sys.setswitchinterval(0.0001)
    claim()
    assert sys.getswitchinterval() == near(0.0001)
    release()
    assert sys.getswitchinterval() == near(0.0001)
