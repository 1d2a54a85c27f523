"""Many dead letters are few events."""

from __future__ import annotations

from types import SimpleNamespace

from airssys_tui.core.message import MessageKind
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.messaging.letter_news import LetterNews


def test_those_of_one_second_are_one_event_and_counted_in_the_next() -> None:
    now = 0.0
    journal = Journal()
    news = LetterNews(journal, lambda: now)
    for number, (at, to) in enumerate(
        [(0.0, "bob"), (0.5, "bob"), (0.5, "eve"), (0.9, "bob"), (1.1, "bob"), (2.2, "bob")]
    ):
        now = at
        news.tell(
            SimpleNamespace(
                id=f"n-{number}", to=to, sender="ann", kind=MessageKind.PUBLISHED, reason="trapped", why="why"
            )  # type: ignore[arg-type]
        )
    told = [(event.component, event.text) for event in journal.page(0, 100).events]
    assert told == [
        ("bob", "publication of ann is dead letter n-0: trapped: why"),
        ("eve", "publication of ann is dead letter n-2: trapped: why"),
        ("bob", "publication of ann is dead letter n-4: trapped: why; 2 more before it"),
        ("bob", "publication of ann is dead letter n-5: trapped: why"),
    ]
