"""Guests of drafts, which end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airssys_tui.engine.engine import Engine
from tests.support.wasi.draft_guest import READ_WRITE, VERSIONS, DraftGuest, drafts_of


@pytest.fixture
def draft_guest(engine: Engine) -> Iterator[Callable[..., DraftGuest]]:
    """Make a guest of some drafts."""
    made: list[DraftGuest] = []

    def make(called: list[str], *granted: str, **said: Any) -> DraftGuest:
        made.append(DraftGuest(engine, called, *granted, **said))
        return made[-1]

    yield make
    for one in made:
        one.instance.close()


@pytest.fixture(params=VERSIONS)
def keyvalue(request: pytest.FixtureRequest, draft_guest: Callable[..., DraftGuest]) -> DraftGuest:
    """Give a guest of each draft of ``wasi:keyvalue`` with its bucket open."""
    guest = draft_guest(drafts_of("keyvalue", request.param), READ_WRITE)
    guest.open()
    return guest
