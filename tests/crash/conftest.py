"""The long campaign runs when it is asked for by its mark: ``pytest -m slow tests/crash``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" in str(config.getoption("-m")):
        return
    for item in items:
        if item.path.parent.name == "crash" and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="the long campaign: pytest -m slow tests/crash"))
