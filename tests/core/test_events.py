"""Events travel as JSON and come back as they were."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from airssys_tui.core.events import Event, EventAction, EventKind, Level
from airssys_tui.core.lifecycle import Health


@pytest.mark.parametrize("action", EventAction)
def test_an_event_survives_its_journey(action: EventAction) -> None:
    for kind, level in itertools.product(EventKind, Level):
        event = Event(
            seq=1, at=2.5, kind=kind, level=level, text="switched", component="a/b", revision=3, action=action
        )
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_an_event_cannot_be_changed() -> None:
    event = Event(seq=1, at=2.5, kind=EventKind.DECISION, level=Level.INFO, text="switched")
    with pytest.raises(AttributeError):
        event.text = "refused"  # type: ignore[misc]


def test_the_former_kind_of_decisions_is_read_as_theirs() -> None:
    assert EventKind("ledger") is EventKind.DECISION
    assert msgspec.json.decode(b'"ledger"', type=EventKind) is EventKind.DECISION
    assert "ledger" not in list(EventKind)
    with pytest.raises(ValueError, match="noise"):
        EventKind("noise")


@pytest.mark.parametrize("word", ["unheard-of", "\x1b[2J", "Switched"])
def test_an_unknown_action_is_read_as_none(word: str) -> None:
    assert EventAction(word) is EventAction.NONE
    assert msgspec.json.decode(msgspec.json.encode(word), type=EventAction) is EventAction.NONE


@pytest.mark.parametrize("health", Health)
def test_every_health_is_an_action(health: Health) -> None:
    assert EventAction(health) == health
