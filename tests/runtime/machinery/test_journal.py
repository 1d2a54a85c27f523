"""The buffers of events and of guest logs: bounded apart, and what is dropped is counted."""

from __future__ import annotations

from airssys_tui.core.events import EventKind
from airssys_tui.runtime.machinery.journal import KEPT_LOGS, Journal


def write(journal, lines):
    for number in range(lines):
        journal.emit(EventKind.LOG, f"line {number}", component="a")


def test_lines_that_were_pushed_out_are_counted_to_the_last():
    journal = Journal()
    journal.emit(EventKind.SYSTEM, "begun")
    write(journal, KEPT_LOGS + 1_204)
    journal.emit(EventKind.SYSTEM, "still here")
    page = journal.page(0, 10_000)
    assert page.missed_logs == 1_204
    assert [event.text for event in page.events if event.kind is EventKind.SYSTEM] == ["begun", "still here"]
    assert len(page.events) == KEPT_LOGS + 2


def test_who_read_in_time_missed_nothing():
    journal = Journal()
    write(journal, KEPT_LOGS)
    last = journal.page(0, 10_000).events[-1].seq
    write(journal, 10)
    page = journal.page(last, 10_000)
    assert (len(page.events), page.missed, page.missed_logs) == (10, 0, 0)


def test_lines_beyond_the_limit_of_a_page_are_missed_too():
    journal = Journal()
    write(journal, 10)
    page = journal.page(0, 4)
    assert (len(page.events), page.missed_logs) == (4, 6)
