"""Events travel as JSON and come back as they were."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.core.events import Event, EventKind, Level


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("level", Level)
def test_an_event_survives_its_journey(kind: EventKind, level: Level) -> None:
    event = Event(seq=1, at=2.5, kind=kind, level=level, text="switched", component="a/b", revision=3, action="x")
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_an_event_cannot_be_changed() -> None:
    event = Event(seq=1, at=2.5, kind=EventKind.LEDGER, level=Level.INFO, text="switched")
    with pytest.raises(AttributeError):
        event.text = "refused"  # type: ignore[misc]
