"""The desk in tests: the real application on played runtimes, a clock that stands still, and waiting on conditions."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same zone and the same colours wherever the tests run."""
    for name in ("NO_COLOR", "AIRSSYS_TUI_ASCII", "AIRSSYS_TUI_THEME"):
        monkeypatch.delenv(name, raising=False)
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    if before is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", before)
    time.tzset()
