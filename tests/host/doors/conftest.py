"""The two ways in which paths are resolved: by the system in one call, or name by name."""

from __future__ import annotations

import os

import pytest

from tests.support.file_trees import portable


@pytest.fixture(params=["openat2", "portable"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Resolve paths in each of the ways."""
    if request.param == "portable":
        portable(monkeypatch)
    elif not hasattr(os, "O_PATH"):
        pytest.skip("Linux only")
    return request.param
