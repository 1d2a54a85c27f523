"""The soak in its short form, in a process of its own: what kills it kills no other test."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.soak.run import Findings
from tests.support.places import ROOT


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="measures itself in /proc")
def test_everything_at_once_for_ten_seconds():
    command = [sys.executable, "-m", "tests.soak", "--for", "10s"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads(ended.stdout)
    assert report["problems"] == []
    assert report["calls"] > 100


def test_growth_is_seen():
    steady = Findings(1.0, rss=[50] * 5 + [100] * 20)
    assert steady.flat() == (100, 100)
    growing = Findings(1.0, rss=list(range(100)))
    assert growing.flat()[1] > growing.flat()[0] * 2
