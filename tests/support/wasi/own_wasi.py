"""A runtime whose components get ``wasi:http``, too, until the catalogue offers it."""

from __future__ import annotations

import pytest

from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.runtime.machinery import machinery


def use_own_wasi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runtimes that are opened from now on offer the types of HTTP, unless the catalogue does."""
    from airssys_tui.host.wasi import http_types

    if http_types.INTERFACE not in INTERFACES:
        monkeypatch.setattr(machinery, "INTERFACES", (*INTERFACES, http_types.INTERFACE))
